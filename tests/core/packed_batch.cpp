#include <heed/core/packed_batch.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace packed_batch_test {

using heed::Index;
using heed::Matrix;
using heed::PackedBatch;
using heed::Token;

TEST(PackedBatch, SortsByLengthAndIsTimeMajor) {
  const PackedBatch packing(std::vector<Index>{3, 2, 4});
  EXPECT_EQ(packing.sentences(), 3);
  EXPECT_EQ(packing.steps(), 4);
  EXPECT_EQ(packing.columns(), 9);
  const std::vector<Index> order = {2, 0, 1}, lengths = {4, 3, 2}, active = {3, 3, 2, 1}, first = {0, 3, 6, 8};
  for (Index i = 0; i < 3; ++i) {
    EXPECT_EQ(packing.sentence(i), order[static_cast<std::size_t>(i)]);
    EXPECT_EQ(packing.order()[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(i)]);
    EXPECT_EQ(packing.length(i), lengths[static_cast<std::size_t>(i)]);
  }
  for (Index t = 0; t < 4; ++t) {
    EXPECT_EQ(packing.active(t), active[static_cast<std::size_t>(t)]);
    EXPECT_EQ(packing.first(t), first[static_cast<std::size_t>(t)]);
  }
  EXPECT_EQ(packing.column(2, 1), 7);
}

TEST(PackedBatch, PreservesOrderOfEqualLengths) {
  const PackedBatch packing(std::vector<Index>{2, 5, 2, 5, 2});
  const std::vector<Index> expected = {1, 3, 0, 2, 4};
  EXPECT_EQ((std::vector<Index>(packing.order().begin(), packing.order().end())), expected);
}

TEST(PackedBatch, IsEmptyWithoutSentences) {
  EXPECT_EQ(PackedBatch().columns(), 0);
  EXPECT_EQ(PackedBatch().steps(), 0);
  const PackedBatch packing(std::vector<Index>{});
  EXPECT_EQ(packing.sentences(), 0);
  EXPECT_EQ(packing.columns(), 0);
}

TEST(PackedBatch, SupportsAssignment) {
  PackedBatch packing(std::vector<Index>{3, 2, 4});
  packing.assign(std::vector<Index>{1, 2});
  EXPECT_EQ(packing.sentences(), 2);
  EXPECT_EQ(packing.steps(), 2);
  EXPECT_EQ(packing.columns(), 3);
  EXPECT_EQ(packing.sentence(0), 1);
}

TEST(PackedBatch, RejectsEmptySentence) {
  EXPECT_EQ(refusal([] { PackedBatch(std::vector<Index>{3, 0, 2}); }), "PackedBatch: sentence 1 of the batch is empty");
  EXPECT_EQ(refusal([] { PackedBatch(std::vector<Index>{-1}); }), "PackedBatch: sentence 0 of the batch is empty");
}

TEST(PackPadded, RemovesPaddingAndUnpackRestoresColumns) {
  const PackedBatch packing(std::vector<Index>{1, 3});
  Matrix<double> padded(1, 6), packed(1, 4), back(1, 6);
  padded << 10, 20, -1, 21, -1, 22;  // item t of sentence b in column 2 t + b; -1 is padding
  heed::pack_padded(padded, packing, packed);
  EXPECT_EQ(packed, (Matrix<double, 1, 4>(20, 10, 21, 22)));
  back.setConstant(-7);
  heed::unpack_padded(packed, packing, back);
  padded << 10, 20, 0, 21, 0, 22;
  EXPECT_EQ(back, padded);
}

TEST(PackTokens, OrdersTokensByStep) {
  const std::vector<std::vector<Token>> sentences = {{7}, {1, 2, 3}, {4, 5}};
  const PackedBatch packing(std::vector<Index>{1, 3, 2});
  std::vector<Token> tokens = {99};
  heed::pack_tokens(sentences, packing, tokens);
  EXPECT_EQ(tokens, (std::vector<Token>{1, 4, 7, 2, 5, 3}));
}

}  // namespace packed_batch_test
