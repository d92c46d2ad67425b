#include <heed/decoders/bridge.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bridge_test {

using heed::Bridge;
using heed::Buffer;
using heed::Index;
using heed::Matrix;
using heed::Memory;

struct Trial {
  heed::Random random{131};
  Bridge<double> bridge{{.summary_size = 4, .state_size = 3, .layers = 2}};
  Memory<double> memory;
  std::vector<Index> sentences = {2, 0, 2};  // in the order of the packed targets; sentence 2 occurs twice
  Buffer<double> gathered;
  std::vector<Buffer<double>> states;
  std::vector<Matrix<double>> d_states;

  Trial() {
    randomize(bridge, random);
    memory.resize(4, std::vector<Index>{2, 1, 3});
    memory.values.setZero();
    memory.summary = random_matrix(4, 3, random);
    for (int l = 0; l < 2; ++l) d_states.push_back(random_matrix(3, 3, random));
  }
  double loss() {
    bridge.forward(memory, sentences, gathered, states);
    return states[0].cwiseProduct(d_states[0]).sum() + states[1].cwiseProduct(d_states[1]).sum();
  }
};

TEST(Bridge, ComputesInitialStatesInBatchOrder) {
  Trial trial;
  trial.loss();
  ASSERT_EQ(trial.states.size(), 2u);
  for (std::size_t l = 0; l < 2; ++l) {
    for (Index i = 0; i < 3; ++i) {
      const auto& layer = trial.bridge.layers[l];
      const auto summary = trial.memory.summary.col(trial.sentences[static_cast<std::size_t>(i)]);
      const Matrix<double> expected = (layer.W.values() * summary + layer.b).array().tanh();
      EXPECT_LE(difference(trial.states[l].col(i), expected), 1e-15);
    }
  }
}

TEST(Bridge, SupportsLowerRowsOnly) {
  Trial trial, lower;
  lower.bridge = Bridge<double>({.summary_size = 4, .state_size = 3, .layers = 2, .first_row = 3});
  for (std::size_t l = 0; l < 2; ++l) {
    lower.bridge.layers[l].W = trial.bridge.layers[l].W.values().rightCols(1);
    lower.bridge.layers[l].b = trial.bridge.layers[l].b;
    trial.bridge.layers[l].W.edit().leftCols(3).setZero();
  }
  EXPECT_NEAR(lower.loss(), trial.loss(), 1e-14);
  auto grad = heed::zeros_like(lower.bridge), all = heed::zeros_like(trial.bridge);
  for (std::size_t l = 0; l < 2; ++l) {
    Memory<double> d_lower, d_all;
    d_lower.zeros_like(trial.memory);
    d_all.zeros_like(trial.memory);
    Matrix<double> d = trial.d_states[l], same = d;
    lower.bridge.backward(l, lower.gathered, lower.states[l], lower.sentences, d, grad, d_lower);
    trial.bridge.backward(l, trial.gathered, trial.states[l], trial.sentences, same, all, d_all);
    EXPECT_LE(difference(d_lower.summary, d_all.summary), 1e-14);
    EXPECT_LE(difference(grad.layers[l].W.values(), all.layers[l].W.values().rightCols(1)), 1e-14);
  }
}

TEST(Bridge, GradientsMatchDifferencesAndAccumulate) {
  Trial trial;
  trial.loss();
  auto grad = heed::zeros_like(trial.bridge);
  Memory<double> d_memory;
  d_memory.zeros_like(trial.memory);
  const auto backward = [&](Bridge<double>& into) {
    for (std::size_t l = 0; l < 2; ++l) {
      Matrix<double> d = trial.d_states[l];
      trial.bridge.backward(l, trial.gathered, trial.states[l], trial.sentences, d, into, d_memory);
    }
  };
  backward(grad);
  const auto loss = [&] { return trial.loss(); };
  auto check = heed::check_gradients(trial.bridge, grad, loss);
  heed::check_gradient("summary", trial.memory.summary, d_memory.summary, loss, check);
  EXPECT_LE(check.error, 1e-6) << check.name;
  EXPECT_EQ(d_memory.summary.col(1).squaredNorm(), 0) << "no column of the batch uses sentence 1";

  trial.loss();
  auto twice = grad;
  const Matrix<double> once = d_memory.summary;
  backward(twice);
  heed::scale(grad, 2.0);
  EXPECT_LE(part_difference(twice, grad), 1e-15);
  EXPECT_LE(difference(d_memory.summary, 2 * once), 1e-15);
}

/// A bridge that copies the final states of two LSTM layers of size 3, and a memory with these states.
struct Copying : Trial {
  Copying() {
    bridge = Bridge<double>::copying(6, 2);
    memory.states.resize(2);
    for (auto& state : memory.states) state.assign(random_matrix(6, 3, random));
    for (auto& d : d_states) d = random_matrix(6, 3, random);
  }
};

TEST(Bridge, CopiesFinalStatesOfEveryLayer) {
  Copying trial;
  trial.loss();
  ASSERT_EQ(trial.states.size(), 2u);
  for (std::size_t l = 0; l < 2; ++l) {
    for (Index i = 0; i < 3; ++i) {
      EXPECT_EQ(trial.states[l].col(i), trial.memory.states[l].col(trial.sentences[static_cast<std::size_t>(i)]));
    }
  }
  EXPECT_EQ(heed::parameter_count(trial.bridge), 0);
}

TEST(Bridge, CopyingHasExactGradient) {
  Copying trial;
  trial.loss();
  auto grad = heed::zeros_like(trial.bridge);
  Memory<double> d_memory;
  d_memory.zeros_like(trial.memory);
  for (std::size_t l = 0; l < 2; ++l) {
    Matrix<double> d = trial.d_states[l];
    trial.bridge.backward(l, trial.gathered, trial.states[l], trial.sentences, d, grad, d_memory);
  }
  heed::GradientCheck check;
  const auto loss = [&] { return trial.loss(); };
  for (std::size_t l = 0; l < 2; ++l) {
    heed::check_gradient("states", trial.memory.states[l], d_memory.states[l], loss, check);
  }
  EXPECT_LE(check.error, 1e-6);
  EXPECT_EQ(check.checked, 36);
  EXPECT_TRUE(d_memory.summary.isZero(0));
}

TEST(Bridge, RejectsStatesOfWrongSize) {
  Copying trial;
  trial.memory.states[1].resize(3, 3);
  EXPECT_EQ(refusal([&] { trial.loss(); }), "Bridge.forward: memory.states must be 6 x 3, got 3 x 3");
  trial.memory.states.resize(4);
  EXPECT_EQ(refusal([&] { trial.loss(); }),
            "Bridge.forward: memory.states must have 2 states (one per layer of the decoder, from an encoder of one "
            "direction), got 4");
  trial.memory.states.clear();
  EXPECT_EQ(refusal([&] { trial.loss(); }),
            "Bridge.forward: memory.states must have 2 states (one per layer of the decoder, from an encoder of one "
            "direction), got 0");
}

}  // namespace bridge_test
