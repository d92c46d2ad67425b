#include <heed/heed.hpp>
#include <heed/io/checkpoint.hpp>

#include <gtest/gtest.h>
#include <support/pytorch.hpp>

namespace seq2seq_test {

using heed::Index;
using heed::Matrix;
using heed::Token;
using heed::test::PytorchFixture;

using Cell = heed::AnyCell<double>;
using Scorer = heed::AnyScorer<double>;
using Model = heed::Seq2Seq<heed::Encoder<Cell>, heed::AnyDecoder<Cell, heed::Attention<Scorer>>>;

constexpr double tolerance = 1e-9;

Cell make_cell(const std::string& kind, Index input, Index hidden, bool bias) {
  if (kind == "gru") return heed::GruCell<double>(input, hidden, bias);
  if (kind == "lstm") return heed::LstmCell<double>(input, hidden, bias);
  if (kind == "rnn-tanh") return heed::RnnCell<double>(input, hidden, bias);
  if (kind == "rnn-relu") return heed::RnnCell<double, heed::Dynamic, heed::Dynamic, heed::Relu>(input, hidden, bias);
  heed::fail("no cell is called " + kind);
}

Scorer make_scorer(const std::string& kind, Index query, Index memory, Index alignment, bool bias) {
  if (kind == "dot") return heed::DotScorer<double>(query);
  if (kind == "general") return heed::GeneralScorer<double>(query, memory);
  if (kind == "concat") return heed::ConcatScorer<double>(query, memory, alignment);
  if (kind == "additive") return heed::AdditiveScorer<double>(query, memory, alignment, bias);
  heed::fail("no scorer is called " + kind);
}

/// The model that a fixture describes, with its initial parameters.
Model make_model(const PytorchFixture& fixture) {
  const auto size = [&](std::string_view key) { return fixture.number<Index>(key); };
  const auto make = [&](Index input, Index hidden) {
    return make_cell(fixture.text("cell"), input, hidden, fixture.number<bool>("bias"));
  };
  heed::Encoder<Cell> encoder({.input_size = size("source_embedding"),
                               .hidden_size = size("encoder_hidden"),
                               .layers = size("encoder_layers"),
                               .bidirectional = fixture.number<bool>("bidirectional")},
                              make);
  const Index word = size("target_embedding"), memory = encoder.output_size(), hidden = size("hidden");
  const Index layers = size("decoder_layers"), features = size("features");
  const auto attention = [&] {
    return heed::Attention<Scorer>{
        make_scorer(fixture.text("scorer"), hidden, memory, size("alignment"), fixture.number<bool>("scorer_bias")),
        {}};
  };
  const auto decoder = [&]() -> heed::AnyDecoder<Cell, heed::Attention<Scorer>> {
    const std::string& kind = fixture.text("decoder");
    if (kind == "plain") {
      return heed::PlainDecoder<Cell>(
          {.word_size = word, .memory_size = memory, .hidden_size = hidden, .layers = layers, .feature_size = features},
          heed::FixedVector<double>(), make);
    }
    if (kind == "bahdanau" || kind == "conditional") {
      return heed::BahdanauDecoder<Cell, Scorer>({.word_size = word,
                                                  .memory_size = memory,
                                                  .hidden_size = hidden,
                                                  .layers = layers,
                                                  .feature_size = features,
                                                  .conditional = kind == "conditional"},
                                                 attention(), make);
    }
    if (kind == "luong") {
      return heed::LuongDecoder<Cell, Scorer>({.word_size = word,
                                               .memory_size = memory,
                                               .hidden_size = hidden,
                                               .layers = layers,
                                               .feature_size = features,
                                               .input_feeding = fixture.number<bool>("input_feeding")},
                                              attention(), make);
    }
    heed::fail("no decoder is called " + kind);
  };
  Model model({.source_vocabulary = size("source_vocabulary"), .target_vocabulary = size("target_vocabulary")},
              std::move(encoder), decoder());
  heed::load_parameters(fixture.file(), model, "model");
  return model;
}

class WholeModel : public testing::TestWithParam<std::string_view> {
 protected:
  WholeModel() : fixture_(GetParam()), model_(make_model(fixture_)) {
    split(fixture_, "source", source_words_, sources_);
    split(fixture_, "target", target_words_, targets_);
  }

