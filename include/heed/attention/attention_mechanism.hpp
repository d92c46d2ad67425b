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
  Buffer<S> scorer;        ///< what the scorer needs
  Buffer<S> values, keys;  ///< the block of a narrow memory that is attended to
};

/// Everything an attention mechanism writes, a column for each of N queries. Only grows.
template <class S>
struct AttentionTape {
  Buffer<S> projected;  ///< projected queries
  Buffer<S> weights;    ///< longest sentence x N: the attention weights; no rows where nothing is attended to
  Buffer<S> contexts;   ///< memory size x N
  Buffer<S> carries;    ///< carry size x N: what each step was handed by the one before
  Buffer<S> saved;      ///< what else backward needs

  Buffer<S> d_projected, d_scores;  ///< on the way back
  Buffer<S> d_contexts;             ///< to be filled before backward
  Buffer<S> d_weights;  ///< gradient of a loss of the weights themselves (losses/attention_penalty.hpp), or no rows
  Buffer<S> d_carry;    ///< carry size x sentences: the running gradient of what is handed on
  AttentionScratch<S> scratch;  ///< of the step at work
};

/// The rows of what an attention mechanism reads and writes.
struct AttentionSizes {
  static constexpr Index any = -1;  ///< as `query` or `memory`: any size will do

  Index query = any;    ///< of a query
  Index memory = any;   ///< of a value of the memory, and of a context
  Index key = 0;        ///< of a key; 0: queries are matched with the values
  Index projected = 0;  ///< of a projected query
  Index carry = 0;      ///< of what a step hands to the next
  Index saved = 0;      ///< of what else backward needs
  int first_carry = 0;  ///< the first number of what the first step is handed; the others are 0
  bool attends = true;  ///< whether there are weights
};

/// An attention mechanism: queries in, contexts out, and the weights that made them.
///
/// | call                                                    | once per | meaning                                        |
/// |---------------------------------------------------------|----------|------------------------------------------------|
/// | `sizes(longest)`                                        |          | rows, if sentences have up to `longest` words  |
/// | `prepare(memory)`                                       | batch    | computes the keys                              |
/// | `forward(queries, memory, sentences, carry, tape,`      | step     | fills columns first ... of weights, contexts;  |
/// | `        first, random)`                                |          | carry becomes what the next step is handed     |
/// | `backward(memory, sentences, tape, first, grad,`        | step     | from d_contexts, d_weights and d_carry: adds   |
/// | `         d_queries, d_memory)`                         |          | to grad, d_queries and d_memory                |
/// | `finish_backward(queries, memory, tape, grad,`          | batch    | from all steps: parameter gradients that are   |
/// | `                d_memory)`                             |          | products, and of the keys                      |
///
/// Query column i attends to the sentence `sentences[i]` of the memory. `random` is there in training alone. Before the
/// first step call `start_attention` and `begin_attention`, before the first step back `begin_attention_backward`.
///
/// Every function throws `Error` if a size does not fit, if the memory has no such sentence, and if a call that comes
/// before it is missing, as far as sizes show that. examples/own_attention.cpp has one of your own.
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

/// Makes `carry` what the first step of these sentences is handed: carry size x sentences.
template <AttentionMechanism A, class S = typename A::Scalar>
void start_attention(const A& attention, const Memory<S>& memory, std::span<const Index> sentences, Buffer<S>& carry) {
  detail::check_sentences("start_attention", memory, sentences);
  const AttentionSizes sizes = attention.sizes(memory.longest());
  carry.resize(sizes.carry, static_cast<Index>(sentences.size()));
  carry.setZero();
  if (carry.rows() > 0) carry.row(0).setConstant(S(sizes.first_carry));
}

/// Makes room for the attention of N columns.
template <AttentionMechanism A, class S = typename A::Scalar>
void begin_attention(const A& attention, const Memory<S>& memory, Index columns, AttentionTape<S>& tape) {
  const AttentionSizes sizes = attention.sizes(memory.longest());
  tape.projected.resize(sizes.projected, columns);
  tape.weights.resize(sizes.attends ? memory.longest() : 0, columns);
  tape.contexts.resize(memory.size(), columns);
  tape.carries.resize(sizes.carry, columns);
  tape.saved.resize(sizes.saved, columns);
}

