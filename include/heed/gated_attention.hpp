#pragma once

#include <heed/layers/linear.hpp>
#include <heed/look.hpp>
#include <heed/math.hpp>

#include <span>
#include <string>
#include <utility>

namespace heed::inline v0_1 {

/// A look that the query opens and shuts, Xu et al. 2015 (Show, Attend and Tell), section 4.2.1: what another look finds
/// times one number for every step, as in the paper.
///
///   beta = sigmoid(W q + b)      context = beta look(q)
///
/// It goes around any look (`GatedAttention<Attention<AdditiveScorer<S>>>` is the paper's), which neither knows of it nor
/// reads tape.contexts on the way back.
template <Look LookType>
struct GatedAttention {
  using Scalar = typename LookType::Scalar;
  using S = Scalar;

  LookType look;   ///< what is gated
  Linear<S> gate;  ///< query -> 1 (f_beta)

  GatedAttention() = default;
  GatedAttention(LookType inner, Index query_size) : look(std::move(inner)), gate(query_size, 1) {}

  /// Throws unless look and gate take queries, and the look memories, of these sizes. For who puts parts together.
  void check(Index query_size, Index memory_size) const {
    look.check(query_size, memory_size);
    require(gate.input_size() == query_size, [&] {
      return "GatedAttention: the gate expects queries of size " + std::to_string(gate.input_size()) + ", not " +
             std::to_string(query_size);
    });
  }

  void prepare(Memory<S>& memory) const { look.prepare(memory); }
  void start(const Memory<S>& memory, std::span<const Index> sentences, Buffer<S>& carry) const {
    look.start(memory, sentences, carry);
  }
  void begin(const Memory<S>& memory, Index columns, LookTape<S>& tape) const {
    look.begin(memory, columns, tape);
    tape.gates.resize(1, columns);
  }

  /// Does not allocate once the tape has grown.
  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S> carry,
               LookTape<S>& tape, Index first, RandomStreams random = nullptr) const {
    const Index n = queries.cols();
    detail::check_size("GatedAttention.forward", "queries", queries, gate.input_size(),
                       static_cast<Index>(sentences.size()));
    check_gates("GatedAttention.forward", tape, first, n);
    auto gates = tape.gates.middleCols(first, n);
    look.forward(queries, memory, sentences, carry, tape, first, random);
    gate.forward(queries, gates);
    Sigmoid::forward(gates);
    for (Index i = 0; i < n; ++i) tape.contexts.col(first + i) *= gates(0, i);
  }

  void begin_backward(Index sentences, LookTape<S>& tape) const {
    look.begin_backward(sentences, tape);
    tape.d_gates.resize(1, tape.gates.cols());
  }

  /// The gradient before the sigmoid is d_beta beta (1 - beta), and d_beta that of the context times what the look
  /// found: beta and that are the context, so nothing is divided by a gate that may be shut.
  void backward(const Memory<S>& memory, std::span<const Index> sentences, LookTape<S>& tape, Index first,
                GatedAttention& grad, Out<S> d_queries, Memory<S>& d_memory) const {
    const Index n = static_cast<Index>(sentences.size());
    check_gates("GatedAttention.backward", tape, first, n);
    detail::check_size("GatedAttention.backward", "tape.contexts", tape.contexts, tape.contexts.rows(),
                       tape.gates.cols(), "; call forward first");
    check_gradients("GatedAttention.backward", tape);
    detail::check_size("GatedAttention.backward", "d_queries", d_queries, gate.input_size(), n);
    for (Index i = first; i < first + n; ++i) {
      const S beta = tape.gates(0, i);
      tape.d_gates(0, i) = (S(1) - beta) * tape.contexts.col(i).dot(tape.d_contexts.col(i));  // was: context, beta
      tape.d_contexts.col(i) *= beta;                                                         // was: context
    }
    gate.backward(tape.d_gates.middleCols(first, n), d_queries);                    // was: W q + b
    look.backward(memory, sentences, tape, first, grad.look, d_queries, d_memory);  // was: look
  }

  void accumulate(const In<S>& queries, const LookTape<S>& tape, GatedAttention& grad) const {
    check_gradients("GatedAttention.accumulate", tape);
    detail::check_size("GatedAttention.accumulate", "queries", queries, gate.input_size(), tape.d_gates.cols());
    gate.accumulate(queries, tape.d_gates, grad.gate);
    look.accumulate(queries, tape, grad.look);
  }
  void prepare_backward(const Memory<S>& memory, Memory<S>& d_memory, GatedAttention& grad) const {
    look.prepare_backward(memory, d_memory, grad.look);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("look", self.look...);
    visit("gate", self.gate...);
  }

 private:
  static void check_gates(const char* function, const LookTape<S>& tape, Index first, Index n) {
    detail::check_room(function, "tape.gates", tape.gates, 1, first, n, "; call begin(memory, columns, tape) first");
  }
  static void check_gradients(const char* function, const LookTape<S>& tape) {
    detail::check_gradients(function, tape);
    detail::check_like(function, "tape.d_gates", tape.d_gates, tape.gates,
                       "; call begin_backward(sentences, tape) first");
  }
};

}  // namespace heed::inline v0_1
