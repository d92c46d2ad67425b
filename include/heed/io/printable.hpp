#pragma once

#include <heed/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text from outside, made safe to print: in a picture, in a message, on a terminal.
namespace heed::inline v0_1::detail {

/// Whether a well-formed character may be shown: no control characters (a terminal would obey them, XML has no way to
/// write them), none that turn the direction of what follows, no line ends, none outside Unicode's characters.
inline bool is_printable(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]) & 0x3fU; };
  if (character.size() == 1) return !is_control(character.front());
  if (character.size() == 2) return character >= "\xc2\xa0";  // U+0080 to U+009F are controls
  if (character.size() == 4) return byte(3) < 0x3e || byte(2) != 0x3f || byte(1) % 16 != 15;  // U+xFFFE, U+xFFFF
  const bool turns = (character >= "\xe2\x80\xa8" && character <= "\xe2\x80\xae") ||          // U+2028 to U+202E
                     (character >= "\xe2\x81\xa6" && character <= "\xe2\x81\xa9");            // U+2066 to U+2069
  return !turns && character < "\xef\xbf\xbe";
}

/// `text` as valid, printable UTF-8, one string per code point. What cannot be shown becomes U+FFFD; past `most` code
/// points the rest is an ellipsis.
inline std::vector<std::string> glyphs(std::string_view text, std::size_t most = std::string_view::npos) {
  std::vector<std::string> result;
  while (!text.empty()) {
    if (result.size() == most) {
      result.back() = "\xe2\x80\xa6";
      break;
    }
    const std::size_t length = utf8_length(text);
    const bool shown = length > 0 && is_printable(text.substr(0, length));
    result.emplace_back(shown ? text.substr(0, length) : std::string_view("\xef\xbf\xbd"));
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  return result;
}

/// How many columns a text drawn in full takes, counted in code points.
inline std::size_t width_of(std::string_view text, std::size_t most) { return glyphs(text, most).size(); }

inline std::string plain_text(std::string_view text, std::size_t most = std::string_view::npos) {
  std::string result;
  for (const std::string& glyph : glyphs(text, most)) result += glyph;
  return result;
}

}  // namespace heed::inline v0_1::detail
