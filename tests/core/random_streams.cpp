#include <heed/core/random_streams.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace random_streams_test {

using heed::Index;
using heed::Random;
using heed::RandomStream;
using heed::RandomStreams;

std::uint64_t bits(RandomStreams streams, Index i) {
  std::uint64_t drawn = 0;
  streams.with(i, [&](auto& generator) { drawn = generator.bits(); });
  return drawn;
}

TEST(SplitMix64, MatchesReferenceImplementation) {
  heed::SplitMix64 engine(1234567);  // splitmix64.c
  for (const std::uint64_t expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u}) {
    EXPECT_EQ(engine(), expected);
  }
}

TEST(RandomStream, IsUniformAcrossStreams) {
  double mean = 0, square = 0, together = 0;
  for (std::uint64_t stream = 0; stream < 10'000; ++stream) {
    RandomStream random(1, stream);
    const double x = random.uniform(), y = random.uniform();
    mean += x / 1e4;
    square += x * x / 1e4;
    together += x * y / 1e4;
  }
  EXPECT_NEAR(mean, 1.0 / 2, 0.01);
  EXPECT_NEAR(square, 1.0 / 3, 0.01);
  EXPECT_NEAR(together, 1.0 / 4, 0.01);
}

TEST(RandomStream, DependsOnSeedAndStream) {
  std::set<std::uint64_t> drawn;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    for (std::uint64_t stream = 0; stream < 30; ++stream) drawn.insert(RandomStream(seed, stream).bits());
  }
  EXPECT_EQ(drawn.size(), 900U);
  EXPECT_EQ(RandomStream(5, 7).bits(), RandomStream(5, 7).bits());
}

TEST(RandomStreams, AreFalseInInference) {
  EXPECT_FALSE(RandomStreams());
  EXPECT_FALSE(RandomStreams(nullptr));
  EXPECT_FALSE(RandomStreams(nullptr).in_order(std::vector<Index>{1, 0}));
}

TEST(RandomStreams, ShareOneGenerator) {
  Random random(3), same(3);
  const RandomStreams streams(&random);
  EXPECT_TRUE(streams);
  for (const Index i : {0, 7, 0}) EXPECT_EQ(bits(streams.in_order(std::vector<Index>{0}), i), same.bits());
}

TEST(RandomStreams, UseOneGeneratorPerSentence) {
  std::vector<RandomStream> generators{RandomStream(3, 0), RandomStream(3, 1), RandomStream(3, 2)}, same = generators;
  const RandomStreams streams = std::span(generators);
  EXPECT_EQ(bits(streams, 2), same[2].bits());
  EXPECT_EQ(bits(streams, 0), same[0].bits());
  const std::vector<Index> order{2, 0};
  EXPECT_EQ(bits(streams.in_order(order), 0), same[2].bits());
  EXPECT_EQ(bits(streams.in_order(order), 1), same[0].bits());
}

TEST(RandomStreams, AreTrueForEmptyBatch) {
  const RandomStreams streams = std::span<RandomStream>();
  EXPECT_TRUE(streams);
  EXPECT_EQ(refusal([&] { streams.check(1); }), "RandomStreams: expected a generator for each of 1 columns, got 0");
}

TEST(RandomStreams, RejectTooFewGeneratorsAndSecondOrder) {
  std::vector<RandomStream> generators{RandomStream(3, 0), RandomStream(3, 1)};
  const RandomStreams streams = std::span(generators);
  const std::vector<Index> three{2, 0, 1}, two{1, 0};
  EXPECT_EQ(refusal([&] { streams.in_order(three); }),
            "RandomStreams: expected a generator for each of 3 columns, got 2");
  EXPECT_EQ(refusal([&] { streams.in_order(two).in_order(two); }), "RandomStreams: expected generators in batch order");
}

}  // namespace random_streams_test
