#pragma once

#include <heed/attention/attention_mechanism.hpp>
#include <heed/layers/activations.hpp>
#include <heed/layers/linear.hpp>

#include <span>
#include <string>
#include <utility>

namespace heed { inline namespace v0_2 {

/// Gated attention, Xu et al. 2015 (Show, Attend and Tell), section 4.2.1: multiplies the context of another mechanism
/// by one scalar gate per step.
///
///     beta = sigmoid(W q + b)      context = beta attention(q)
///
/// It wraps any mechanism whose backward does not use tape.contexts. The mechanism of the paper is
/// `GatedAttention<Attention<AdditiveScorer<S>>>`. beta is saved in tape.saved, in the row below the rows of the
/// wrapped mechanism.
template <AttentionMechanism Inner>
struct GatedAttention {
  using Scalar = typename Inner::Scalar;
  using S = Scalar;

  Inner inner;     ///< the wrapped mechanism
  Linear<S> gate;  ///< query -> 1 (f_beta)

  GatedAttention() = default;
  /// Throws heed::Error unless `inner` accepts queries of this size.
  GatedAttention(Inner inner_, Index query_size) : inner(std::move(inner_)), gate(query_size, 1) {
    const Index expected = inner.sizes(0).query;
    require(expected == AttentionSizes::any || expected == query_size, [&] {
      return "GatedAttention: query_size must be that of the inner attention, " + std::to_string(expected) + ", got " +
             std::to_string(query_size);
    });
  }

  AttentionSizes sizes(Index longest) const {
    AttentionSizes rows = inner.sizes(longest);
    rows.query = gate.input_size();
    ++rows.saved;
    return rows;
  }

  void prepare(Memory<S>& memory) const { inner.prepare(memory); }

  /// Computes the weights and gated contexts of one step. Does not allocate once the buffers of the tape are large
  /// enough.
  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S> carry,
               AttentionTape<S>& tape, Index first, RandomStreams random = nullptr) const {
    const Index n = queries.cols();
    detail::check_size("GatedAttention.forward", "queries", queries, gate.input_size(),
                       static_cast<Index>(sentences.size()));
    check_columns("GatedAttention.forward", memory, tape, first, n, "; call begin_attention first");
    auto beta = gates(memory, tape).middleCols(first, n);
    inner.forward(queries, memory, sentences, carry, tape, first, random);
    gate.forward(queries, beta);
    Sigmoid::forward(beta);
    for (Index i = 0; i < n; ++i) tape.contexts.col(first + i) *= beta(0, i);
  }

  /// Backward of `forward`.
  ///
  /// The gradient before the sigmoid is d_beta beta (1 - beta), and d_beta is the dot product of d_context and the
  /// inner context. beta times the inner context is the context. So the code does not divide by beta, which can be 0.
  void backward(const Memory<S>& memory, std::span<const Index> sentences, AttentionTape<S>& tape, Index first,
                GatedAttention& grad, Out<S> d_queries, Memory<S>& d_memory) const {
    const Index n = static_cast<Index>(sentences.size());
    check_columns("GatedAttention.backward", memory, tape, first, n, "; call forward first");
    detail::check_gradients("GatedAttention.backward", tape);
    detail::check_size("GatedAttention.backward", "d_queries", d_queries, gate.input_size(), n);
    auto row = gates(memory, tape).middleCols(first, n);  // beta, replaced by the gradient before the sigmoid
    for (Index i = 0; i < n; ++i) {
      const S beta = row(0, i);
      row(0, i) =
          (S(1) - beta) * tape.contexts.col(first + i).dot(tape.d_contexts.col(first + i));  // was: context, beta
      tape.d_contexts.col(first + i) *= beta;                                                // was: context
    }
    gate.backward(row, d_queries);                                                    // was: W q + b
    inner.backward(memory, sentences, tape, first, grad.inner, d_queries, d_memory);  // was: attention
  }

  void finish_backward(const In<S>& queries, const Memory<S>& memory, const AttentionTape<S>& tape,
                       GatedAttention& grad, Memory<S>& d_memory) const {
    check_columns("GatedAttention.finish_backward", memory, tape, 0, queries.cols(), "; call forward first");
    detail::check_size("GatedAttention.finish_backward", "queries", queries, gate.input_size(), tape.contexts.cols());
    gate.accumulate(queries, gates(memory, tape), grad.gate);
    inner.finish_backward(queries, memory, tape, grad.inner, d_memory);
  }

  /// The beta of every column after `forward`, 1 x N. After `backward` it holds the gradient before the sigmoid. Throws
  /// heed::Error if tape.saved does not have this row.
  template <class Tape>
  auto gates(const Memory<S>& memory, Tape& tape) const {
    const Index row = inner.sizes(memory.longest()).saved;
    detail::check_index("GatedAttention.gates", "the row of tape.saved", row, tape.saved.rows());
    return tape.saved.middleRows(row, 1);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("inner", self.inner...);
    visit("gate", self.gate...);
  }

 private:
  void check_columns(const char* function, const Memory<S>& memory, const AttentionTape<S>& tape, Index first, Index n,
                     const char* advice) const {
    const AttentionSizes rows = sizes(memory.longest());
    if (rows.memory != AttentionSizes::any) detail::check_values(function, memory, rows.memory);
    detail::check_columns(function, rows, memory, tape, first, n, advice);
  }
};

}}  // namespace heed::v0_2
