#pragma once

#include <heed/parameters.hpp>

#include <concepts>
#include <string>
#include <type_traits>

namespace heed::inline v0_1 {

/// What a scorer sees of the looks before: nothing, the weights of the last one, or the sum of all weights so far.
enum class Carried { nothing, last, sum };

namespace detail {

// What stands in for a scorer where it leaves something out.

/// It makes no keys: the values themselves are matched.
struct ValuesAreKeys {
  Index key_size() const { return 0; }
  void keys(const auto&, const auto&) const {}
  void keys_backward(const auto&, const auto&, const auto&, const auto&) const {}
};

/// It does not project: queries are matched as they are.
struct QueriesAsTheyAre {
  Index size;

  Index projected_size() const { return size; }
  void project(const auto& queries, auto&& projected) const { projected = queries; }
  void project_backward(const auto& d_projected, auto&& d_queries) const {
    d_queries += d_projected;  // was: projected = queries
  }
  void accumulate(const auto&, const auto&, const auto&) const {}
};

/// It scores in the other of the two ways.
struct ScoresOtherwise {
  Carried carried() const { return Carried::nothing; }
  void score(const auto&...) const {}
  void score_backward(const auto&...) const {}
};

/// Whether a scorer has one of the functions that go together: then it must have all of them, as the concept says.
template <class C, class X = Matrix<typename C::Scalar>>
consteval bool makes_keys() {
  const bool size = requires(C & scorer) { scorer.key_size(); };
  const bool forward = requires(C & scorer, const X& in, X& out) { scorer.keys(in, out); };
  const bool backward = requires(C & scorer, C & grad, const X& in, X& out) {
    scorer.keys_backward(in, in, grad, out);
  };
  return size || forward || backward;
}
template <class C, class X = Matrix<typename C::Scalar>>
consteval bool projects() {
  const bool size = requires(C & scorer) { scorer.projected_size(); };
  const bool forward = requires(C & scorer, const X& in, X& out) { scorer.project(in, out); };
  const bool backward = requires(C & scorer, const X& in, X& out) { scorer.project_backward(in, out); };
  const bool products = requires(C & scorer, C & grad, const X& in) { scorer.accumulate(in, in, grad); };
  return size || forward || backward || products;
}
template <class C, class X = Matrix<typename C::Scalar>>
consteval bool sees_carry() {
  using Scratch = Buffer<typename C::Scalar>;
  const bool what = requires(C & scorer) { scorer.carried(); };
  const bool forward = requires(C & scorer, const X& in, X& out, Scratch& scratch) {
    scorer.score(in, in, in, out, scratch);
  };
  const bool backward = requires(C & scorer, C & grad, const X& in, X& out, Scratch& scratch) {
    scorer.score_backward(in, in, in, in, grad, out, out, out, scratch);
  };
  return what || forward || backward;
}

}  // namespace detail

/// A scoring function: how well memory j matches query i. It knows neither softmax nor sentences of other lengths.
///
/// | call                                                    | once per       | meaning                             |
/// |---------------------------------------------------------|----------------|-------------------------------------|
/// | `query_size()`, `memory_size()`                         |                | Q, M: of the columns it takes       |
/// | `score(projected, keys, scores, scratch)`               | step, sentence | scores(j, i), T x n                 |
/// | `score_backward(projected, keys, d_scores, grad,`       | step, sentence | adds to grad, d_projected, d_keys   |
/// | `               d_projected, d_keys, scratch)`          |                |                                     |
/// | all or none of these; without, keys are the values:     |                |                                     |
/// | `key_size()`                                            |                | K; 0: as if without                 |
/// | `keys(values, keys)`                                    | sentence       | what no query changes, K x T        |
/// | `keys_backward(values, d_keys, grad, d_values)`         | batch          | adds to grad and d_values           |
/// | all or none of these; without, projected = queries:     |                |                                     |
/// | `projected_size()`                                      |                | P                                   |
/// | `project(queries, projected)`                           | step           | what no memory changes, P x n       |
/// | `project_backward(d_projected, d_queries)`              | step           | d_queries += ...                    |
/// | `accumulate(queries, d_projected, grad)`                | batch          | parameters that `project` used      |
/// | where scores depend on more than query and memory:      |                |                                     |
/// | `carried()`                                             |                | what it sees of earlier looks       |
/// | `depends_on_place()`                                    |                | whether on j as well                |
///
/// Every function of heed's scorers throws `Error` if the size of an argument does not fit, that of grad included.
///
/// `scratch` is a buffer the caller owns and lends. `keys`, `project` and `score` do not allocate once it has grown.
/// A score depends on query and memory alone, or, where `depends_on_place()` is there and true, on j as well: then `score`
/// is given a sentence from its first column on, never a part of it.
///
/// A scorer that sees earlier looks, too, has a `carried()`, which says what of them. `score` and `score_backward` then
/// take it, T x n, after the keys, and `score_backward` adds to its gradient, which comes after that of the keys.
template <class C>
concept Scorer = Part<C> &&
    requires(const C& scorer, const std::conditional_t<detail::sees_carry<C>(), detail::ScoresOtherwise, C>& of_content,
             const std::conditional_t<detail::sees_carry<C>(), C, detail::ScoresOtherwise>& of_carry,
             const std::conditional_t<detail::makes_keys<C>(), C, detail::ValuesAreKeys>& of_keys,
             const std::conditional_t<detail::projects<C>(), C, detail::QueriesAsTheyAre>& of_queries, C& grad,
             const Matrix<typename C::Scalar>& in, Matrix<typename C::Scalar>& out,
             Buffer<typename C::Scalar>& scratch) {
  { scorer.query_size() } -> std::convertible_to<Index>;
  { scorer.memory_size() } -> std::convertible_to<Index>;
  of_content.score(in, in, out, scratch);
  of_content.score_backward(in, in, in, grad, out, out, scratch);
  { of_carry.carried() } -> std::same_as<Carried>;
  of_carry.score(in, in, in, out, scratch);
  of_carry.score_backward(in, in, in, in, grad, out, out, out, scratch);
  { of_keys.key_size() } -> std::convertible_to<Index>;
  of_keys.keys(in, out);
  of_keys.keys_backward(in, in, grad, out);
  { of_queries.projected_size() } -> std::convertible_to<Index>;
  of_queries.project(in, out);
  of_queries.project_backward(in, out);
  of_queries.accumulate(in, in, grad);
};

namespace detail {

// What attention calls, of any scorer.

/// Who makes its keys: itself, or what stands in for it.
template <class C>
decltype(auto) keys_of(const C& scorer) {
  if constexpr (makes_keys<C>()) {
    return (scorer);
  } else {
    return ValuesAreKeys{};
  }
}
/// Who projects its queries.
template <class C>
decltype(auto) queries_of(const C& scorer) {
  if constexpr (projects<C>()) {
    return (scorer);
  } else {
    return QueriesAsTheyAre{scorer.query_size()};
  }
}

template <class C>
Carried carried(const C& scorer) {
  if constexpr (sees_carry<C>()) {
    return scorer.carried();
  } else {
    return Carried::nothing;
  }
}

/// `score` and `score_backward`: a scorer that does not look at earlier looks is not given their carry.
template <class S, class C>
void score(const C& scorer, const In<S>& projected, const In<S>& keys, const In<S>& carry, Out<S> scores,
           Buffer<S>& scratch) {
  if constexpr (sees_carry<C>()) {
    scorer.score(projected, keys, carry, scores, scratch);
  } else {
    scorer.score(projected, keys, scores, scratch);
  }
}
template <class S, class C>
void score_backward(const C& scorer, const In<S>& projected, const In<S>& keys, const In<S>& carry,
                    const In<S>& d_scores, C& grad, Out<S> d_projected, Out<S> d_keys, Out<S> d_carry,
                    Buffer<S>& scratch) {
  if constexpr (sees_carry<C>()) {
    scorer.score_backward(projected, keys, carry, d_scores, grad, d_projected, d_keys, d_carry, scratch);
  } else {
    scorer.score_backward(projected, keys, d_scores, grad, d_projected, d_keys, scratch);
  }
}

// The checks with which the functions of a scorer begin. `function` is its name, such as "DotScorer.score".

/// Rows of a key, where the values may be the keys.
template <class C>
Index matched_size(const C& scorer) {
  const Index size = keys_of(scorer).key_size();
  return size > 0 ? size : Index(scorer.memory_size());
}

template <class C, class X, class Y>
void check_keys(const char* function, const C& scorer, const X& values, const Y& keys) {
  check_size(function, "values", values, scorer.memory_size(), values.cols());
  check_size(function, "keys", keys, keys_of(scorer).key_size(), values.cols());
}
template <class C, class X, class Y>
void check_project(const char* function, const C& scorer, const X& queries, const Y& projected) {
  check_size(function, "queries", queries, scorer.query_size(), queries.cols());
  check_size(function, "projected", projected, queries_of(scorer).projected_size(), queries.cols());
}
template <class C, class X, class Y, class Z>
void check_score(const char* function, const C& scorer, const X& projected, const Y& keys, const Z& scores) {
  check_size(function, "projected", projected, queries_of(scorer).projected_size(), projected.cols());
  check_size(function, "keys", keys, matched_size(scorer), keys.cols());
  check_size(function, "scores", scores, keys.cols(), projected.cols());
}
template <class C, class X, class Y, class Z, class DX, class DY>
void check_score_backward(const char* function, const C& scorer, const X& projected, const Y& keys, const Z& d_scores,
                          const DX& d_projected, const DY& d_keys) {
  check_size(function, "projected", projected, queries_of(scorer).projected_size(), projected.cols());
  check_size(function, "keys", keys, matched_size(scorer), keys.cols());
  check_size(function, "d_scores", d_scores, keys.cols(), projected.cols());
  check_like(function, "d_projected", d_projected, projected);
  check_like(function, "d_keys", d_keys, keys);
}
template <class C, class DX, class X>
void check_project_backward(const char* function, const C& scorer, const DX& d_projected, const X& d_queries) {
  check_size(function, "d_projected", d_projected, queries_of(scorer).projected_size(), d_projected.cols());
  check_size(function, "d_queries", d_queries, scorer.query_size(), d_projected.cols());
}
template <class C, class X, class DX>
void check_accumulate(const char* function, const C& scorer, const X& queries, const DX& d_projected) {
  check_size(function, "queries", queries, scorer.query_size(), queries.cols());
  check_size(function, "d_projected", d_projected, queries_of(scorer).projected_size(), queries.cols());
}
template <class C, class X, class DY, class DX>
void check_keys_backward(const char* function, const C& scorer, const X& values, const DY& d_keys, const DX& d_values) {
  check_size(function, "values", values, scorer.memory_size(), values.cols());
  check_size(function, "d_keys", d_keys, keys_of(scorer).key_size(), values.cols());
  check_like(function, "d_values", d_values, values);
}

/// Throws unless an additive scorer has an alignment size: only one without any sizes, made by default, may lack it.
inline void check_alignment(const char* scorer, Index query, Index memory, Index alignment) {
  require(alignment > 0 || (query == 0 && memory == 0), [&] {
    return std::string(scorer) + ": the alignment size must be 1 or more, got " + std::to_string(alignment);
  });
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
