#include <heed/training/trainer.hpp>

#include "support/numbers.hpp"
#include "support/translations.hpp"

#include <heed/attention/monotonic.hpp>
#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/models/sentence_classifier.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/dot.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace trainer_threads_test {

// Training with several threads: the random numbers of a sentence depend on the seed, the update and the index of the
// sentence in the update, so the number of threads changes results only by rounding.

using heed::Dropout;
using heed::Index;
using heed::Random;
using heed::Token;
using heed::TrainerOptions;
using heed::test::Batch;

constexpr Index vocabulary = 7;
constexpr double rounding = 1e-10;

using Lstm = heed::LstmCell<double>;
using Gru = heed::GruCell<double>;

Batch task() { return heed::test::copy_task(11, 1, 6, vocabulary, 1); }

template <class Model>
Model randomized(Model model) {
  Random random(2);
  randomize(model, random, 0.5);
  return model;
}

/// Adds dropout of embeddings, between layers, of the recurrent state and of the output layer's input.
template <class Model>
Model with_dropout(Model model, bool per_sentence, double recurrent = 0) {
  for (Dropout<double>* const dropout : {&model.dropout, &model.encoder.dropout, &model.decoder.stack.dropout}) {
    *dropout = Dropout<double>(0.3);
    dropout->per_sentence = per_sentence;
  }
  model.encoder.recurrent = model.decoder.stack.recurrent = Dropout<double>(recurrent);
  return model;
}

auto luong(bool shared = false) {
  using Encoder = heed::Encoder<Lstm>;
  using Decoder = heed::LuongDecoder<Lstm, heed::DotScorer<double>>;
  return randomized(heed::Seq2Seq<Encoder, Decoder>(
      {.source_vocabulary = vocabulary,
       .target_vocabulary = vocabulary,
       .tied_embeddings = shared,
       .shared_embeddings = shared},
      Encoder({.input_size = 3, .hidden_size = 5, .layers = 2}),
      Decoder({.word_size = 3, .memory_size = 5, .hidden_size = 5, .layers = 2, .feature_size = shared ? 3 : 5},
              {heed::DotScorer<double>(5), {}})));
}

template <class Attention>
auto contextual(Attention attention) {
  using Encoder = heed::Encoder<Gru>;
  using Decoder = heed::ContextDecoder<Gru, Attention>;
  return randomized(heed::Seq2Seq<Encoder, Decoder>(
      {.source_vocabulary = vocabulary, .target_vocabulary = vocabulary},
      Encoder({.input_size = 3, .hidden_size = 3, .bidirectional = true}),
      Decoder({.word_size = 3, .memory_size = 6, .hidden_size = 4, .feature_size = 5}, std::move(attention))));
}

auto bahdanau() { return contextual(heed::Attention<heed::AdditiveScorer<double>>{{4, 6, 5}, {}}); }

auto monotonic(double noise) {
  return contextual(heed::MonotonicAttention<heed::AdditiveScorer<double>>({4, 6, 5}, noise));
}

/// A classifier with one Transformer layer as its encoder.
struct TransformerClassifier {
  using Scalar = double;
  using Source = std::span<const Token>;
  using Target = Token;
  struct Tape {
    heed::TransformerEncoderTape<double> layer;
    heed::AttentionPoolingTape<double> pooling;
  };

  heed::Embedding<double> words{4, vocabulary};
  heed::TransformerEncoderLayer<double> layer{{.size = 4, .heads = 2, .inner_size = 5, .dropout = 0.3}};
  heed::AttentionPooling<double> pooling{4, 3};
  heed::Linear<double> output{4, 3};

  double loss_and_gradient(heed::Sentences sentences, std::span<const Token> labels, Tape& tape,
                           TransformerClassifier& grad, const heed::LossOptions<double>& options) const {
    std::vector<Token> tokens;
    std::vector<Index> starts{0};
    for (const auto& sentence : sentences) {
      tokens.insert(tokens.end(), sentence.begin(), sentence.end());
      starts.push_back(static_cast<Index>(tokens.size()));
    }
    using Matrix = heed::Matrix<double>;
    Matrix x(4, starts.back()), y(4, starts.back()), pooled(4, static_cast<Index>(labels.size())),
        logits(3, pooled.cols());
    words.forward(tokens, x);
    layer.forward(x, starts, tape.layer, y, options.random);
    pooling.forward(y, starts, tape.pooling, pooled);
    output.forward(pooled, logits);
    const double loss = heed::softmax_cross_entropy<double>(logits, labels, options.smoothing, options.scale);
    Matrix d_pooled = Matrix::Zero(4, pooled.cols()), d_y = Matrix::Zero(4, y.cols()), d_x = d_y;
    output.accumulate(pooled, logits, grad.output);
    output.backward(logits, d_pooled);
    pooling.backward(y, starts, tape.pooling, d_pooled, grad.pooling, d_y);
    layer.backward(x, starts, tape.layer, d_y, grad.layer, d_x, options.random);
    words.backward(tokens, d_x, grad.words);
    return loss;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("words", self.words...);
    visit("layer", self.layer...);
    visit("pooling", self.pooling...);
    visit("output", self.output...);
  }
};

/// Trains a model and returns it.
template <class Model, class Targets>
Model trained(Model model, const std::vector<std::span<const Token>>& sources, const Targets& targets, int threads,
              double teacher_forcing = 1, heed::SampledToken token = heed::SampledToken::argmax) {
  TrainerOptions options;
  options.threads = threads;
  options.sampled_token = token;
  heed::Trainer<Model> trainer(model, heed::Adam<Model>(model, 0.01), options);
  trainer.teacher_forcing = teacher_forcing;
  for (std::uint64_t i = 0; i < 30; ++i) trainer.update(sources, targets, i);
  return model;
}

