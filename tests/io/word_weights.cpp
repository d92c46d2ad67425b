#include <heed/io/word_weights.hpp>

#include "support/refusal.hpp"
#include "support/xml.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace word_weights_test {

using heed::WeightedWords;
using heed::test::count_of;
using heed::test::xml_fault;

const std::vector<WeightedWords> lines{{"negative 0.98", {"truly", "<awful>", "."}, {0.12, 0.876, 0.004}},
                                       {"positive 0.71", {"fine"}, {1}}};

/// An attribute of the background rectangle of a word, which its tooltip identifies.
double attribute_of(const std::string& svg, const std::string& word, const std::string& name) {
  const std::size_t tooltip = svg.find("<title>" + word + ": ");
  return std::stod(svg.substr(svg.find(' ' + name + "=\"", tooltip) + name.size() + 3));
}

TEST(WordWeightsSvg, ShadesEveryWordByItsWeight) {
  const std::string svg = heed::word_weights_svg(lines, "a title");
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_EQ(count_of(svg, "<g><title>"), 4U);
  EXPECT_EQ(count_of(svg, "<title>&lt;awful&gt;: 0.876</title>"), 1U);
  EXPECT_EQ(count_of(svg, "fill=\"" + heed::detail::shade(0.876) + '"'), 1U);
  EXPECT_EQ(count_of(svg, "fill=\"" + heed::detail::shade(0.12) + '"'), 1U);
  EXPECT_EQ(count_of(svg, "fill=\"#ffffff\">"), 2U);  // light text on the two dark backgrounds
  EXPECT_EQ(count_of(svg, ">negative 0.98</text>"), 1U);
  EXPECT_EQ(count_of(svg, ">a title</text>"), 1U);
  EXPECT_LT(attribute_of(svg, "truly", "x"), attribute_of(svg, "&lt;awful&gt;", "x"));
  EXPECT_EQ(attribute_of(svg, "truly", "y"), attribute_of(svg, ".", "y"));
  EXPECT_LT(attribute_of(svg, ".", "y"), attribute_of(svg, "fine", "y"));
}

TEST(WordWeightsSvg, PutsWordsIntoBoxesThatDoNotOverlap) {
  const WeightedWords line{"", {"i", "immediately", "WOW", "ill", "\xc3\xa9t\xc3\xa9", ","}, {1, 1, 1, 1, 1, 1}};
  const std::string svg = heed::word_weights_svg(std::vector{line});
  double end = 0;
  for (const std::string& word : line.words) {
    const double x = attribute_of(svg, word, "x"), width = attribute_of(svg, word, "width");
    EXPECT_GT(x, end) << word;
    end = x + width;
    const std::size_t text = svg.find("<text", svg.find("<title>" + word + ": "));
    EXPECT_NEAR(std::stod(svg.substr(text + 9)), x + width / 2, 0.11) << word;
    const std::size_t length = svg.find(" textLength=\"", text);
    if (length < svg.find('>', text)) {
      EXPECT_LE(std::stod(svg.substr(length + 13)), width - 6) << word;
    }
  }
  EXPECT_EQ(count_of(svg, " textLength=\""), line.words.size() - 1);  // all but the word that is not ASCII
}

TEST(WordWeightsSvg, DrawsAColourScale) {
  for (const std::vector<WeightedWords>& drawn : {lines, {}}) {
    const std::string svg = heed::word_weights_svg(drawn);
    EXPECT_EQ(xml_fault(svg), "");
    EXPECT_EQ(count_of(svg, ">1  weight</text>"), 1U);
    EXPECT_EQ(count_of(svg, "fill=\"" + heed::detail::shade(1) + "\"/>"), drawn.empty() ? 1U : 2U);
  }
}

TEST(WordWeightsSvg, BreaksLongLines) {
  WeightedWords line{"", {}, {}};
  for (int i = 0; i < 40; ++i) {
    line.words.push_back("word" + std::to_string(i));
    line.weights.push_back(0.025);
  }
  const std::string svg = heed::word_weights_svg(std::vector{line});
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_EQ(attribute_of(svg, "word0", "y"), attribute_of(svg, "word9", "y"));
  EXPECT_LT(attribute_of(svg, "word9", "y"), attribute_of(svg, "word39", "y"));
  for (int i = 0; i < 40; ++i) EXPECT_LT(attribute_of(svg, "word" + std::to_string(i), "x"), 800);
}

TEST(WordWeightsText, ShowsWeightsInHundredths) {
  EXPECT_EQ(heed::word_weights_text(lines[0], false), "truly/12 <awful>/88 .");
}

TEST(WordWeightsText, ColoursTheBackground) {
  const std::string text = heed::word_weights_text(lines[1], true);
  EXPECT_EQ(text, "\x1b[48;2;8;41;88m\x1b[38;2;255;255;255mfine\x1b[0m");
  const std::string light = heed::word_weights_text({"", {"a", "\x1b]b"}, {0, 0}}, true);
  EXPECT_EQ(
      light,
      "\x1b[48;2;255;255;255m\x1b[38;2;0;0;0ma\x1b[0m \x1b[48;2;255;255;255m\x1b[38;2;0;0;0m\xef\xbf\xbd]b\x1b[0m");
}

TEST(WordWeights, RejectWrongSizesAndNonFiniteWeights) {
  const WeightedWords wrong_size{"", {"a", "b"}, {1}},
      not_finite{"", {"a"}, {std::numeric_limits<double>::quiet_NaN()}};
  for (const bool colour : {false, true}) {
    EXPECT_EQ(refusal([&] { heed::word_weights_text(wrong_size, colour); }),
              "word weights: there must be one weight per word, got 1 weights and 2 words");
  }
  EXPECT_EQ(refusal([&] { heed::word_weights_svg(std::vector{not_finite}); }),
            "word weights: the weight of word 0 is not finite");
}

}  // namespace word_weights_test
