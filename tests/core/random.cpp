#include <heed/core/random.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace random_test {

using heed::Random;

// The expected values come from a separate implementation of MT19937-64 and SplitMix64. They detect a change of the
// sequence, which would change every seeded run.

TEST(Random, BitsMatchReference) {
  Random random(1);
  EXPECT_EQ(random.bits(), 10276022874973721191u);
  EXPECT_EQ(random.bits(), 12617830178692664310u);
  EXPECT_EQ(random.bits(), 1402014269852334066u);
  EXPECT_EQ(Random(1, 1).bits(), 15680271392084457219u);
}

TEST(Random, UniformAndNormalMatchReference) {
  Random uniform(1);
  EXPECT_EQ(uniform.uniform(), 0x1.1d3788b85d31ap-1);
  EXPECT_EQ(uniform.uniform(), 0x1.5e3713640a5c1p-1);
  EXPECT_EQ(uniform.uniform(), 0x1.374f48cdc93bp-4);
  Random between(1);
  EXPECT_DOUBLE_EQ(between.uniform(-2, 6), -2 + 8 * 0x1.1d3788b85d31ap-1);
  Random normal(1);  // std::log and std::cos may differ in the last bit
  EXPECT_DOUBLE_EQ(normal.normal(), -0.51408290162385928);
  EXPECT_DOUBLE_EQ(normal.normal(), 0.28019110748381604);
  EXPECT_DOUBLE_EQ(normal.normal(), -0.43330226939165362);
}

TEST(Random, BelowAndShuffleMatchReference) {
  Random random(1);
  for (const std::uint64_t expected : {1u, 0u, 6u, 3u, 5u, 3u, 7u, 8u}) EXPECT_EQ(random.below(10), expected);
  std::vector<int> items = {0, 1, 2, 3, 4, 5, 6, 7};
  Random(1).shuffle(items);
  EXPECT_EQ(items, (std::vector<int>{5, 2, 1, 4, 3, 6, 0, 7}));
}

TEST(Random, StreamsAndSeedsAreUnrelated) {
  Random a(5), again(5), other_seed(6), other_stream(5, 1), swapped(1, 5);
  const auto first = a.bits();
  EXPECT_EQ(first, again.bits());
  EXPECT_NE(first, other_seed.bits());
  const auto of_stream = other_stream.bits();
  EXPECT_NE(first, of_stream);
  EXPECT_NE(of_stream, swapped.bits()) << "seed and stream are not interchangeable";
}

TEST(Random, UniformHasExpectedMomentsAndBounds) {
  Random random(2);
  double sum = 0, squares = 0, minimum = 1, maximum = 0;
  constexpr int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = random.uniform();
    sum += x, squares += x * x, minimum = std::min(minimum, x), maximum = std::max(maximum, x);
  }
  EXPECT_GE(minimum, 0);
  EXPECT_LT(maximum, 1);
  EXPECT_NEAR(sum / n, 0.5, 0.005);
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.005);
}

TEST(Random, NormalHasExpectedMoments) {
  Random random(3);
  double sum = 0, squares = 0, fourth = 0;
  constexpr int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x, squares += x * x, fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / n, 0, 0.02);
  EXPECT_NEAR(squares / n, 1, 0.03);
  EXPECT_NEAR(fourth / n, 3, 0.2);
}

TEST(Random, BelowIsUniformAndBounded) {
  Random random(4);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(random.below(1), 0u);
  EXPECT_EQ(refusal([&] { random.below(0); }), "Random.below: the bound must be at least 1, got 0");
}

TEST(Random, BelowIsUnbiasedForHugeBounds) {
  Random random(5);  // a plain remainder would draw the lowest third twice as often
  constexpr std::uint64_t bound = 3ull << 62;
  int low = 0;
  for (int i = 0; i < 30000; ++i) {
    const auto x = random.below(bound);
    ASSERT_LT(x, bound);
    low += x < (bound / 3) ? 1 : 0;
  }
  EXPECT_NEAR(low, 10000, 400);
}

TEST(Random, PickFollowsOdds) {
  Random random(7);
  constexpr std::array<float, 6> odds = {0, 3, 0, 1, 4, 0};  // of 8
  std::array<int, 6> counts{};
  for (int i = 0; i < 80000; ++i) ++counts.at(random.pick(odds.size(), [&](std::size_t k) { return odds[k]; }));
  for (std::size_t k = 0; k < odds.size(); ++k)
    EXPECT_NEAR(counts[k], 10000 * odds[k], 500 * (odds[k] > 0 ? 1 : 0)) << k;
}

TEST(Random, PickIgnoresZeroOddsIfSumIsTooSmall) {
  Random random(8);  // odds that are smaller in the second sum, as after rounding
  int calls = 0;
  const auto odds = [&](int k) { return k == 3 ? 0.0 : calls++ < 3 ? 1e9 : 1.0; };
  EXPECT_EQ(random.pick(4, odds), 2);
}

TEST(Random, ShuffleDrawsAllOrdersEquallyOften) {
  Random random(6);
  std::array<int, 27> counts{};
  for (int i = 0; i < 60000; ++i) {
    std::vector<int> items = {0, 1, 2};
    random.shuffle(items);
    ++counts.at(static_cast<std::size_t>(items[0] * 9 + items[1] * 3 + items[2]));
  }
  EXPECT_EQ(std::count_if(counts.begin(), counts.end(), [](int count) { return count > 0; }), 6);
  for (const int count : counts) {
    if (count > 0) {
      EXPECT_NEAR(count, 10000, 400);
    }
  }
  std::vector<int> none;
  random.shuffle(none);
  EXPECT_TRUE(none.empty());
}

}  // namespace random_test
