#include <heed/text/subwords.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

// Subwords with a model have their tests in tests/sentencepiece.
namespace subwords_test {

using heed::Index;
using heed::Subwords;
using heed::SubwordSentence;
using heed::Words;

TEST(Subwords, WithoutAModelEachWordIsOnePiece) {
  const Subwords subwords;
  EXPECT_TRUE(subwords.empty());
  EXPECT_EQ(subwords.model(), "");
  const Words words = {"a", "\u2581cat", "<unk>", "a"};
  for (const SubwordSentence& sentence : {subwords.split(words), subwords.split(words, 0.5), subwords.join(words)}) {
    EXPECT_EQ(sentence.words, words);
    EXPECT_EQ(sentence.pieces, words);
    EXPECT_EQ(sentence.word_of_piece, (std::vector<Index>{0, 1, 2, 3}));
  }
  EXPECT_TRUE(subwords.split({}).pieces.empty());
  EXPECT_TRUE(subwords.join({}).words.empty());
}

TEST(Subwords, WithoutAModelThereIsNoVocabularyOfPieces) { EXPECT_THROW(Subwords().vocabulary(), heed::Error); }

#if !defined(HEED_WITH_SENTENCEPIECE)
TEST(Subwords, NeedSentencePieceForAModel) {
  try {
    Subwords("a model");
    FAIL() << "accepted";
  } catch (const heed::Error& error) {
    EXPECT_EQ(error.what(), std::string("subwords need SentencePiece, but this program was built without it "
                                        "(CMake option HEED_SENTENCEPIECE)"));
  }
}
#endif

}  // namespace subwords_test
