#include <heed/text/sentence_pair.hpp>
#include <heed/text/vocabulary.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace vocabulary_test {

using heed::Token;
using heed::Vocabulary;
using heed::Words;

const std::vector<Words> sentences = {{"b", "a", "c", "c"}, {"Z", "c", "a", "b"}, {"é", "rare"}};

std::string refusal(const Words& words) {
  try {
    Vocabulary::from_words(words);
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "accepted";
}

Words with_specials(const Words& words) {
  Words all = {"<unk>", "<s>", "</s>"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

TEST(Vocabulary, StartsWithTheSpecialSymbols) {
  const Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.words(), (Words{"<unk>", "<s>", "</s>"}));
  EXPECT_EQ(vocabulary.id("<unk>"), Vocabulary::unknown);
  EXPECT_EQ(vocabulary.id("<s>"), Vocabulary::begin);
  EXPECT_EQ(vocabulary.id("</s>"), Vocabulary::end);
  EXPECT_EQ(Vocabulary::unknown, 0);
  EXPECT_EQ(Vocabulary::begin, 1);
  EXPECT_EQ(Vocabulary::end, 2);
}

TEST(Vocabulary, OrdersWordsByFrequencyThenByBytes) {
  EXPECT_EQ(Vocabulary::build(sentences).words(), with_specials({"c", "a", "b", "Z", "rare", "é"}));
}

TEST(Vocabulary, OmitsWordsBelowTheMinimumFrequency) {
  EXPECT_EQ(Vocabulary::build(sentences, 2).words(), with_specials({"c", "a", "b"}));
  EXPECT_EQ(Vocabulary::build(sentences, 3).words(), with_specials({"c"}));
  EXPECT_EQ(Vocabulary::build(sentences, 4).words(), with_specials({}));
}

TEST(Vocabulary, DoesNotDuplicateSpecialSymbolsOfTheData) {
  const std::vector<Words> data = {{"<unk>", "<unk>", "</s>", "a"}};
  const auto vocabulary = Vocabulary::build(data);
  EXPECT_EQ(vocabulary.words(), with_specials({"a"}));
  EXPECT_EQ(vocabulary.encode(data[0]), (std::vector<Token>{0, 0, 2, 3}));
}

TEST(Vocabulary, BuildsFromOneSideOfSentencePairs) {
  std::vector<heed::SentencePair> pairs(2);
  pairs[0].source = {"the", "house"};
  pairs[0].target = {"la", "maison"};
  pairs[1].source = {"the", "end"};
  pairs[1].target = {"la", "fin"};
  EXPECT_EQ(Vocabulary::build(pairs, 2, &heed::SentencePair::source).words(), with_specials({"the"}));
  EXPECT_EQ(Vocabulary::build(pairs, 1, &heed::SentencePair::target).words(), with_specials({"la", "fin", "maison"}));
}

TEST(Vocabulary, BuildsFromViewsOfWords) {
  const std::vector<std::vector<std::string_view>> views = {{"b", "a"}, {"b"}};
  EXPECT_EQ(Vocabulary::build(views).words(), with_specials({"b", "a"}));
}

TEST(Vocabulary, ReturnsIdsAndUnkForMissingWords) {
  const auto vocabulary = Vocabulary::build(sentences);
  EXPECT_EQ(vocabulary.size(), 9);
  for (Token id = 0; id < vocabulary.size(); ++id) {
    EXPECT_EQ(vocabulary.id(vocabulary.word(id)), id);
    EXPECT_TRUE(vocabulary.contains(vocabulary.word(id)));
  }
  EXPECT_EQ(vocabulary.id(std::string_view("abc").substr(0, 1)), vocabulary.id("a"));
  EXPECT_EQ(vocabulary.id("missing"), Vocabulary::unknown);
  EXPECT_EQ(vocabulary.id(""), Vocabulary::unknown);
  EXPECT_FALSE(vocabulary.contains("missing"));
}

TEST(Vocabulary, RejectsTokensOutOfRange) {
  const Vocabulary vocabulary;
  for (const Token token : {-1, 3, 812}) {
    try {
      vocabulary.word(token);
      FAIL() << token;
    } catch (const heed::Error& error) {
      EXPECT_EQ(error.what(), "Vocabulary: token " + std::to_string(token) + " is outside the vocabulary of 3");
    }
  }
  const std::vector<Token> tokens = {1, 3};
  EXPECT_THROW(vocabulary.decode(tokens), heed::Error);
}

TEST(Vocabulary, EncodesAndDecodes) {
  const auto vocabulary = Vocabulary::build(sentences);
  const auto tokens = vocabulary.encode(Words{"a", "who", "é"});
  EXPECT_EQ(tokens, (std::vector<Token>{4, 0, 8}));
  EXPECT_EQ(vocabulary.decode(tokens), "a <unk> é");
  EXPECT_EQ(vocabulary.decode(std::vector<Token>{}), "");
  EXPECT_TRUE(vocabulary.encode(Words{}).empty());
}

TEST(Vocabulary, IsRestoredFromItsWords) {
  const auto built = Vocabulary::build(sentences);
  const auto loaded = Vocabulary::from_words(built.words());
  EXPECT_EQ(loaded, built);
  EXPECT_EQ(loaded.id("rare"), built.id("rare"));
  EXPECT_FALSE(loaded == Vocabulary());
}

TEST(Vocabulary, CopyOutlivesTheOriginal) {
  Vocabulary copy;
  {
    const auto original = Vocabulary::build(sentences);
    copy = original;
  }
  EXPECT_EQ(copy.id("rare"), 7);
  EXPECT_EQ(copy.word(7), "rare");
}

TEST(Vocabulary, RejectsListsWithoutTheSpecialSymbolsFirst) {
  EXPECT_EQ(refusal({}), "Vocabulary: word 0 must be <unk>, got none");
  EXPECT_EQ(refusal({"<unk>", "<s>"}), "Vocabulary: word 2 must be </s>, got none");
  EXPECT_EQ(refusal({"<unk>", "</s>", "<s>"}), "Vocabulary: word 1 must be <s>, got \"</s>\"");
  EXPECT_EQ(refusal({"<pad>", "<unk>", "<s>", "</s>"}), "Vocabulary: word 0 must be <unk>, got \"<pad>\"");
}

TEST(Vocabulary, RejectsDuplicateWords) {
  EXPECT_EQ(refusal(with_specials({"a", "b", "a"})), "Vocabulary: word 5, \"a\", duplicates word 3");
  EXPECT_EQ(refusal(with_specials({"<s>"})), "Vocabulary: word 3, \"<s>\", duplicates word 1");
}

TEST(Vocabulary, RejectsInvalidWords) {
  EXPECT_EQ(refusal(with_specials({"a", ""})), "Vocabulary: word 4 is empty");
  for (const std::string bad : {" ", "a b", "a\tb", "a\n", "\r", "\x7f", "\x1b[2J"}) {
    EXPECT_NE(refusal(with_specials({bad})).find("contains a space or a control character, 0x"), std::string::npos);
  }
  EXPECT_EQ(refusal(with_specials({std::string("a\0b", 3)})),
            "Vocabulary: word 3, \"a<0x00>b\", contains a space or a control character, 0x00");
  EXPECT_EQ(refusal(with_specials({"ab\xff"})), "Vocabulary: word 3, \"ab<0xff>\", is invalid UTF-8 at byte offset 2");
}

TEST(Vocabulary, BuildRejectsInvalidWords) {
  EXPECT_THROW(Vocabulary::build(std::vector<Words>{{"a", "b c"}}), heed::Error);
  EXPECT_THROW(Vocabulary::build(std::vector<Words>{{""}}), heed::Error);
  EXPECT_THROW(Vocabulary::build(std::vector<Words>{{"\xff"}}), heed::Error);
}

}  // namespace vocabulary_test
