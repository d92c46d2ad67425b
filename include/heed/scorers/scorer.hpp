#pragma once

#include <heed/parameters.hpp>

#include <concepts>
#include <type_traits>

namespace heed::inline v0_1 {

namespace detail {

/// Stands in for a scorer that makes no keys: the values themselves are matched.
struct ValuesAreKeys {
  Index key_size() const { return 0; }
  void keys(const auto&, const auto&) const {}
  void keys_backward(const auto&, const auto&, const auto&, const auto&) const {}
};

/// Stands in for a scorer that projects nothing: queries are matched as they are.
struct QueriesAsTheyAre {
  Index size;

  Index projected_size() const { return size; }
  void project(const auto& queries, auto&& projected) const { projected = queries; }
  void project_backward(const auto& d_projected, auto&& d_queries) const {
    d_queries += d_projected;  // was: projected = queries
  }
  void accumulate(const auto&, const auto&, const auto&) const {}
};

/// Whether a scorer has any of these functions; then it must have all of them.
template <class C, class In = Matrix<typename C::Scalar>>
concept MakesKeys = requires(C& scorer) {
  scorer.key_size();
}
|| requires(C& scorer, const In& in, In& out) { scorer.keys(in, out); }
|| requires(C& scorer, Plain<C>& grad, const In& in, In& out) { scorer.keys_backward(in, in, grad, out); };
template <class C, class In = Matrix<typename C::Scalar>>
concept Projects = requires(C& scorer) {
  scorer.projected_size();
}
|| requires(C& scorer, const In& in, In& out) { scorer.project(in, out); }
|| requires(C& scorer, const In& in, In& out) { scorer.project_backward(in, out); }
|| requires(C& scorer, Plain<C>& grad, const In& in) { scorer.accumulate(in, in, grad); };

template <class C>
using KeysOf = std::conditional_t<MakesKeys<C>, C, ValuesAreKeys>;
template <class C>
using ProjectionOf = std::conditional_t<Projects<C>, C, QueriesAsTheyAre>;

/// Who does what of `keys` is optional: the scorer, or what stands in for it. Attention calls these.
template <class C>
decltype(auto) keys_of(const C& scorer) {
  if constexpr (MakesKeys<C>) {
    return (scorer);
  } else {
    return ValuesAreKeys{};
  }
}
/// The same of `project`.
template <class C>
decltype(auto) projection_of(const C& scorer) {
  if constexpr (Projects<C>) {
    return (scorer);
  } else {
    return QueriesAsTheyAre{scorer.query_size()};
  }
}

}  // namespace detail

/// A scoring function: how well memory j matches query i. It knows neither softmax nor sentences of other lengths.
///
/// | call                                                    | once per       | meaning                             |
/// |---------------------------------------------------------|----------------|-------------------------------------|
/// | `query_size()`, `memory_size()`                         |                | of the columns it takes: Q, M       |
/// | `score(projected, keys, scores, scratch)`               | step, sentence | scores(j, i), T x n                 |
/// | `score_backward(projected, keys, d_scores, grad,`       | step, sentence | adds to grad, d_projected, d_keys   |
/// | `               d_projected, d_keys, scratch)`          |                |                                     |
/// | all or none of these; without, the values are the keys: |                |                                     |
/// | `key_size()`                                            |                | K, which may be 0                   |
/// | `keys(values, keys)`                                    | sentence       | what no query changes, K x T        |
/// | `keys_backward(values, d_keys, grad, d_values)`         | batch          | adds to grad and d_values           |
/// | all or none of these; without, projected = queries:     |                |                                     |
/// | `projected_size()`                                      |                | P                                   |
/// | `project(queries, projected)`                           | step           | what no memory changes, P x n       |
/// | `project_backward(d_projected, d_queries)`              | step           | d_queries += ...                    |
/// | `accumulate(queries, d_projected, grad)`                | batch          | parameters that `project` used      |
///
/// Where K is 0 nothing is computed either, and the values serve as keys. `scratch` is a buffer the caller owns and
/// lends. `keys`, `project` and `score` do not allocate once it has grown.
template <class C>
concept Scorer = Part<C> &&
    requires(const C& scorer, const detail::KeysOf<C>& by_keys, const detail::ProjectionOf<C>& by_projection,
             Plain<C>& grad, const Matrix<typename C::Scalar>& in, Matrix<typename C::Scalar>& out,
             Buffer<typename C::Scalar>& scratch) {
  { scorer.query_size() } -> std::convertible_to<Index>;
  { scorer.memory_size() } -> std::convertible_to<Index>;
  scorer.score(in, in, out, scratch);
  scorer.score_backward(in, in, in, grad, out, out, scratch);
  { by_keys.key_size() } -> std::convertible_to<Index>;
  by_keys.keys(in, out);
  by_keys.keys_backward(in, in, grad, out);
  { by_projection.projected_size() } -> std::convertible_to<Index>;
  by_projection.project(in, out);
  by_projection.project_backward(in, out);
  by_projection.accumulate(in, in, grad);
};

}  // namespace heed::inline v0_1
