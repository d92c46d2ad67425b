#include <heed/text/line_reader.hpp>

#include <gtest/gtest.h>

#include <ios>
#include <istream>
#include <new>
#include <streambuf>
#include <string>
#include <type_traits>
#include <utility>

namespace line_reader_memory_test {

/// Returns its text and then throws an exception.
template <class Exception>
class FailingBuffer : public std::streambuf {
 public:
  explicit FailingBuffer(std::string text) : text_(std::move(text)) {
    setg(text_.data(), text_.data(), text_.data() + text_.size());
  }

 protected:
  int_type underflow() override {
    if constexpr (std::is_default_constructible_v<Exception>) {
      throw Exception();
    } else {
      throw Exception("the disk is gone");
    }
  }

 private:
  std::string text_;
};

TEST(LineReader, ThrowsBadAllocIfMemoryRunsOut) {
  FailingBuffer<std::bad_alloc> buffer("one\ntwo");
  std::istream in(&buffer);
  heed::LineReader reader(in, "file");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.text(), "one");
  EXPECT_THROW(reader.next(), std::bad_alloc);
}

TEST(LineReader, ReportsAFailedStream) {
  FailingBuffer<std::ios_base::failure> buffer("one\ntwo");
  std::istream in(&buffer);
  heed::LineReader reader(in, "file");
  ASSERT_TRUE(reader.next());
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      reader.next();
      FAIL() << "no error";
    } catch (const heed::Error& error) {
      EXPECT_EQ(std::string(error.what()), "file: reading failed after line 1");
    }
  }
}

}  // namespace line_reader_memory_test
