// Attention mechanisms that depend on more than query and memory: on the position, or on earlier weights. A row
// measures the attention of one decoding step with hidden size 256: one query for each of `batch` sentences of S words,
// including the projection of the queries. `elements` counts the values of the memory.
//
//   attention/NAME/S:50/H:256/batch:32/RIVAL
//
//   heed    the library
//   eigen   plain Eigen: first the sum, then the tanh is evaluated, into a preallocated matrix

#include "support.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using bench::Index;
using bench::Matrix;
using bench::Vector;

constexpr Index size = 256;

template <heed::AttentionMechanism L>
struct Step {
  L mechanism;
  heed::Memory<float> memory;
  std::vector<Index> sentences;
  Matrix queries, keys, handed;  ///< handed: the carry of the previous step
  heed::Buffer<float> carry;
  heed::AttentionTape<float> tape;
  Matrix projected, weights, contexts, tile, f;  // written by plain Eigen

  Step(L mechanism_, Index length, Index batch)
      : mechanism(std::move(mechanism_)), sentences(static_cast<std::size_t>(batch)) {
    heed::Random random(1);
    bench::randomize_parameters(mechanism, size, random);
    std::iota(sentences.begin(), sentences.end(), Index{0});
    memory.resize(size, std::vector<Index>(sentences.size(), length));
    memory.values = bench::random_matrix(size, length * batch, random);
    queries = bench::random_matrix(size, batch, random);
    mechanism.prepare(memory);
    keys = plain_keys(mechanism);
    start_attention(mechanism, memory, sentences, carry);
    begin_attention(mechanism, memory, batch, tape);
    handed = bench::random_matrix(carry.rows(), batch, random).cwiseAbs() / static_cast<float>(length);
    if (carry.rows() == 1) handed.setConstant(std::floor(static_cast<float>(length) / 2));  // a position in the middle
    weights.setZero(length, batch);
    contexts.resize(size, batch);
    tile.resize(size, length);
  }

  Index length() const { return memory.longest(); }
  auto keys_of(Index b) const { return keys.middleCols(b * length(), length()); }

  void heed() {
    carry = handed;
    mechanism.forward(queries, memory, sentences, carry, tape, 0);
  }
  void eigen() {
    project(mechanism);
    for (Index b = 0; b < memory.sentences(); ++b) {
      weigh(mechanism, b);
      contexts.col(b).noalias() = memory.values_of(b) * weights.col(b);
    }
  }
  bool right() {
    eigen();
    heed();
    return bench::agree(tape.weights, weights) && bench::agree(tape.contexts, contexts);
  }

 private:
  Matrix plain_keys(const heed::Attention<heed::LocationScorer<float>>&) { return {}; }
  Matrix plain_keys(const heed::Attention<heed::CoverageScorer<float>>& l) {
    return (l.scorer.U.values() * memory.values).colwise() + l.scorer.b;
  }
  Matrix plain_keys(const heed::Attention<heed::ConvolutionalScorer<float>>& l) {
    return (l.scorer.V.values() * memory.values).colwise() + l.scorer.b;
  }
  template <class Other>
  Matrix plain_keys(const Other&) {
    return memory.values;
  }

