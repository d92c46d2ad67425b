#pragma once

#include <heed/attention/attention_mechanism.hpp>
#include <heed/layers/activations.hpp>
#include <heed/scorers/scorer.hpp>

#include <algorithm>
#include <string>

namespace heed { inline namespace v0_2 {

/// Monotonic attention, Raffel, Luong, Liu, Weiss & Eck 2017: each step starts at the word where the previous step
/// stopped, and stops at word j with probability p_j = sigmoid(score_j + r). The first step starts at the first word.
///
/// In training it computes the expected weights of this process (equations 11 to 14), exactly and with gradients:
///
///     weights_j = p_j reach_j        reach_j = (1 - p_{j-1}) reach_{j-1} + (weights of the previous step)_j
///
/// The weights sum to at most 1. The rest is the probability that the step passes the end of the sentence. A word with
/// a score of -inf has p_j = 0: no step stops there. r is initially -1, so that a step does not stop at every word. In
/// training, normal noise with standard deviation `noise` is added to every score, which trains p to be near 0 or 1.
///
/// With `hard`, for inference (algorithm 1), a step stops at the first word with p_j > 1/2. It scores the words in
/// blocks and scores no block after the one where it stops. If a step passes the end, its weights and context and those
/// of all later steps are 0.
template <class ScorerType>
struct MonotonicAttention {
  static_assert(detail::check_scorer<ScorerType>());
  using Scalar = typename ScorerType::Scalar;
  using S = Scalar;

  ScorerType scorer;        ///< must not depend on the position j
  ParameterVector<S, 1> r;  ///< a scalar that is added to every score
  bool hard = false;        ///< whether each step attends to one word only
  double noise = 0;         ///< standard deviation of the noise that is added to scores in training

  MonotonicAttention() : r(Vector<S, 1>::Constant(S(-1))) {}
  explicit MonotonicAttention(ScorerType scorer_, double noise_ = 0)
      : scorer(std::move(scorer_)), r(Vector<S, 1>::Constant(S(-1))), noise(noise_) {
    require(noise >= 0, [&] { return "MonotonicAttention: noise must be at least 0, got " + std::to_string(noise); });
    check_scorer();
  }

  AttentionSizes sizes(Index longest) const {
    AttentionSizes rows = detail::sizes_of(scorer);
    rows.carry = longest;
    rows.saved = hard ? 0 : longest;
    rows.first_carry = 1;
    return rows;
  }
  void prepare(Memory<S>& memory) const {
    check_scorer();
    detail::prepare_keys("MonotonicAttention.prepare", scorer, memory);
  }

  /// Computes the weights and contexts of one step. Does not allocate once the buffers of the tape are large enough.
  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S> carry,
               AttentionTape<S>& tape, Index first, RandomStreams random = nullptr) const {
    require(!memory.is_bfloat16(), "MonotonicAttention: a bfloat16 memory is not supported");
    const Index n = queries.cols();
    detail::check_forward("MonotonicAttention.forward", sizes(memory.longest()), queries, memory, sentences, carry,
                          tape, first);
    if (noise > 0) random.check(n);
    auto projected = tape.projected.middleCols(first, n), weights = tape.weights.middleCols(first, n);
    auto contexts = tape.contexts.middleCols(first, n);
    tape.carries.middleCols(first, n) = carry;
    detail::queries_of(scorer).project(queries, projected);
    weights.setZero();
    detail::for_each_sentence(sentences, [&](Index b, Index i, Index count) {
      const Index length = memory.length(b);
      auto w = weights.block(0, i, length, count);
      if (hard) {
        for (Index k = 0; k < count; ++k) {
          stop(projected.col(i + k), memory, b, carry.col(i + k), tape.scratch.scorer, w.col(k), contexts.col(i + k));
        }
        return;
      }
      auto p = tape.saved.block(0, first + i, length, count);
      detail::score<S>(scorer, projected.middleCols(i, count), memory.keys_of(b), carry.topRows(0), p,
                       tape.scratch.scorer);
      p.array() += r(0);
      if (random && noise > 0) {
        for (Index k = 0; k < count; ++k) {
          random.with(i + k, [&](auto& generator) {
            for (Index j = 0; j < length; ++j) p(j, k) += static_cast<S>(noise * generator.normal());
          });
        }
      }
      Sigmoid::forward(p);
      for (Index k = 0; k < count; ++k) {
        S reach(0);
        for (Index j = 0; j < length; ++j) {
          reach += carry(j, i + k);
          w(j, k) = p(j, k) * reach;
          reach *= S(1) - p(j, k);
        }
      }
      detail::average<S>(memory.values_of(b), w, contexts.middleCols(i, count));
    });
    carry = weights;
  }

