#pragma once

#include <heed/core/errors.hpp>
#include <heed/text/tokenizer.hpp>
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

/// Options of the functions that read sentences.
struct ReadOptions {
  /// Accepts a single `-` as target. It means that there is no reference and becomes an empty sentence.
  bool allow_missing_target = false;
  /// Maximum number of words of a sentence. It limits the bytes of a line too: see `max_line_bytes`.
  std::size_t max_words = 1000;
  /// Command-line option that sets `max_words`, for messages: `--max-words`. If empty, messages do not name one.
  std::string_view max_words_option = {};
  /// Tokenizers of source and target. `read_sentences` uses that of the source.
  Tokenizer source_tokenizer = {}, target_tokenizer = {};

  /// Returns these options with the target's tokenizer as that of the source, to read the target file of parallel
  /// files.
  ReadOptions for_targets() const {
    ReadOptions options = *this;
    options.source_tokenizer = target_tokenizer;
    return options;
  }

  /// Maximum number of bytes of a line: 4096 + 256 per word. A longer line is rejected before the rest of it is read.
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
    if ((in_.rdstate() & old_) == 0) in_.exceptions(old_);  // otherwise this call would throw
  }

 private:
  std::istream& in_;
  std::ios::iostate old_;
};

/// Calls `read()`, which reads from `in`, and returns its result; false if the stream failed. `std::bad_alloc` and
/// `Error` from the stream buffer are rethrown. Without `badbit` in the exception mask the stream would swallow them.
/// With `failbit` it would throw whenever a line is longer than the buffer of `getline`.
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

/// Reads text line by line. Throws heed::Error at the first line that is not valid text, with a message that begins
/// with `FILE:LINE: `.
///
/// Removes a byte order mark before the first line and a carriage return at the end of a line. Errors are: invalid
/// UTF-8, characters that cannot be printed (control characters other than the tab, U+2028 to U+202E, U+2066 to
/// U+2069), a line longer than `ReadOptions::max_line_bytes`, and a failure of the stream. After an error in a line,
/// `next` continues with the following line. Memory: at most twice `max_line_bytes`.
class LineReader {
 public:
  /// `name` is the name of the stream in messages.
  LineReader(std::istream& in, std::string name, const ReadOptions& options = {})
      : in_(in), name_(std::move(name)), options_(options) {}

  /// Reads the next line. Returns false after the last.
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

  /// Discards the rest of a line that was rejected because of its length. `next` does this too, but then it may block
  /// until the following line arrives.
  void skip_rest() {
    if (unfinished_) detail::read_from(in_, [&] { return ignore_rest(); });
  }

  /// The current line. The view is valid until the next call of `next`.
  std::string_view text() const { return text_; }

  /// The number of the current line, counted from 1; 0 before the first line.
  std::size_t number() const { return number_; }

  /// Throws heed::Error with the stream's name, the number of the current line and `problem`.
  [[noreturn]] void fail(const std::string& problem) const {
    heed::fail(name_ + ":" + std::to_string(number_) + ": " + problem);
  }

 private:
  /// Reads a line into `line_`, in pieces, so that the memory of a long line is bounded. Returns false after the last.
  bool read_line() {
    constexpr std::size_t longest_piece = 4096;
    if (unfinished_) ignore_rest();
    line_.clear();
    while (true) {
      char piece[longest_piece];
      in_.getline(piece, longest_piece);
      const auto count = static_cast<std::size_t>(in_.gcount());  // includes the line end, if there is one
      const bool ended = in_.good() || (in_.eof() && !in_.bad());
      const bool full = !ended && !in_.bad() && count + 1 == longest_piece;
      if (!(ended || full) || (in_.eof() && count == 0 && line_.empty())) return false;
      line_.append(piece, in_.good() ? count - 1 : count);
      unfinished_ = full;
      if (full) in_.clear();  // getline sets failbit if the piece is full
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
  bool unfinished_ = false;  ///< true if the rest of the current line has not been read
  std::string line_;
  std::string_view text_;
  std::size_t number_ = 0;
};

namespace detail {

/// Opens a file for reading. Throws with the reason if that fails.
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
