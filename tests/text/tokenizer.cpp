#include <heed/text/tokenizer.hpp>

#include <heed/core/random.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tokenizer_test {

using heed::Tokenizer;
using heed::Words;

/// Pairs of text and its words, separated by spaces.
using Cases = std::vector<std::pair<std::string, std::string>>;

/// Expects the words of each text, the text of the words, and the same words for text that is already tokenised.
void expect_round_trips(const char* name, const Cases& cases) {
  const Tokenizer tokenizer(name);
  for (const auto& [text, words] : cases) {
    EXPECT_EQ(heed::join_words(tokenizer.tokenize(text)), words) << name;
    EXPECT_EQ(tokenizer.detokenize(heed::split_words(words)), text) << name;
    EXPECT_EQ(heed::join_words(tokenizer.tokenize(words)), words) << name << ": already tokenised";
  }
}

TEST(Tokenizer, ConvertsEnglish) {
  expect_round_trips("en",
                     {{"The queen's black cat sleeps in the garden.", "the queen 's black cat sleeps in the garden ."},
                      {"Don't go: the kings' men aren't here!", "don 't go : the kings ' men aren 't here !"},
                      {"I think (and I'm sure) that it costs 3.50, not 1,000.",
                       "i think ( and i 'm sure ) that it costs 3.50 , not 1,000 ."},
                      {"He said \"no\"; she left. Why?", "he said \" no \" ; she left . why ?"},
                      {"A [well-known] “word”… and so on...", "a [ well-known ] “ word ” … and so on ..."},
                      {"", ""}});
}

TEST(Tokenizer, ConvertsFrench) {
  expect_round_trips(
      "fr", {{"L'accord n'a pas été signé.", "l' accord n' a pas été signé ."},
             {"Qu'est-ce qu'il y a ?", "qu' est-ce qu' il y a ?"},
             {"Élise aime l'été ; pourquoi : à 10:30 !", "élise aime l' été ; pourquoi : à 10:30 !"},
             {"Il a dit « non » aujourd'hui, n'est-ce pas ?", "il a dit « non » aujourd' hui , n' est-ce pas ?"}});
}

TEST(Tokenizer, ConvertsGerman) {
  expect_round_trips("de", {{"Wie geht's? Er sagt „nein“, und geht.", "wie geht's ? er sagt „ nein “ , und geht ."}});
}

TEST(Tokenizer, SpacesChangesNothing) {
  expect_round_trips("spaces", {{"The queen's Cat, l'Été .", "The queen's Cat, l'Été ."}});
  EXPECT_EQ(Tokenizer(), Tokenizer("spaces"));
  EXPECT_EQ(Tokenizer().normalize("Été"), "Été");
}

TEST(Tokenizer, SplitKeepsTheCase) {
  EXPECT_EQ(Tokenizer("en").split("Is Ann's CAT here?"), (Words{"Is", "Ann", "'s", "CAT", "here", "?"}));
  EXPECT_EQ(Tokenizer("en").normalize("CAT"), "cat");
}

TEST(Tokenizer, AcceptsTypographicApostrophesAndSpaces) {
  EXPECT_EQ(Tokenizer("fr").tokenize("L\u2019été\u202F! Quoi\u00A0?"), (Words{"l'", "été", "!", "quoi", "?"}));
}

TEST(Tokenizer, KeepsTheFullStopOfAbbreviations) {
  EXPECT_EQ(Tokenizer("en").split("Ann of the U.S. saw 3.5."), (Words{"Ann", "of", "the", "U.S.", "saw", "3.5", "."}));
}

TEST(Tokenizer, SeparatesEnglishQuotationMarks) {
  EXPECT_EQ(Tokenizer("en").detokenize({"she", "said", "'hello", "."}), "She said 'hello.");
}

TEST(Tokenizer, DoesNotMakeSentenceMarks) {
  EXPECT_EQ(Tokenizer("en").tokenize("<S> The </S>"), (Words{"<S>", "the", "</S>"}));
  EXPECT_EQ(Tokenizer("en").normalize("<UNK>"), "<UNK>");
}

TEST(Tokenizer, CapitalizesEverySentence) {
  EXPECT_EQ(Tokenizer("en").detokenize({"\"", "no", "\"", ".", "(", "why", "?", ")", "i", "left", "."}),
            "\"No\". (Why?) I left.");
}

/// Any bytes give words without spaces, and text that gives the same words again.
TEST(Tokenizer, AcceptsAnyText) {
  heed::Random random(5);
  const std::vector<std::string> parts = {"a", "B", "É", "'", "\"", ".", "..",   ",",     " ",     "“",
                                          "”", "«", "…", "—", "!",  "1", "\xff", "<unk>", "\u2019"};
  for (const std::string_view name : heed::tokenizer_names) {
    const Tokenizer tokenizer(name);
    for (int i = 0; i < 3000; ++i) {
      std::string text;
      for (std::uint64_t n = random.below(12); n > 0; --n) text += parts[random.below(parts.size())];
      const Words words = tokenizer.tokenize(text);
      for (const std::string& word : words) {
        EXPECT_FALSE(word.empty() || word.find(' ') != std::string::npos) << text;
      }
      EXPECT_EQ(heed::join_words(tokenizer.tokenize(heed::join_words(words))), heed::join_words(words)) << text;
    }
  }
}

TEST(Tokenizer, RejectsUnknownNames) {
  EXPECT_EQ(refusal([] { Tokenizer("english"); }),
            "Tokenizer: the name must be one of spaces, en, fr, de, got \"english\"");
}

}  // namespace tokenizer_test
