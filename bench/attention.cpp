// Attention, in three groups. `elements` counts the values of the memory (S x H); G/s is elements per nanosecond.
//
//   attend/SCORER/S:50/H:256/RIVAL               score, softmax and context for one projected query and one sentence
//   attention/SCORER/S:50/H:256/batch:32/RIVAL        attention in one decoding step: the same for one query per sentence,
//                                                including the projection of the queries
//   normalise/NORMALISER/S:50/RIVAL              weights from the scores of 32 sentences; `elements` are scores
//
// The keys are computed before the measurement, because they are computed once per sentence. RIVAL is one of:
//
//   heed        the library
//   eigen       fast plain Eigen: first the sum, then the tanh is evaluated, into a preallocated matrix
//   one-line    simple plain Eigen, v' * tanh(...), which Eigen 3.4 does not vectorise
//   scalar      loops that follow the equations of the papers
//   sorted      the papers' algorithms of sparsemax and entmax, which sort the scores

#include "support.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using bench::Index;
using bench::Matrix;
using bench::Vector;

/// True if the scorer is an additive one, with a tanh and a vector v. The functions below compute the projected
/// queries, the keys and v of each scorer in plain Eigen.
template <class C>
concept HasTanh = requires(const C& scorer) {
  scorer.v;
};

Matrix plain_queries(const heed::DotScorer<float>&, const Matrix& q) { return q; }
Matrix plain_queries(const heed::GeneralScorer<float>& c, const Matrix& q) { return c.W.values().transpose() * q; }
Matrix plain_queries(const heed::AdditiveScorer<float>& c, const Matrix& q) { return c.W.values() * q; }
Matrix plain_queries(const heed::ConcatScorer<float>& c, const Matrix& q) {
  return c.W.values().leftCols(q.rows()) * q;
}
Matrix plain_queries(const heed::ScaledDotScorer<float>& c, const Matrix& q) {
  return q / std::sqrt(static_cast<float>(c.size));
}
Matrix plain_queries(const heed::ScaledGeneralScorer<float>& c, const Matrix& q) {
  return c.g(0) * c.W.values().transpose() * q;
}
Matrix plain_queries(const heed::NormedAdditiveScorer<float>& c, const Matrix& q) { return c.W.values() * q; }

Matrix plain_keys(const heed::DotScorer<float>&, const Matrix&) { return {}; }
Matrix plain_keys(const heed::GeneralScorer<float>&, const Matrix&) { return {}; }
Matrix plain_keys(const heed::AdditiveScorer<float>& c, const Matrix& h) {
  return (c.U.values() * h).colwise() + (c.b.size() > 0 ? c.b : Vector::Zero(h.rows()));
}
Matrix plain_keys(const heed::ConcatScorer<float>& c, const Matrix& h) { return c.W.values().rightCols(h.rows()) * h; }
Matrix plain_keys(const heed::ScaledDotScorer<float>&, const Matrix&) { return {}; }
Matrix plain_keys(const heed::ScaledGeneralScorer<float>&, const Matrix&) { return {}; }
Matrix plain_keys(const heed::NormedAdditiveScorer<float>& c, const Matrix& h) {
  return (c.U.values() * h).colwise() + c.b;
}

template <class C>
Vector plain_v(const C& c) {
  if constexpr (std::is_same_v<C, heed::NormedAdditiveScorer<float>>) {
    return c.v.normalized() * c.g(0);
  } else if constexpr (HasTanh<C>) {
    return c.v;
  } else {
    return {};
  }
}

/// A batch of sentences, one query per sentence, and the buffers for all results.
template <heed::Scorer C>
struct AttentionStep {
  heed::Attention<C> attention;
  heed::Memory<float> memory;
  std::vector<Index> sentences;
  Matrix values, queries;  // for the rivals: the same memory, sentence after sentence, and the same queries
  Matrix keys, projected;  // keys is empty if the values are the keys
  Matrix own_projected;    // for the library, which multiplies the scores by g, not the queries
  Vector v;                // empty if the scorer has no tanh
  Matrix weights, contexts, tile;
  heed::Buffer<float> carry;
  heed::AttentionTape<float> tape;
  Index S;

