#pragma once

#include <heed/kernels/transposed_product.hpp>
#include <heed/kernels/weighted_sum.hpp>
#include <heed/memory.hpp>
#include <heed/parameters.hpp>
#include <heed/random_streams.hpp>
#include <heed/scorers/scorer.hpp>

#include <concepts>
#include <span>
#include <string>

namespace heed::inline v0_1 {

/// What a look at a memory writes besides its results. One per thread; it only grows.
template <class S>
struct LookScratch {
  Buffer<S> scorer;        ///< what the scorer needs
  Buffer<S> values, keys;  ///< the block of a narrow memory that is looked at
};

/// Everything looks write, a column for each of N queries. Only grows.
template <class S>
struct LookTape {
  Buffer<S> projected;  ///< projected queries
  Buffer<S> weights;    ///< longest sentence x N: what each query looked at; no rows where nothing looks back
  Buffer<S> contexts;   ///< memory size x N
  Buffer<S> carries;    ///< carry size x N: what each look was handed by the one before
  Buffer<S> kept;       ///< what else a look keeps for backward
  Buffer<S> gates;      ///< 1 x N: what contexts were multiplied with (gated_attention.hpp)

  Buffer<S> d_projected, d_scores, d_gates;  ///< on the way back
  Buffer<S> d_contexts;                      ///< to be filled before backward
  Buffer<S> d_weights;     ///< what a loss asks of the weights themselves (attention_penalty.hpp); no rows: nothing
  Buffer<S> d_carry;       ///< carry size x sentences: the running gradient of what is handed on
  LookScratch<S> scratch;  ///< of the look at work
};

/// A look back: queries in, contexts out, and the weights that made them.
///
/// | call                                                    | once per  | meaning                                       |
/// |---------------------------------------------------------|-----------|-----------------------------------------------|
/// | `check(query_size, memory_size)`                        | model     | throws unless it takes these                  |
/// | `prepare(memory)`                                       | batch     | computes the keys                             |
/// | `start(memory, sentences, carry)`                       | batch     | what the first look is handed                 |
/// | `begin(memory, N, tape)`                                | N columns | makes room                                    |
/// | `forward(queries, memory, sentences, carry, tape,`      | step      | fills columns first ... of weights, contexts; |
/// | `        first, random)`                                |           | carry becomes what the next look is handed    |
/// | `begin_backward(n, tape)`                               | batch     | d_contexts and d_carry begin at zero          |
/// | `backward(memory, sentences, tape, first, grad,`        | step      | from d_contexts, d_weights and d_carry: adds  |
/// | `         d_queries, d_memory)`                         |           | to grad, d_queries and d_memory               |
/// | `accumulate(queries, tape, grad)`                       | batch     | parameter gradients that are products         |
/// | `prepare_backward(memory, d_memory, grad)`              | batch     | adds to grad and to the values of d_memory    |
///
/// Query column i asks the sentence `sentences[i]` of the memory. `random` is there in training alone.
///
/// Every function throws `Error` if a size does not fit, if the memory has no such sentence, and if a call that comes
/// before it (`prepare`, `start`, `begin`, `begin_backward`) is missing, as far as sizes show that.
template <class L>
concept Look = Part<L> &&
    requires(const L& look, L& grad, const Matrix<typename L::Scalar>& queries, Matrix<typename L::Scalar>& d,
             Memory<typename L::Scalar>& memory, std::span<const Index> sentences, Buffer<typename L::Scalar>& carry,
             LookTape<typename L::Scalar>& tape, Index i, RandomStreams random) {
  look.check(i, i);
  look.prepare(memory);
  look.start(memory, sentences, carry);
  look.begin(memory, i, tape);
  look.forward(queries, memory, sentences, d, tape, i, random);
  look.begin_backward(i, tape);
  look.backward(memory, sentences, tape, i, grad, d, memory);
  look.accumulate(queries, tape, grad);
  look.prepare_backward(memory, memory, grad);
};

namespace detail {

/// Calls use(b, i, n) for every run of n columns from i that ask sentence b.
template <class Use>
void for_each_sentence(std::span<const Index> sentences, Use&& use) {
  for (std::size_t i = 0, end = 0; i < sentences.size(); i = end) {
    while (end < sentences.size() && sentences[end] == sentences[i]) ++end;
    use(sentences[i], static_cast<Index>(i), static_cast<Index>(end - i));
  }
}

/// Room for N looks that hand on `carry_size` numbers each.
template <class S>
void make_room(const Memory<S>& memory, Index projected_size, Index carry_size, Index columns, LookTape<S>& tape) {
  tape.projected.resize(projected_size, columns);
  tape.weights.resize(memory.longest(), columns);
  tape.contexts.resize(memory.size(), columns);
  tape.carries.resize(carry_size, columns);
}

/// Room for the gradients of as many looks, for n sentences.
template <class S>
void make_room_backward(Index sentences, LookTape<S>& tape) {
  tape.d_projected.resize(tape.projected.rows(), tape.projected.cols());
  tape.d_contexts.resize(tape.contexts.rows(), tape.contexts.cols());
  tape.d_contexts.setZero();
  tape.d_carry.resize(tape.carries.rows(), sentences);
  tape.d_carry.setZero();
}

/// Throws unless a scorer takes queries and memories of these sizes.
template <class ScorerType>
void check_sizes(const char* who, const ScorerType& scorer, Index query_size, Index memory_size) {
  require(scorer.query_size() == query_size && scorer.memory_size() == memory_size, [&] {
    return who + (": the scorer expects queries of size " + std::to_string(scorer.query_size())) +
           " and a memory of size " + std::to_string(scorer.memory_size()) + ", not " + std::to_string(query_size) +
           " and " + std::to_string(memory_size);
  });
}

/// The rows of the matrices that a look takes: of queries and projected queries, of values and keys (0: the values are
/// matched), and of its carry.
struct LookSizes {
  Index query, projected, memory, key, carry;
};
template <class ScorerType>
LookSizes sizes_of(const ScorerType& scorer, Index carry_size) {
  return {scorer.query_size(), queries_of(scorer).projected_size(), scorer.memory_size(), keys_of(scorer).key_size(),
          carry_size};
}

/// Throws unless the arguments of a look's `forward` have these sizes, and the tape has room for its columns.
template <class S>
void check_forward(const char* function, const LookSizes& sizes, const In<S>& queries, const Memory<S>& memory,
                   std::span<const Index> sentences, const Out<S>& carry, const LookTape<S>& tape, Index first) {
  constexpr const char* begin = "; call begin(memory, columns, tape) first";
  const auto n = static_cast<Index>(sentences.size());
  check_size(function, "queries", queries, sizes.query, n);
  check_memory(function, memory, sizes.memory, sizes.key);
  check_sentences(function, memory, sentences);
  check_size(function, "carry", carry, sizes.carry, n, "; call start(memory, sentences, carry) first");
  check_room(function, "tape.projected", tape.projected, sizes.projected, first, n, begin);
  check_room(function, "tape.weights", tape.weights, memory.longest(), first, n, begin);
  check_room(function, "tape.contexts", tape.contexts, sizes.memory, first, n, begin);
  check_room(function, "tape.carries", tape.carries, sizes.carry, first, n, begin);
}

/// Throws unless a tape has room for the gradients of all its columns: what `begin_backward` makes.
template <class S>
void check_gradients(const char* function, const LookTape<S>& tape) {
  constexpr const char* begin = "; call begin_backward(sentences, tape) first";
  check_like(function, "tape.d_projected", tape.d_projected, tape.projected, begin);
  check_like(function, "tape.d_contexts", tape.d_contexts, tape.contexts, begin);
}

/// As `check_forward`, for `backward`.
template <class S>
void check_backward(const char* function, const LookSizes& sizes, const Memory<S>& memory,
                    std::span<const Index> sentences, const LookTape<S>& tape, Index first, const Out<S>& d_queries,
                    const Memory<S>& d_memory) {
  constexpr const char* forward = "; call forward first";
  const auto n = static_cast<Index>(sentences.size());
  check_memory(function, memory, sizes.memory, sizes.key);
  check_sentences(function, memory, sentences);
  check_room(function, "tape.projected", tape.projected, sizes.projected, first, n, forward);
  check_room(function, "tape.weights", tape.weights, memory.longest(), first, n, forward);
  check_room(function, "tape.contexts", tape.contexts, sizes.memory, first, n, forward);
  check_room(function, "tape.carries", tape.carries, sizes.carry, first, n, forward);
  check_gradients(function, tape);
  check_room(function, "tape.d_carry", tape.d_carry, sizes.carry, 0, n, "; call begin_backward(sentences, tape) first");
  if (tape.d_weights.rows() > 0) check_like(function, "tape.d_weights", tape.d_weights, tape.weights);
  check_size(function, "d_queries", d_queries, sizes.query, n);
  check_gradient(function, memory, d_memory);
}

/// As `check_forward`, for `accumulate`.
template <class S>
void check_accumulate(const char* function, Index query_size, const In<S>& queries, const LookTape<S>& tape) {
  check_gradients(function, tape);
  check_size(function, "queries", queries, query_size, tape.projected.cols());
}

/// Computes the keys of a memory. Throws if the memory has another size than the scorer's.
template <class ScorerType, class S>
void prepare_keys(const char* function, const ScorerType& scorer, Memory<S>& memory) {
  check_values(function, memory, scorer.memory_size());
  memory.keys.resize(keys_of(scorer).key_size(), memory.values.cols());
  keys_of(scorer).keys(memory.values, memory.keys);
}

/// Backward of `prepare_keys`.
template <class ScorerType, class S, class Grad>
void prepare_keys_backward(const char* function, const ScorerType& scorer, const Memory<S>& memory, Memory<S>& d_memory,
                           Grad& grad) {
  check_memory(function, memory, scorer.memory_size(), keys_of(scorer).key_size());
  check_gradient(function, memory, d_memory);
  keys_of(scorer).keys_backward(memory.values, d_memory.keys, grad, d_memory.values);
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

}  // namespace heed::inline v0_1
