#include "support/allocation_counter.hpp"

#include <heed/text/corpus.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace line_reader_test {

/// A line of 100 MB that is generated block by block.
class HundredMegabytes : public std::streambuf {
 public:
  explicit HundredMegabytes(std::string_view words) {
    for (std::size_t i = 0; i < text_.size(); ++i) text_[i] = words[i % words.size()];
  }

 private:
  int_type underflow() override {
    if (left_ == 0) return traits_type::eof();
    left_ -= text_.size();
    setg(text_.data(), text_.data(), text_.data() + text_.size());
    return traits_type::to_int_type(text_.front());
  }
  std::array<char, 10'000> text_;
  std::size_t left_ = 100'000'000;
};

TEST(LongLines, NeedMemoryBoundedByTheLimit) {
  for (const std::string_view words : {"a ", "a\t", "x"}) {
    for (const std::size_t limit : {10U, 1000U}) {
      const heed::ReadOptions options{.max_words = limit};
      HundredMegabytes line(words);
      std::istream in(&line);
      const heed::test::AllocationCounter counter;
      EXPECT_NE(refusal([&] { heed::read_pairs(in, "file", options); }), "accepted");
      EXPECT_LT(counter.total(), 5 * options.max_line_bytes()) << "words \"" << words << "\", at most " << limit;
    }
  }
}

TEST(LongLines, OfShortWordsNeedNoMemoryPerWord) {
  const heed::ReadOptions options{.max_words = 1000};
  std::string text;
  while (text.size() + 10 < options.max_line_bytes()) text += "a ";
  std::istringstream in(text + "\tb\n");
  const heed::test::AllocationCounter counter;
  EXPECT_NE(refusal([&] { heed::read_pairs(in, "file", options); }).find("words, at most 1000"), std::string::npos);
  EXPECT_LT(counter.total(), 5 * options.max_line_bytes());
}

}  // namespace line_reader_test
