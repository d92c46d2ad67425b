#include <heed/training/batches.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

namespace batches_test {

using heed::Index;
using heed::Random;
using Batches = std::vector<std::vector<Index>>;

/// Random sentence lengths from 1 to 20 tokens.
std::vector<Index> lengths(std::uint64_t seed, std::size_t count = 1000) {
  Random random(seed);
  std::vector<Index> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(static_cast<Index>(1 + random.below(20)));
  return result;
}

Batches batches(Index size, std::uint64_t seed, Index pool = 32) {
  Random random(seed);
  return heed::make_batches(lengths(1), lengths(2), size, random, pool);
}

/// The number of padding columns of all batches; 0 if all targets of each batch have the same length.
Index padding(const Batches& all) {
  const std::vector<Index> target = lengths(2);
  Index columns = 0;
  for (const auto& batch : all) {
    Index longest = 0, words = 0;
    for (const Index i : batch) {
      longest = std::max(longest, target[static_cast<std::size_t>(i)]);
      words += target[static_cast<std::size_t>(i)];
    }
    columns += longest * static_cast<Index>(batch.size()) - words;
  }
  return columns;
}

TEST(MakeBatches, ContainsEverySentenceOnce) {
  for (const Index size : {1, 7, 64, 5000}) {
    const Batches all = batches(size, 3);
    std::multiset<Index> seen;
    for (const auto& batch : all) {
      EXPECT_GE(batch.size(), 1u);
      EXPECT_LE(static_cast<Index>(batch.size()), size);
      seen.insert(batch.begin(), batch.end());
    }
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_EQ(std::set<Index>(seen.begin(), seen.end()).size(), 1000u);
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), 999);
  }
}

TEST(MakeBatches, GroupsSentencesOfSimilarLength) {
  const Index shuffled = padding(batches(20, 3, 1)), pooled = padding(batches(20, 3)),
              sorted = padding(batches(20, 3, 1000));
  EXPECT_LT(pooled, shuffled / 3);
  EXPECT_LE(sorted, pooled);
}

TEST(MakeBatches, ShufflesBatches) {
  const std::vector<Index> target = lengths(2);
  std::vector<Index> first_lengths;
  for (const auto& batch : batches(20, 3)) first_lengths.push_back(target[static_cast<std::size_t>(batch.front())]);
  EXPECT_FALSE(std::is_sorted(first_lengths.begin(), first_lengths.end()));
}

TEST(MakeBatches, IsDeterministicForASeed) {
  EXPECT_EQ(batches(20, 3), batches(20, 3));
  EXPECT_NE(batches(20, 3), batches(20, 4));
}

TEST(MakeBatches, ReturnsNothingForNoSentences) {
  Random random(1);
  EXPECT_TRUE(heed::make_batches({}, {}, 4, random).empty());
  EXPECT_TRUE(heed::make_word_batches({}, {}, 4, random).empty());
}

TEST(MakeBatches, RejectsInvalidArguments) {
  EXPECT_EQ(refusal([] { batches(0, 1); }), "make_batches: batch must be at least 1, got 0");
  EXPECT_EQ(refusal([] { batches(1, 1, 0); }), "make_batches: pool must be at least 1, got 0");
  Random random(1);
  EXPECT_EQ(
      refusal([&] {
        heed::make_batches({3, 4}, {3}, 1, random);
      }),
      "make_batches: there must be one target length per source length, got 2 source lengths and 1 target lengths");
}

TEST(MakeBatches, AcceptsAnySize) {
  constexpr Index largest = std::numeric_limits<Index>::max();
  EXPECT_EQ(batches(largest, 1).size(), 1u);
  EXPECT_EQ(batches(1, 1, largest).size(), 1000u);
  Random random(1);
  EXPECT_EQ(heed::make_word_batches(lengths(1), lengths(2), largest, random, largest).size(), 1u);
}

TEST(MakeWordBatches, LimitsTheWordsOfABatch) {
  const std::vector<Index> source = lengths(1), target = lengths(2);
  for (const Index limit : {1, 25, 400}) {
    Random random(3);
    const Batches all = heed::make_word_batches(source, target, limit, random);
    std::set<Index> seen;
    Index full = 0;
    for (const auto& batch : all) {
      Index words = 0;
      for (const Index i : batch) words += target[static_cast<std::size_t>(i)];
      EXPECT_TRUE(words <= limit || batch.size() == 1) << words;
      full += words > limit - 20;
      seen.insert(batch.begin(), batch.end());
    }
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_GE(full, std::ssize(all) * 9 / 10) << "batches are as large as possible";
  }
}

TEST(MakeWordBatches, GroupsSentencesOfSimilarLength) {
  const std::vector<Index> source = lengths(1), target = lengths(2);
  const auto padding_of = [&](Index pool) {
    Random random(3);
    return padding(heed::make_word_batches(source, target, 200, random, pool));
  };
  EXPECT_LT(padding_of(32), padding_of(1) / 3);
  Random random(3), same(3), other(4);
  const Batches first = heed::make_word_batches(source, target, 200, random);
  EXPECT_EQ(heed::make_word_batches(source, target, 200, same), first);
  EXPECT_NE(heed::make_word_batches(source, target, 200, other), first);
}

TEST(MakeWordBatches, RejectsInvalidArguments) {
  Random random(1);
  EXPECT_EQ(refusal([&] { heed::make_word_batches({3}, {3}, 0, random); }),
            "make_word_batches: words must be at least 1, got 0");
  EXPECT_EQ(refusal([&] {
              heed::make_word_batches({3, 4}, {3}, 9, random);
            }),
            "make_word_batches: there must be one target length per source length, got 2 source lengths and 1 target "
            "lengths");
}

}  // namespace batches_test
