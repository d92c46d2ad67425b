#include <heed/decoders/bahdanau.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/scorers/additive.hpp>

#include "support/dual.hpp"
#include "support/numbers.hpp"
#include "support/sentence_oracle.hpp"

#include <gtest/gtest.h>

namespace seq2seq_test {

using heed::Index;
using heed::Matrix;
using heed::Token;

using Cell = heed::GruCell<Dual>;
using Scorer = heed::AdditiveScorer<Dual>;
using Model = heed::Seq2Seq<heed::Encoder<Cell>, heed::BahdanauDecoder<Cell, Scorer>>;

const std::vector<std::vector<Token>> words{{3, 4}, {1, 3, 0}, {4, 3, 0}, {4}};
const std::vector<std::span<const Token>> sources{words[0], words[1]}, targets{words[2], words[3]};

Model make_model() {
  const heed::BahdanauDecoder<Cell, Scorer> decoder(
      {.word_size = 2, .memory_size = 4, .hidden_size = 3, .feature_size = 3}, {Scorer(3, 4, 3), {}});
  Model model({.source_vocabulary = 5, .target_vocabulary = 5},
              heed::Encoder<Cell>({.input_size = 2, .hidden_size = 2, .bidirectional = true}), decoder);
  heed::Random random(97);
  heed::for_each_parameter(
      [&](const heed::ParameterName&, auto& p) { p = random_thirds<Dual>(p.rows(), p.cols(), random); }, model);
  return model;
}

/// The model of `make_model` with random slopes: a random direction in parameter space.
Model model_with_slopes(std::uint64_t seed) {
  Model model = make_model();
  heed::Random random(seed);
  heed::for_each_parameter(
      [&](const heed::ParameterName&, auto& p) {
        for (Index k = 0; k < p.size(); ++k) p.data()[k].slope = random.uniform(-1, 1);
      },
      model);
  return model;
}

/// The loss of a model and its gradient, each with its derivative in the direction of the model's slopes.
struct LossAndGradient {
  Model grad;
  Dual loss;

  explicit LossAndGradient(const Model& model) : grad(heed::zeros_like(make_model())) {
    Model::Tape tape;
    loss = model.loss_and_gradient(sources, targets, tape, grad);
  }
};

/// The sum over all parameters of values (or slopes) of `model` times slopes of `direction`.
long double along(const Model& model, long double Dual::*part, const Model& direction) {
  long double sum = 0;
  heed::for_each_parameter(
      [&](const heed::ParameterName&, const auto& x, const auto& d) {
        for (Index k = 0; k < x.size(); ++k) sum += x.data()[k].*part * d.data()[k].slope;
      },
      model, direction);
  return sum;
}

TEST(ModelOfAnyScalar, LongDoubleLossMatchesOracle) {
  long double expected = 0;
  for (std::size_t b = 0; b < 2; ++b) expected += oracle::sentence_loss(make_model(), sources[b], targets[b]).loss;
  EXPECT_LT(std::abs(LossAndGradient(make_model()).loss.value / expected - 1), 1e-18L);
}

TEST(ModelOfAnyScalar, GradientMatchesDualNumbers) {
  const Model model = model_with_slopes(101);
  const LossAndGradient result(model);
  EXPECT_LT(std::abs(along(result.grad, &Dual::value, model) - result.loss.slope), 1e-17L);
  EXPECT_GT(std::abs(result.loss.slope), 0.1L);
}

/// The derivative of the gradient in a direction is a product with the Hessian, which is symmetric.
TEST(ModelOfAnyScalar, HessianIsSymmetric) {
  const Model one = model_with_slopes(101), other = model_with_slopes(103);
  const long double product = along(LossAndGradient(one).grad, &Dual::slope, other);
  EXPECT_LT(std::abs(along(LossAndGradient(other).grad, &Dual::slope, one) - product), 1e-17L);
  EXPECT_GT(std::abs(product), 0.1L);
}

}  // namespace seq2seq_test
