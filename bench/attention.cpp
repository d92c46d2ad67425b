// Attention, from two sides. `elements` are numbers of the memory (S x H) looked at; G/s are elements per nanosecond.
//
//   attend/SCORER/S:50/H:256/RIVAL               score, softmax and context for one projected query and one sentence
//   look/SCORER/S:50/H:256/batch:32/RIVAL        the same for a query per sentence, its projection included: what one
//                                                decoding step spends on attention
//
// The keys are there before the clock starts: a sentence pays for them once. Rivals:
//
//   heed        the library
//   eigen       plain Eigen at its best: sum and tanh evaluated one after the other, into a matrix made beforehand
//   one-line    plain Eigen as one writes it first, v' * tanh(...), which Eigen 3.4 runs number by number
//   scalar      loops, straight from the papers

#include "support.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using bench::Index;
using bench::Matrix;
using bench::Vector;

/// What the rivals know of a scorer: its query side, its memory side, and whether a tanh stands between.
template <class C>
concept HasTanh = requires(const C& scorer) { scorer.v; };

Matrix plain_queries(const heed::DotScorer<float>&, const Matrix& q) { return q; }
Matrix plain_queries(const heed::GeneralScorer<float>& c, const Matrix& q) { return c.W.transpose() * q; }
Matrix plain_queries(const heed::AdditiveScorer<float>& c, const Matrix& q) { return c.W * q; }
Matrix plain_queries(const heed::ConcatScorer<float>& c, const Matrix& q) { return c.W.leftCols(q.rows()) * q; }

Matrix plain_keys(const heed::DotScorer<float>&, const Matrix&) { return {}; }
Matrix plain_keys(const heed::GeneralScorer<float>&, const Matrix&) { return {}; }
Matrix plain_keys(const heed::AdditiveScorer<float>& c, const Matrix& h) {
  return (c.U * h).colwise() + (c.b.size() > 0 ? c.b : Vector::Zero(h.rows()));
}
Matrix plain_keys(const heed::ConcatScorer<float>& c, const Matrix& h) { return c.W.rightCols(h.rows()) * h; }

/// A batch of sentences, a query for each, and everything that is written while they are answered.
template <heed::Scorer C>
struct Look {
  heed::Attention<C> attention;
  heed::Memory<float> memory;
  std::vector<Index> sentences;
  Matrix values, queries;  // the rivals' side: the same memory, sentence after sentence, and the same queries
  Matrix keys, projected;  // keys are empty where the values themselves are matched
  Matrix weights, contexts, tile;
  heed::Buffer<float> scratch;
  Index S;

  Look(Index length, Index size, Index batch, C scorer) : attention{std::move(scorer), {}}, S(length) {
    heed::Random random(1);
    bench::randomize_parameters(attention.scorer, size, random);
    values = bench::random_matrix(size, length * batch, random);
    queries = bench::random_matrix(size, batch, random);
    keys = plain_keys(attention.scorer, values);
    projected = plain_queries(attention.scorer, queries);
    weights.resize(length, batch);
    contexts.resize(size, batch);
    tile.resize(size, length);
    sentences.resize(static_cast<std::size_t>(batch));
    std::iota(sentences.begin(), sentences.end(), Index{0});
    memory.resize(size, std::vector<Index>(sentences.size(), length));
    memory.values = values;
    attention.prepare(memory);
  }

  auto values_of(Index b) const { return values.middleCols(b * S, S); }
  auto keys_of(Index b) const { return (keys.size() > 0 ? keys : values).middleCols(b * S, S); }

  void heed_look() { attention.forward(queries, memory, sentences, projected, weights, contexts, scratch); }
  void heed_attend() {
    for (Index b = 0; b < memory.sentences(); ++b) {
      auto column = weights.col(b);
      attention.scorer.score(projected.col(b), memory.keys_of(b), column, scratch);
      attention.normalizer.forward(column);
      contexts.col(b).noalias() = memory.values_of(b) * column;
    }
  }

