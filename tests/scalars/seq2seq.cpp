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

/// The same model on its way in a random direction.
Model moving(std::uint64_t seed) {
  Model model = make_model();
  heed::Random random(seed);
  heed::for_each_parameter(
      [&](const heed::ParameterName&, auto& p) {
        for (Index k = 0; k < p.size(); ++k) p.data()[k].slope = random.uniform(-1, 1);
      },
      model);
  return model;
}

/// The loss of a model and its gradient, each with the derivative along the model's way.
struct Lesson {
  Model grad;
  Dual loss;

  explicit Lesson(const Model& model) : grad(heed::zeros_like(make_model())) {
    Model::Tape tape;
    loss = model.loss_and_gradient(sources, targets, tape, grad);
  }
};

/// The sum over all parameters of values of one model times slopes of another, or slopes times slopes.
long double along(const Model& model, long double Dual::*part, const Model& way) {
  long double sum = 0;
  heed::for_each_parameter(
      [&](const heed::ParameterName&, const auto& x, const auto& d) {
        for (Index k = 0; k < x.size(); ++k) sum += x.data()[k].*part * d.data()[k].slope;
      },
      model, way);
  return sum;
}

TEST(ModelOfAnyScalar, KeepsEveryDigitOfItsLoss) {
  long double expected = 0;
  for (std::size_t b = 0; b < 2; ++b) expected += oracle::sentence_loss(make_model(), sources[b], targets[b]).loss;
  EXPECT_LT(std::abs(Lesson(make_model()).loss.value / expected - 1), 1e-18L);
}

TEST(ModelOfAnyScalar, HasTheGradientThatDualNumbersGive) {
  const Model model = moving(101);
  const Lesson lesson(model);
  EXPECT_LT(std::abs(along(lesson.grad, &Dual::value, model) - lesson.loss.slope), 1e-17L);
  EXPECT_GT(std::abs(lesson.loss.slope), 0.1L);
}

/// Differentiated once more, backward gives products with the Hessian, which is symmetric.
TEST(ModelOfAnyScalar, HasASymmetricHessian) {
  const Model one = moving(101), other = moving(103);
  const long double product = along(Lesson(one).grad, &Dual::slope, other);
  EXPECT_LT(std::abs(along(Lesson(other).grad, &Dual::slope, one) - product), 1e-17L);
  EXPECT_GT(std::abs(product), 0.1L);
}

}  // namespace seq2seq_test
