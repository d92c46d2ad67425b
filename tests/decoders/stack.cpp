#include <heed/cells/any_cell.hpp>
#include <heed/decoders/stack.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stack_test {

using heed::AnyCell;
using heed::Buffer;
using heed::Index;
using heed::Matrix;
using heed::Random;
using Stack = heed::Stack<AnyCell<double>>;

AnyCell<double> gru(Index input, Index hidden) { return heed::GruCell<double>(input, hidden); }
AnyCell<double> lstm(Index input, Index hidden) { return heed::LstmCell<double>(input, hidden); }

/// Three steps of packed sentences of 3, 3 and 1 tokens: columns 0-2, 3-4, 5-6.
struct Trial {
  Random random{139};
  Stack stack;
  Matrix<double> x;
  std::vector<Matrix<double>> initial, d_final;
  Matrix<double> d_outputs;
  heed::StackTape<double> tape;
  std::vector<Buffer<double>> states;
  bool drop = false;

  static constexpr Index first[] = {0, 3, 5, 7}, hidden = 4;

  template <class MakeCell>
  Trial(const MakeCell& make, Index layers, double rate = 0)
      : stack({.input_size = 3, .hidden_size = hidden, .layers = layers, .dropout = rate}, make) {
    randomize(stack, random);
    x = random_matrix(3, 7, random);
    d_outputs = random_matrix(hidden, 7, random);
    for (const auto& cell : stack.layers) {
      initial.push_back(random_matrix(cell.state_size(), 3, random));
      d_final.push_back(random_matrix(cell.state_size(), 3, random));
    }
    states.resize(stack.layers.size());
  }

  void forward() {
    Random masks(149);
    for (std::size_t l = 0; l < states.size(); ++l) states[l].assign(initial[l]);
    stack.begin(7, tape);
    stack.bottom().project(x, tape.layers[0].saved);
    for (Index t = 0; t < 3; ++t) {
      stack.step(tape, first[t], first[t + 1] - first[t], states, drop ? &masks : nullptr);
    }
  }

  double loss() {
    forward();
    double sum = tape.top().outputs.cwiseProduct(d_outputs).sum();
    for (std::size_t l = 0; l < states.size(); ++l) sum += states[l].cwiseProduct(d_final[l]).sum();
    return sum;
  }

  void backward(Stack& grad, Matrix<double>& d_x) {
    Random masks(149);
    stack.begin_backward(7, 3, tape);
    tape.top().d_outputs = d_outputs;
    for (std::size_t l = 0; l < states.size(); ++l) tape.layers[l].d_state = d_final[l];
    for (Index t = 2; t >= 0; --t) {
      stack.step_backward(tape, first[t], first[t + 1] - first[t], drop ? &masks : nullptr);
    }
    stack.accumulate(tape, grad);
    stack.bottom().accumulate(x, 0, tape.layers[0].d_a, grad.layers[0]);
    stack.bottom().project_backward(tape.layers[0].d_a, 0, d_x);
  }

  void expect_gradients() {
    auto grad = heed::zeros_like(stack);
    Matrix<double> d_x = Matrix<double>::Zero(3, 7);
    forward();
    backward(grad, d_x);
    std::vector<Matrix<double>> d_initial;
    for (const auto& layer : tape.layers) d_initial.push_back(layer.d_state);
    const auto current = [&] { return loss(); };
    auto check = heed::check_gradients(stack, grad, current);
    heed::check_gradient("x", x, d_x, current, check);
    for (std::size_t l = 0; l < initial.size(); ++l) {
      heed::check_gradient("initial", initial[l], d_initial[l], current, check);
    }
    EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  }
};

TEST(Stack, MatchesPaperEquation) {
  for (const auto& make : {gru, lstm}) {
    Trial trial(make, 2);
    trial.forward();
    for (Index b = 0; b < 3; ++b) {
      std::vector<oracle::Column> s = {oracle::column(trial.initial[0], b), oracle::column(trial.initial[1], b)};
      for (Index t = 0; t < (b == 2 ? 1 : 3); ++t) {
        const Index column = Trial::first[t] + b;
        s[0] = oracle::step(trial.stack.layers[0], oracle::column(trial.x, column), s[0]);
        const oracle::Column h(s[0].begin(), s[0].begin() + Trial::hidden);
        s[1] = oracle::step(trial.stack.layers[1], h, s[1]);
        const oracle::Column top(s[1].begin(), s[1].begin() + Trial::hidden);
        EXPECT_LE(difference(trial.tape.top().outputs.col(column), oracle::matrix({top})), 1e-14);
      }
      for (std::size_t l = 0; l < 2; ++l) {
        EXPECT_LE(difference(trial.states[l].col(b), oracle::matrix({s[l]})), 1e-14) << "the final state";
      }
    }
  }
}

