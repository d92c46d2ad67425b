#pragma once

#include <heed/attention/memory.hpp>
#include <heed/core/parameters.hpp>
#include <heed/core/random_streams.hpp>
#include <heed/kernels/transposed_product.hpp>
#include <heed/kernels/weighted_sum.hpp>
#include <heed/scorers/scorer.hpp>

#include <algorithm>
#include <concepts>
#include <span>
#include <string>

namespace heed { inline namespace v0_2 {

/// The temporary buffers of an attention mechanism. One per thread; they only grow.
template <class S>
struct AttentionScratch {
  Buffer<S> scorer;        ///< temporary buffer of the scorer
  Buffer<S> values, keys;  ///< the current block of a bfloat16 memory, converted to float
};

/// The results, saved activations and gradients of an attention mechanism, one column for each of N queries. Buffers
/// only grow.
template <class S>
struct AttentionTape {
  Buffer<S> projected;  ///< projected size x N: projected queries
  Buffer<S> weights;    ///< longest sentence x N: the attention weights; no rows if the mechanism has none
  Buffer<S> contexts;   ///< memory size x N
  Buffer<S> carries;    ///< carry size x N: the carry that each step received
  Buffer<S> saved;      ///< saved size x N: other saved activations for backward

  Buffer<S> d_projected, d_scores;  ///< filled by backward; d_projected: projected size x N
  Buffer<S> d_contexts;             ///< memory size x N: dL/dcontexts, filled by the caller before backward
  Buffer<S> d_weights;              ///< dL/dweights of a loss on the weights (losses/attention_penalty.hpp), or no rows
  Buffer<S> d_carry;                ///< carry size x sentences: gradient of the carry, updated by each step
  AttentionScratch<S> scratch;      ///< temporary buffers of the current step
};

/// The row counts of the matrices of an attention mechanism.
///
/// The carry is the data that a step passes to the next step, such as the attention weights.
struct AttentionSizes {
  static constexpr Index any = -1;  ///< for `query` and `memory`: any size is accepted

