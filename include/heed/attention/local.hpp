#pragma once

#include <heed/attention/attention_mechanism.hpp>
#include <heed/kernels/products.hpp>
#include <heed/layers/activations.hpp>
#include <heed/scorers/scorer.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace heed { inline namespace v0_2 {

// A position computes the centre p of the window of local attention. Positions count from 0, and p lies in [0, T - 1]
// for a sentence of T words, so the window is never empty. (In the paper p lies in [0, T], and p of local-m can exceed
// T.) A position saves `saved_size()` rows per query for backward. `forward` writes p to the first row;
// `LocalAttention::backward` replaces it with dL/dp, the input of the position's `backward`. The functions throw
// heed::Error if a size does not match.

/// p_t = t, at most T - 1: local-m of Luong, Pham & Manning 2015, section 3.2, for languages with the same word order.
///
/// It has no parameters.
template <class S>
struct StepPosition {
  using Scalar = S;
  /// Whether the weights are multiplied by a Gaussian around p.
  static constexpr bool is_gaussian = false;

  Index saved_size() const { return 1; }  ///< p
  Index carry_size() const { return 1; }  ///< t

  template <class Lengths>
  void forward(const In<S>& queries, const Lengths& length, Out<S> carry, Out<S> saved) const {
    const Index n = saved.cols();
    detail::check_size("StepPosition.forward", "queries", queries, queries.rows(), n);
    detail::check_size("StepPosition.forward", "carry", carry, carry_size(), n);
    detail::check_size("StepPosition.forward", "saved", saved, saved_size(), n);
    for (Index i = 0; i < saved.cols(); ++i) saved(0, i) = std::min<S>(carry(0, i), detail::number<S>(length(i) - 1));
    carry.array() += S(1);
  }
  template <class Lengths>
  void backward(const Lengths&, Out<S>, StepPosition&, Out<S>) const {}
  /// Does nothing: there are no parameters.
  void accumulate(const In<S>&, const In<S>&, StepPosition&) const {}

  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}
};

/// p = min(T sigmoid(v' tanh(W q)), T - 1): local-p, equation 9 of Luong, Pham & Manning 2015, which has no minimum.
///
/// If p is limited to T - 1, its gradient is 0. So a sentence of one word, where p is always 0, does not train W and v.
template <class S>
struct PredictedPosition {
  using Scalar = S;
  static constexpr bool is_gaussian = true;  ///< the weights are multiplied by a Gaussian around p

  Weight<S> W;           ///< size x query (W_p)
  ParameterVector<S> v;  ///< size (v_p)

  PredictedPosition() = default;
  PredictedPosition(Index query, Index size) : W(size, query), v(Vector<S>::Zero(size)) {}

  Index saved_size() const { return 2 + v.size(); }  ///< p, p / T before the minimum, tanh(W q)
  Index carry_size() const { return 0; }             ///< there is no carry

  template <class Lengths>
  void forward(const In<S>& queries, const Lengths& length, Out<S>, Out<S> saved) const {
    detail::check_size("PredictedPosition.forward", "saved", saved, saved_size(), saved.cols());
    detail::check_size("PredictedPosition.forward", "queries", queries, W.cols(), saved.cols());
    auto hidden = saved.bottomRows(v.size());
    hidden.setZero();
    add_product(W, queries, hidden);
    Tanh::forward(hidden);
    for (Index i = 0; i < saved.cols(); ++i) saved(1, i) = v.dot(hidden.col(i));
    Sigmoid::forward(saved.row(1));
    for (Index i = 0; i < saved.cols(); ++i) {
      saved(0, i) = std::min<S>(detail::number<S>(length(i)) * saved(1, i), detail::number<S>(length(i) - 1));
    }
  }
  /// The first row of `saved` must be dL/dp. Adds to grad.v and d_queries. Replaces tanh(W q) in `saved` with the
  /// gradient of W q, the input of `accumulate`.
  template <class Lengths>
  void backward(const Lengths& length, Out<S> saved, PredictedPosition& grad, Out<S> d_queries) const {
    detail::check_size("PredictedPosition.backward", "saved", saved, saved_size(), saved.cols());
    detail::check_size("PredictedPosition.backward", "d_queries", d_queries, W.cols(), saved.cols());
    detail::check_like("PredictedPosition.backward", "grad.v", grad.v, v);
    auto hidden = saved.bottomRows(v.size());
    for (Index i = 0; i < saved.cols(); ++i) {
      const S T_words = detail::number<S>(length(i)), share = saved(1, i);
      const bool cut = T_words * share > T_words - S(1);
      const S d = cut ? S(0) : saved(0, i) * T_words * share * (S(1) - share);          // was: p = T sigmoid(.)
      grad.v += d * hidden.col(i);                                                      // was: v' tanh(.)
      hidden.col(i).array() = d * v.array() * (S(1) - hidden.col(i).array().square());  // was: v' tanh(.)
    }
    add_product_backward(W, hidden, d_queries);  // was: W q
  }
  void accumulate(const In<S>& queries, const In<S>& saved, PredictedPosition& grad) const {
    detail::check_size("PredictedPosition.accumulate", "saved", saved, saved_size(), saved.cols());
    detail::check_size("PredictedPosition.accumulate", "queries", queries, W.cols(), saved.cols());
    detail::check_like("PredictedPosition.accumulate", "grad.W", grad.W, W);
    add_outer_product(saved.bottomRows(v.size()), queries, grad.W);  // was: W q
  }

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::weight; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("v", self.v...);
  }
};

