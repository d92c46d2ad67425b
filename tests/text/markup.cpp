#include <heed/text/markup.hpp>

#include "support/refusal.hpp"

#include <heed/core/random.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace markup_test {

using heed::MarkedWords;
using heed::Tokenizer;
using heed::Words;
using Alignment = std::vector<std::ptrdiff_t>;

/// The translation with the tags of `source`.
std::string transferred(const std::string& source, const std::string& words, const Alignment& alignment,
                        const char* from = "spaces", const char* to = "spaces") {
  return heed::transfer_markup(heed::split_markup(source, Tokenizer(from)), heed::split_words(words), alignment,
                               Tokenizer(to));
}

TEST(SplitMarkup, SeparatesWordsAndTags) {
  const MarkedWords marked =
      heed::split_markup("The <b>black <i class=\"x y\">cat</i></b>'s<br/> tail.", Tokenizer("en"));
  EXPECT_EQ(marked.words, (Words{"The", "black", "cat", "'s", "tail", "."}));
  ASSERT_EQ(marked.tags.size(), 5u);
  EXPECT_EQ(marked.tags[1].text, "<i class=\"x y\">");
  EXPECT_EQ(marked.tags[1].word, 2u);
  EXPECT_EQ(marked.tags[3].text, "</b>");
  EXPECT_EQ(marked.tags[3].word, 3u);
  EXPECT_EQ(marked.tags[4].word, 4u);
}

TEST(SplitMarkup, KeepsOtherBrackets) {
  const MarkedWords marked = heed::split_markup("a < b > c <unk> <3 <x", Tokenizer());
  EXPECT_EQ(marked.words, (Words{"a", "<", "b", ">", "c", "<unk>", "<3", "<x"}));
  EXPECT_TRUE(marked.tags.empty());
}

TEST(TransferMarkup, FollowsTheAlignment) {
  EXPECT_EQ(transferred("The <b>black</b> cat sleeps.", "le chat noir dort .", {0, 2, 1, 3, 4}, "en", "fr"),
            "Le chat <b>noir</b> dort.");
  EXPECT_EQ(transferred("<b>the black cat</b> sleeps", "le chat noir dort", {0, 2, 1, 3}), "<b>le chat noir</b> dort");
  EXPECT_EQ(transferred("the cat", "le chat", {0, 1}), "le chat");
}

TEST(TransferMarkup, SplitsElements) {
  EXPECT_EQ(transferred("he does <b>not sleep</b> now", "il ne dort pas maintenant", {0, 2, 3, 2, 4}),
            "il <b>ne dort pas</b> maintenant");
  EXPECT_EQ(transferred("<b>not</b> sleep", "ne dort pas", {0, 1, 0}), "<b>ne</b> dort <b>pas</b>");
}

TEST(TransferMarkup, KeepsTheNesting) {
  EXPECT_EQ(transferred("<a>x <b>y</b></a> z", "Y Z X", {1, 2, 0}), "<a><b>Y</b></a> Z <a>X</a>");
  EXPECT_EQ(transferred("<a><b>x</b> y</a>", "X Y", {0, 1}), "<a><b>X</b> Y</a>");
}

TEST(TransferMarkup, TagsTouchTheirWords) {
  EXPECT_EQ(transferred("<b>The treaty</b>, signed", "l' accord , signé", {0, 1, 2, 3}, "en", "fr"),
            "<b>L'accord</b>, signé");
}

TEST(TransferMarkup, PlacesTagsWithoutWords) {
  EXPECT_EQ(transferred("a<br/> b", "A B", {0, 1}), "A <br/>B");
  EXPECT_EQ(transferred("a b<br/>", "A B", {0, 1}), "A B<br/>");
  EXPECT_EQ(transferred("a <b></b>b", "B A", {1, 0}), "<b></b>B A");
}

TEST(TransferMarkup, AcceptsTagsThatAreNotWellFormed) {
  EXPECT_EQ(transferred("<b>a", "A", {0}), "<b>A");
  EXPECT_EQ(transferred("a</b>", "A", {0}), "A</b>");
  EXPECT_EQ(transferred("<a>x <b>y</a> z</b>", "X Y Z", {0, 1, 2}), "<a>X <b>Y</a> Z</b>");
}

/// The number of tags of elements is balanced for any alignment.
TEST(TransferMarkup, GivesWellFormedElements) {
  heed::Random random(3);
  for (int i = 0; i < 2000; ++i) {
    Alignment alignment;
    for (int k = 0; k < 5; ++k) alignment.push_back(static_cast<std::ptrdiff_t>(random.below(4)));
    const std::string text = transferred("<a>p <b>q</b> r</a> <a>s</a>", "P Q R S T", alignment);
    std::vector<std::string> open;
    std::string words;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = heed::detail::tag_length(std::string_view(text).substr(at));
      const std::string tag = text.substr(at, length);
      at += std::max(length, std::size_t{1});
      if (length == 0) words += text[at - 1];
      if (length == 0) continue;
      if (tag[1] != '/') {
        open.push_back(tag.substr(1));
      } else {
        ASSERT_FALSE(open.empty()) << text;
        EXPECT_EQ(open.back(), tag.substr(2)) << text;
        open.pop_back();
      }
    }
    EXPECT_TRUE(open.empty()) << text;
    EXPECT_EQ(words, "P Q R S T");
  }
}

/// Lines of tags without partners take no quadratic time.
TEST(TransferMarkup, AcceptsManyTags) {
  std::string line, brackets;
  for (int i = 0; i < 40000; ++i) line += "<a>";
  for (int i = 0; i < 40000; ++i) line += "</b>";
  for (int i = 0; i < 100000; ++i) brackets += "<a";
  const MarkedWords marked = heed::split_markup(line + "x", Tokenizer());
  EXPECT_EQ(marked.tags.size(), 80000u);
  EXPECT_EQ(heed::transfer_markup(marked, {"X"}, Alignment{0}, Tokenizer()).size(), line.size() + 1);
  EXPECT_EQ(heed::split_markup(brackets, Tokenizer()).words, Words{brackets});
}

TEST(TransferMarkup, RejectsInvalidAlignments) {
  EXPECT_EQ(refusal([] { transferred("a", "A B", {0}); }),
            "transfer_markup: expected one source position for each of 2 words, got 1");
  EXPECT_EQ(refusal([] { transferred("a", "A", {1}); }),
            "transfer_markup: a source position must be at least 0 and less than 1, the number of source words, got 1");
}

}  // namespace markup_test
