#pragma once

#include <heed/errors.hpp>
#include <heed/text/utf8.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace heed::inline v0_1 {

/// Reads text line by line and refuses what is not text. Messages begin with the place: `FILE:LINE: `.
///
/// A byte order mark before the first line and a carriage return before a line's end are left out. Invalid UTF-8 and
/// control characters other than the tab are errors, and so is a stream that breaks off.
class LineReader {
 public:
  /// `name` is what messages call the stream.
  LineReader(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {}

  /// Reads the next line; false after the last.
  bool next() {
    if (!std::getline(in_, line_)) {
      require(!in_.bad(), [&] { return name_ + ": reading failed after line " + std::to_string(number_); });
      return false;
    }
    ++number_;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (const auto at = invalid_utf8(line_)) {
      fail("invalid UTF-8 (" + detail::hex_byte(line_[*at]) + ") at byte offset " + std::to_string(*at) +
           " of the line");
    }
    const auto bad =
        std::find_if(line_.begin(), line_.end(), [](char c) { return c != '\t' && detail::is_control(c); });
    if (bad != line_.end()) {
      fail("control character " + detail::hex_byte(*bad) + " at byte offset " + std::to_string(bad - line_.begin()) +
           " of the line");
    }
    text_ = line_;
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (number_ == 1 && text_.substr(0, mark.size()) == mark) text_.remove_prefix(mark.size());
    return true;
  }

  /// The line last read, until the next is read.
  std::string_view text() const { return text_; }

  /// The number of the line last read, from 1; 0 before the first.
  std::size_t number() const { return number_; }

  /// Throws what is wrong with the line last read.
  [[noreturn]] void fail(const std::string& problem) const {
    heed::fail(name_ + ":" + std::to_string(number_) + ": " + problem);
  }

 private:
  std::istream& in_;
  std::string name_;
  std::string line_;
  std::string_view text_;
  std::size_t number_ = 0;
};

namespace detail {

/// Opens a file for reading, or says why that cannot be.
inline std::ifstream open_text(const std::string& path) {
  std::error_code ignored;
  require(!std::filesystem::is_directory(path, ignored), [&] { return path + ": is a folder, expected a text file"; });
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  const int reason = errno;
  require(in.is_open(), [&] { return path + ": cannot be opened: " + std::generic_category().message(reason); });
  return in;
}

}  // namespace detail

}  // namespace heed::inline v0_1
