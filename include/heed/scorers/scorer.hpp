#pragma once

#include <heed/parameters.hpp>

#include <concepts>

namespace heed::inline v0_1 {

/// What a scorer sees of the looks before: nothing, the weights of the last one, or the sum of all weights so far.
enum class Carried { nothing, last, sum };

/// A scorer of what query and memory hold, whatever was looked at before. `score` and `score_backward` as below.
template <class C>
concept ContentScorer = requires(const C& scorer, Plain<C>& grad, const Matrix<typename C::Scalar>& in,
                                 Matrix<typename C::Scalar>& out, Buffer<typename C::Scalar>& scratch) {
  scorer.score(in, in, out, scratch);
  scorer.score_backward(in, in, in, grad, out, out, scratch);
};

/// A scorer that sees earlier looks, too: `carried()` says what, and both calls take it, T x n, after the keys;
/// `score_backward` adds to its gradient, which comes after that of the keys.
template <class C>
concept CarryingScorer = requires(const C& scorer, Plain<C>& grad, const Matrix<typename C::Scalar>& in,
                                  Matrix<typename C::Scalar>& out, Buffer<typename C::Scalar>& scratch) {
  { scorer.carried() } -> std::same_as<Carried>;
  scorer.score(in, in, in, out, scratch);
  scorer.score_backward(in, in, in, in, grad, out, out, out, scratch);
};

/// A scoring function: how well memory j matches query i. It knows neither softmax nor sentences of other lengths.
///
/// | call                                                    | once per       | meaning                             |
/// |---------------------------------------------------------|----------------|-------------------------------------|
/// | `keys(values, keys)`                                    | sentence       | what no query changes, K x T        |
/// | `project(queries, projected)`                           | step           | what no memory changes, P x n       |
/// | `score(projected, keys, scores, scratch)`               | step, sentence | scores(j, i), T x n                 |
/// | `score_backward(projected, keys, d_scores, grad,`       | step, sentence | adds to grad, d_projected, d_keys   |
/// | `               d_projected, d_keys, scratch)`          |                |                                     |
/// | `project_backward(d_projected, d_queries)`              | step           | d_queries += ...                    |
/// | `accumulate(queries, d_projected, grad)`                | batch          | parameters that `project` used      |
/// | `keys_backward(values, d_keys, grad, d_values)`         | batch          | adds to grad and d_values           |
///
/// K = `key_size()` may be 0: then nothing is computed and the values themselves serve as keys. P = `projected_size()`.
/// `scratch` is a buffer the caller owns and lends. `keys`, `project` and `score` do not allocate once it has grown.
/// A score depends on query and memory alone, or, where `depends_on_place()` is there and true, on j as well: then `score`
/// is given a sentence from its first column on, never a part of it.
template <class C>
concept Scorer = Part<C> &&(ContentScorer<C> || CarryingScorer<C>)&&requires(const C& scorer, Plain<C>& grad,
                                                                             const Matrix<typename C::Scalar>& in,
                                                                             Matrix<typename C::Scalar>& out) {
  { scorer.query_size() } -> std::convertible_to<Index>;
  { scorer.memory_size() } -> std::convertible_to<Index>;
  { scorer.key_size() } -> std::convertible_to<Index>;
  { scorer.projected_size() } -> std::convertible_to<Index>;
  scorer.keys(in, out);
  scorer.project(in, out);
  scorer.project_backward(in, out);
  scorer.accumulate(in, in, grad);
  scorer.keys_backward(in, in, grad, out);
};

namespace detail {

template <class C>
Carried carried(const C& scorer) {
  if constexpr (CarryingScorer<C>) {
    return scorer.carried();
  } else {
    return Carried::nothing;
  }
}

/// `score` and `score_backward` of any scorer: one that does not look at earlier looks is not given their carry.
template <class S, class C>
void score(const C& scorer, const In<S>& projected, const In<S>& keys, const In<S>& carry, Out<S> scores,
           Buffer<S>& scratch) {
  if constexpr (CarryingScorer<C>) {
    scorer.score(projected, keys, carry, scores, scratch);
  } else {
    scorer.score(projected, keys, scores, scratch);
  }
}
template <class S, class C>
void score_backward(const C& scorer, const In<S>& projected, const In<S>& keys, const In<S>& carry,
                    const In<S>& d_scores, Plain<C>& grad, Out<S> d_projected, Out<S> d_keys, Out<S> d_carry,
                    Buffer<S>& scratch) {
  if constexpr (CarryingScorer<C>) {
    scorer.score_backward(projected, keys, carry, d_scores, grad, d_projected, d_keys, d_carry, scratch);
  } else {
    scorer.score_backward(projected, keys, d_scores, grad, d_projected, d_keys, scratch);
  }
}

/// Whether scores depend on where in its sentence a column stands, be it by what was looked at before.
template <class C>
bool depends_on_place(const C& scorer) {
  if constexpr (requires { scorer.depends_on_place(); }) {
    return scorer.depends_on_place();
  } else {
    return carried(scorer) != Carried::nothing;
  }
}

}  // namespace detail

}  // namespace heed::inline v0_1