  static void split(const PytorchFixture& fixture, const std::string& side, std::vector<Token>& words,
                    std::vector<std::span<const Token>>& sentences) {
    words = fixture.numbers<Token>(side + "_words");
    std::size_t begin = 0;
    for (const auto length : fixture.numbers<std::size_t>(side + "_lengths")) {
      sentences.push_back(std::span<const Token>(words).subspan(begin, length));
      begin += length;
    }
    ASSERT_EQ(begin, words.size());
  }

  /// The stored parameters (or gradients, which have the same names) under `prefix`.
  Model stored(const std::string& prefix) const {
    Model result = model_;
    heed::load_parameters(fixture_.file(), result, prefix);
    return result;
  }

  static void expect_near(const Model& actual, const Model& expected) {
    heed::for_each_parameter([](const heed::ParameterName& name, const auto& a,
                                const auto& e) { EXPECT_LE(heed::test::distance(a, e), tolerance) << name.str(); },
                             actual, expected);
  }

  /// Compares ten updates of an optimiser with those of PyTorch, which are stored under `prefix`.
  template <class Optimizer>
  void expect_updates(const Optimizer& optimizer, const std::string& prefix) {
    const auto losses = fixture_.matrix<double>(prefix + "_losses"), norms = fixture_.matrix<double>(prefix + "_norms");
    ASSERT_EQ(losses.size(), 10);
    ASSERT_EQ(norms.size(), 10);
    const Model expected = stored(prefix);
    for (const int threads : {1, 2, 5}) {  // five is more than the number of sentences
      SCOPED_TRACE(std::to_string(threads) + " threads");
      Model model = model_;
      heed::TrainerOptions options;
      options.threads = threads;
      options.clip = fixture_.number<double>("clip");
      options.label_smoothing = fixture_.number<double>("label_smoothing");
      heed::Trainer<Model, Optimizer> trainer(model, optimizer, options);
      for (Index i = 0; i < 10; ++i) {
        const auto update = trainer.update(sources_, targets_, static_cast<std::uint64_t>(i));
        EXPECT_NEAR(update.loss, losses(i), tolerance * losses(i));
        EXPECT_NEAR(update.gradient_norm, norms(i), tolerance * std::max(1.0, norms(i)));
      }
      expect_near(model, expected);
    }
  }

  PytorchFixture fixture_;
  Model model_;
  std::vector<Token> source_words_, target_words_;
  std::vector<std::span<const Token>> sources_, targets_;
};

TEST_P(WholeModel, LossWeightsAndGradientsMatchPytorch) {
  const auto smoothing = fixture_.number<double>("label_smoothing");
  const auto words = static_cast<double>(target_words_.size() + targets_.size());
  Model::Tape tape;
  Model grad = heed::zeros_like(model_);
  const double loss = model_.loss_and_gradient(sources_, targets_, tape, grad, {smoothing, 1 / words, nullptr});
  const double expected = fixture_.matrix<double>("loss")(0);
  EXPECT_NEAR(loss, expected, tolerance * expected);
  EXPECT_NEAR(model_.loss(sources_, targets_, tape, {smoothing, 1, nullptr}), expected, tolerance * expected);
  expect_near(grad, stored("gradient"));

  const auto& packing = tape.target.packing;
  for (Index p = 0; p < packing.sentences(); ++p) {
    const std::string name = "weights." + std::to_string(packing.sentence(p));
    if (fixture_.text("decoder") == "plain") {
      EXPECT_EQ(tape.weights(0, p).size(), 0);
      continue;
    }
    const Matrix<double> weights = fixture_.matrix<double>(name).transpose();
    ASSERT_EQ(weights.cols(), packing.length(p));
    for (Index t = 0; t < packing.length(p); ++t) {
      EXPECT_LE(heed::test::distance(tape.weights(t, p), weights.col(t)), tolerance) << name << ' ' << t;
    }
  }
}

TEST_P(WholeModel, TenUpdatesWithAdamMatchPytorch) { expect_updates(heed::Adam<Model>(model_, 0.01), "adam"); }

TEST_P(WholeModel, TenUpdatesWithMomentumMatchPytorch) { expect_updates(heed::Sgd<Model>(model_, 0.1, 0.9), "sgd"); }

INSTANTIATE_TEST_SUITE_P(, WholeModel, testing::ValuesIn(heed::test::seq2seq_fixtures),
                         [](const auto& setup) { return heed::test::test_name(setup.param); });

}  // namespace seq2seq_test
