#pragma once

#include <heed/attention/attention_mechanism.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/sentence_oracle.hpp"

#include <algorithm>
#include <utility>
#include <vector>

/// Several steps of an attention mechanism without a decoder. The memory has three sentences; two columns attend to the
/// second one. The loss is linear in all contexts and all weights. The first two steps have four columns; each later
/// step has one column less.
template <class A>
struct AttentionTrial {
  using Index = heed::Index;
  using Matrix = heed::Matrix<double>;
  static constexpr Index steps = 4;

  heed::Random random{401};
  A attention;
  heed::Memory<double> memory;
  std::vector<Index> sentences = {1, 1, 0, 2};
  Matrix queries, d_contexts, d_weights;
  heed::Buffer<double> carry;
  heed::AttentionTape<double> tape;

  explicit AttentionTrial(A mechanism, Index query = 3, Index size = 4) : attention(std::move(mechanism)) {
    randomize(attention, random);
    memory.resize(size, std::vector<Index>{3, 7, 1});
    memory.values = random_matrix(size, memory.values.cols(), random);
    memory.summary = random_matrix(size, 3, random);
    queries = random_matrix(query, columns(), random);
    d_contexts = random_matrix(size, columns(), random);
    d_weights = random_matrix(memory.longest(), columns(), random);
    forward();
  }

  static constexpr Index active(Index t) { return t == 0 ? 4 : 4 - (t - 1); }
  static constexpr Index first(Index t) {
    Index sum = 0;
    for (Index k = 0; k < t; ++k) sum += active(k);
    return sum;
  }
  static constexpr Index columns() { return first(steps); }
  std::span<const Index> reading(Index t) const {
    return std::span<const Index>(sentences).first(static_cast<std::size_t>(active(t)));
  }

  void forward(heed::Random* noise = nullptr) {
    attention.prepare(memory);
    start_attention(attention, memory, sentences, carry);
    begin_attention(attention, memory, columns(), tape);
    for (Index t = 0; t < steps; ++t) {
      attention.forward(queries.middleCols(first(t), active(t)), memory, reading(t), carry.leftCols(active(t)), tape,
                        first(t), noise);
    }
  }
  double loss() {
    forward();
    double sum = tape.contexts.cwiseProduct(d_contexts).sum();
    if (tape.weights.rows() > 0) sum += tape.weights.cwiseProduct(d_weights).sum();
    return sum;
  }

  /// Compares every gradient with central differences.
  heed::GradientCheck check() {
    auto grad = heed::zeros_like(attention);
    Matrix d_queries = Matrix::Zero(queries.rows(), queries.cols());
    heed::Memory<double> d_memory;
    forward();
    d_memory.zeros_like(memory);
    begin_attention_backward(active(0), tape);
    tape.d_contexts = d_contexts;
    tape.d_weights.assign(d_weights.topRows(tape.weights.rows()));
    for (Index t = steps; t-- > 0;) {
      attention.backward(memory, reading(t), tape, first(t), grad, d_queries.middleCols(first(t), active(t)), d_memory);
    }
    attention.finish_backward(queries, memory, tape, grad, d_memory);
    const auto value = [&] { return loss(); };
    auto result = heed::check_gradients(attention, grad, value);
    heed::check_gradient("queries", queries, d_queries, value, result);
    heed::check_gradient("values", memory.values, d_memory.values, value, result);
    heed::check_gradient("summary", memory.summary, d_memory.summary, value, result);
    return result;
  }

  /// The largest difference of contexts and weights from the equations of the papers, for all columns and steps.
  double distance_from_the_paper() {
    double most = 0;
    for (Index p = 0; p < active(0); ++p) {
      const Index b = sentences[oracle::at(p)];
      oracle::Encoded source{{}, oracle::column(memory.summary, b), {}};
      for (Index j = 0; j < memory.length(b); ++j) source.values.push_back(oracle::column(memory.values_of(b), j));
      std::vector<oracle::Column> weights;
      for (Index t = 0; t < steps && p < active(t); ++t) {
        const Index column = first(t) + p;
        const auto context = oracle::look(attention, oracle::column(queries, column), source, weights);
        most = std::max(most, difference(tape.contexts.col(column), oracle::matrix({context})));
        if (weights.empty()) continue;
        const auto found = tape.weights.col(column);
        most = std::max(most, difference(found.head(memory.length(b)), oracle::matrix({weights.back()})));
        if (!found.tail(found.size() - memory.length(b)).isZero(0)) return HUGE_VAL;
      }
    }
    return most;
  }
};
