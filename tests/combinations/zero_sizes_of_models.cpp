// Like zero_sizes.cpp, for whole models.
#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/models/sentence_classifier.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/general.hpp>
#include <heed/search/search.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace zero_sizes_of_models_test {

using heed::Index;
using heed::Token;

struct Bahdanau {
  static auto make(Index word, Index hidden, Index features, Index vocabulary) {
    using Scorer = heed::AdditiveScorer<float>;
    const heed::Encoder<heed::GruCell<float>> encoder(
        {.input_size = word, .hidden_size = hidden, .bidirectional = true});
    const heed::BahdanauDecoder<heed::GruCell<float>, Scorer> decoder(
        {.word_size = word, .memory_size = 2 * hidden, .hidden_size = hidden, .feature_size = features},
        {{hidden, 2 * hidden, features}, {}});
    return heed::Seq2Seq({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary}, encoder, decoder);
  }
};
struct Luong {
  static auto make(Index word, Index hidden, Index features, Index vocabulary) {
    using Scorer = heed::GeneralScorer<float>;
    const heed::Encoder<heed::LstmCell<float>> encoder({.input_size = word, .hidden_size = hidden});
    const heed::LuongDecoder<heed::LstmCell<float>, Scorer> decoder(
        {.word_size = word, .memory_size = hidden, .hidden_size = hidden, .feature_size = features},
        {{hidden, hidden}, {}});
    return heed::Seq2Seq({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary}, encoder, decoder);
  }
};

template <class Paper>
struct ZeroSizedModel : testing::Test {};
using Papers = testing::Types<Bahdanau, Luong>;
TYPED_TEST_SUITE(ZeroSizedModel, Papers);

TYPED_TEST(ZeroSizedModel, TrainsAndSearchesOrThrows) {
  const std::vector<Token> words{3, 4};
  for (int which = 0; which < 32; ++which) {
    const auto size = [&](int bit, Index otherwise) { return (which >> bit & 1) != 0 ? otherwise : Index{0}; };
    const Index word = size(0, 2), hidden = size(1, 2), features = size(2, 2), vocabulary = size(3, 6);
    const std::vector<std::span<const Token>> batch(static_cast<std::size_t>(size(4, 2)), words);
    SCOPED_TRACE(testing::Message() << "word " << word << ", hidden " << hidden << ", features " << features
                                    << ", vocabulary " << vocabulary << ", sentences " << batch.size());
    const std::string message = refusal([&] {
      auto model = TypeParam::make(word, hidden, features, vocabulary);
      heed::Random random(3);
      randomize(model, random);
      auto grad = zeros_like(model);
      heed::Seq2SeqTape<float> tape;
      EXPECT_TRUE(std::isfinite(static_cast<double>(model.loss_and_gradient(batch, batch, tape, grad))));
      EXPECT_TRUE(all_finite(grad));
      heed::SearchWorkspace<float> work;
      heed::Hypotheses<float> results;
      heed::search(model, batch, {.maximum_length = 3}, work, results);
      EXPECT_EQ(results.size(), batch.size());
    });
    const bool possible = word > 0 && hidden > 0 && features > 0 && vocabulary > 0;
    EXPECT_EQ(message == "accepted", possible) << message;
  }
}

TYPED_TEST(ZeroSizedModel, DefaultModelThrows) {
  using Model = decltype(TypeParam::make(1, 1, 1, 4));
  const Model model;
  const std::vector<Token> words{0};
  const std::vector<std::span<const Token>> batch{words};
  heed::Seq2SeqTape<float> tape;
  EXPECT_NE(refusal([&] { model.loss(batch, batch, tape); }), "accepted");
  EXPECT_NE(refusal([&] { tape.weights(0, 0); }), "accepted");
  EXPECT_NE(refusal([&] { model.encoder.output_size(); }), "accepted");
  heed::SearchWorkspace<float> work;
  heed::Hypotheses<float> results;
  EXPECT_NE(refusal([&] { heed::search(model, batch, {}, work, results); }), "accepted");
}

TEST(ZeroSizedClassifier, ClassifiesOrThrows) {
  using Model = heed::SentenceClassifier<heed::Encoder<heed::GruCell<float>>>;
  const std::vector<Token> words{1, 0}, labels{0, 1};
  for (int which = 0; which < 32; ++which) {
    const auto size = [&](int bit, Index otherwise) { return (which >> bit & 1) != 0 ? otherwise : Index{0}; };
    const Index word = size(0, 2), hidden = size(1, 2), alignment = size(2, 2), vocabulary = size(3, 6);
    const auto sentences = static_cast<std::size_t>(size(4, 2));
    const std::vector<std::span<const Token>> batch(sentences, words);
    SCOPED_TRACE(which);
    const std::string message = refusal([&] {
      Model model(
          {.vocabulary = vocabulary, .alignment_size = alignment, .classes = 2},
          heed::Encoder<heed::GruCell<float>>({.input_size = word, .hidden_size = hidden, .bidirectional = true}));
      heed::Random random(3);
      randomize(model, random);
      auto grad = zeros_like(model);
      Model::Tape tape;
      EXPECT_TRUE(std::isfinite(model.loss_and_gradient(batch, std::span(labels).first(sentences), tape, grad)));
      EXPECT_TRUE(all_finite(grad));
    });
    EXPECT_EQ(message == "accepted", word > 0 && hidden > 0 && alignment > 0 && vocabulary > 0) << message;
  }
  const Model model;
  Model::Tape tape;
  const std::vector<std::span<const Token>> batch{words};
  EXPECT_NE(refusal([&] { model.forward(batch, tape); }), "accepted");
  EXPECT_NE(refusal([&] { tape.weights(0); }), "accepted");
}

}  // namespace zero_sizes_of_models_test
