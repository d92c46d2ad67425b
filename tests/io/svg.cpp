#include <heed/io/svg.hpp>

#include <gtest/gtest.h>

namespace svg_test {

using heed::detail::decimal;
using heed::detail::xml_text;

TEST(XmlText, EscapesSpecialCharacters) { EXPECT_EQ(xml_text("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;"); }

TEST(Decimal, RoundsAndDropsZeros) {
  EXPECT_EQ(decimal(1.25, 1), "1.3");
  EXPECT_EQ(decimal(2, 3), "2");
  EXPECT_EQ(decimal(0.5, 3, true), "0.500");
  EXPECT_EQ(decimal(-0.05, 2), "-0.05");
  EXPECT_EQ(decimal(-0.001, 1), "0");
  EXPECT_EQ(decimal(100, 0), "100");
  EXPECT_EQ(decimal(1e300, 1), "1e+300");
}

TEST(PreferredWidth, SumsTheWidthsOfHelvetica) {  // Helvetica.afm: H 722, e 556, l 222, o 556, comma 278, m 833
  using heed::detail::preferred_width;
  EXPECT_NEAR(preferred_width("Hello,"), 13 * (0.722 + 0.556 + 2 * 0.222 + 0.556 + 0.278), 1e-9);
  EXPECT_NEAR(preferred_width("~m "), 13 * (0.584 + 0.833 + 0.278), 1e-9);
  EXPECT_NEAR(preferred_width("mmmm", 2), 13 * 0.833 + preferred_width("\xe2\x80\xa6"),
              1e-9);  // truncated: m, ellipsis
  EXPECT_GE(preferred_width("\xc3\xa9"), 13 * 0.556);
}

TEST(SvgFittedText, FixesTheWidthOfAsciiOnly) {
  using heed::detail::svg_fitted_text;
  EXPECT_EQ(svg_fitted_text(1, 2, " fill=\"red\"", "a<", 9),
            "<text x=\"1\" y=\"2\" text-anchor=\"middle\" textLength=\"14.8\" lengthAdjust=\"spacingAndGlyphs\" "
            "fill=\"red\">a&lt;</text>\n");
  for (const char* const text : {"", "\xc3\xa9", "a\n", "0123456789"}) {
    EXPECT_EQ(svg_fitted_text(1, 2, "", text, 9).find("textLength"), std::string::npos) << text;
  }
}

}  // namespace svg_test