/// Local attention, Luong, Pham & Manning 2015, section 3.2: attends only to the words within distance D of a position
/// p.
///
///     weights_j = softmax over |j - p| <= D of score(q, h_j), and for a predicted p times e^{-2 (j - p)^2 / D^2}
///
/// The window ends at the ends of the sentence. The weights outside the window are 0. The Gaussian (equation 10) has
/// sigma = D / 2. The weights are not normalised after it, so their sum is then at most 1. Scores and contexts are
/// computed only for the window, so their cost does not depend on the length of the sentence.
template <class ScorerType, class PositionType>
struct LocalAttention {
  static_assert(detail::check_scorer<ScorerType>());
  using Scalar = typename ScorerType::Scalar;
  using S = Scalar;

  ScorerType scorer;      ///< must not depend on the position j
  PositionType position;  ///< computes p
  Index window = 10;      ///< D

  LocalAttention() = default;
  /// Throws heed::Error if the window is less than 1 or the scorer depends on the position.
  LocalAttention(ScorerType scorer_, PositionType position_, Index window_ = 10)
      : scorer(std::move(scorer_)), position(std::move(position_)), window(window_) {
    require(window >= 1, [&] { return "LocalAttention: window must be at least 1, got " + std::to_string(window); });
    check_scorer();
  }

  AttentionSizes sizes(Index = 0) const {
    AttentionSizes rows = detail::sizes_of(scorer);
    rows.carry = position.carry_size();
    rows.saved = position.saved_size();
    return rows;
  }
  void prepare(Memory<S>& memory) const {
    check_scorer();
    detail::prepare_keys("LocalAttention.prepare", scorer, memory);
  }

