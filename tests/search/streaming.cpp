#include <heed/search/streaming.hpp>

#include <heed/search/search.hpp>

#include "support/forced.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace streaming_test {

using heed::Index;
using heed::Token;
using heed::TranslatorConfig;
using heed::test::Batch;
using heed::test::force;

using Model = heed::TranslationModel<double>;
using Stream = heed::Stream<Model>;

constexpr Index vocabulary = 7;

/// Configurations for every kind of decoder, with unidirectional and bidirectional encoders.
std::vector<TranslatorConfig> kinds() {
  TranslatorConfig bahdanau;
  bahdanau.hidden = 6;
  bahdanau.embedding = 4;
  bahdanau.bidirectional = false;
  TranslatorConfig luong = bahdanau, plain = bahdanau, both = bahdanau;
  luong.decoder = "luong";
  luong.cell = "lstm";
  luong.scorer = "general";
  luong.layers = 2;
  plain.decoder = "plain";
  plain.cell = "rnn";
  both.bidirectional = true;
  TranslatorConfig conditional = bahdanau;
  conditional.decoder = "conditional";
  TranslatorConfig coverage = bahdanau;  // passes the coverage from step to step
  coverage.scorer = "coverage";
  TranslatorConfig sutskever = luong, backwards = bahdanau;  // starts from the encoder's final states
  sutskever.decoder = "sutskever";
  backwards.reverse_source = true;
  return {bahdanau, luong, plain, both, coverage, sutskever, backwards, conditional};
}

Model model_of(const TranslatorConfig& config, std::uint64_t seed) {
  return heed::test::random_model(config, vocabulary, seed, 1.2);
}

void encode(Stream& stream, std::span<const Token> source) {
  stream.start();
  for (const Token word : source) stream.feed(word);
  stream.finish_source();
}

TEST(Stream, MatchesGreedySearch) {
  const Batch batch = heed::test::copy_task(12, 1, 40, vocabulary, 1);
  heed::SearchWorkspace<double> work;
  std::vector<heed::Hypothesis<double>> found;
  std::size_t words = 0;
  for (const TranslatorConfig& config : kinds()) {
    const Model model = model_of(config, 2);
    Stream stream(model);
    for (const auto& source : batch.sources) {
      heed::search(model, std::span(&source, 1), {1, 0.6, 30}, work, found);
      const auto& expected = found.front();
      const bool same_bits = config.bidirectional || config.reverse_source;
      const double tolerance = same_bits ? 0 : 1e-12;
      encode(stream, source);
      for (Index i = 0; i < expected.weights.cols(); ++i) {
        const Token word = stream.next();
        const auto at = static_cast<std::size_t>(i);
        ASSERT_EQ(word, at < expected.tokens.size() ? expected.tokens[at] : heed::symbols::eos);
        ASSERT_EQ(stream.weights().size(), expected.weights.rows());
        if (expected.weights.rows() > 0) {
          EXPECT_LE(difference(stream.weights(), expected.weights.col(i)), tolerance);
        }
        ++words;
      }
      EXPECT_EQ(stream.ended(), expected.complete);
      EXPECT_NEAR(stream.log_probability(), expected.log_probability,
                  tolerance * std::max(1.0, -expected.log_probability));
    }
  }
  EXPECT_GT(words, 200u);
}

TEST(Stream, ForcedTokensMatchTeacherForcing) {
  const std::vector<Token> source = {3, 6, 4, 4}, target = {5, 0, 3};
  for (const TranslatorConfig& config : kinds()) {
    const Model model = model_of(config, 3);
    const auto forced = force(model, source, target);
    Stream stream(model);
    encode(stream, source);
    for (std::size_t i = 0; i < target.size(); ++i) {
      const auto column = static_cast<Index>(i);
      const auto x = stream.logits().col(0).array();
      EXPECT_LE(difference((x - x.maxCoeff()).exp() / (x - x.maxCoeff()).exp().sum(), forced.next_words.col(column)),
                1e-12);
      stream.force(target[i]);
      if (config.attends()) {
        EXPECT_LE(difference(stream.weights(), forced.weights.col(column)), 1e-12);
      }
    }
    EXPECT_FALSE(stream.ended());
    stream.force(heed::symbols::eos);
    EXPECT_TRUE(stream.ended());
    EXPECT_NEAR(stream.log_probability(), forced.log_probability, 1e-11);
  }
}

