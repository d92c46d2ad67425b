#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace heed::inline v0_1 {

namespace detail {

/// How many bytes the well-formed character at the start of `text` takes; 0 where there is none.
constexpr std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(0);
  std::size_t length = 0;
  unsigned low = 0x80, high = 0xbf;  // of the second byte: what it may be shuts out overlong forms and surrogates
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

/// A byte as messages show it: `0x1b`.
inline std::string hex_byte(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'0', 'x', digits[byte / 16], digits[byte % 16]};
}

/// Whether a byte is an ASCII control character, the tab among them.
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Text from outside as messages show it: in quotes, what a terminal would obey or garble as hexadecimal, long text
/// cut.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown = "\"";
  while (!text.empty() && shown.size() < longest) {
    const std::size_t length = utf8_length(text);
    if (length == 0 || is_control(text.front())) {
      shown.append("<").append(hex_byte(text.front())).append(">");
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  return shown.append(text.empty() ? "\"" : "...\"");
}

}  // namespace detail

/// The offset of the first byte that begins no well-formed UTF-8 character; nothing when all of `text` is valid.
///
/// Strict: overlong forms, surrogates, code points above U+10FFFF and characters cut short are invalid.
constexpr std::optional<std::size_t> invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = detail::utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

/// How many characters (code points) valid UTF-8 holds.
constexpr std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}  // namespace heed::inline v0_1
