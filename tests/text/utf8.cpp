#include <heed/text/utf8.hpp>

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>

namespace utf8_test {

/// The bytes of a code point in a given length, without any check.
std::string encoded(unsigned long code, int length) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  switch (length) {
    case 1:
      return {static_cast<char>(code)};
    case 2:
      return {static_cast<char>(0xc0 | (code >> 6)), tail(0)};
    case 3:
      return {static_cast<char>(0xe0 | (code >> 12)), tail(6), tail(0)};
    default:
      return {static_cast<char>(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)};
  }
}

int shortest(unsigned long code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }

TEST(InvalidUtf8, AcceptsOnlyTheShortestFormOfScalarValues) {
  for (unsigned long code = 0; code < 0x200000; ++code) {
    const bool scalar = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    for (int length = shortest(code); length <= 4; ++length) {
      const bool valid = scalar && length == shortest(code);
      ASSERT_EQ(heed::invalid_utf8(encoded(code, length)), valid ? std::nullopt : std::optional<std::size_t>(0))
          << "U+" << std::hex << code << " in " << length << " bytes";
    }
  }
}

TEST(InvalidUtf8, AcceptsOnlyValidSequencesOfThreeBytes) {
  std::size_t valid = 0;
  std::string text(3, '\0');
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      for (int c = 0; c < 256; ++c) {
        text[0] = static_cast<char>(a), text[1] = static_cast<char>(b), text[2] = static_cast<char>(c);
        valid += !heed::invalid_utf8(text);
      }
    }
  }
  const std::size_t one = 0x80, two = 0x800 - 0x80, three = 0x10000 - 0x800 - 0x800;  // without the surrogates
  EXPECT_EQ(valid, one * one * one + 2 * one * two + three);
}

TEST(InvalidUtf8, RejectsTruncatedCharacters) {
  for (const std::string whole : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    for (std::size_t length = 1; length < whole.size(); ++length) {
      const std::string cut = whole.substr(0, length);
      EXPECT_EQ(heed::invalid_utf8(cut), 0u);
      EXPECT_EQ(heed::invalid_utf8("ab" + cut), 2u);
      EXPECT_EQ(heed::invalid_utf8("ab" + cut + "c"), 2u);
      EXPECT_EQ(heed::invalid_utf8(whole + cut + whole), whole.size());
    }
  }
}

TEST(InvalidUtf8, ReturnsTheOffsetOfTheFirstInvalidByte) {
  EXPECT_EQ(heed::invalid_utf8(""), std::nullopt);
  EXPECT_EQ(heed::invalid_utf8("plain"), std::nullopt);
  EXPECT_EQ(heed::invalid_utf8(std::string("nul\0is valid", 12)), std::nullopt);
  EXPECT_EQ(heed::invalid_utf8("\x80"), 0u);
  EXPECT_EQ(heed::invalid_utf8("a\xff\xfe"), 1u);
  EXPECT_EQ(heed::invalid_utf8("\xc3\xa9t\xe9 \xff"), 3u);
}

TEST(CodePoints, CountsCharactersNotBytes) {
  EXPECT_EQ(heed::code_points(""), 0u);
  EXPECT_EQ(heed::code_points("abc"), 3u);
  EXPECT_EQ(heed::code_points("\xc3\xa9t\xc3\xa9"), 3u);
  EXPECT_EQ(heed::code_points("\xe2\x82\xac\xf0\x9f\x98\x80"), 2u);
}

TEST(InQuotes, EscapesControlCharactersAndInvalidBytes) {
  EXPECT_EQ(heed::detail::in_quotes("\xc3\xa9t\xc3\xa9"), "\"\xc3\xa9t\xc3\xa9\"");
  EXPECT_EQ(heed::detail::in_quotes("a\x1b[2J\xff"), "\"a<0x1b>[2J<0xff>\"");
}

TEST(InQuotes, TruncatesLongTextBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\xe2\x82\xac";
  const std::string shown = heed::detail::in_quotes(text);
  EXPECT_LT(shown.size(), 80u);
  EXPECT_EQ(heed::invalid_utf8(shown), std::nullopt);
  EXPECT_TRUE(shown.ends_with("...\""));
}

}  // namespace utf8_test