  /// Backward of `forward`. Throws heed::Error if `hard` is set: hard attention has no gradient.
  void backward(const Memory<S>& memory, std::span<const Index> sentences, AttentionTape<S>& tape, Index first,
                MonotonicAttention& grad, Out<S> d_queries, Memory<S>& d_memory) const {
    require(!hard, "MonotonicAttention.backward: hard attention is for inference only, it has no gradient");
    const Index n = static_cast<Index>(sentences.size());
    detail::check_backward("MonotonicAttention.backward", sizes(memory.longest()), memory, sentences, tape, first,
                           d_queries, d_memory);
    auto d_projected = tape.d_projected.middleCols(first, n), d_carry = tape.d_carry.leftCols(n);
    d_projected.setZero();
    tape.d_scores.resize(tape.weights.rows(), n);
    detail::for_each_sentence(sentences, [&](Index b, Index i, Index count) {
      const Index length = memory.length(b);
      const auto w = tape.weights.block(0, first + i, length, count);
      auto d = tape.d_scores.block(0, i, length, count);
      auto d_handed = d_carry.block(0, i, length, count);
      detail::average_backward<S>(memory.values_of(b), w, tape.d_contexts.middleCols(first + i, count), d,
                                  d_memory.values_of(b));  // was: contexts
      if (tape.d_weights.rows() > 0) d += tape.d_weights.block(0, first + i, length, count);
      d += d_handed;  // was: carry = weights
      walk_back(w, tape.saved.block(0, first + i, length, count), d, d_handed);
      grad.r(0) += d.sum();  // was: score + r
      detail::score_backward<S>(scorer, tape.projected.middleCols(first + i, count), memory.keys_of(b),
                                tape.carries.topRows(0), d, grad.scorer, d_projected.middleCols(i, count),
                                d_memory.keys_of(b), d_handed.topRows(0), tape.scratch.scorer);  // was: score
    });
    detail::queries_of(scorer).project_backward(d_projected, d_queries);  // was: project
  }

  void finish_backward(const In<S>& queries, const Memory<S>& memory, const AttentionTape<S>& tape,
                       MonotonicAttention& grad, Memory<S>& d_memory) const {
    detail::finish_scorer_backward("MonotonicAttention.finish_backward", scorer, queries, memory, tape, grad.scorer,
                                   d_memory);
  }

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::constructed; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("scorer", self.scorer...);
    visit("r", self.r...);
    visit("hard", self.hard...);
    visit("noise", self.noise...);
  }

 private:
  void check_scorer() const {
    require(!detail::depends_on_position(scorer), "MonotonicAttention: the scorer must not depend on the position");
  }

  /// One hard step, from the word where the previous step stopped. Scores one block of words at a time.
  void stop(const In<S>& projected, const Memory<S>& memory, Index b, const In<S>& last, Buffer<S>& scratch,
            Out<S> weights, Out<S> context) const {
    constexpr Index block = 8;
    const Index length = memory.length(b);
    Index j = 0;
    while (j < length && last(j, 0) == S(0)) ++j;
    context.setZero();
    while (j < length) {
      const Index count = std::min(block, length - j);
      auto scores = weights.middleRows(j, count);
      detail::score<S>(scorer, projected, memory.keys_of(b).middleCols(j, count), last.topRows(0), scores, scratch);
      Index k = 0;
      while (k < count && scores(k, 0) + r(0) <= S(0)) ++k;
      const S energy = k < count ? S(scores(k, 0) + r(0)) : S(0);
      scores.setZero();
      if (k < count) {
        scores(k, 0) = energy > S(0) ? S(1) : energy;  // NaN propagates
        context = scores(k, 0) * memory.values_of(b).col(j + k);
        return;
      }
      j += count;
    }
  }

  /// d holds dL/dweights on input and dL/dscores on output. Overwrites d_last, the gradient of the weights of the
  /// previous step.
  static void walk_back(const In<S>& weights, const In<S>& p, Out<S> d, Out<S> d_last) {
    for (Index i = 0; i < weights.cols(); ++i) {
      S d_reach(0);
      for (Index j = weights.rows(); j-- > 0;) {
        const S d_weight = d(j, i), leave = S(1) - p(j, i);
        d(j, i) = weights(j, i) * leave * (d_weight - d_reach);  // was: p reach, (1 - p) reach, p = sigmoid(.)
        d_reach = p(j, i) * d_weight + leave * d_reach;          // was: p reach, (1 - p) reach
        d_last(j, i) = d_reach;                                  // was: reach + last
      }
    }
  }
};

}}  // namespace heed::v0_2