TEST(Stack, GradientsMatchCentralDifferences) {
  for (const auto& make : {gru, lstm}) {
    for (const Index layers : {1, 3}) Trial(make, layers).expect_gradients();
  }
}

TEST(Stack, GradientsMatchDifferencesWithDropout) {
  Trial trial(gru, 3, 0.4);
  trial.drop = true;
  trial.expect_gradients();
}

TEST(Stack, GradientsMatchDifferencesWithVariationalDropout) {
  for (const auto& make : {gru, lstm}) {
    Trial trial(make, 3, 0.4);
    trial.stack.dropout.per_sentence = true;
    if (make == lstm) trial.stack.recurrent = heed::Dropout<double>(0.3);
    trial.drop = true;
    trial.expect_gradients();
  }
}

TEST(Stack, MatchesPaperEquationWithVariationalDropout) {
  Trial trial(lstm, 2, 0.4);
  trial.stack.dropout.per_sentence = true;
  trial.stack.recurrent = heed::Dropout<double>(0.3);
  trial.drop = true;
  trial.forward();
  const auto& layers = trial.tape.layers;
  for (Index b = 0; b < 3; ++b) {
    std::vector<oracle::Column> s = {oracle::column(trial.initial[0], b), oracle::column(trial.initial[1], b)};
    for (Index t = 0; t < (b == 2 ? 1 : 3); ++t) {
      const Index column = Trial::first[t] + b;
      oracle::Column x = oracle::column(trial.x, column);
      for (std::size_t l = 0; l < 2; ++l) {  // Gal & Ghahramani 2016, equation 7: the masks do not depend on t
        for (Index i = 0; i < Trial::hidden; ++i) s[l][oracle::at(i)] *= layers[l].recurrent_mask(i, b);
        s[l] = oracle::step(trial.stack.layers[l], x, s[l]);
        x.assign(s[l].begin(), s[l].begin() + Trial::hidden);
        for (Index i = 0; l == 0 && i < Trial::hidden; ++i) x[oracle::at(i)] *= layers[1].mask(i, b);
      }
      EXPECT_LE(difference(trial.tape.top().outputs.col(column), oracle::matrix({x})), 1e-14);
    }
  }
  EXPECT_GT((layers[0].recurrent_mask.array() == 0).count(), 0);
  EXPECT_GT((layers[1].mask.leftCols(3).array() == 0).count(), 0);
  const Matrix<double> dropped = trial.tape.top().outputs;
  trial.drop = false;
  trial.forward();
  EXPECT_GT(difference(dropped, trial.tape.top().outputs), 0.01);
  Trial without(lstm, 2);
  without.forward();
  EXPECT_EQ(trial.tape.top().outputs, without.tape.top().outputs) << "no dropout in inference";
}

TEST(Stack, DropsOutOnlyBetweenLayersInTraining) {
  Trial trial(gru, 2, 0.4);
  trial.forward();
  const Matrix<double> plain = trial.tape.top().outputs;
  EXPECT_EQ(trial.tape.layers[1].input, trial.tape.layers[0].outputs);
  trial.drop = true;
  trial.forward();
  EXPECT_GT(difference(trial.tape.top().outputs, plain), 0.01);
  const auto& above = trial.tape.layers[1];
  EXPECT_EQ(above.input, (trial.tape.layers[0].outputs.cwiseProduct(above.mask)));
  Trial single(gru, 1, 0.4);
  single.forward();
  const Matrix<double> outputs = single.tape.top().outputs;
  single.drop = true;
  single.forward();
  EXPECT_EQ(single.tape.top().outputs, outputs) << "one layer has no dropout";
}

TEST(Stack, AccumulatesGradients) {
  Trial trial(lstm, 2);
  auto once = heed::zeros_like(trial.stack);
  Matrix<double> d_x = Matrix<double>::Zero(3, 7);
  trial.forward();
  trial.backward(once, d_x);
  auto twice = once;
  Matrix<double> d_twice = d_x;
  trial.backward(twice, d_twice);
  heed::scale(once, 2.0);
  EXPECT_LE(part_difference(twice, once), 1e-14);
  EXPECT_LE(difference(d_twice, 2 * d_x), 1e-14);
}

TEST(Stack, RejectsInvalidLayersAndDropout) {
  for (const Index layers : {0, -1}) {
    EXPECT_EQ(refusal([&] { Stack({.input_size = 3, .hidden_size = 4, .layers = layers}, gru); }),
              "Stack: layers must be 1 or more, got " + std::to_string(layers));
  }
  Trial trial(gru, 1);
  trial.stack.recurrent = heed::Dropout<double>(0.3);
  EXPECT_EQ(refusal([&] { trial.forward(); }).substr(0, 32), "recurrent dropout needs a cell t");
  EXPECT_EQ(refusal([&] { Stack({.input_size = 3, .hidden_size = 4, .dropout = 1.5}, gru); }),
            "Dropout: the rate must be in [0, 1), got 1.5");
}

}  // namespace stack_test
