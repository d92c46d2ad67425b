#include "../../../examples/support/batches.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace batches_test {

using examples::BatchLimit;
using heed::Index;

/// The number of sentences of a given size that fit into a batch.
int sentences_of(const examples::SentenceSize& size) {
  BatchLimit limit(64);
  int count = 0;
  while (limit.add(size)) ++count;
  return count;
}

TEST(BatchLimit, LimitsSentencesWordsAndWeights) {
  EXPECT_EQ(sentences_of({10, 10, 0}), 64);
  EXPECT_EQ(sentences_of({BatchLimit::words / 8, 10, 0}), 8);
  EXPECT_EQ(sentences_of({100, 100, BatchLimit::weights / 500}), 5);
}

TEST(BatchLimit, AcceptsASingleSentenceOfAnySize) {
  EXPECT_EQ(sentences_of({1'000'000, 1'000'000, 1'000'000}), 1);
  EXPECT_EQ(sentences_of({10, 10, BatchLimit::weights}), 1);
}

TEST(BatchLimit, CountsWeightsForTheLongestSource) {
  BatchLimit limit(64);
  EXPECT_TRUE(limit.add({10, 10, 1000}));
  EXPECT_TRUE(limit.add({10, 10, 1000}));
  EXPECT_FALSE(limit.add({20, BatchLimit::weights / 2000, 1000})) << "it would enlarge the weights of all sentences";
  EXPECT_TRUE(limit.add({10, 10, 1000})) << "in the next batch";
}

TEST(BatchesByLength, ContainEverySentenceOnce) {
  std::vector<Index> lengths;
  for (Index i = 0; i < 200; ++i) lengths.push_back(1 + i * 37 % 90);
  std::vector<int> seen(lengths.size());
  Index last = 0;
  for (const auto& batch : examples::batches_by_length(lengths, 16)) {
    ASSERT_FALSE(batch.empty());
    EXPECT_LE(batch.size(), 16U);
    for (const Index i : batch) {
      ++seen[static_cast<std::size_t>(i)];
      EXPECT_LE(last, lengths[static_cast<std::size_t>(i)]);
      last = lengths[static_cast<std::size_t>(i)];
    }
  }
  EXPECT_EQ(seen, std::vector<int>(lengths.size(), 1));
  EXPECT_TRUE(examples::batches_by_length({}, 16).empty());
}

}  // namespace batches_test