/// Expects the same result for any number of threads, and a different result for `plain`, which uses no random numbers.
template <class Model, class Targets, class... Options>
void expect_same_with_any_threads(const Model& model, const Model& plain, const Targets& targets,
                                  const Options&... options) {
  const Batch batch = task();
  const Model one = trained(model, batch.sources, targets, 1, options...);
  for (const int threads : {2, 3, 8}) {
    EXPECT_LE(part_difference(trained(model, batch.sources, targets, threads, options...), one), rounding) << threads;
  }
  EXPECT_EQ(part_difference(trained(model, batch.sources, targets, 3, options...),
                            trained(model, batch.sources, targets, 3, options...)),
            0);
  EXPECT_GT(part_difference(trained(plain, batch.sources, targets, 1), one), 1e-3) << "no random numbers were used";
}

const std::vector<Token> labels{0, 1, 2, 0, 1, 2, 2, 1, 0, 0, 2};

TEST(TrainerThreads, DoNotChangeDropout) {
  expect_same_with_any_threads(with_dropout(luong(), false), luong(), task().targets);
}

TEST(TrainerThreads, DoNotChangeSharedEmbeddings) {
  expect_same_with_any_threads(with_dropout(luong(true), false), luong(true), task().targets);
}

TEST(TrainerThreads, DoNotChangeVariationalAndRecurrentDropout) {
  expect_same_with_any_threads(with_dropout(luong(), true, 0.2), luong(), task().targets);
}

TEST(TrainerThreads, DoNotChangeContextDropout) {
  auto model = bahdanau();
  model.decoder.context_dropout = Dropout<double>(0.3);
  expect_same_with_any_threads(model, bahdanau(), task().targets);
}

TEST(TrainerThreads, DoNotChangeMonotonicAttentionNoise) {
  expect_same_with_any_threads(monotonic(1), monotonic(0), task().targets);
}

TEST(TrainerThreads, DoNotChangeScheduledSampling) {
  for (const auto token : {heed::SampledToken::argmax, heed::SampledToken::sample}) {
    expect_same_with_any_threads(with_dropout(bahdanau(), false), bahdanau(), task().targets, 0.5, token);
  }
}

TEST(TrainerThreads, DoNotChangeClassifierDropout) {
  using Encoder = heed::Encoder<Lstm>;
  using Classifier = heed::SentenceClassifier<Encoder>;
  const Classifier plain =
      randomized(Classifier({.vocabulary = vocabulary, .alignment_size = 3, .classes = 3},
                            Encoder({.input_size = 3, .hidden_size = 4, .layers = 2, .bidirectional = true})));
  for (const bool per_sentence : {false, true}) {
    Classifier model = plain;
    model.dropout = model.encoder.dropout = model.encoder.recurrent = Dropout<double>(0.3);
    model.dropout.per_sentence = model.encoder.dropout.per_sentence = per_sentence;
    expect_same_with_any_threads(model, plain, labels);
  }
}

TEST(TrainerThreads, DoNotChangeTransformerDropout) {
  TransformerClassifier plain = randomized(TransformerClassifier());
  plain.layer.dropout = Dropout<double>(0);
  for (const bool per_sentence : {false, true}) {
    TransformerClassifier model = plain;
    model.layer.dropout = Dropout<double>(0.3);
    model.layer.dropout.per_sentence = per_sentence;
    expect_same_with_any_threads(model, plain, labels);
  }
}

TEST(TrainerThreads, DoNotChangeGradientAccumulation) {
  const auto model = with_dropout(luong(), false);
  using Model = std::remove_const_t<decltype(model)>;
  const Batch whole = task(), first = whole.at({0, 1, 2, 3}), second = whole.at({4, 5, 6, 7, 8, 9, 10});
  const std::vector<heed::Trainer<Model>::Batch> batches{{first.sources, first.targets},
                                                         {second.sources, second.targets}};
  const Model at_once = trained(model, whole.sources, whole.targets, 1);
  for (const int threads : {1, 3}) {
    Model in_parts = model;
    TrainerOptions options;
    options.threads = threads;
    heed::Trainer<Model> trainer(in_parts, heed::Adam<Model>(in_parts, 0.01), options);
    for (std::uint64_t i = 0; i < 30; ++i) trainer.update(batches, i);
    EXPECT_LE(part_difference(in_parts, at_once), rounding)
        << "a sentence's index counts over all batches of the update";
  }
}

TEST(TrainerThreads, RandomNumbersDoNotDependOnBatch) {
  const auto model = with_dropout(luong(), false);
  using Model = std::remove_const_t<decltype(model)>;
  const Batch batch = task();
  const auto loss = [&](const Batch& sentences, std::vector<heed::RandomStream> randoms) {
    Model::Tape tape;
    heed::LossOptions<double> options;
    options.random = std::span(randoms);
    options.teacher_forcing = 0.5;
    options.sampled_token = heed::SampledToken::sample;
    return model.loss(sentences.sources, sentences.targets, tape, options);
  };
  std::vector<heed::RandomStream> randoms;
  double alone = 0;
  for (std::size_t b = 0; b < batch.size(); ++b) {
    randoms.emplace_back(3, b);
    alone += loss(batch.at({b}), {randoms.back()});
  }
  EXPECT_NEAR(loss(batch, randoms), alone, 1e-10);
}

}  // namespace trainer_threads_test
