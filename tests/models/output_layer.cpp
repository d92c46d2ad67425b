#include <heed/models/output_layer.hpp>

#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace output_layer_test {

using heed::Embedding;
using heed::Index;
using heed::Matrix;
using heed::Token;

using Layer = heed::OutputLayer<double>;

struct Trial {
  heed::Random random{5};
  Embedding<double> words{3, 4};
  Layer layer;
  heed::OutputTape<double> tape;
  std::vector<Token> labels;

  Trial(bool tied, Index columns) : layer(tied ? 0 : 3, 4) {
    randomize(words, random);
    randomize(layer, random);
    tape.input.assign(random_matrix(3, columns, random));
    for (Index i = 0; i < columns; ++i) labels.push_back(static_cast<Token>(i % 4));
  }
  double loss() { return layer.loss(words, labels, 0.1, 1, tape); }
};

TEST(OutputLayer, MultipliesByMatrixOrEmbeddingTable) {
  for (const bool tied : {false, true}) {
    const Trial trial(tied, 2);
    EXPECT_EQ(trial.layer.is_tied(), tied);
    Matrix<double> W = trial.words.table.transpose();
    if (!tied) W = trial.layer.W.values();
    Matrix<double> logits = Matrix<double>::Constant(4, 2, 99), expected = W * trial.tape.input;
    expected.colwise() += trial.layer.b;
    trial.layer.forward(trial.words, trial.tape.input, logits);
    EXPECT_LE(difference(logits, expected), 1e-14);
  }
}

TEST(OutputLayer, GradientsMatchCentralDifferences) {
  for (const bool tied : {false, true}) {
    for (const Index columns : {Index{3}, Layer::block + 1}) {
      Trial trial(tied, columns);
      Layer grad = heed::zeros_like(trial.layer);
      Embedding<double> grad_words = heed::zeros_like(trial.words);
      heed::Buffer<double> d_input;
      d_input.resize(3, columns);
      d_input.setZero();
      const double loss =
          trial.layer.loss_and_gradient(trial.words, trial.labels, 0.1, 1, trial.tape, grad, grad_words, d_input);
      EXPECT_EQ(trial.loss(), loss);
      const auto value = [&] { return trial.loss(); };
      heed::GradientCheck check = heed::check_gradients(trial.layer, grad, value);
      heed::check_gradient("words", trial.words.table, grad_words.table, value, check);
      heed::check_gradient("input", trial.tape.input, d_input, value, check);
      EXPECT_LE(check.error, 1e-6) << check.name;
    }
  }
}

TEST(OutputLayer, RejectsWrongSizes) {
  for (const bool tied : {false, true}) {
    const Trial trial(tied, 2);
    Matrix<double> logits(4, 2);
    EXPECT_EQ(refusal([&] { trial.layer.forward(trial.words, Matrix<double>::Zero(2, 2), logits); }),
              "OutputLayer.forward: features must be 3 x 2, got 2 x 2");
  }
  const Trial trial(true, 2);
  Matrix<double> logits(4, 2);
  EXPECT_EQ(refusal([&] { trial.layer.forward(Embedding<double>(3, 5), trial.tape.input, logits); }),
            "OutputLayer.forward: words.table must be 3 x 4, got 3 x 5");
}

}  // namespace output_layer_test
