#include <heed/io/alignment_picture.hpp>

#include "support/xml.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace alignment_picture_test {

using heed::test::count_of;
using heed::test::xml_fault;
using Words = std::vector<std::string>;

const heed::Matrix<double> weights{{1, 0}, {0, 0.5}, {0, 0.26}};
const Words source{"the", "red", "house"}, target{"la", "été"};

template <class F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(AlignmentSvg, DrawsEveryCellWithItsWeight) {
  const std::string svg = heed::alignment_svg(weights, source, target, "a title");
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_EQ(count_of(svg, "</title></rect>"), 6U);
  EXPECT_EQ(count_of(svg, "fill=\"#082958\"><title>la ← the: 1.000</title>"), 1U);
  EXPECT_EQ(count_of(svg, "fill=\"#ffffff\"><title>été ← the: 0.000</title>"), 1U);
  EXPECT_EQ(count_of(svg, "<title>été ← house: 0.260</title>"), 1U);
  EXPECT_EQ(count_of(svg, ">a title</text>"), 1U);
  EXPECT_EQ(count_of(svg, "viewBox=\"0 0 "), 1U);
}

TEST(AlignmentSvg, PutsSourceWordsAcrossAndTargetWordsDown) {
  const std::string svg = heed::alignment_svg(weights, source, target);
  EXPECT_EQ(count_of(svg, "rotate(-45"), 3U);
  EXPECT_LT(svg.find(">the</text>"), svg.find(">house</text>"));
  const auto x_of = [&](const std::string& tooltip) {  // the attributes precede the tooltip
    const std::size_t rect = svg.rfind("<rect x=\"", svg.find(tooltip));
    return std::stod(svg.substr(rect + 9));
  };
  EXPECT_LT(x_of("la ← the"), x_of("la ← red"));
  EXPECT_EQ(x_of("la ← red"), x_of("été ← red"));
}

TEST(AlignmentSvg, DarkensWithTheWeight) {
  int before = 256 * 3;
  for (int i = 0; i <= 100; ++i) {
    const std::string colour = heed::detail::shade(i / 100.0);
    const int sum = std::stoi(colour.substr(1, 2), nullptr, 16) + std::stoi(colour.substr(3, 2), nullptr, 16) +
                    std::stoi(colour.substr(5, 2), nullptr, 16);
    EXPECT_LT(sum, before) << i;
    before = sum;
  }
  EXPECT_EQ(heed::detail::shade(-1), "#ffffff");
  EXPECT_EQ(heed::detail::shade(1e300), heed::detail::shade(1));
}

TEST(AlignmentSvg, EscapesArbitraryBytesInWords) {
  const Words hostile{"</svg>", "\"&'<!--", std::string("\0\x1b[2J\xff\n", 7)};
  const std::string svg = heed::alignment_svg(weights, hostile, Words{std::string(100'000, '<'), ""}, "]]>&\x01");
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_EQ(count_of(svg, "</svg>"), 1U);
}

TEST(AlignmentSvg, SupportsFloatsExpressionsAndEmptyMatrices) {
  const heed::Matrix<float> floats = weights.cast<float>();
  EXPECT_EQ(heed::alignment_svg(floats.block(0, 0, 2, 1), Words{"a", "b"}, Words{"x"}),
            heed::alignment_svg(weights.block(0, 0, 2, 1), Words{"a", "b"}, Words{"x"}));
  EXPECT_EQ(xml_fault(heed::alignment_svg(heed::Matrix<double>(0, 0), Words{}, Words{})), "");
}

TEST(AlignmentSvg, RejectsWrongSizesAndNonFiniteWeights) {
  const std::string expected =
      "alignment picture: the weights are 3 x 2, but there are 2 source words (rows) and 3 target words (columns)";
  EXPECT_EQ(refusal([] { heed::alignment_svg(weights, Words{"a", "b"}, source); }), expected);
  EXPECT_EQ(refusal([] { heed::alignment_blocks(weights, Words{"a", "b"}, source); }), expected);
  heed::Matrix<double> bad = weights;
  bad(2, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal([&] { heed::alignment_svg(bad, source, target); }),
            "alignment picture: the weight of source word 2 for target word 1 is not finite");
}

TEST(AlignmentBlocks, DrawsALineFromEverySourceWordToItsColumn) {
  EXPECT_EQ(heed::alignment_blocks(weights, source, target),
            "    the\n"
            "    │ red\n"
            "    │ │ house\n"
            " la ██\n"
            "été   ▒▒░░\n");
}

TEST(AlignmentBlocks, ShadesInFiveSteps) {
  const heed::Matrix<double> steps{{0.12}, {0.13}, {0.38}, {0.63}, {0.88}};
  const std::string picture = heed::alignment_blocks(steps, Words(5, "x"), Words{"y"});
  EXPECT_EQ(picture.substr(picture.rfind('y')), "y   ░░▒▒▓▓██\n");
}

TEST(AlignmentBlocks, ReplacesControlCharacters) {
  const std::string picture =
      heed::alignment_blocks(weights, Words{"\x1b[2J", "a\nb", "\xc2\x9b"}, Words{"\r", "\x07"});
  EXPECT_EQ(picture.find_first_of("\x1b\r\x07"), std::string::npos);
  EXPECT_EQ(count_of(picture, "\n"), 5U);
}

}  // namespace alignment_picture_test
