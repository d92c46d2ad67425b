#pragma once

#include <heed/attention/attention_mechanism.hpp>
#include <heed/kernels/online_softmax.hpp>
#include <heed/normalizers/softmax.hpp>
#include <heed/scorers/scorer.hpp>

#include <span>
#include <string>
#include <type_traits>

namespace heed { inline namespace v0_2 {

namespace detail {

/// True if the normaliser is a plain softmax, so scores can be normalised online.
template <class N>
bool is_softmax(const N& normalizer) {
  if constexpr (requires { normalizer.is_softmax(); }) {
    return normalizer.is_softmax();
  } else {
    return std::is_same_v<N, Softmax>;
  }
}

/// Computes the weights and contexts of n projected queries over one sentence. Overwrites weights and contexts.
///
/// Uses an online softmax, which passes over the memory only once, if the normaliser is softmax, the values are the
/// keys, the scores do not depend on the position, and the sentence is long. For a given scorer and normaliser, this
/// choice depends only on the size of the sentence.
template <class ScorerType, class NormalizerType, class S>
void attend_sentence(const ScorerType& scorer, const NormalizerType& normalizer, const In<S>& projected,
                     const In<S>& values, const In<S>& keys, const In<S>& carry, Out<S> weights, Out<S> contexts,
                     Buffer<S>& scratch) {
  const Index rows = values.rows(), cols = values.cols(), n = projected.cols();
  if (is_softmax(normalizer) && keys_of(scorer).key_size() == 0 && !depends_on_position(scorer) &&
      OnlineSoftmax<S>::pays(rows, cols)) {
    const auto read = [&](Index j, Index) { return Columns<const S>(columns_of(values)).from(j); };
    OnlineSoftmax<S>::run(rows, cols, n, read, values.colStride(), columns_of(weights), columns_of(contexts),
                          [&](Index j, Index width, Index first, Index count) {
                            score<S>(scorer, projected.middleCols(first, count), values.middleCols(j, width), carry,
                                     weights.block(j, first, width, count), scratch);
                          });
    return;
  }
  score<S>(scorer, projected, keys, carry, weights, scratch);
  normalizer.forward(weights);
  average<S>(values, weights, contexts);
}

/// Throws heed::Error, with `function` in the message, if all scores of a query are -inf. Column 0 of the scores
/// belongs to query `first`.
template <class S>
void check_scores(const char* function, Index first, const In<S>& scores) {
  for (Index i = 0; i < scores.cols(); ++i) {
    bool none = true;
    for (Index j = 0; j < scores.rows(); ++j) none = none && is_excluded<S>(scores(j, i));
    require(!none, [&] {
      return function + (": all scores of query " + std::to_string(first + i)) +
             " are -inf, there is nothing to attend to";
    });
  }
}

/// Like `check_scores`, but after the weights overwrote the scores: throws if the weights of a query are NaN because
/// all its scores are -inf. Weights that are NaN because a score is NaN or +inf stay NaN.
template <class ScorerType, class S>
void check_weights(const char* function, Index first, const ScorerType& scorer, const In<S>& projected,
                   const In<S>& keys, const In<S>& carry, Out<S> weights, Buffer<S>& scratch) {
  for (Index i = 0; i < weights.cols(); ++i) {
    if (weights(0, i) == weights(0, i)) continue;
    auto scores = weights.col(i);  // recomputed
    score<S>(scorer, projected.col(i), keys, carry.col(i), scores, scratch);
    check_scores<S>(function, first + i, scores);
    scores.setConstant(S(Limits<S>::quiet_NaN()));
  }
}

/// `attend_sentence` over a bfloat16 memory, for the sentence whose `cols` columns begin at `start`. Converts one block
/// of columns at a time to float.
template <class ScorerType, class NormalizerType>
void attend_bfloat16(const ScorerType& scorer, const NormalizerType& normalizer, const In<float>& projected,
                     const Bfloat16Columns& values, const Bfloat16Columns& keys, Index start, Index cols,
                     Out<float> weights, Out<float> contexts, AttentionScratch<float>& scratch) {
  using Pass = OnlineSoftmax<float>;
  const Index rows = values.rows(), n = projected.cols();
  const auto read = [&](Index j, Index width) { return values.unfold(start + j, width, scratch.values); };
  const auto score_block = [&](Index j, Index width, Index first, Index count) {
    const bool own = keys.rows() > 0;
    if (own) keys.unfold(start + j, width, scratch.keys);
    const auto& block = own ? scratch.keys : scratch.values;
    score<float>(scorer, projected.middleCols(first, count), block.topLeftCorner(own ? keys.rows() : rows, width),
                 block.topLeftCorner(0, 0), weights.block(j, first, width, count), scratch.scorer);
  };
  if (is_softmax(normalizer)) {
    Pass::run(rows, cols, n, read, 0, columns_of(weights), columns_of(contexts), score_block);
  } else {
    const auto for_each_block = [&](const auto& use) {
      for (Index j = 0; j < cols; j += Pass::block(rows)) use(j, std::min(Pass::block(rows), cols - j));
    };
    for_each_block([&](Index j, Index width) {
      if (keys.rows() == 0) read(j, width);
      score_block(j, width, 0, n);
    });
    normalizer.forward(weights);
    for_each_block([&](Index j, Index width) {
      WeightedSum<float>::add(rows, width, n, read(j, width), {weights.col(0).data() + j, weights.colStride()},
                              columns_of(contexts), j == 0);
    });
  }
}

}  // namespace detail

/// Attention over a whole sentence, Bahdanau, Cho & Bengio 2015, equations 5 and 6, with any scorer and normaliser.
///
///     scores_j = score(q, h_j)      weights = normalise(scores)      context = sum_j weights_j h_j
///
/// Query column i attends to the sentence `sentences[i]` of the memory. Neighbouring queries of the same sentence are
/// processed together. Shapes: queries Q x n, projected P x n, weights longest x n (zero below the end of a column's
/// sentence), contexts M x n. The carry is longest x n for a scorer that uses earlier weights: the weights of the last
/// step, or the sum of all earlier weights.
template <class ScorerType, class NormalizerType = Softmax>
struct Attention {
  static_assert(detail::check_scorer<ScorerType>());
  static_assert(Normalizer<NormalizerType>, "Attention: the second argument must model heed::Normalizer");
  using Scalar = typename ScorerType::Scalar;
  using S = Scalar;

