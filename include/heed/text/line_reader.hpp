#pragma once

#include <heed/core/errors.hpp>
#include <heed/text/utf8.hpp>

#include <cerrno>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <istream>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace heed { inline namespace v0_2 {

/// What a reader of sentences accepts.
struct ReadOptions {
  /// Accepts a lone `-` as target: it stands for no reference and is read as an empty sentence.
  bool allow_missing_target = false;
  /// Maximum number of words of a sentence. It limits the bytes of a line too: see `max_line_bytes`.
  std::size_t max_words = 1000;
  /// The option that sets `max_words`, as messages name it: `--max-words`. Empty: not mentioned.
  std::string_view max_words_option = {};

  /// Maximum number of bytes of a line: 4096 and 256 for each word. A longer line is refused before the rest of it is read.
  std::size_t max_line_bytes() const {
    constexpr std::size_t fixed = 4096, per_word = 256;
    return max_words < (std::numeric_limits<std::size_t>::max() - fixed) / per_word
               ? fixed + per_word * max_words
               : std::numeric_limits<std::size_t>::max();
  }
};

namespace detail {

/// Sets the exception mask of a stream, and restores the old one at the end of its scope.
class ExceptionMask {
 public:
  ExceptionMask(std::istream& in, std::ios::iostate mask) : in_(in), old_(in.exceptions()) { in_.exceptions(mask); }
  ExceptionMask(const ExceptionMask&) = delete;
  ExceptionMask& operator=(const ExceptionMask&) = delete;
  ~ExceptionMask() {
    if ((in_.rdstate() & old_) == 0) in_.exceptions(old_);  // else it would throw
  }

 private:
  std::istream& in_;
  std::ios::iostate old_;
};

/// Reads from a stream and returns what `read()` does; false if the stream failed. `std::bad_alloc` and `Error` of its
/// buffer are thrown. Without `badbit` in its exception mask the stream would swallow them; with `failbit` it would throw at
/// the end of every long line.
template <class Read>
bool read_from(std::istream& in, const Read& read) {
  if (in.bad()) return false;
#if defined(__cpp_exceptions)
  try {
    const ExceptionMask mask(in, std::ios::badbit);
    return read();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    return false;
  }
#else
  return read();
#endif
}

}  // namespace detail

/// Reads text line by line and throws at the first line that is not text. Messages begin with the place: `FILE:LINE: `.
///
/// A byte order mark before the first line and a carriage return at the end of a line are left out. Errors are: invalid
/// UTF-8, characters that cannot be printed (control characters other than the tab, U+2028 to U+202E, U+2066 to U+2069), a
/// line longer than `ReadOptions::max_line_bytes`, and a stream that breaks off. After an error in a line, `next` goes on
/// with the line after it. Memory: at most twice `max_line_bytes`.
class LineReader {
 public:
  /// `name` is what messages call the stream.
  LineReader(std::istream& in, std::string name, const ReadOptions& options = {})
      : in_(in), name_(std::move(name)), options_(options) {}

  /// Reads the next line; false after the last.
  bool next() {
    if (!detail::read_from(in_, [&] { return read_line(); })) {
      require(!in_.bad(), [&] { return name_ + ": reading failed after line " + std::to_string(number_); });
      return false;
    }
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (const auto at = detail::first_unprintable(line_, true)) {
      const std::string_view rest = std::string_view(line_).substr(*at);
      const bool invalid = detail::utf8_length(rest) == 0;
      fail((invalid ? "invalid UTF-8 (" + detail::hex_byte(rest.front()) + ')'
                    : "control character " + detail::character_name(rest)) +
           " at byte offset " + std::to_string(*at) + " of the line");
    }
    text_ = line_;
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (number_ == 1 && text_.substr(0, mark.size()) == mark) text_.remove_prefix(mark.size());
    return true;
  }

  /// Reads to the end of a line that was refused because of its length. `next` does so, too, but may wait for the line
  /// after it.
  void skip_rest() {
    if (unfinished_) detail::read_from(in_, [&] { return ignore_rest(); });
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
  /// Reads a line into `line_`, in pieces, so that no more than the limit is ever kept. False after the last.
  bool read_line() {
    constexpr std::size_t longest_piece = 4096;
    if (unfinished_) ignore_rest();
    line_.clear();
    while (true) {
      char piece[longest_piece];
      in_.getline(piece, longest_piece);
      const auto count = static_cast<std::size_t>(in_.gcount());  // the line end counts if there is one
      const bool ended = in_.good() || (in_.eof() && !in_.bad());
      const bool full = !ended && !in_.bad() && count + 1 == longest_piece;
      if (!(ended || full) || (in_.eof() && count == 0 && line_.empty())) return false;
      line_.append(piece, in_.good() ? count - 1 : count);
      unfinished_ = full;
      if (full) in_.clear();  // a full piece counts as a failure of getline
      if (line_.size() > options_.max_line_bytes()) break;
      if (full) continue;
      ++number_;
      return true;
    }
    ++number_;
    const std::string_view option = options_.max_words_option;
    fail("the line has more than " + std::to_string(options_.max_line_bytes()) +
         " bytes, the limit for sentences of at most " + std::to_string(options_.max_words) + " words" +
         (option.empty() ? "" : " (" + std::string(option) + ')'));
  }

  bool ignore_rest() {
    unfinished_ = false;
    return bool(in_.ignore(std::numeric_limits<std::streamsize>::max(), '\n'));
  }

  std::istream& in_;
  std::string name_;
  ReadOptions options_;
  bool unfinished_ = false;  ///< whether the rest of the current line is still to be read
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

}}  // namespace heed::v0_2
