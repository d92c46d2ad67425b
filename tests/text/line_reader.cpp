#include <heed/text/line_reader.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <istream>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <vector>

namespace line_reader_test {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  heed::LineReader line(in, "file");
  std::vector<std::string> lines;
  while (line.next()) {
    lines.emplace_back(line.text());
    EXPECT_EQ(line.number(), lines.size());
  }
  return lines;
}

std::string refusal(const std::string& text) {
  try {
    lines_of(text);
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "accepted";
}

using Lines = std::vector<std::string>;

/// Returns its text and then throws, as a stream of a failing disk does.
class FailingBuffer : public std::streambuf {
 public:
  explicit FailingBuffer(std::string text) : text_(std::move(text)) {
    setg(text_.data(), text_.data(), text_.data() + text_.size());
  }

 private:
  int_type underflow() override { throw std::runtime_error("the disk is gone"); }
  std::string text_;
};

TEST(LineReader, ReadsLineByLine) {
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("\n"), Lines{""});
  EXPECT_EQ(lines_of("a\nb\n"), (Lines{"a", "b"}));
  EXPECT_EQ(lines_of("a\n\nb"), (Lines{"a", "", "b"}));
  EXPECT_EQ(lines_of("a\tb"), Lines{"a\tb"});
}

TEST(LineReader, RemovesTheCarriageReturnAtTheEndOfALine) {
  EXPECT_EQ(lines_of("a\r\nb\r\n\r\nc\r"), (Lines{"a", "b", "", "c"}));
  EXPECT_EQ(refusal("a\rb\n"), "file:1: control character 0x0d at byte offset 1 of the line");
}

TEST(LineReader, RemovesAByteOrderMarkOnlyBeforeTheFirstLine) {
  EXPECT_EQ(lines_of("\xef\xbb\xbf"
                     "a\n"),
            Lines{"a"});
  EXPECT_EQ(lines_of("\xef\xbb\xbf"), Lines{""});
  EXPECT_EQ(lines_of("a\n\xef\xbb\xbf"
                     "b"),
            (Lines{"a",
                   "\xef\xbb\xbf"
                   "b"}));
}

TEST(LineReader, RejectsInvalidUtf8AndReportsTheOffset) {
  EXPECT_EQ(refusal("fine\nab\xe9 t\n"), "file:2: invalid UTF-8 (0xe9) at byte offset 2 of the line");
  EXPECT_EQ(refusal("\xff\xfe"
                    "a"),
            "file:1: invalid UTF-8 (0xff) at byte offset 0 of the line");
  EXPECT_EQ(refusal("cut \xe2\x82\n\xac"), "file:1: invalid UTF-8 (0xe2) at byte offset 4 of the line");
}

TEST(LineReader, RejectsControlCharacters) {
  EXPECT_EQ(refusal(std::string("a\0b", 3)), "file:1: control character 0x00 at byte offset 1 of the line");
  EXPECT_EQ(refusal("\n\x1b[2J"), "file:2: control character 0x1b at byte offset 0 of the line");
  EXPECT_EQ(refusal("del\x7f"), "file:1: control character 0x7f at byte offset 3 of the line");
}

TEST(LineReader, ReportsAReadError) {
  FailingBuffer buffer("one\ntwo\nthr");
  std::istream in(&buffer);
  heed::LineReader line(in, "file");
  EXPECT_TRUE(line.next());
  EXPECT_TRUE(line.next());
  try {
    line.next();
    FAIL() << "the third line was read as " << line.text();
  } catch (const heed::Error& error) {
    EXPECT_STREQ(error.what(), "file: reading failed after line 2");
  }
}

TEST(OpenText, ReportsWhyAFileCannotBeOpened) {
  try {
    heed::detail::open_text("/no/such/file");
    FAIL();
  } catch (const heed::Error& error) {
    EXPECT_STREQ(error.what(), "/no/such/file: cannot be opened: No such file or directory");
  }
}

TEST(OpenText, RejectsAFolder) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  try {
    heed::detail::open_text(folder);
    FAIL();
  } catch (const heed::Error& error) {
    EXPECT_EQ(error.what(), folder + ": is a folder, expected a text file");
  }
}

}  // namespace line_reader_test
