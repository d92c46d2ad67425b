#pragma once

#include <heed/attention/attention.hpp>
#include <heed/core/sentence_ranges.hpp>
#include <heed/core/valid_mask.hpp>

#include <array>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The results and saved activations of an `AttentionLayer`. Use one object per thread. Its buffers only grow.
///
/// Q, M, P and K are the rows of a query, of the memory, of a projected query and of a key. n and T are the numbers of
/// query columns and of memory columns of all sentences.
template <class S>
struct AttentionLayerTape {
  Buffer<S> contexts;  ///< M x n: the result
  Buffer<S> weights;   ///< longest sentence x n: the attention weights, zero below the end of a query's sentence

  Buffer<S> queries, memory;                       ///< saved inputs: Q x n, M x T
  std::vector<Index> query_starts, memory_starts;  ///< first column of each sentence, then the column count
  Buffer<S> projected, keys;                       ///< projected queries P x n, keys K x T
  Buffer<S> carry, d_carry;                        ///< earlier weights: zeros, queries are independent; gradient
  Buffer<S> d_projected, d_keys, d_scores;         ///< gradients of backward
  Buffer<S> scratch;                               ///< temporary buffer of the scorer
};

/// Attention as a layer of your own network: queries attend to a memory. The queries are independent of each other.
///
///     scores_ji = score(query_i, memory_j)      weights = normalise(scores)      context_i = sum_j weights_ji memory_j
///
/// Bahdanau, Cho & Bengio 2015, equations 5 and 6, with any scorer and normaliser. Shapes: queries Q x n, memory M x T,
/// contexts M x n.
///
///     heed::AttentionLayer<heed::AdditiveScorer<float>> layer{{Q, M, 64}, {}};  // alignment size 64
///     heed::initialize(layer, random);  // heed::Random random(seed); the constructor sets all parameters to zero
///     auto grad = heed::zeros_like(layer);
///     heed::AttentionLayerTape<float> tape;
///     const auto& contexts = layer.forward(queries, memory, tape);
///     layer.backward(d_contexts, tape, grad, d_queries, d_memory);  // adds to grad, d_queries and d_memory
///
/// A batch has a range of query columns and a range of memory columns for each sentence. A query attends only to its
/// own sentence. A scorer that uses earlier weights (coverage, convolutional) gets zeros. `valid` is true for a memory
/// column that the query may attend to, the opposite of PyTorch's `key_padding_mask`.
///
/// `forward` does not allocate once the buffers of the tape are large enough. It throws heed::Error if a size does not
/// match, if queries and memory have different numbers of sentences, if a sentence has no query or no memory column, if
/// the mask excludes all memory columns of a query, or if all scores of a query are -inf.
template <class ScorerType, class NormalizerType = Softmax>
struct AttentionLayer {
  static_assert(detail::check_scorer<ScorerType>());
  static_assert(Normalizer<NormalizerType>, "AttentionLayer: the second argument must model heed::Normalizer");
  using Scalar = typename ScorerType::Scalar;
  using S = Scalar;
  using Tape = AttentionLayerTape<S>;

  ScorerType scorer;                                ///< computes the scores
  [[no_unique_address]] NormalizerType normalizer;  ///< turns scores into weights

  /// Returns the contexts of queries over the memory of one sentence: `tape.contexts`, M x n.
  const Buffer<S>& forward(const In<S>& queries, const In<S>& memory, Tape& tape, const ValidMask& valid = {}) const {
    const std::array<Index, 2> of_queries{0, queries.cols()}, of_memory{0, memory.cols()};
    return forward(queries, of_queries, memory, of_memory, tape, valid);
  }

  /// Overload for a batch of B sentences. Both spans have B + 1 elements: the first column of each sentence (0 for the
  /// first), then the number of columns. Sentence b has the query columns query_starts[b] to query_starts[b + 1] - 1
  /// and the memory columns memory_starts[b] to memory_starts[b + 1] - 1.
  const Buffer<S>& forward(const In<S>& queries, std::span<const Index> query_starts, const In<S>& memory,
                           std::span<const Index> memory_starts, Tape& tape, const ValidMask& valid = {}) const {
    tape.memory_starts.clear();  // if forward throws, backward rejects the tape
    const SentenceRanges of_queries = ranges(query_starts, "queries");
    const SentenceRanges of_memory = ranges(memory_starts, "memory columns, there is nothing to attend to");
    check(queries, of_queries, memory, of_memory);
    const Index n = queries.cols(), longest = of_memory.longest();
    valid.check("AttentionLayer.forward", memory.cols(), longest, n);
    tape.queries.assign(queries);
    tape.memory.assign(memory);
    tape.projected.resize(detail::queries_of(scorer).projected_size(), n);
    tape.keys.resize(detail::keys_of(scorer).key_size(), memory.cols());
    tape.weights.resize(longest, n);
    tape.contexts.resize(memory.rows(), n);
    tape.carry.resize(detail::carried(scorer) == Carried::nothing ? 0 : longest, of_queries.longest());
    tape.carry.setZero();
    detail::queries_of(scorer).project(In<S>(tape.queries), tape.projected);
    detail::keys_of(scorer).keys(tape.memory, tape.keys);
    for_each_sentence(of_queries, of_memory, [&](Index i, Index count, Index j, Index length) {
      attend(tape, valid, i, count, j, length);
      tape.weights.block(length, i, longest - length, count).setZero();
    });
    tape.query_starts.assign(query_starts.begin(), query_starts.end());
    tape.memory_starts.assign(memory_starts.begin(), memory_starts.end());
    return tape.contexts;
  }