  ScorerType scorer;                                ///< computes the scores
  [[no_unique_address]] NormalizerType normalizer;  ///< turns scores into weights

  AttentionSizes sizes(Index longest) const {
    AttentionSizes rows = detail::sizes_of(scorer);
    if (detail::carried(scorer) != Carried::nothing) rows.carry = longest;
    return rows;
  }

  /// Computes the keys of a memory, once per batch. Throws heed::Error if the values do not have the memory size of the
  /// scorer.
  void prepare(Memory<S>& memory) const { detail::prepare_keys("Attention.prepare", scorer, memory); }

  /// Computes the weights and contexts of one step. Does not allocate once the buffers of the tape are large enough.
  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S> carry,
               AttentionTape<S>& tape, Index first, RandomStreams = nullptr) const {
    require(!memory.is_bfloat16() || !detail::depends_on_position(scorer),
            "Attention: scorers that depend on the position do not support a bfloat16 memory");
    detail::check_forward("Attention.forward", sizes(memory.longest()), queries, memory, sentences, carry, tape, first);
    const Index n = queries.cols();
    auto projected = tape.projected.middleCols(first, n), weights = tape.weights.middleCols(first, n);
    auto contexts = tape.contexts.middleCols(first, n), carried = tape.carries.middleCols(first, n);
    carried = carry;
    detail::queries_of(scorer).project(queries, projected);
    detail::for_each_sentence(sentences, [&](Index b, Index i, Index count) {
      const Index length = memory.length(b);
      attend_sentence(projected.middleCols(i, count), memory, b,
                      carried.block(0, i, carry.rows() > 0 ? length : 0, count), weights.block(0, i, length, count),
                      contexts.middleCols(i, count), tape.scratch);
      weights.block(length, i, weights.rows() - length, count).setZero();
    });
    const Carried what = detail::carried(scorer);
    if (what == Carried::last) carry = weights;
    if (what == Carried::sum) carry += weights;
  }

