#include <heed/models/scheduled_sampling.hpp>

#include <heed/cells/rnn.hpp>
#include <heed/decoders/plain.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace scheduled_sampling_test {

using heed::Index;
using heed::Matrix;
using heed::Random;
using heed::SampledToken;
using heed::Token;
using heed::Vector;

using Cell = heed::RnnCell<double>;
using Decoder = heed::PlainDecoder<Cell>;

/// A batch of targets whose tokens are all 3 and an output layer whose sampled token is always 4. Holds the decoder
/// inputs after sampling and the number of columns that are scored at every step.
struct Sampled {
  heed::PackedBatch packing;
  std::vector<Token> inputs;
  std::vector<Index> scored;

  Sampled(const std::vector<Index>& lengths, double forcing, SampledToken mode, std::uint64_t seed) : packing(lengths) {
    Random random(1), choices(seed);
    Decoder decoder({.word_size = 2, .memory_size = 4, .hidden_size = 3, .feature_size = 5});
    heed::Embedding<double> target(2, 6);
    heed::Memory<double> memory;
    memory.resize(4, std::vector<Index>(lengths.size(), 2));
    randomize(decoder, random);
    randomize(target, random);
    memory.values = random_matrix(4, memory.values.cols(), random);
    memory.summary = random_matrix(4, memory.sentences(), random);
    inputs.assign(static_cast<std::size_t>(packing.columns()), 3);
    const auto score = [&](const heed::In<double>& features, heed::Out<double> logits) {
      EXPECT_EQ(features.rows(), 5);
      scored.push_back(features.cols());
      logits.setConstant(-100);
      logits.row(4).setConstant(100);
    };
    heed::SamplingTape<double> tape;
    heed::feed_sampled_tokens(decoder, target, score, packing, memory, forcing, mode, &choices, tape, inputs);
  }
};

TEST(FeedSampledTokens, ScoresOnlySentencesWithANextStep) {
  const Sampled sampled({2, 4, 1}, 0, SampledToken::argmax, 1);
  EXPECT_EQ(sampled.scored, (std::vector<Index>{2, 1, 1}));
  EXPECT_EQ(sampled.inputs, (std::vector<Token>{3, 3, 3, 4, 4, 4, 4})) << "the inputs of the first step do not change";
}

TEST(FeedSampledTokens, ReplacesTheGivenFraction) {
  const std::vector<Index> lengths(500, 9);
  for (const SampledToken mode : {SampledToken::argmax, SampledToken::sample}) {
    for (const double forcing : {0.0, 0.25, 0.9, 1.0}) {
      const Sampled sampled(lengths, forcing, mode, 2);
      const auto forced = std::count(sampled.inputs.begin() + 500, sampled.inputs.end(), 3);
      EXPECT_NEAR(static_cast<double>(forced) / 4000, forcing, 0.03);
      EXPECT_EQ(std::count(sampled.inputs.begin() + 500, sampled.inputs.end(), 4), 4000 - forced);
    }
  }
}

TEST(FeedSampledTokens, ChoiceDependsOnSeed) {
  const std::vector<Index> lengths(20, 5);
  EXPECT_EQ(Sampled(lengths, 0.5, SampledToken::argmax, 3).inputs,
            Sampled(lengths, 0.5, SampledToken::argmax, 3).inputs);
  EXPECT_NE(Sampled(lengths, 0.5, SampledToken::argmax, 3).inputs,
            Sampled(lengths, 0.5, SampledToken::argmax, 4).inputs);
}

TEST(FeedSampledTokens, RejectsMissingRandomNumbers) {
  const auto feed = [] {
    const heed::PackedBatch packing(std::vector<Index>{2});
    Decoder decoder({.word_size = 2, .memory_size = 4, .hidden_size = 3, .feature_size = 5});
    heed::SamplingTape<double> tape;
    std::vector<Token> words{3, 3};
    heed::feed_sampled_tokens(
        decoder, heed::Embedding<double>(2, 6), [](const auto&, const auto&) {}, packing, {}, 0.5, SampledToken::argmax,
        nullptr, tape, words);
  };
  EXPECT_EQ(refusal(feed), "feed_sampled_tokens: a random number generator is required, got none");
}

TEST(DrawWord, DrawsFromSoftmaxOfScores) {
  Vector<double> scores(5);
  scores << 1, -2, 0.5, 2, -30;
  const Vector<double> p = scores.array().exp() / scores.array().exp().sum();
  Random random(5);
  Vector<double> counts = Vector<double>::Zero(5);
  for (int i = 0; i < 100'000; ++i) {
    Vector<double> shifted = scores.array() + 1000;
    ++counts(heed::detail::draw_word<double>(shifted, random));
  }
  EXPECT_LE(difference(counts / 1e5, p), 0.005);
  EXPECT_EQ(counts(4), 0);
}

}  // namespace scheduled_sampling_test
