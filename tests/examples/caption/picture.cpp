#include "../../../examples/caption/picture.hpp"

#include "support/xml.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace picture_test {

using examples::CaptionedImage;
using examples::Scenes;
using heed::Index;
using heed::test::count_of;

constexpr heed::Grid places{7, 7};

/// A white image whose caption has `words` words "a". The weight of word t is 1 at position t and 0 elsewhere.
CaptionedImage white_image(std::size_t words) {
  CaptionedImage image{std::vector<float>(static_cast<std::size_t>(Scenes::grid.places() * Scenes::channels), 1.0f),
                       heed::Words(words, "a"), heed::Matrix<float>::Zero(places.places(), static_cast<Index>(words)),
                       std::vector<float>(words, 0.25f)};
  for (std::size_t t = 0; t < words; ++t) image.weights(static_cast<Index>(t), static_cast<Index>(t)) = 1;
  return image;
}

/// The numbers that a regular expression captures, in the order of its matches.
std::vector<double> numbers(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::vector<double> result;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match) {
    for (std::size_t group = 1; group < match->size(); ++group) result.push_back(std::stod((*match)[group]));
  }
  return result;
}

/// x, y and width of the cells of the attention weights, which have an opacity and no fill of their own.
std::vector<double> cells(const std::string& svg) {
  return numbers(svg, "<rect x=\"([0-9.]+)\" y=\"([0-9.]+)\" width=\"([0-9.]+)\" height=\"[0-9.]+\" fill-opacity");
}

TEST(CaptionSvg, PutsWeightsOnTheCellsOfTheGrid) {
  CaptionedImage image = white_image(1);
  image.weights.setZero();
  image.weights(2 * places.width + 5, 0) = 0.3f;  // row 2, column 5 of the feature map
  const std::string svg = examples::caption_svg({image}, places, "a title");
  EXPECT_EQ(heed::test::xml_fault(svg), "");
  const double width = examples::detail::panel / 7;
  EXPECT_EQ(cells(svg), (std::vector<double>{5 * width, 2 * width, width}));
  EXPECT_EQ(count_of(svg, "fill-opacity=\"0.75\""), 1U);
  EXPECT_EQ(count_of(svg, ">gate 0.25</text>"), 1U);
  EXPECT_EQ(count_of(svg, ">a title</text>"), 1U);
}

TEST(CaptionSvg, ScalesOpacityByTheLargestWeightOfAWord) {
  CaptionedImage image = white_image(1);
  image.weights(1, 0) = 0.5f, image.weights(2, 0) = 0.001f;
  const std::string svg = examples::caption_svg({image}, places, "");
  EXPECT_EQ(numbers(svg, "fill-opacity=\"([0-9.]+)\""), (std::vector<double>{0.75, 0.38}));
}

TEST(CaptionSvg, ContinuesLongCaptionsBelow) {
  const std::string svg = examples::caption_svg({white_image(9), white_image(1)}, places, "");
  const std::vector<double> at = numbers(svg, "translate\\(([0-9.]+) ([0-9.]+)\\)");
  ASSERT_EQ(at.size(), 2 * (1 + 9 + 1 + 1));
  const auto x = [&](std::size_t panel) { return at[2 * panel]; };
  const auto y = [&](std::size_t panel) { return at[2 * panel + 1]; };
  for (std::size_t word = 1; word <= 7; ++word) {
    EXPECT_GE(x(word), x(word - 1) + examples::detail::panel);
    EXPECT_EQ(y(word), y(0));
  }
  for (const std::size_t word : {8U, 9U}) {
    EXPECT_EQ(x(word), x(word - 7));
    EXPECT_GE(y(word), y(0) + examples::detail::panel + 31);  // below the text of the first line
  }
  EXPECT_EQ(x(10), x(0));
  EXPECT_GT(y(10), y(9));
  const std::vector<double> size = numbers(svg, "viewBox=\"0 0 ([0-9]+) ([0-9]+)\"");
  EXPECT_GE(size[0], x(7) + examples::detail::panel);
  EXPECT_LT(size[0], 900);
  EXPECT_GE(size[1], y(11) + examples::detail::panel + 31);
}

TEST(CaptionSvg, AcceptsAnEmptyCaption) {
  const std::string svg = examples::caption_svg({white_image(0)}, places, "");
  EXPECT_EQ(heed::test::xml_fault(svg), "");
  EXPECT_EQ(count_of(svg, "<use "), 0U);
}

}  // namespace picture_test
