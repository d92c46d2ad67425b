#include <heed/io/printable.hpp>

#include <gtest/gtest.h>

namespace printable_test {

using heed::detail::plain_text;

const std::string replaced = "\xef\xbf\xbd";

TEST(PlainText, KeepsValidText) {
  for (const std::string text : {"", "abc", "économique", "日本語", "\xf0\x9f\x90\x88", replaced.c_str()}) {
    EXPECT_EQ(plain_text(text), text);
  }
}

TEST(PlainText, ReplacesInvalidUtf8) {
  EXPECT_EQ(plain_text("a\xff"), "a" + replaced);
  EXPECT_EQ(plain_text("\xc3"), replaced);
  EXPECT_EQ(plain_text("\xc3z"), replaced + "z");
  EXPECT_EQ(plain_text("\xc0\x80"), replaced + replaced);                                // overlong
  EXPECT_EQ(plain_text("\xe0\x80\x80"), replaced + replaced + replaced);                 // overlong
  EXPECT_EQ(plain_text("\xed\xa0\x80"), replaced + replaced + replaced);                 // a surrogate
  EXPECT_EQ(plain_text("\xf4\x90\x80\x80"), replaced + replaced + replaced + replaced);  // beyond Unicode
}

TEST(PlainText, ReplacesControlCharactersAndNoncharacters) {
  EXPECT_EQ(plain_text("\x1b[2J"), replaced + "[2J");
  EXPECT_EQ(plain_text("a\nb\tc\x7f"), "a" + replaced + "b" + replaced + "c" + replaced);
  EXPECT_EQ(plain_text("\xc2\x9b"), replaced);          // U+009B starts a control sequence
  EXPECT_EQ(plain_text("\xe2\x80\xae"), replaced);      // U+202E changes the direction
  EXPECT_EQ(plain_text("\xe2\x81\xa6"), replaced);      // U+2066 too
  EXPECT_EQ(plain_text("\xef\xbf\xbe"), replaced);      // U+FFFE is a noncharacter
  EXPECT_EQ(plain_text("\xf0\x9f\xbf\xbf"), replaced);  // and so is U+1FFFF
  const std::string neighbours =
      "\xc2\xa0\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xef\xbf\xbd\xf0\x9f\xbf\xbd\xf0\x9e\xbf\xbd";
  EXPECT_EQ(plain_text(neighbours), neighbours);
}

TEST(PlainText, TruncatesByCodePoints) {
  EXPECT_EQ(plain_text("été", 3), "été");
  EXPECT_EQ(plain_text("étés", 3), "ét…");
  EXPECT_EQ(heed::detail::width_of("étés", 3), 3U);
}

}  // namespace printable_test
