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

}  // namespace svg_test