  AttentionStep(Index length, Index size, Index batch, C scorer) : attention{std::move(scorer), {}}, S(length) {
    heed::Random random(1);
    bench::randomize_parameters(attention.scorer, size, random);
    values = bench::random_matrix(size, length * batch, random);
    queries = bench::random_matrix(size, batch, random);
    keys = plain_keys(attention.scorer, values);
    projected = plain_queries(attention.scorer, queries);
    v = plain_v(attention.scorer);
    weights.resize(length, batch);
    contexts.resize(size, batch);
    tile.resize(size, length);
    sentences.resize(static_cast<std::size_t>(batch));
    std::iota(sentences.begin(), sentences.end(), Index{0});
    memory.resize(size, std::vector<Index>(sentences.size(), length));
    memory.values = values;
    attention.prepare(memory);
    start_attention(attention, memory, sentences, carry);
    begin_attention(attention, memory, batch, tape);
    own_projected.resize(heed::detail::queries_of(attention.scorer).projected_size(), batch);
    heed::detail::queries_of(attention.scorer).project(queries, own_projected);
  }

  auto values_of(Index b) const { return values.middleCols(b * S, S); }
  auto keys_of(Index b) const { return (keys.size() > 0 ? keys : values).middleCols(b * S, S); }

  void heed_attention() { attention.forward(queries, memory, sentences, carry, tape, 0); }
  void heed_attend() {
    for (Index b = 0; b < memory.sentences(); ++b) {
      auto column = weights.col(b);
      attention.scorer.score(own_projected.col(b), memory.keys_of(b), column, tape.scratch.scorer);
      attention.normalizer.forward(column);
      contexts.col(b).noalias() = memory.values_of(b) * column;
    }
  }

  void eigen_attend() {
    for (Index b = 0; b < memory.sentences(); ++b) {
      if constexpr (HasTanh<C>) {
        tile = keys_of(b).colwise() + projected.col(b);
        tile = tile.array().tanh();  // separate: Eigen does not vectorise the tanh of such a sum
        weights.col(b).noalias() = tile.transpose() * v;
      } else {
        weights.col(b).noalias() = keys_of(b).transpose() * projected.col(b);
      }
      eigen_average(b);
    }
  }
  void one_line_attend() {
    for (Index b = 0; b < memory.sentences(); ++b) {
      weights.col(b).noalias() = (keys_of(b).colwise() + projected.col(b)).array().tanh().matrix().transpose() * v;
      eigen_average(b);
    }
  }
  void eigen_average(Index b) {
    weights.col(b).array() = (weights.col(b).array() - weights.col(b).maxCoeff()).exp();
    weights.col(b) /= weights.col(b).sum();
    contexts.col(b).noalias() = values_of(b) * weights.col(b);
  }
  void eigen_attention() {
    if constexpr (std::is_same_v<C, heed::DotScorer<float>>) {
      projected = queries;
    } else if constexpr (std::is_same_v<C, heed::GeneralScorer<float>>) {
      projected.noalias() = attention.scorer.W.values().transpose() * queries;
    } else if constexpr (std::is_same_v<C, heed::ScaledDotScorer<float>>) {
      projected = queries / std::sqrt(static_cast<float>(queries.rows()));
    } else if constexpr (std::is_same_v<C, heed::ScaledGeneralScorer<float>>) {
      projected.noalias() = attention.scorer.g(0) * attention.scorer.W.values().transpose() * queries;
    } else {
      projected.noalias() = attention.scorer.W.values().leftCols(queries.rows()) * queries;
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
            score += v(i) * std::tanh(projected(i, b) + k(i, j));
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

  /// True if the implementation `way` computes the same result as the scalar loops.
  template <class Way>
  bool right(Way way) {
    projected = plain_queries(attention.scorer, queries);
    scalar_attend();
    const Matrix expected_weights = weights, expected_contexts = contexts;
    weights.setConstant(-1);
    contexts.setConstant(-1);
    (this->*way)();
    if (way == &AttentionStep::heed_attention) {
      weights = tape.weights;
      contexts = tape.contexts;
    }
    return bench::agree(weights, expected_weights) && bench::agree(contexts, expected_contexts);
  }
};

/// Adds a row that measures the implementation `way` with `batch` queries.
template <class MakeScorer, class Way>
void add(const std::string& name, MakeScorer make, Index length, Index size, Index batch, Way way) {
  bench::add_row(name, [=](benchmark::State& state) {
    AttentionStep mechanism(length, size, batch, make(size));
    // The scalar loops are the reference, so they are compared with the library instead.
    const bool scalar = way == &decltype(mechanism)::scalar_attend;
    if (!mechanism.right(scalar ? &decltype(mechanism)::heed_attend : way)) {
      state.SkipWithError("the result is not that of the scalar loops");
      return;
    }
    bench::measure(state, mechanism, [&] { (mechanism.*way)(); });
    bench::count(state, "elements", static_cast<double>(length * size * batch));
  });
}

template <class MakeScorer>
void add_scorer(const std::string& name, MakeScorer make) {
  using L = AttentionStep<decltype(make(0))>;
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
          "attention/" + name + "/S:" + std::to_string(length) + "/H:256/batch:" + std::to_string(batch) + '/';
      add(row + "heed", make, length, 256, batch, &L::heed_attention);
      add(row + "eigen", make, length, 256, batch, &L::eigen_attention);
    }
  }
}