  void backward(const Memory<S>& memory, std::span<const Index> sentences, AttentionTape<S>& tape, Index first,
                Attention& grad, Out<S> d_queries, Memory<S>& d_memory) const {
    require(!memory.is_bfloat16(), "Attention.backward: a bfloat16 memory is for inference only");
    detail::check_backward("Attention.backward", sizes(memory.longest()), memory, sentences, tape, first, d_queries,
                           d_memory);
    const Index n = static_cast<Index>(sentences.size());
    const auto projected = tape.projected.middleCols(first, n), weights = tape.weights.middleCols(first, n);
    auto d_projected = tape.d_projected.middleCols(first, n), d_carry = tape.d_carry.leftCols(n);
    d_projected.setZero();
    tape.d_scores.resize(weights.rows(), n);
    detail::for_each_sentence(sentences, [&](Index b, Index i, Index count) {
      const Index length = memory.length(b), handed = d_carry.rows() > 0 ? length : 0;
      const auto w = weights.block(0, i, length, count);
      auto d = tape.d_scores.block(0, i, length, count);
      auto d_handed = d_carry.block(0, i, handed, count);
      detail::average_backward<S>(memory.values_of(b), w, tape.d_contexts.middleCols(first + i, count), d,
                                  d_memory.values_of(b));  // was: contexts
      if (tape.d_weights.rows() > 0)
        d += tape.d_weights.block(0, first + i, length, count);          // was: a loss of the weights
      if (handed > 0) d += d_handed;                                     // was: carry
      if (detail::carried(scorer) == Carried::last) d_handed.setZero();  // was: carry = weights
      normalizer.backward(w, d);                                         // was: normalise
      detail::score_backward<S>(scorer, projected.middleCols(i, count), memory.keys_of(b),
                                tape.carries.block(0, first + i, handed, count), d, grad.scorer,
                                d_projected.middleCols(i, count), d_memory.keys_of(b), d_handed,
                                tape.scratch.scorer);  // was: score
    });
    detail::queries_of(scorer).project_backward(d_projected, d_queries);  // was: project
  }

  void finish_backward(const In<S>& queries, const Memory<S>& memory, const AttentionTape<S>& tape, Attention& grad,
                       Memory<S>& d_memory) const {
    detail::finish_scorer_backward("Attention.finish_backward", scorer, queries, memory, tape, grad.scorer, d_memory);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("scorer", self.scorer...);
    visit("normalizer", self.normalizer...);
  }

