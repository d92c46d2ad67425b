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

/// A batch of targets whose right words are all 3, and an output layer that always says 4: what is fed where, and how many
/// columns were scored at every step.
struct Fed {
  heed::PackedBatch packing;
  std::vector<Token> words;
  std::vector<Index> scored;

  Fed(const std::vector<Index>& lengths, double forcing, SampledToken own, std::uint64_t seed) : packing(lengths) {
    Random random(1), choices(seed);
    Decoder decoder({.word_size = 2, .memory_size = 4, .hidden_size = 3, .feature_size = 5});
    heed::Embedding<double> target(2, 6);
    heed::Memory<double> memory;
    memory.resize(4, std::vector<Index>(lengths.size(), 2));
    randomize(decoder, random);
    randomize(target, random);
    memory.values = random_matrix(4, memory.values.cols(), random);
    memory.summary = random_matrix(4, memory.sentences(), random);
    words.assign(static_cast<std::size_t>(packing.columns()), 3);
    const auto score = [&](const heed::In<double>& features, heed::Out<double> logits) {
      EXPECT_EQ(features.rows(), 5);
      scored.push_back(features.cols());
      logits.setConstant(-100);
      logits.row(4).setConstant(100);
    };
    heed::SamplingTape<double> tape;
    heed::feed_sampled_tokens(decoder, target, score, packing, memory, forcing, own, &choices, tape, words);
  }
};

TEST(FeedSampledTokens, AsksOnlyThoseWhoHaveANextStep) {
  const Fed fed({2, 4, 1}, 0, SampledToken::argmax, 1);
  EXPECT_EQ(fed.scored, (std::vector<Index>{2, 1, 1}));
  EXPECT_EQ(fed.words, (std::vector<Token>{3, 3, 3, 4, 4, 4, 4})) << "the first step is fed what it was";
}

TEST(FeedSampledTokens, ReplacesAsManyAsItIsTold) {
  const std::vector<Index> lengths(500, 9);
  for (const SampledToken own : {SampledToken::argmax, SampledToken::sample}) {
    for (const double forcing : {0.0, 0.25, 0.9, 1.0}) {
      const Fed fed(lengths, forcing, own, 2);
      const auto right = std::count(fed.words.begin() + 500, fed.words.end(), 3);
      EXPECT_NEAR(static_cast<double>(right) / 4000, forcing, 0.03);
      EXPECT_EQ(std::count(fed.words.begin() + 500, fed.words.end(), 4), 4000 - right);
    }
  }
}

TEST(FeedSampledTokens, ChoosesAsItsRandomNumbersSay) {
  const std::vector<Index> lengths(20, 5);
  EXPECT_EQ(Fed(lengths, 0.5, SampledToken::argmax, 3).words, Fed(lengths, 0.5, SampledToken::argmax, 3).words);
  EXPECT_NE(Fed(lengths, 0.5, SampledToken::argmax, 3).words, Fed(lengths, 0.5, SampledToken::argmax, 4).words);
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
  EXPECT_EQ(refusal(feed), "feed_sampled_tokens: expected random numbers, got none");
}

TEST(DrawWord, DrawsFromTheSoftmaxOfTheScores) {
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