TEST(Stream, SupportsSharedEmbeddings) {
  const Batch batch = heed::test::copy_task(4, 1, 9, vocabulary, 6);
  for (const TranslatorConfig& config : kinds()) {
    const auto [shared, copied] = heed::test::shared_and_copied(config, vocabulary, 2, 1.2);
    Stream stream(shared), expected(copied);
    for (const auto& source : batch.sources) {
      encode(stream, source);
      encode(expected, source);
      for (int i = 0; i < 5; ++i) {
        const Token word = expected.next();
        ASSERT_EQ(stream.next(), word);
        EXPECT_NEAR(stream.log_probability(), expected.log_probability(), 1e-12);
        if (word == heed::symbols::eos) break;
      }
    }
    EXPECT_EQ(refusal([&] {
                stream.start();
                stream.feed(7);
              }),
              "Embedding: token 7 is outside the vocabulary of 7");
  }
}

TEST(Stream, NeverProposesBos) {
  Model model = model_of(kinds()[0], 4);
  model.output.b(heed::symbols::bos) = 50;
  Stream stream(model);
  encode(stream, std::vector<Token>{3, 4});
  for (int i = 0; i < 10 && !stream.ended(); ++i) EXPECT_NE(stream.next(), heed::symbols::bos);
}

TEST(Stream, RejectsCallsInTheWrongOrder) {
  for (const TranslatorConfig& config : kinds()) {
    const Model model = model_of(config, 5);
    Stream stream(model);
    EXPECT_EQ(refusal([&] { stream.finish_source(); }), "Stream: the source has no words; call feed(word) first");
    stream.feed(3);
    EXPECT_EQ(refusal([&] { stream.next(); }), "Stream: the source is not finished; call finish_source() first");
    EXPECT_EQ(refusal([&] { stream.feed(7); }), "Embedding: token 7 is outside the vocabulary of 7");
    stream.feed(4);  // the rejected token has changed nothing
    stream.finish_source();
    EXPECT_EQ(refusal([&] { stream.feed(3); }), "Stream: the source is finished; call start() for the next sentence");
    EXPECT_EQ(refusal([&] { stream.finish_source(); }), "Stream: the source is finished already");
    for (const Token word : {-1, 1, 7}) {
      EXPECT_EQ(refusal([&] { stream.force(word); }),
                "Stream: token must be in [0, 7) and must not be bos, got " + std::to_string(word));
    }
    stream.force(heed::symbols::eos);
    EXPECT_EQ(refusal([&] { stream.next(); }), "Stream: the target has ended; call start() for the next sentence");
    EXPECT_NEAR(stream.log_probability(), force(model, std::vector<Token>{3, 4}, {}).log_probability, 1e-12);
    stream.start();
    EXPECT_EQ(stream.log_probability(), 0);
    EXPECT_EQ(refusal([&] { stream.finish_source(); }), "Stream: the source has no words; call feed(word) first");
  }
}

TEST(Stream, RejectsTemporaryModel) {
  static_assert(std::is_constructible_v<Stream, const Model&> && std::is_constructible_v<Stream, Model&>);
  static_assert(!std::is_constructible_v<Stream, Model> && !std::is_constructible_v<Stream, const Model>);
}

TEST(Stream, HasNoWeightsBeforeTheFirstStep) {
  const Model model = model_of(kinds().front(), 5);
  Stream stream(model);
  const auto expect_none = [&] {
    EXPECT_EQ(refusal([&] { stream.weights(); }),
              "Stream: there are no attention weights before the first step; call next() or logits()");
  };
  expect_none();
  stream.feed(3);
  expect_none();
  stream.finish_source();
  expect_none();
  stream.next();
  EXPECT_EQ(stream.weights().size(), 1);
  stream.start();
  expect_none();
}

}  // namespace streaming_test
