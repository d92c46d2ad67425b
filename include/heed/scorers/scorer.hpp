#pragma once

#include <heed/parameters.hpp>

#include <concepts>

namespace heed::inline v0_1 {

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
template <class C>
concept Scorer = Part<C> && requires(const C& scorer, Plain<C>& grad, const Matrix<typename C::Scalar>& in,
                                     Matrix<typename C::Scalar>& out, Buffer<typename C::Scalar>& scratch) {
  { scorer.query_size() } -> std::convertible_to<Index>;
  { scorer.memory_size() } -> std::convertible_to<Index>;
  { scorer.key_size() } -> std::convertible_to<Index>;
  { scorer.projected_size() } -> std::convertible_to<Index>;
  scorer.keys(in, out);
  scorer.project(in, out);
  scorer.score(in, in, out, scratch);
  scorer.score_backward(in, in, in, grad, out, out, scratch);
  scorer.project_backward(in, out);
  scorer.accumulate(in, in, grad);
  scorer.keys_backward(in, in, grad, out);
};

}  // namespace heed::inline v0_1