/// Computes the weights from the scores of 32 sentences.
template <heed::Normalizer N>
struct Normalise {
  N normalizer;
  Matrix scores, weights;
  std::vector<float> sorted;

  Normalise(Index length, N n) : normalizer(n), sorted(static_cast<std::size_t>(length)) {
    heed::Random random(2);
    scores = 3 * bench::random_matrix(length, 32, random);
    weights = scores;
  }

  void heed() {
    weights = scores;
    normalizer.forward(weights);
  }
  void rival() {
    for (Index i = 0; i < scores.cols(); ++i) column(normalizer, weights.col(i), scores.col(i));
  }

 private:
  template <class To, class From>
  void column(const heed::Softmax&, To to, const From& from) {
    to.array() = (from.array() - from.maxCoeff()).exp();
    to /= to.sum();
  }
  template <class To, class From>
  void column(const heed::TemperatureSoftmax& softmax, To to, const From& from) {
    to.array() = ((from.array() - from.maxCoeff()) / static_cast<float>(softmax.temperature)).exp();
    to /= to.sum();
  }
  template <class To, class From>
  void column(const heed::Sparsemax&, To to, const From& from) {
    sort(from);
    float sum = 0, tau = 0, size = 0;
    for (const float score : sorted) {
      if (1 + size * score <= sum) break;
      sum += score;
      size += 1;
      tau = (sum - 1) / size;
    }
    to.array() = (from.array() - tau).max(0);
  }
  template <class To, class From>
  void column(const heed::Entmax15&, To to, const From& from) {
    sort(from);
    const float most = sorted[0];
    float sum = 0, squares = 0, tau = -1, size = 0;
    for (const float score : sorted) {
      const float half = (score - most) / 2;
      if (half <= tau) break;
      sum += half;
      squares += half * half;
      size += 1;
      const float mean = sum / size;
      tau = mean - std::sqrt(std::max((1 - (squares - sum * mean)) / size, 0.0f));
    }
    to.array() = ((from.array() - most) / 2 - tau).max(0).square();
  }
  template <class From>
  void sort(const From& from) {
    std::copy(from.begin(), from.end(), sorted.begin());
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
  }
};

template <heed::Normalizer N>
void add_normalizer(const std::string& name, const std::string& rival, N normalizer) {
  for (const Index length : {10, 50, 200, 1000}) {
    for (const bool own : {true, false}) {
      const std::string row = "normalise/" + name + "/S:" + std::to_string(length) + '/' + (own ? "heed" : rival);
      bench::add_row(row, [=](benchmark::State& state) {
        Normalise<N> data(length, normalizer);
        data.rival();
        const Matrix expected = data.weights;
        data.heed();
        if (!bench::agree(data.weights, expected)) {
          state.SkipWithError("the results differ");
          return;
        }
        bench::measure(state, data, [&] { own ? data.heed() : data.rival(); });
        bench::count(state, "elements", static_cast<double>(data.scores.size()));
      });
    }
  }
}

[[maybe_unused]] const bool added = [] {
  add_scorer("dot", [](Index size) { return heed::DotScorer<float>(size); });
  add_scorer("general", [](Index size) { return heed::GeneralScorer<float>(size, size); });
  add_scorer("additive", [](Index size) { return heed::AdditiveScorer<float>(size, size, size); });
  add_scorer("concat", [](Index size) { return heed::ConcatScorer<float>(size, size, size); });
  add_scorer("scaled_dot", [](Index size) { return heed::ScaledDotScorer<float>(size); });
  add_scorer("scaled_general", [](Index size) { return heed::ScaledGeneralScorer<float>(size, size); });
  add_scorer("normed_additive", [](Index size) { return heed::NormedAdditiveScorer<float>(size, size, size); });
  add_normalizer("softmax", "eigen", heed::Softmax());
  add_normalizer("temperature", "eigen", heed::TemperatureSoftmax(0.7));
  add_normalizer("sparsemax", "sorted", heed::Sparsemax());
  add_normalizer("entmax", "sorted", heed::Entmax15());
  return true;
}();

}  // namespace
