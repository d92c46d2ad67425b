#include <heed/text/letter_case.hpp>

#include <gtest/gtest.h>

#include <clocale>
#include <cwctype>
#include <string>

namespace letter_case_test {

using heed::capitalize;
using heed::lower_case;

TEST(LowerCase, SupportsLatinGreekAndCyrillic) {
  EXPECT_EQ(lower_case("The QUEEN's 2 Élèves, ÀÖØÞ!"), "the queen's 2 élèves, àöøþ!");
  EXPECT_EQ(lower_case("ŁÓDŹ ŠKODA ŸÆŒ STRAẞE Ế"), "łódź škoda ÿæœ straße ế");
  EXPECT_EQ(lower_case("ȘȚ ƠƯ Ə Ǎ"), "șț ơư ə ǎ");
  EXPECT_EQ(lower_case("ΑΘΗΝΑ ΆΈΌΏ МОСКВА ЁЖ ЂҐ"), "αθηνα άέόώ москва ёж ђґ");
  EXPECT_EQ(lower_case("×÷İ日本 \U0001F600"), "×÷İ日本 \U0001F600");
  EXPECT_EQ(lower_case("A\xff\xc3"), "a\xff\xc3") << "invalid bytes are kept";
}

TEST(Capitalize, ChangesTheFirstLetterOnly) {
  EXPECT_EQ(capitalize("élan vital"), "Élan vital");
  EXPECT_EQ(capitalize("ÿ"), "Ÿ");
  EXPECT_EQ(capitalize("жук"), "Жук");
  EXPECT_EQ(capitalize("1st"), "1st");
  EXPECT_EQ(capitalize("ß"), "ß") << "it has no capital letter with the same length in all fonts";
  EXPECT_EQ(capitalize("\xff"
                       "a"),
            "\xff"
            "a");
  EXPECT_EQ(capitalize(""), "");
}

/// The standard library of this machine knows the lower case of all letters.
TEST(LowerCase, AgreesWithTheStandardLibrary) {
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) GTEST_SKIP() << "there is no locale C.UTF-8";
  int letters = 0;
  for (char32_t c = 0; c < 0x2000; ++c) {
    const char32_t lower = heed::detail::to_lower(c);
    if (lower == c) continue;
    ++letters;
    EXPECT_EQ(lower, static_cast<char32_t>(std::towlower(static_cast<std::wint_t>(c)))) << std::hex << unsigned(c);
    const char32_t upper = heed::detail::to_upper(lower);
    EXPECT_TRUE(upper == c || c == 0x1E9E) << std::hex << unsigned(c);
  }
  EXPECT_GT(letters, 400);
  for (char32_t c = 0; c < 0x180;
       ++c) {  // all letters of the languages of Western and Central Europe but the Turkish I
    if (c == 0x130) continue;
    EXPECT_EQ(heed::detail::to_lower(c), static_cast<char32_t>(std::towlower(static_cast<std::wint_t>(c))))
        << std::hex << unsigned(c);
  }
  std::setlocale(LC_CTYPE, "C");
}

}  // namespace letter_case_test