  Index query = any;    ///< rows of a query
  Index memory = any;   ///< rows of a value of the memory, and of a context
  Index key = 0;        ///< rows of a key; 0: the values are the keys
  Index projected = 0;  ///< rows of a projected query
  Index carry = 0;      ///< rows of the carry
  Index saved = 0;      ///< rows of the other saved activations
  int first_carry = 0;  ///< value of row 0 of the initial carry; the other rows are 0
  bool attends = true;  ///< whether there are attention weights
};

/// An attention mechanism: computes attention weights and contexts from queries and a memory.
///
/// | call                                               | once per | meaning                                          |
/// |----------------------------------------------------|----------|--------------------------------------------------|
/// | `sizes(longest)`                                   |          | row counts for sentences up to `longest` words   |
/// | `prepare(memory)`                                  | batch    | computes the keys                                |
/// | `forward(queries, memory, sentences, carry, tape,` | step     | fills weights and contexts from column `first`   |
/// | `        first, random)`                           |          | on; updates carry for the next step              |
/// | `backward(memory, sentences, tape, first, grad,`   | step     | from d_contexts, d_weights and d_carry: adds to  |
/// | `         d_queries, d_memory)`                    |          | grad, d_queries and d_memory                     |
/// | `finish_backward(queries, memory, tape, grad,`     | batch    | for all steps: adds the parameter gradients that |
/// | `                d_memory)`                        |          | are products; backpropagates through the keys    |
///
/// Query column i attends to the sentence `sentences[i]` of the memory. `random` is given only in training. Call
/// `start_attention` and `begin_attention` before the first step, and `begin_attention_backward` before the first
/// backward step.
///
/// All functions throw heed::Error if a size does not match, if a sentence is not in the memory, or if the sizes show
/// that an earlier call is missing. In the body of `backward`, `// was: f` names the operation of `forward` that the
/// line differentiates. See examples/05_own_attention.cpp for a custom mechanism.
template <class A>
concept AttentionMechanism = Part<A> &&
    requires(const A& attention, A& grad, const Matrix<typename A::Scalar>& queries, Matrix<typename A::Scalar>& d,
             Memory<typename A::Scalar>& memory, std::span<const Index> sentences,
             AttentionTape<typename A::Scalar>& tape, Index i, RandomStreams random) {
  { attention.sizes(i) } -> std::same_as<AttentionSizes>;
  attention.prepare(memory);
  attention.forward(queries, memory, sentences, d, tape, i, random);
  attention.backward(memory, sentences, tape, i, grad, d, memory);
  attention.finish_backward(queries, memory, tape, grad, memory);
};

/// Sets `carry` to the initial carry of these sentences: carry size x sentences.
template <AttentionMechanism A, class S = typename A::Scalar>
void start_attention(const A& attention, const Memory<S>& memory, std::span<const Index> sentences, Buffer<S>& carry) {
  detail::check_sentences("start_attention", memory, sentences);
  const AttentionSizes sizes = attention.sizes(memory.longest());
  carry.resize(sizes.carry, static_cast<Index>(sentences.size()));
  carry.setZero();
  if (carry.rows() > 0) carry.row(0).setConstant(S(sizes.first_carry));
}

/// Resizes the buffers of the tape for this number of query columns.
template <AttentionMechanism A, class S = typename A::Scalar>
void begin_attention(const A& attention, const Memory<S>& memory, Index columns, AttentionTape<S>& tape) {
  const AttentionSizes sizes = attention.sizes(memory.longest());
  tape.projected.resize(sizes.projected, columns);
  tape.weights.resize(sizes.attends ? memory.longest() : 0, columns);
  tape.contexts.resize(memory.size(), columns);
  tape.carries.resize(sizes.carry, columns);
  tape.saved.resize(sizes.saved, columns);
}

/// Resizes the gradients of all columns, and of the carry of this number of sentences. Sets d_contexts and d_carry to
/// zero.
template <class S>
void begin_attention_backward(Index sentences, AttentionTape<S>& tape) {
  tape.d_projected.resize(tape.projected.rows(), tape.projected.cols());
  tape.d_contexts.resize(tape.contexts.rows(), tape.contexts.cols());
  tape.d_contexts.setZero();
  tape.d_carry.resize(tape.carries.rows(), sentences);
  tape.d_carry.setZero();
}

namespace detail {

/// Calls use(b, i, n) for every run of n neighbouring columns, from column i on, that attend to sentence b.
template <class Use>
void for_each_sentence(std::span<const Index> sentences, Use&& use) {
  for (std::size_t i = 0, end = 0; i < sentences.size(); i = end) {
    while (end < sentences.size() && sentences[end] == sentences[i]) ++end;
    use(sentences[i], static_cast<Index>(i), static_cast<Index>(end - i));
  }
}

/// Throws heed::Error, with `function` in the message, unless the mechanism accepts queries and memories of these
/// sizes.
template <class A>
void check_attention(const char* function, const A& attention, Index query_size, Index memory_size) {
  const AttentionSizes sizes = attention.sizes(0);
  const auto takes = [](Index expected, Index size) { return expected == AttentionSizes::any || expected == size; };
  const auto text = [](Index size) {
    return size == AttentionSizes::any ? "any size" : "size " + std::to_string(size);
  };
  require(takes(sizes.query, query_size) && takes(sizes.memory, memory_size), [&] {
    return function + (": the attention expects queries of " + text(sizes.query)) + " and a memory of " +
           text(sizes.memory) + ", got " + std::to_string(query_size) + " and " + std::to_string(memory_size);
  });
}

/// The sizes of a mechanism that uses this scorer.
template <class ScorerType>
AttentionSizes sizes_of(const ScorerType& scorer) {
  return {.query = scorer.query_size(),
          .memory = scorer.memory_size(),
          .key = keys_of(scorer).key_size(),
          .projected = queries_of(scorer).projected_size()};
}

/// Throws heed::Error unless the tape has buffers for n columns from column `first` on.
template <class S>
void check_columns(const char* function, const AttentionSizes& sizes, const Memory<S>& memory,
                   const AttentionTape<S>& tape, Index first, Index n, const char* advice) {
  check_room(function, "tape.projected", tape.projected, sizes.projected, first, n, advice);
  check_room(function, "tape.weights", tape.weights, sizes.attends ? memory.longest() : 0, first, n, advice);
  check_room(function, "tape.contexts", tape.contexts, memory.size(), first, n, advice);
  check_room(function, "tape.carries", tape.carries, sizes.carry, first, n, advice);
  const Index saved = std::min(sizes.saved, tape.saved.rows());  // a wrapping mechanism may use the rows below
  check_room(function, "tape.saved", tape.saved.topRows(saved), sizes.saved, first, n, advice);
}

/// Throws heed::Error unless the arguments of `forward` have these sizes and the tape has buffers for its columns.
template <class S>
void check_forward(const char* function, const AttentionSizes& sizes, const In<S>& queries, const Memory<S>& memory,
                   std::span<const Index> sentences, const Out<S>& carry, const AttentionTape<S>& tape, Index first) {
  const auto n = static_cast<Index>(sentences.size());
  check_size(function, "queries", queries, sizes.query, n);
  check_memory(function, memory, sizes.memory, sizes.key);
  check_sentences(function, memory, sentences);
  check_size(function, "carry", carry, sizes.carry, n, "; call start_attention first");
  check_columns(function, sizes, memory, tape, first, n, "; call begin_attention first");
}

/// Throws heed::Error unless the gradients of the tape have the sizes that `begin_attention_backward` sets.
template <class S>
void check_gradients(const char* function, const AttentionTape<S>& tape) {
  constexpr const char* begin = "; call begin_attention_backward first";
  check_like(function, "tape.d_projected", tape.d_projected, tape.projected, begin);
  check_like(function, "tape.d_contexts", tape.d_contexts, tape.contexts, begin);
}

/// Like `check_forward`, for `backward`.
template <class S>
void check_backward(const char* function, const AttentionSizes& sizes, const Memory<S>& memory,
                    std::span<const Index> sentences, const AttentionTape<S>& tape, Index first,
                    const Out<S>& d_queries, const Memory<S>& d_memory) {
  const auto n = static_cast<Index>(sentences.size());
  check_memory(function, memory, sizes.memory, sizes.key);
  check_sentences(function, memory, sentences);
  check_columns(function, sizes, memory, tape, first, n, "; call forward first");
  check_gradients(function, tape);
  check_room(function, "tape.d_carry", tape.d_carry, sizes.carry, 0, n, "; call begin_attention_backward first");
  if (tape.d_weights.rows() > 0) check_like(function, "tape.d_weights", tape.d_weights, tape.weights);
  check_size(function, "d_queries", d_queries, sizes.query, n);
  check_gradient(function, memory, d_memory);
}

/// Computes the keys of a memory. Throws heed::Error if the values do not have the memory size of the scorer.
template <class ScorerType, class S>
void prepare_keys(const char* function, const ScorerType& scorer, Memory<S>& memory) {
  check_values(function, memory, scorer.memory_size());
  memory.keys.resize(keys_of(scorer).key_size(), memory.values.cols());
  keys_of(scorer).keys(memory.values, memory.keys);
}

/// Adds the parameter gradients of a scorer that are products over all queries, and backpropagates through
/// `prepare_keys`.
template <class ScorerType, class S, class Grad>
void finish_scorer_backward(const char* function, const ScorerType& scorer, const In<S>& queries,
                            const Memory<S>& memory, const AttentionTape<S>& tape, Grad& grad, Memory<S>& d_memory) {
  check_gradients(function, tape);
  check_size(function, "queries", queries, scorer.query_size(), tape.projected.cols());
  check_memory(function, memory, scorer.memory_size(), keys_of(scorer).key_size());
  check_gradient(function, memory, d_memory);
  queries_of(scorer).accumulate(queries, tape.d_projected, grad);                      // was: project
  keys_of(scorer).keys_backward(memory.values, d_memory.keys, grad, d_memory.values);  // was: keys
}

/// contexts = values weights, for one sentence or a range of its columns.
template <class S>
void average(const In<S>& values, const In<S>& weights, Out<S> contexts) {
  WeightedSum<S>::add(values.rows(), values.cols(), weights.cols(), columns_of(values), columns_of(weights),
                      columns_of(contexts), true);
}

/// Backward of `average`: overwrites d_weights, adds to d_values.
template <class S>
void average_backward(const In<S>& values, const In<S>& weights, const In<S>& d_contexts, Out<S> d_weights,
                      Out<S> d_values) {
  const Index rows = values.rows(), cols = values.cols(), n = weights.cols();
  TransposedProduct<S>::set(rows, cols, n, columns_of(values), columns_of(d_contexts), columns_of(d_weights));
  WeightedSum<S>::backward(rows, cols, n, columns_of(d_contexts), columns_of(weights), columns_of(d_values));
}

}  // namespace detail

}}  // namespace heed::v0_2
