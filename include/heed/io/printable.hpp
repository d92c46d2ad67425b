#pragma once

#include <heed/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Makes untrusted text safe to print in a picture, in a message or on a terminal.
namespace heed { inline namespace v0_2 { namespace detail {

/// Returns `text` as valid, printable UTF-8, one string per code point. Characters that cannot be shown become U+FFFD.
/// Text of more than `most` code points is truncated to `most`, the last of which is an ellipsis.
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

/// Returns the width of `text`, truncated to `most`, in code points.
inline std::size_t width_of(std::string_view text, std::size_t most) { return glyphs(text, most).size(); }

inline std::string plain_text(std::string_view text, std::size_t most = std::string_view::npos) {
  std::string result;
  for (const std::string& glyph : glyphs(text, most)) result += glyph;
  return result;
}

}}}  // namespace heed::v0_2::detail
