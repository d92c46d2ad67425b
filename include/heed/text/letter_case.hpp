#pragma once

#include <heed/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace heed { inline namespace v0_2 {

namespace detail {

/// A range of capital letters and the distance to their small letters. With `every_second`, a capital letter precedes
/// its small letter, so that only every second code point of the range is a capital letter.
struct CapitalLetters {
  char32_t first, last;
  char32_t distance;
  bool every_second = false;

  constexpr bool contain(char32_t c) const {
    return c >= first && c <= last && (!every_second || (c - first) % 2 == 0);
  }
};

/// Capital letters of the Latin, Greek and Cyrillic alphabets (Unicode's file UnicodeData.txt, column "Simple Lowercase
/// Mapping"). Rules of a language (the Turkish i) are not applied. Letters outside of the orthographies of today, such
/// as those of polytonic Greek, are left out.
inline constexpr CapitalLetters capital_letters[] = {
    {U'A', U'Z', 32},          {0xC0, 0xD6, 32},          {0xD8, 0xDE, 32},        {0x100, 0x12E, 1, true},
    {0x132, 0x136, 1, true},   {0x139, 0x147, 1, true},   {0x14A, 0x176, 1, true}, {0x179, 0x17D, 1, true},
    {0x18F, 0x18F, 202},       {0x1A0, 0x1A4, 1, true},   {0x1AF, 0x1AF, 1},       {0x1CD, 0x1DB, 1, true},
    {0x1DE, 0x1EE, 1, true},   {0x1F8, 0x21E, 1, true},   {0x222, 0x232, 1, true}, {0x4C0, 0x4C0, 15},
    {0x4C1, 0x4CD, 1, true},   {0x386, 0x386, 38},        {0x388, 0x38A, 37},      {0x38C, 0x38C, 64},
    {0x38E, 0x38F, 63},        {0x391, 0x3A1, 32},        {0x3A3, 0x3AB, 32},      {0x400, 0x40F, 80},
    {0x410, 0x42F, 32},        {0x460, 0x480, 1, true},   {0x48A, 0x4BE, 1, true}, {0x4D0, 0x52E, 1, true},
    {0x1E00, 0x1E94, 1, true}, {0x1EA0, 0x1EFE, 1, true},
};

constexpr char32_t to_lower(char32_t c) {
  if (c == 0x178) return 0xFF;   // capital y with diaeresis
  if (c == 0x1E9E) return 0xDF;  // capital sharp s
  for (const CapitalLetters& letters : capital_letters) {
    if (letters.contain(c)) return c + letters.distance;
  }
  return c;
}

constexpr char32_t to_upper(char32_t c) {
  if (c == 0xFF) return 0x178;
  for (const CapitalLetters& letters : capital_letters) {
    if (c > letters.distance && letters.contain(c - letters.distance)) return c - letters.distance;
  }
  return c;
}

/// Appends the UTF-8 form of a code point below 0x110000.
inline void append_utf8(std::string& text, char32_t c) {
  const auto byte = [&](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      byte(0xE0 | c >> 12);
    } else {
      byte(0xF0 | c >> 18);
      byte(0x80 | (c >> 12 & 0x3F));
    }
    byte(0x80 | (c >> 6 & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

}  // namespace detail

/// Returns the text with the letters of `detail::capital_letters` in lower case. Other characters, and bytes that are
/// not valid UTF-8, are not changed.
inline std::string lower_case(std::string_view text) {
  std::string lower;
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    if (length == 0) {
      lower += text.front();
    } else {
      detail::append_utf8(lower, detail::to_lower(detail::code_point(text.substr(0, length))));
    }
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  return lower;
}

/// Returns the text with its first character in upper case, if that is the small letter of one of
/// `detail::capital_letters`. Other text is not changed.
inline std::string capitalize(std::string_view text) {
  const std::size_t length = detail::utf8_length(text);
  if (length == 0) return std::string(text);
  std::string result;
  detail::append_utf8(result, detail::to_upper(detail::code_point(text.substr(0, length))));
  return result.append(text.substr(length));
}

}}  // namespace heed::v0_2