  void eigen_attend() {
    for (Index b = 0; b < memory.sentences(); ++b) {
      if constexpr (HasTanh<C>) {
        tile = keys_of(b).colwise() + projected.col(b);
        tile = tile.array().tanh();  // apart, since a sum that repeats a column keeps Eigen from vectorising the tanh
        weights.col(b).noalias() = tile.transpose() * attention.scorer.v;
      } else {
        weights.col(b).noalias() = keys_of(b).transpose() * projected.col(b);
      }
      eigen_average(b);
    }
  }
  void one_line_attend() {
    for (Index b = 0; b < memory.sentences(); ++b) {
      weights.col(b).noalias() =
          (keys_of(b).colwise() + projected.col(b)).array().tanh().matrix().transpose() * attention.scorer.v;
      eigen_average(b);
    }
  }
  void eigen_average(Index b) {
    weights.col(b).array() = (weights.col(b).array() - weights.col(b).maxCoeff()).exp();
    weights.col(b) /= weights.col(b).sum();
    contexts.col(b).noalias() = values_of(b) * weights.col(b);
  }
  void eigen_look() {
    if constexpr (std::is_same_v<C, heed::DotScorer<float>>) {
      projected = queries;
    } else if constexpr (std::is_same_v<C, heed::GeneralScorer<float>>) {
      projected.noalias() = attention.scorer.W.transpose() * queries;
    } else {
      projected.noalias() = attention.scorer.W.leftCols(queries.rows()) * queries;
    }
    eigen_attend();
  }

  void scalar_attend() {
    for (Index b = 0; b < memory.sentences(); ++b) {
      const auto k = keys_of(b), h = values_of(b);
      for (Index j = 0; j < S; ++j) {
        float score = 0;
        for (Index i = 0; i < k.rows(); ++i) {
          if constexpr (HasTanh<C>) {
            score += attention.scorer.v(i) * std::tanh(projected(i, b) + k(i, j));
          } else {
            score += projected(i, b) * k(i, j);
          }
        }
        weights(j, b) = score;
      }
      float highest = weights(0, b), total = 0;
      for (Index j = 1; j < S; ++j) highest = std::max(highest, weights(j, b));
      for (Index j = 0; j < S; ++j) total += weights(j, b) = std::exp(weights(j, b) - highest);
      for (Index i = 0; i < h.rows(); ++i) contexts(i, b) = 0;
      for (Index j = 0; j < S; ++j) {
        weights(j, b) /= total;
        for (Index i = 0; i < h.rows(); ++i) contexts(i, b) += weights(j, b) * h(i, j);
      }
    }
  }

  /// Whether a way to answer gives what the loops give.
  template <class Way>
  bool right(Way way) {
    projected = plain_queries(attention.scorer, queries);
    scalar_attend();
    const Matrix expected_weights = weights, expected_contexts = contexts;
    weights.setConstant(-1);
    contexts.setConstant(-1);
    (this->*way)();
    return bench::agree(weights, expected_weights) && bench::agree(contexts, expected_contexts);
  }
};

/// Adds a row that answers `batch` queries by `way`.
template <class MakeScorer, class Way>
void add(const std::string& name, MakeScorer make, Index length, Index size, Index batch, Way way) {
  bench::add_row(name, [=](benchmark::State& state) {
    Look look(length, size, batch, make(size));
    // The loops are their own reference, so they are held against the library instead.
    const bool scalar = way == &decltype(look)::scalar_attend;
    if (!look.right(scalar ? &decltype(look)::heed_attend : way)) {
      state.SkipWithError("the result is not that of the scalar loops");
      return;
    }
    bench::measure(state, look, [&] { (look.*way)(); });
    bench::count(state, "elements", static_cast<double>(length * size * batch));
  });
}

template <class MakeScorer>
void add_scorer(const std::string& name, MakeScorer make) {
  using L = Look<decltype(make(0))>;
  for (const Index length : {10, 50, 200, 1000}) {
    for (const Index size : {64, 256, 512}) {
      const std::string row = "attend/" + name + "/S:" + std::to_string(length) + "/H:" + std::to_string(size) + '/';
      add(row + "heed", make, length, size, 1, &L::heed_attend);
      add(row + "eigen", make, length, size, 1, &L::eigen_attend);
      if constexpr (HasTanh<decltype(make(0))>) add(row + "one-line", make, length, size, 1, &L::one_line_attend);
      add(row + "scalar", make, length, size, 1, &L::scalar_attend);
    }
  }
  for (const Index length : {50, 200}) {
    for (const Index batch : {1, 32}) {
      const std::string row =
          "look/" + name + "/S:" + std::to_string(length) + "/H:256/batch:" + std::to_string(batch) + '/';
      add(row + "heed", make, length, 256, batch, &L::heed_look);
      add(row + "eigen", make, length, 256, batch, &L::eigen_look);
    }
  }
}

[[maybe_unused]] const bool added = [] {
  add_scorer("dot", [](Index size) { return heed::DotScorer<float>(size); });
  add_scorer("general", [](Index size) { return heed::GeneralScorer<float>(size, size); });
  add_scorer("additive", [](Index size) { return heed::AdditiveScorer<float>(size, size, size); });
  add_scorer("concat", [](Index size) { return heed::ConcatScorer<float>(size, size, size); });
  return true;
}();

}  // namespace