  /// Computes the weights and contexts of one step. Does not allocate once the buffers of the tape are large enough.
  /// Throws heed::Error if the memory is in bfloat16 or a size does not match.
  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S> carry,
               AttentionTape<S>& tape, Index first, RandomStreams = nullptr) const {
    require(!memory.is_bfloat16(), "LocalAttention: a bfloat16 memory is not supported");
    detail::check_forward("LocalAttention.forward", sizes(), queries, memory, sentences, carry, tape, first);
    const Index n = queries.cols();
    auto projected = tape.projected.middleCols(first, n), weights = tape.weights.middleCols(first, n);
    auto contexts = tape.contexts.middleCols(first, n);
    auto saved = saved_columns(tape, first, n);
    tape.carries.middleCols(first, n) = carry;
    detail::queries_of(scorer).project(queries, projected);
    position.forward(queries, lengths(memory, sentences), carry, saved);
    weights.setZero();
    for (Index i = 0; i < n; ++i) {
      const Window range = window_of(memory, sentences, i, saved(0, i));
      auto w = weights.block(range.begin, i, range.count, 1);
      detail::score<S>(scorer, projected.col(i), range.of(memory.keys_of(range.b)), carry.topRows(0), w,
                       tape.scratch.scorer);
      softmax(w);
      if constexpr (PositionType::is_gaussian) {
        for (Index j = 0; j < range.count; ++j) w(j, 0) *= gaussian(range, j, saved(0, i));
      }
      detail::average<S>(range.of(memory.values_of(range.b)), w, contexts.col(i));
    }
  }

  void backward(const Memory<S>& memory, std::span<const Index> sentences, AttentionTape<S>& tape, Index first,
                LocalAttention& grad, Out<S> d_queries, Memory<S>& d_memory) const {
    const Index n = static_cast<Index>(sentences.size());
    detail::check_backward("LocalAttention.backward", sizes(), memory, sentences, tape, first, d_queries, d_memory);
    auto saved = saved_columns(tape, first, n);
    auto d_projected = tape.d_projected.middleCols(first, n);
    d_projected.setZero();
    tape.d_scores.resize(2 * window + 1, 2);
    for (Index i = 0; i < n; ++i) {
      const Window range = window_of(memory, sentences, i, saved(0, i));
      auto w = tape.d_scores.col(1).head(range.count), d = tape.d_scores.col(0).head(range.count);
      w = tape.weights.block(range.begin, first + i, range.count, 1);
      auto d_values = d_memory.values_of(range.b), d_keys = d_memory.keys_of(range.b);
      detail::average_backward<S>(range.of(memory.values_of(range.b)), w, tape.d_contexts.col(first + i), d,
                                  range.of(d_values));  // was: contexts
      if (tape.d_weights.rows() > 0) d += tape.d_weights.block(range.begin, first + i, range.count, 1);
      S d_position(0);
      if constexpr (PositionType::is_gaussian) {
        for (Index j = 0; j < range.count; ++j) {
          const S p = saved(0, i), by = gaussian(range, j, p), distance = detail::number<S>(range.begin + j) - p;
          d_position += d(j) * w(j) * S(4) * distance / detail::number<S>(window * window);  // was: w *= gaussian
          d(j) *= by;                                                                        // was: w *= gaussian
          w(j) /= by;
        }
      }
      softmax_backward(w, d);  // was: softmax
      detail::score_backward<S>(scorer, tape.projected.col(first + i), range.of(memory.keys_of(range.b)),
                                tape.carries.topRows(0), d, grad.scorer, d_projected.col(i), range.of(d_keys),
                                tape.d_carry.topRows(0), tape.scratch.scorer);  // was: score
      saved(0, i) = d_position;
    }
    position.backward(lengths(memory, sentences), saved, grad.position, d_queries);  // was: position
    detail::queries_of(scorer).project_backward(d_projected, d_queries);             // was: project
  }

  void finish_backward(const In<S>& queries, const Memory<S>& memory, const AttentionTape<S>& tape,
                       LocalAttention& grad, Memory<S>& d_memory) const {
    detail::finish_scorer_backward("LocalAttention.finish_backward", scorer, queries, memory, tape, grad.scorer,
                                   d_memory);
    position.accumulate(queries, tape.saved.topRows(position.saved_size()), grad.position);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("scorer", self.scorer...);
    visit("position", self.position...);
    visit("window", self.window...);
  }

 private:
  /// The window of one query: `count` words of sentence b, from word `begin` on.
  struct Window {
    Index b, begin, count;
    template <class X>
    auto of(X&& columns) const {
      return columns.middleCols(begin, count);
    }
  };

  void check_scorer() const {
    require(!detail::depends_on_position(scorer), "LocalAttention: the scorer must not depend on the position");
  }

  /// The rows that the position saves, for n columns from column `first` on.
  auto saved_columns(AttentionTape<S>& tape, Index first, Index n) const {
    return tape.saved.block(0, first, position.saved_size(), n);
  }

  Window window_of(const Memory<S>& memory, std::span<const Index> sentences, Index i, const S& p) const {
    const Index b = detail::at(sentences, i);
    const auto first = [&](const auto& found) {  // binary search: not every scalar converts to Index
      Index low = 0, high = memory.length(b);
      while (low < high) {
        const Index middle = (low + high) / 2;
        if (found(detail::number<S>(middle))) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    };
    const S D = detail::number<S>(window), from = p - D, to = p + D;
    const Index begin = first([&](S j) { return !(j < from); });  // 0 if p is NaN; the weights are then NaN too
    const Index end = std::min(begin + 2 * window + 1, first([&](S j) { return j > to; }));
    return {b, begin, end - begin};
  }

  /// e^{-(j - p)^2 / (2 sigma^2)}, sigma = D / 2, for word j of the window.
  S gaussian(const Window& range, Index j, const S& p) const {
    using std::exp;
    const S distance = detail::number<S>(range.begin + j) - p;
    return exp(S(-2) * distance * distance / detail::number<S>(window * window));
  }

  static auto lengths(const Memory<S>& memory, std::span<const Index> sentences) {
    return [&memory, sentences](Index i) { return memory.length(detail::at(sentences, i)); };
  }
};

}}  // namespace heed::v0_2
