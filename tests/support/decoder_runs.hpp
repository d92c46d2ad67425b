#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/sentence_oracle.hpp"

#include <string>
#include <vector>

/// Runs of a decoder without a model: a memory of three sentences, embedded target words, and a loss that is linear in
/// the features.
namespace decoding {

using heed::Index;
using heed::Matrix;

inline constexpr Index word = 3, memory_size = 4, hidden = 4, features = 5;

struct Setting {
  heed::Memory<double> memory;
  heed::PackedBatch packing;
  Matrix<double> x;           ///< embedded target words, packed
  Matrix<double> d_features;  ///< the loss is the sum of d_features * features

  explicit Setting(const std::vector<Index>& source_lengths = {3, 1, 4},
                   const std::vector<Index>& target_lengths = {2, 4, 1}, std::uint64_t seed = 3)
      : packing(target_lengths) {
    heed::Random random(seed);
    memory.resize(memory_size, source_lengths);
    memory.values = random_matrix(memory_size, memory.values.cols(), random);
    memory.summary = random_matrix(memory_size, memory.sentences(), random);
    x = random_matrix(word, packing.columns(), random);
    d_features = random_matrix(features, packing.columns(), random);
  }

  /// Adds random final encoder states of `layers` layers with `state_size` rows.
  Setting& with_states(Index layers, Index state_size) {
    heed::Random random(4);
    for (Index l = 0; l < layers; ++l) {
      memory.states.emplace_back().assign(random_matrix(state_size, memory.sentences(), random));
    }
    return *this;
  }
};

/// A decoder with random parameters, including the biases.
template <class D>
D randomized(D decoder, std::uint64_t seed = 1) {
  heed::Random random(seed);
  randomize(decoder, random, 0.8);
  return decoder;
}

/// The results of a run with a setting.
struct Run {
  heed::DecoderState<double> state;
  heed::DecoderTape<double> tape;

  template <class D>
  Run(const D& decoder, Setting& setting, heed::Random* random = nullptr) {
    decoder.prepare(setting.memory);
    heed::decode(decoder, setting.x, setting.packing, setting.memory, state, tape, random);
  }
};

template <class D>
double loss(const D& decoder, Setting& setting, heed::Random* random = nullptr) {
  const Run run(decoder, setting, random);
  return run.tape.features.cwiseProduct(setting.d_features).sum();
}

/// All gradients of the loss.
template <class D>
struct Gradients {
  D parameters;
  Matrix<double> x;
  heed::Memory<double> memory;

  Gradients(const D& decoder, Setting& setting, heed::Random* random = nullptr)
      : parameters(heed::zeros_like(decoder)), x(Matrix<double>::Zero(setting.x.rows(), setting.x.cols())) {
    Run run(decoder, setting, random);
    memory.zeros_like(setting.memory);
    run.tape.d_features.assign(setting.d_features);
    heed::decode_backward(decoder, setting.x, setting.packing, setting.memory, run.state, run.tape, parameters, x,
                          memory, random);
  }
};

/// Compares the gradients of all parameters and inputs with central differences.
template <class D>
heed::GradientCheck check(D decoder, Setting& setting, std::uint64_t dropout_seed = 0) {
  const auto with_random = [&](const auto& use) {
    heed::Random random(dropout_seed);
    return use(dropout_seed == 0 ? nullptr : &random);
  };
  const auto grad = with_random([&](heed::Random* random) { return Gradients<D>(decoder, setting, random); });
  const auto value = [&] { return with_random([&](heed::Random* random) { return loss(decoder, setting, random); }); };
  heed::GradientCheck check = heed::check_gradients(decoder, grad.parameters, value);
  heed::check_gradient("x", setting.x, grad.x, value, check);
  heed::check_gradient("memory.values", setting.memory.values, grad.memory.values, value, check);
  heed::check_gradient("memory.summary", setting.memory.summary, grad.memory.summary, value, check);
  for (std::size_t l = 0; l < setting.memory.states.size(); ++l) {
    heed::check_gradient("memory.states", setting.memory.states[l], grad.memory.states[l], value, check);
  }
  return check;
}

/// The largest difference of features and weights from the equations of the paper, for all sentences and steps.
template <class D>
double distance_from_paper(const D& decoder, Setting& setting) {
  const Run run(decoder, setting);
  double most = 0;
  for (Index p = 0; p < setting.packing.sentences(); ++p) {
    const Index b = setting.packing.sentence(p);
    oracle::Encoded source{{}, oracle::column(setting.memory.summary, b), {}};
    for (const auto& state : setting.memory.states) source.states.push_back(oracle::column(state, b));
    for (Index j = 0; j < setting.memory.length(b); ++j) {
      source.values.push_back(oracle::column(setting.memory.values_of(b), j));
    }
    std::vector<oracle::Column> y;
    for (Index t = 0; t < setting.packing.length(p); ++t) {
      y.push_back(oracle::column(setting.x, setting.packing.column(t, p)));
    }
    const oracle::Decoded expected = oracle::decode(decoder, source, y);
    for (Index t = 0; t < setting.packing.length(p); ++t) {
      const Index column = setting.packing.column(t, p);
      most =
          std::max(most, difference(run.tape.features.col(column), oracle::matrix({expected.features[oracle::at(t)]})));
      if (expected.weights.empty()) continue;
      const auto weights = run.tape.attention.weights.col(column);
      most = std::max(
          most, difference(weights.head(setting.memory.length(b)), oracle::matrix({expected.weights[oracle::at(t)]})));
      if (!weights.tail(weights.size() - setting.memory.length(b)).isZero(0)) return HUGE_VAL;
    }
  }
  return most;
}

}  // namespace decoding