 private:
  void attend_sentence(const In<S>& projected, const Memory<S>& memory, Index b, const In<S>& carry, Out<S> weights,
                       Out<S> contexts, AttentionScratch<S>& scratch) const {
    if constexpr (std::is_same_v<S, float>) {
      if (memory.is_bfloat16()) {
        return detail::attend_bfloat16(scorer, normalizer, projected, memory.bfloat16_values(), memory.bfloat16_keys(),
                                       memory.start(b), memory.length(b), weights, contexts, scratch);
      }
    }
    detail::attend_sentence<ScorerType, NormalizerType, S>(scorer, normalizer, projected, memory.values_of(b),
                                                           memory.keys_of(b), carry, weights, contexts, scratch.scorer);
  }
};

/// The result of `attend`, one column per query.
template <class S>
struct Attended {
  Matrix<S> context;  ///< memory size x n
  Matrix<S> weights;  ///< T x n, columns sum to 1
};

/// The temporary buffers of `attend`. Use one object for many calls, so that they do not allocate.
template <class S>
struct AttendWorkspace {
  Buffer<S> keys, projected, carry, scratch;  ///< keys, projected queries, carry (zeros), scratch of the scorer
};

namespace detail {

/// Projects the queries, sets the carry to zero, and returns the keys: those that the scorer computes, or the values.
/// Throws heed::Error, with `function` in the message, if the memory is empty or a size does not match.
template <class ScorerType, class S = typename ScorerType::Scalar>
In<S> project_queries(const char* function, const ScorerType& scorer, const In<typename ScorerType::Scalar>& queries,
                      const In<typename ScorerType::Scalar>& values, AttendWorkspace<S>& work) {
  const Index n = queries.cols(), T = values.cols();
  check_size(function, "queries", queries, scorer.query_size(), n);
  check_size(function, "memory", values, scorer.memory_size(), T);
  require(T > 0, [&] { return function + std::string(": the memory is empty, there is nothing to attend to"); });
  work.projected.resize(queries_of(scorer).projected_size(), n);
  work.keys.resize(keys_of(scorer).key_size(), T);
  queries_of(scorer).project(queries, work.projected);
  keys_of(scorer).keys(values, work.keys);
  work.carry.resize(carried(scorer) == Carried::nothing ? 0 : T, n);
  work.carry.setZero();
  return work.keys.rows() > 0 ? In<S>(work.keys) : values;
}

}  // namespace detail

/// Attention as a function, for use in your own network: queries (Q x n) attend to one memory (M x T).
///
///     scores_ji = score(query_i, memory_j)      weights = softmax(scores)      context_i = sum_j weights_ji memory_j
///
/// The queries are independent: a scorer that uses earlier weights gets zeros. Each matrix can be an Eigen expression,
/// a `Map`, a `Block` or a fixed-size vector. Overwrites context (M x n) and weights (T x n). A score of -inf excludes
/// its memory column: the weight is exactly 0. A score of NaN or +inf gives NaN. Does not allocate once the buffers of
/// the workspace are large enough. Throws heed::Error if the memory is empty, if a size does not match, or if all
/// scores of a query are -inf.
template <class ScorerType, class Queries, class Values, class Context, class Weights>
void attend(const ScorerType& scorer, const Eigen::MatrixBase<Queries>& queries,
            const Eigen::MatrixBase<Values>& memory, Context&& context, Weights&& weights,
            AttendWorkspace<typename ScorerType::Scalar>& work) {
  static_assert(detail::check_scorer<ScorerType>());
  using S = typename ScorerType::Scalar;
  const In<S> values(memory);
  const In<S> keys = detail::project_queries<ScorerType>("attend", scorer, queries, values, work);
  detail::check_size("attend", "context", context, memory.rows(), queries.cols());
  detail::check_size("attend", "weights", weights, memory.cols(), queries.cols());
  detail::attend_sentence<ScorerType, Softmax, S>(scorer, Softmax(), work.projected, values, keys, work.carry, weights,
                                                  context, work.scratch);
  detail::check_weights<ScorerType, S>("attend", 0, scorer, work.projected, keys, work.carry, weights, work.scratch);
}

/// Overload that returns its results: `auto [context, weights] = heed::attend(scorer, query, memory);`
template <class ScorerType, class Queries, class Values>
Attended<typename ScorerType::Scalar> attend(const ScorerType& scorer, const Eigen::MatrixBase<Queries>& queries,
                                             const Eigen::MatrixBase<Values>& memory) {
  using S = typename ScorerType::Scalar;
  Attended<S> result{Matrix<S>(memory.rows(), queries.cols()), Matrix<S>(memory.cols(), queries.cols())};
  AttendWorkspace<S> work;
  attend(scorer, queries, memory, result.context, result.weights, work);
  return result;
}

}}  // namespace heed::v0_2