  /// Backward of `forward`; `tape` is the tape of the last `forward`. d_contexts is dL/dcontexts, M x n. Adds the
  /// gradients of the parameters to grad, of the queries to d_queries (Q x n), and of the memory to d_memory (M x T).
  ///
  /// May allocate. Throws heed::Error if a size does not match, or if the last `forward` with this tape is missing or
  /// threw. In the body, `// was: f` names the operation of `forward` that the line differentiates.
  void backward(const In<S>& d_contexts, Tape& tape, AttentionLayer& grad, Out<S> d_queries, Out<S> d_memory) const {
    require(!tape.memory_starts.empty(),
            "AttentionLayer.backward: the tape has no saved activations; call forward first");
    detail::check_size("AttentionLayer.backward", "d_contexts", d_contexts, tape.contexts.rows(), tape.contexts.cols());
    detail::check_size("AttentionLayer.backward", "d_queries", d_queries, tape.queries.rows(), tape.queries.cols());
    detail::check_size("AttentionLayer.backward", "d_memory", d_memory, tape.memory.rows(), tape.memory.cols());
    tape.d_projected.resize(tape.projected.rows(), tape.projected.cols());
    tape.d_projected.setZero();
    tape.d_keys.resize(tape.keys.rows(), tape.keys.cols());
    tape.d_keys.setZero();
    tape.d_scores.resize(tape.weights.rows(), tape.weights.cols());
    tape.d_carry.resize(tape.carry.rows(), tape.carry.cols());
    tape.d_carry.setZero();
    for_each_sentence(tape.query_starts, tape.memory_starts, [&](Index i, Index count, Index j, Index length) {
      const auto weights = tape.weights.block(0, i, length, count);
      auto d_scores = tape.d_scores.block(0, i, length, count);
      detail::average_backward<S>(tape.memory.middleCols(j, length), weights, d_contexts.middleCols(i, count), d_scores,
                                  d_memory.middleCols(j, length));  // was: context
      normalizer.backward(weights, d_scores);                       // was: normalise
      const Index carried = tape.carry.rows() > 0 ? length : 0;
      Out<S> d_keys = tape.keys.rows() > 0 ? Out<S>(tape.d_keys.middleCols(j, length)) : d_memory.middleCols(j, length);
      detail::score_backward<S>(scorer, tape.projected.middleCols(i, count), keys_of(tape, j, length),
                                tape.carry.block(0, 0, carried, count), d_scores, grad.scorer,
                                tape.d_projected.middleCols(i, count), d_keys, tape.d_carry.block(0, 0, carried, count),
                                tape.scratch);  // was: score
    });
    detail::queries_of(scorer).project_backward(tape.d_projected, d_queries);  // was: project
    detail::queries_of(scorer).accumulate(tape.queries, tape.d_projected, grad.scorer);
    detail::keys_of(scorer).keys_backward(tape.memory, tape.d_keys, grad.scorer, d_memory);  // was: keys
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("scorer", self.scorer...);
    visit("normalizer", self.normalizer...);
  }

 private:
  /// The ranges of the sentences. Throws heed::Error if a sentence has no column; `columns` is the noun for the
  /// message.
  static SentenceRanges ranges(std::span<const Index> starts, const char* columns) {
    for (std::size_t b = 1; b < starts.size(); ++b) {
      require(starts[b] != starts[b - 1],
              [&] { return "AttentionLayer.forward: sentence " + std::to_string(b - 1) + " has no " + columns; });
    }
    return starts;
  }

