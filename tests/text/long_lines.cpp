#include <heed/text/corpus.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace long_lines_test {

using heed::LineReader;
using heed::ReadOptions;

/// A line without an end that repeats `words`.
class Endless : public std::streambuf {
 public:
  explicit Endless(std::string_view words) {
    while (text_.size() < 10'000) text_ += words;
  }
  std::size_t bytes_read = 0;

 private:
  int_type underflow() override {
    setg(text_.data(), text_.data(), text_.data() + text_.size());
    bytes_read += text_.size();
    return traits_type::to_int_type(text_.front());
  }
  std::string text_;
};

ReadOptions at_most(std::size_t words) { return {.max_words = words, .max_words_option = "--max-words"}; }

std::vector<std::string> lines_of(const std::string& text, const ReadOptions& options = {}) {
  std::istringstream in(text);
  LineReader line(in, "file", options);
  std::vector<std::string> lines;
  while (line.next()) lines.emplace_back(line.text());
  return lines;
}

TEST(LongLines, RejectsAnEndlessLineAtTheByteLimit) {
  for (const std::string_view words : {"the ", "x"}) {
    for (const std::size_t limit : {1U, 1000U}) {
      Endless endless(words);
      std::istream in(&endless);
      const std::string bytes = std::to_string(4096 + 256 * limit), max = std::to_string(limit);
      EXPECT_EQ(refusal([&] { heed::read_pairs(in, "file", at_most(limit)); }),
                "file:1: the line has more than " + bytes + " bytes, the limit for sentences of at most " + max +
                    " words (--max-words)");
      EXPECT_LE(endless.bytes_read, 4096 + 256 * limit + 20'000);
    }
  }
}

TEST(LongLines, AcceptsALineOfTheMaximumLength) {
  const ReadOptions options{.max_words = 1};
  const std::string longest(options.max_line_bytes(), 'x');
  EXPECT_EQ(lines_of(longest + "\n" + longest, options), (std::vector<std::string>{longest, longest}));
  EXPECT_EQ(refusal([&] { lines_of("a\n" + longest + "x\n", options); }),
            "file:2: the line has more than 4352 bytes, the limit for sentences of at most 1 words");
}

TEST(LongLines, AreReadCompletelyForAllLengthsNearTheBufferSize) {
  for (std::size_t size = 4080; size < 4110; ++size) {
    const std::string line(size, 'x'), twice(2 * size, 'y');
    EXPECT_EQ(lines_of(line + '\n' + twice + "\n\n" + line), (std::vector<std::string>{line, twice, "", line})) << size;
    EXPECT_EQ(lines_of(line + "\r\n"), std::vector<std::string>{line});
    EXPECT_EQ(lines_of(line), std::vector<std::string>{line});
  }
}

TEST(LongLines, ReadingContinuesAfterARejectedLine) {
  for (const std::string end : {"\n", "\r\n", ""}) {
    std::istringstream in("one\n" + std::string(100'000, 'x') + "\ntwo\n\x1b\nthree" + end);
    LineReader line(in, "file", at_most(10));
    std::vector<std::string> read;
    std::vector<std::size_t> rejected;
    for (bool more = true; more;) {
      try {
        more = line.next();
        if (more) read.emplace_back(line.text());
      } catch (const heed::Error&) {
        rejected.push_back(line.number());
      }
    }
    EXPECT_EQ(read, (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_EQ(rejected, (std::vector<std::size_t>{2, 4}));
  }
}

TEST(LongLines, AFailedStreamHasNoLines) {
  std::istringstream in("text");
  in.setstate(std::ios::failbit);
  EXPECT_FALSE(LineReader(in, "file").next());
}

TEST(LongLines, ErrorForTooManyWordsNamesTheOption) {
  std::istringstream in("a b c\td\n");
  EXPECT_EQ(refusal([&] { heed::read_pairs(in, "file", at_most(2)); }),
            "file:1: the source has 3 words, at most 2 are allowed (--max-words)");
}

TEST(LongLines, ByteLimitDoesNotOverflow) {
  EXPECT_EQ(ReadOptions().max_line_bytes(), 260'096U);
  EXPECT_EQ(at_most(SIZE_MAX).max_line_bytes(), SIZE_MAX);
  EXPECT_EQ(at_most(SIZE_MAX / 256).max_line_bytes(), SIZE_MAX);
}

TEST(CountWords, MatchesSplitWords) {
  for (const std::string text : {"", " ", "a", " a", "a ", "a b", "  aa   b c  ", "a\tb c"}) {
    EXPECT_EQ(heed::count_words(text), heed::split_words(text).size()) << '"' << text << '"';
  }
}

}  // namespace long_lines_test
