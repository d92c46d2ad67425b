#include <heed/search/scoring.hpp>

#include <heed/cells/gru.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/scorers/additive.hpp>

#include "support/forced.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace scoring_test {

using heed::Index;
using heed::Token;
using heed::test::Batch;
using heed::test::force;

using Cell = heed::GruCell<double>;
using Decoder = heed::BahdanauDecoder<Cell, heed::AdditiveScorer<double>>;
using Model = heed::Seq2Seq<heed::Encoder<Cell>, Decoder>;
using Plain = heed::Seq2Seq<heed::Encoder<Cell>, heed::PlainDecoder<Cell>>;

constexpr Index vocabulary = 6;

Model model_of(std::uint64_t seed) {
  Model model({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary},
              heed::Encoder<Cell>({.input_size = 4, .hidden_size = 5, .bidirectional = true}),
              Decoder({.word_size = 4, .memory_size = 10, .hidden_size = 5, .feature_size = 5}, {{5, 10, 5}, {}}));
  heed::Random random(seed);
  randomize(model, random, 1.2);
  return model;
}

TEST(TeacherForcing, ScoresEveryTargetToken) {
  Batch batch = heed::test::copy_task(60, 1, 8, vocabulary, 1);  // more tokens than one block of columns holds
  batch.add({3, 4}, {});
  const Model model = model_of(1);
  Model::Tape tape;
  std::vector<heed::PairScore> scores(100);
  heed::score_pairs(model, batch.sources, batch.targets, tape, scores);
  EXPECT_GT(tape.target.packing.columns(), model.output_block);
  ASSERT_EQ(scores.size(), batch.size());
  double sum = 0, words = 0;
  for (std::size_t b = 0; b < batch.size(); ++b) {
    const auto& target = batch.targets[b];
    const auto forced = force(model, batch.sources[b], {target.begin(), target.end()});
    ASSERT_EQ(scores[b].words.size(), target.size() + 1);
    EXPECT_NEAR(scores[b].log_probability, forced.log_probability, 1e-12);
    for (std::size_t i = 0; i <= target.size(); ++i) {
      const Token word = i < target.size() ? target[i] : heed::symbols::eos;
      EXPECT_NEAR(scores[b].words[i], std::log(forced.next_words(word, static_cast<Index>(i))), 1e-12);
    }
    sum += forced.log_probability;
    words += static_cast<double>(target.size() + 1);
  }
  EXPECT_NEAR(heed::perplexity(scores), std::exp(-sum / words), 1e-12);
  EXPECT_NEAR(heed::perplexity(std::span(scores).first(1)),
              std::exp(-scores[0].log_probability / static_cast<double>(scores[0].words.size())), 1e-13);
  EXPECT_EQ(heed::perplexity({}), 1);
}

TEST(TeacherForcing, AlignsEveryTargetToken) {
  Batch batch = heed::test::copy_task(7, 1, 8, vocabulary, 2);
  batch.add({3, 4}, {});
  const Model model = model_of(2);
  Model::Tape tape;
  std::vector<heed::Buffer<double>> weights;
  heed::align_pairs(model, batch.sources, batch.targets, tape, weights);
  ASSERT_EQ(weights.size(), batch.size());
  for (std::size_t b = 0; b < batch.size(); ++b) {
    const auto& target = batch.targets[b];
    ASSERT_EQ(weights[b].rows(), std::ssize(batch.sources[b]));
    ASSERT_EQ(weights[b].cols(), std::ssize(target));
    if (target.empty()) continue;
    const auto forced = force(model, batch.sources[b], {target.begin(), target.end()});
    EXPECT_LE(difference(weights[b], forced.weights.leftCols(weights[b].cols())), 1e-13);
  }
}

TEST(TeacherForcing, ReturnsNoWeightsWithoutAttention) {
  Plain model({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary},
              heed::Encoder<Cell>({.input_size = 4, .hidden_size = 5, .bidirectional = true}),
              heed::PlainDecoder<Cell>({.word_size = 4, .memory_size = 10, .hidden_size = 5, .feature_size = 5}));
  const Batch batch = heed::test::copy_task(2, 2, 3, vocabulary, 3);
  Plain::Tape tape;
  std::vector<heed::Buffer<double>> weights;
  heed::align_pairs(model, batch.sources, batch.targets, tape, weights);
  for (const auto& w : weights) EXPECT_EQ(w.rows(), 0);
  std::vector<heed::PairScore> scores;
  heed::score_pairs(model, batch.sources, batch.targets, tape, scores);
  EXPECT_NEAR(heed::perplexity(scores), static_cast<double>(vocabulary), 1e-12) << "all parameters are 0";
}

TEST(TeacherForcing, RejectsInvalidPairsAndNonFiniteScores) {
  const Batch batch = heed::test::copy_task(3, 1, 3, vocabulary, 4);
  const auto targets = heed::Sentences(batch.targets);
  Model model = model_of(3);
  Model::Tape tape;
  std::vector<heed::PairScore> scores;
  std::vector<heed::Buffer<double>> weights;
  EXPECT_EQ(refusal([&] { heed::score_pairs(model, batch.sources, targets.first(2), tape, scores); }),
            "Seq2Seq: there must be one target per source, got 3 sources and 2 targets");
  EXPECT_EQ(refusal([&] { heed::align_pairs(model, batch.sources, targets.first(2), tape, weights); }),
            "Seq2Seq: there must be one target per source, got 3 sources and 2 targets");
  Batch bad;
  bad.add({3}, {4, 6});
  EXPECT_EQ(refusal([&] { heed::score_pairs(model, bad.sources, bad.targets, tape, scores); }),
            "Seq2Seq.forward: token 6 of target 0 is outside the vocabulary of 6");
  model.output.b(4) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal([&] { heed::score_pairs(model, batch.sources, targets, tape, scores); }),
            "score_pairs: pair 1, step 0: the model's logits are not finite (NaN or +inf)");
}

}  // namespace scoring_test
