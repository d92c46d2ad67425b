#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Returns the number of bytes of the well-formed character at the start of `text`; 0 if there is none.
constexpr std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(0);
  std::size_t length = 0;
  unsigned low = 0x80, high = 0xbf;  // range of the second byte: excludes overlong forms and surrogates
  if (lead < 0x80) {
    length = text.empty() ? 0 : 1;
  } else if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) < low || byte(i) > high) return 0;
    low = 0x80, high = 0xbf;
  }
  return length;
}

/// Formats a byte for messages: `0x1b`.
inline std::string hex_byte(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'0', 'x', digits[byte / 16], digits[byte % 16]};
}

/// Returns the code point of a well-formed character.
constexpr char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  char32_t code = character.size() == 1 ? lead : lead & (0x7fU >> character.size());
  for (const char c : character.substr(1)) code = code << 6U | (static_cast<unsigned char>(c) & 0x3fU);
  return code;
}

/// Returns true if text may contain a well-formed character. These are not allowed: control characters (C0, DEL and C1:
/// a terminal executes them, XML cannot contain them), line separators, embeddings, overrides and isolates of the
/// writing direction (U+202A to U+202E, U+2066 to U+2069: they change how the rest of a line is displayed), and U+FFFE
/// and U+FFFF of any plane.
constexpr bool is_printable(std::string_view character) {
  const char32_t c = code_point(character);
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool reorders = (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);  // U+2028, U+2029: separators
  return !control && !reorders && (c & 0xfffeU) != 0xfffe;
}

/// Returns true if a character is an invisible mark of the writing direction. Text may contain it; messages show its
/// code point.
constexpr bool is_direction_mark(std::string_view character) {
  const char32_t c = code_point(character);
  return c == 0x200e || c == 0x200f || c == 0x061c;
}

/// Returns the offset of the first byte that does not start a well-formed, printable character; nothing if there is
/// none. A tab counts as printable if `allow_tabs`.
constexpr std::optional<std::size_t> first_unprintable(std::string_view text, bool allow_tabs = false) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    const bool tab = allow_tabs && text[at] == '\t';
    if (length == 0 || !(tab || is_printable(text.substr(at, length)))) return at;
    at += length;
  }
  return std::nullopt;
}

/// Formats the character at the start of `text` for messages: `U+202E`, or `0x1b` for a single byte or an invalid
/// character.
inline std::string character_name(std::string_view text) {
  const std::size_t length = utf8_length(text);
  if (length < 2) return hex_byte(text.front());
  const char32_t code = code_point(text.substr(0, length));
  std::string name = "U+";
  for (int shift = code > 0xfffff ? 20 : code > 0xffff ? 16 : 12; shift >= 0; shift -= 4) {
    name += "0123456789ABCDEF"[code >> static_cast<unsigned>(shift) & 0xfU];
  }
  return name;
}

/// Formats text from a file for messages, in quotes. Unprintable characters, direction marks and invalid bytes become
/// `<U+202E>` or `<0x1b>`. Long text is truncated.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max(length, std::size_t{1}));
    const bool visible = length > 0 && is_printable(character) && !is_direction_mark(character);
    const std::string piece = visible ? std::string(character) : '<' + character_name(character) + '>';
    if (shown.size() + piece.size() > longest) break;
    shown += piece;
    text.remove_prefix(character.size());
  }
  return shown.append(text.empty() ? "\"" : "...\"");
}

}  // namespace detail

/// Returns the offset of the first byte that does not start a well-formed UTF-8 character; nothing if `text` is valid.
///
/// Overlong forms, surrogates, code points above U+10FFFF and truncated characters are invalid.
constexpr std::optional<std::size_t> invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = detail::utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

/// Returns the number of characters (code points) of valid UTF-8 text.
constexpr std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}}  // namespace heed::v0_2