  void check(const In<S>& queries, const SentenceRanges& of_queries, const In<S>& memory,
             const SentenceRanges& of_memory) const {
    detail::check_size("AttentionLayer.forward", "queries", queries, scorer.query_size(), of_queries.columns());
    detail::check_size("AttentionLayer.forward", "memory", memory, scorer.memory_size(), of_memory.columns());
    require(of_queries.sentences() == of_memory.sentences(), [&] {
      return "AttentionLayer.forward: the memory must have " + std::to_string(of_queries.sentences()) +
             " sentences, as the queries have, got " + std::to_string(of_memory.sentences());
    });
  }

  /// Calls use(first query, number of queries, first memory column, number of memory columns) for every sentence.
  template <class Use>
  static void for_each_sentence(const SentenceRanges& queries, const SentenceRanges& memory, const Use& use) {
    for (Index b = 0; b < queries.sentences(); ++b) {
      use(queries.start(b), queries.length(b), memory.start(b), memory.length(b));
    }
  }

  /// The keys of one sentence: those that the scorer computes, or the memory.
  static auto keys_of(const Tape& tape, Index j, Index length) {
    return (tape.keys.rows() > 0 ? tape.keys : tape.memory).middleCols(j, length);
  }

  /// Computes the weights and contexts of queries i to i + count - 1 over memory columns j to j + length - 1.
  void attend(Tape& tape, const ValidMask& valid, Index i, Index count, Index j, Index length) const {
    const In<S> projected(tape.projected.middleCols(i, count)), values(tape.memory.middleCols(j, length));
    const In<S> keys(keys_of(tape, j, length));
    const In<S> carry(tape.carry.block(0, 0, tape.carry.rows() > 0 ? length : 0, count));
    auto weights = tape.weights.block(0, i, length, count);
    auto contexts = tape.contexts.middleCols(i, count);
    if (!valid.is_given()) {
      detail::attend_sentence<ScorerType, NormalizerType, S>(scorer, normalizer, projected, values, keys, carry,
                                                             weights, contexts, tape.scratch);
      detail::check_weights<ScorerType, S>("AttentionLayer.forward", i, scorer, projected, keys, carry, weights,
                                           tape.scratch);
      return;
    }
    detail::score<S>(scorer, projected, keys, carry, weights, tape.scratch);
    valid.exclude("AttentionLayer.forward", j, i, weights);
    detail::check_scores<S>("AttentionLayer.forward", i, weights);
    normalizer.forward(weights);
    detail::average<S>(values, weights, contexts);
  }
};

/// Returns the scores of queries (Q x n) over one memory (M x T), before normalisation: T x n. Throws heed::Error if
/// the memory is empty or a size does not match.
template <class ScorerType, class Queries, class Values>
Matrix<typename ScorerType::Scalar> scores(const ScorerType& scorer, const Eigen::MatrixBase<Queries>& queries,
                                           const Eigen::MatrixBase<Values>& memory) {
  static_assert(detail::check_scorer<ScorerType>());
  using S = typename ScorerType::Scalar;
  AttendWorkspace<S> work;
  const In<S> values(memory), keys = detail::project_queries<ScorerType>("scores", scorer, queries, values, work);
  Matrix<S> result(values.cols(), queries.cols());
  detail::score<S>(scorer, work.projected, keys, work.carry, result, work.scratch);
  return result;
}

/// Overload of `attend` (attention/attention.hpp) with any normaliser and a mask. Returns the contexts (M x n) and the
/// weights (T x n).
///
///     auto [context, weights] = heed::attend(scorer, heed::Sparsemax(), query, memory);
///
/// Throws heed::Error if the memory is empty, if a size does not match, or if the mask and scores of -inf exclude all
/// memory columns of a query.
template <class ScorerType, class NormalizerType, class Queries, class Values>
requires Normalizer<NormalizerType> Attended<typename ScorerType::Scalar> attend(
    const ScorerType& scorer, const NormalizerType& normalizer, const Eigen::MatrixBase<Queries>& queries,
    const Eigen::MatrixBase<Values>& memory, const ValidMask& valid = {}) {
  static_assert(detail::check_scorer<ScorerType>());
  using S = typename ScorerType::Scalar;
  const In<S> values(memory);
  valid.check("attend", values.cols(), values.cols(), queries.cols());
  AttendWorkspace<S> work;
  const In<S> keys = detail::project_queries<ScorerType>("attend", scorer, queries, values, work);
  Attended<S> result{Matrix<S>(values.rows(), queries.cols()), Matrix<S>(values.cols(), queries.cols())};
  detail::score<S>(scorer, work.projected, keys, work.carry, result.weights, work.scratch);
  valid.exclude("attend", 0, 0, result.weights);
  detail::check_scores<S>("attend", 0, result.weights);
  normalizer.forward(result.weights);
  detail::average<S>(values, result.weights, result.context);
  return result;
}

}}  // namespace heed::v0_2