  template <class Other>
  void project(const Other& l) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(l.scorer)>, heed::GeneralScorer<float>>) {
      projected.noalias() = l.scorer.W.values().transpose() * queries;
    } else {
      projected.noalias() = l.scorer.W.values() * queries;
    }
  }

  template <class Column>
  static void softmax(Column column) {
    column.array() = (column.array() - column.maxCoeff()).exp();
    column /= column.sum();
  }
  void weigh(const heed::Attention<heed::LocationScorer<float>>&, Index b) {
    weights.col(b) = projected.col(b).head(length());
    softmax(weights.col(b));
  }
  void weigh(const heed::Attention<heed::CoverageScorer<float>>& l, Index b) {
    tile = keys_of(b).colwise() + projected.col(b);
    tile.noalias() += l.scorer.w * handed.col(b).transpose();
    match(l.scorer.v, b);
  }
  void weigh(const heed::Attention<heed::ConvolutionalScorer<float>>& l, Index b) {
    const auto& F = l.scorer.F;
    f.setZero(F.rows(), length());
    for (Index j = 0; j < length(); ++j) {
      const Index from = std::max<Index>(0, j - F.cols() / 2), to = std::min(length(), j + F.cols() / 2 + 1);
      f.col(j).noalias() = F.middleCols(from - j + F.cols() / 2, to - from) * handed.col(b).segment(from, to - from);
    }
    tile = keys_of(b).colwise() + projected.col(b);
    tile.noalias() += l.scorer.U * f;
    match(l.scorer.v, b);
  }
  void match(const Vector& v, Index b) {
    tile = tile.array().tanh();  // separate: Eigen does not vectorise the tanh of a sum that repeats a column
    weights.col(b).noalias() = tile.transpose() * v;
    softmax(weights.col(b));
  }
  template <class Position>
  void weigh(const heed::LocalAttention<heed::GeneralScorer<float>, Position>& l, Index b) {
    const float p = place(l.position, b), D = static_cast<float>(l.window);
    const Index from = std::max<Index>(0, static_cast<Index>(std::ceil(p - D)));
    const Index to = std::min(length(), static_cast<Index>(std::floor(p + D)) + 1);
    weights.col(b).setZero();
    auto seen = weights.col(b).segment(from, to - from);
    seen.noalias() = keys_of(b).middleCols(from, to - from).transpose() * projected.col(b);
    softmax(seen);
    if constexpr (Position::is_gaussian) {
      const auto distance =
          Eigen::ArrayXf::LinSpaced(to - from, static_cast<float>(from), static_cast<float>(to - 1)) - p;
      seen.array() *= (-2 * distance.square() / (D * D)).exp();
    }
  }
  float place(const heed::StepPosition<float>&, Index b) const { return handed(0, b); }
  float place(const heed::PredictedPosition<float>& position, Index b) const {
    const Vector hidden = (position.W.values() * queries.col(b)).array().tanh();
    const float T = static_cast<float>(length());
    return std::min(T / (1 + std::exp(-position.v.dot(hidden))), T - 1);
  }
  void weigh(const heed::MonotonicAttention<heed::GeneralScorer<float>>& l, Index b) {
    auto w = weights.col(b);
    w.noalias() = keys_of(b).transpose() * projected.col(b);
    if (l.hard) {
      Index j = 0;
      while (j < length() && handed(j, b) == 0) ++j;
      while (j < length() && w(j) + l.r(0) <= 0) ++j;
      w.setZero();
      if (j < length()) w(j) = 1;
      return;
    }
    float reach = 0;
    for (Index j = 0; j < length(); ++j) {
      const float p = 1 / (1 + std::exp(-w(j) - l.r(0)));
      reach += handed(j, b);
      w(j) = p * reach;
      reach *= 1 - p;
    }
  }
};

template <class MakeLook>
void add(const std::string& name, MakeLook make) {
  for (const Index length : {50, 200}) {
    for (const Index batch : {1, 32}) {
      for (const bool own : {true, false}) {
        const std::string row = "attention/" + name + "/S:" + std::to_string(length) +
                                "/H:256/batch:" + std::to_string(batch) + '/' + (own ? "heed" : "eigen");
        bench::add_row(row, [=](benchmark::State& state) {
          Step<decltype(make())> step(make(), length, batch);
          if (!step.right()) {
            state.SkipWithError("the results differ");
            return;
          }
          bench::measure(state, step, [&] { own ? step.heed() : step.eigen(); });
          bench::count(state, "elements", static_cast<double>(length * size * batch));
        });
      }
    }
  }
}

[[maybe_unused]] const bool added = [] {
  using General = heed::GeneralScorer<float>;
  add("location", [] { return heed::Attention<heed::LocationScorer<float>>{{size, size, 200}, {}}; });
  add("coverage", [] { return heed::Attention<heed::CoverageScorer<float>>{{size, size, size}, {}}; });
  add("convolutional", [] {
    using Scorer = heed::ConvolutionalScorer<float>;
    return heed::Attention<Scorer>{Scorer({.query_size = size, .memory_size = size, .alignment_size = size}), {}};
  });
  add("local-m", [] { return heed::LocalAttention<General, heed::StepPosition<float>>(General(size, size), {}, 10); });
  add("local-p", [] {
    return heed::LocalAttention<General, heed::PredictedPosition<float>>(General(size, size), {size, size}, 10);
  });
  add("monotonic", [] { return heed::MonotonicAttention<General>(General(size, size)); });
  add("monotonic-hard", [] {
    heed::MonotonicAttention<General> mechanism(General(size, size));
    mechanism.hard = true;
    return mechanism;
  });
  return true;
}();

}  // namespace