/// Makes room for the gradients of all columns and of what is handed on, for so many sentences. They begin at zero.
template <class S>
void begin_attention_backward(Index sentences, AttentionTape<S>& tape) {
  tape.d_projected.resize(tape.projected.rows(), tape.projected.cols());
  tape.d_contexts.resize(tape.contexts.rows(), tape.contexts.cols());
  tape.d_contexts.setZero();
  tape.d_carry.resize(tape.carries.rows(), sentences);
  tape.d_carry.setZero();
}

namespace detail {

/// Calls use(b, i, n) for every run of n columns from i that ask sentence b.
template <class Use>
void for_each_sentence(std::span<const Index> sentences, Use&& use) {
  for (std::size_t i = 0, end = 0; i < sentences.size(); i = end) {
    while (end < sentences.size() && sentences[end] == sentences[i]) ++end;
    use(sentences[i], static_cast<Index>(i), static_cast<Index>(end - i));
  }
}

/// Throws, in the name of `function`, unless an attention mechanism takes queries and memories of these sizes.
template <class A>
void check_attention(const char* function, const A& attention, Index query_size, Index memory_size) {
  const AttentionSizes sizes = attention.sizes(0);
  const auto takes = [](Index expected, Index size) { return expected == AttentionSizes::any || expected == size; };
  const auto text = [](Index size) {
    return size == AttentionSizes::any ? "any size" : "size " + std::to_string(size);
  };
  require(takes(sizes.query, query_size) && takes(sizes.memory, memory_size), [&] {
    return function + (": the attention expects queries of " + text(sizes.query)) + " and a memory of " +
           text(sizes.memory) + ", not " + std::to_string(query_size) + " and " + std::to_string(memory_size);
  });
}

/// The sizes of a mechanism that scores with this scorer.
template <class ScorerType>
AttentionSizes sizes_of(const ScorerType& scorer) {
  return {.query = scorer.query_size(),
          .memory = scorer.memory_size(),
          .key = keys_of(scorer).key_size(),
          .projected = queries_of(scorer).projected_size()};
}

/// Throws unless the tape has room for what forward fills, or forward has filled it.
template <class S>
void check_columns(const char* function, const AttentionSizes& sizes, const Memory<S>& memory,
                   const AttentionTape<S>& tape, Index first, Index n, const char* advice) {
  check_room(function, "tape.projected", tape.projected, sizes.projected, first, n, advice);
  check_room(function, "tape.weights", tape.weights, sizes.attends ? memory.longest() : 0, first, n, advice);
  check_room(function, "tape.contexts", tape.contexts, memory.size(), first, n, advice);
  check_room(function, "tape.carries", tape.carries, sizes.carry, first, n, advice);
  const Index saved = std::min(sizes.saved, tape.saved.rows());  // below it another mechanism may save its own
  check_room(function, "tape.saved", tape.saved.topRows(saved), sizes.saved, first, n, advice);
}

/// Throws unless the arguments of `forward` have these sizes, and the tape has room for its columns.
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

/// Throws unless a tape has room for the gradients of all its columns.
template <class S>
void check_gradients(const char* function, const AttentionTape<S>& tape) {
  constexpr const char* begin = "; call begin_attention_backward first";
  check_like(function, "tape.d_projected", tape.d_projected, tape.projected, begin);
  check_like(function, "tape.d_contexts", tape.d_contexts, tape.contexts, begin);
}

/// As `check_forward`, for `backward`.
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

/// Computes the keys of a memory. Throws if the memory has another size than the scorer's.
template <class ScorerType, class S>
void prepare_keys(const char* function, const ScorerType& scorer, Memory<S>& memory) {
  check_values(function, memory, scorer.memory_size());
  memory.keys.resize(keys_of(scorer).key_size(), memory.values.cols());
  keys_of(scorer).keys(memory.values, memory.keys);
}

/// The parameter gradients of a scorer that are products over all queries, and the backward of `prepare_keys`.
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
