#pragma once

#include <heed/core/parameters.hpp>

#include <concepts>
#include <string>

namespace heed { inline namespace v0_2 {

/// The earlier weights that a scorer uses: none, those of the previous step, or the sum over all earlier steps.
enum class Carried { nothing, last, sum };

namespace detail {

/// True if a scorer has at least one function of an optional group.
template <class C>
concept MakesKeys = (requires { &C::key_size; }) || (requires { &C::keys; }) || (requires { &C::keys_backward; });
template <class C>
concept Projects = (requires { &C::projected_size; }) || (requires { &C::project; }) ||
                   (requires { &C::project_backward; }) || (requires { &C::accumulate; });
template <class C>
concept Carries = (requires { &C::carried; });

// The requirements of `Scorer`, function by function. X is a matrix and B a buffer of the scorer's scalar type.

template <class C>
concept HasSizes = requires(const C& scorer) {
  { scorer.query_size() } -> std::convertible_to<Index>;
  { scorer.memory_size() } -> std::convertible_to<Index>;
};
template <class C, class... X>
concept Scores = (requires(const C& scorer, X&... x) { scorer.score(x...); });
template <class C, class... X>
concept ScoresBackward = (requires(const C& scorer, X&... x) { scorer.score_backward(x...); });
template <class C, class X, class B>
concept HasScore = (Carries<C> ? Scores<C, const X, const X, const X, X, B> &&
                                     (requires(const C& scorer) { Carried{scorer.carried()}; })
                               : Scores<C, const X, const X, X> || Scores<C, const X, const X, X, B>);
template <class C, class X, class B>
concept HasScoreBackward = (Carries<C> ? ScoresBackward<C, const X, const X, const X, const X, C, X, X, X, B>
                                       : ScoresBackward<C, const X, const X, const X, C, X, X> ||
                                             ScoresBackward<C, const X, const X, const X, C, X, X, B>);
template <class C, class X>
concept HasKeys = requires(const C& scorer, C& grad, const X& in, X& out) {
  { scorer.key_size() } -> std::convertible_to<Index>;
  scorer.keys(in, out);
  scorer.keys_backward(in, in, grad, out);
};
template <class C, class X>
concept HasProject = requires(const C& scorer, C& grad, const X& in, X& out) {
  { scorer.projected_size() } -> std::convertible_to<Index>;
  scorer.project(in, out);
  scorer.project_backward(in, out);
  scorer.accumulate(in, in, grad);
};
template <class C, class X>
concept HasWholeParts = (!MakesKeys<C> || HasKeys<C, X>)&&(!Projects<C> || HasProject<C, X>);

}  // namespace detail

/// A scoring function: computes the unnormalised score of memory column j for query i. It does not apply the softmax.
/// A call of `score` covers n queries and T memory columns of one sentence, so there is no padding. A call of `keys`
/// covers the memory columns of all sentences of a batch.
///
/// | function                                                  | once per       | meaning                            |
/// |-----------------------------------------------------------|----------------|------------------------------------|
/// | `query_size()`, `memory_size()`                           |                | rows of queries and of the memory  |
/// | `score(projected, keys, scores)`                          | step, sentence | computes scores(j, i), T x n       |
/// | `score_backward(projected, keys, d_scores, grad,`         | step, sentence | adds to grad, d_projected, d_keys  |
/// | `               d_projected, d_keys)`                     |                |                                    |
/// | `visit_parameters(visit, self...)`                        |                | names its parameters (`Part`)      |
/// | optional, all three; default: keys = values:              |                |                                    |
/// | `key_size()`                                              |                | K, rows of a key; 0: keys = values |
/// | `keys(values, keys)`                                      | batch          | query-independent part, K x T      |
/// | `keys_backward(values, d_keys, grad, d_values)`           | batch          | adds to grad and d_values          |
/// | optional, all four; default: projected = queries:         |                |                                    |
/// | `projected_size()`                                        |                | P, rows of a projected query       |
/// | `project(queries, projected)`                             | step           | memory-independent part, P x n     |
/// | `project_backward(d_projected, d_queries)`                | step           | adds to d_queries                  |
/// | `accumulate(queries, d_projected, grad)`                  | batch          | parameter gradients of `project`   |
/// | optional, if scores depend on more than query and memory: |                |                                    |
/// | `carried()`                                               |                | the earlier weights that it uses   |
/// | `depends_on_position()`                                   |                | true if a score also depends on j  |
///
/// `score` and `score_backward` may take one more argument, as the last one: `Buffer<S>& scratch`. The caller owns it,
/// so they do not allocate once it is large enough.
///
/// A score must depend only on the query and the memory column. If `depends_on_position()` is true, it also depends on
/// j, and `score` is always called with a whole sentence, never with a part of it. If the scorer has `carried()`,
/// `score` and `score_backward` take the earlier weights (T x n) after the keys. `score_backward` then also adds to
/// their gradient, which is the argument after d_keys. Both must take the scratch.
///
/// All functions except `visit_parameters` are const. The functions of heed's scorers throw `Error` if the size of an
/// argument, including grad, does not fit. In the body of a backward function, `// was: f` names the operation of the
/// forward function that the line differentiates. See `examples/03_own_scorer.cpp` for a scorer of 15 lines.
template <class C>
concept Scorer =
    Part<C> && detail::HasSizes<C> && detail::HasScore<C, Matrix<typename C::Scalar>, Buffer<typename C::Scalar>> &&
    detail::HasScoreBackward<C, Matrix<typename C::Scalar>, Buffer<typename C::Scalar>> &&
    detail::HasWholeParts<C, Matrix<typename C::Scalar>>;

namespace detail {

/// Compiles if C models `Scorer`; otherwise the compiler error names the missing function.
template <class C, class X = Matrix<typename C::Scalar>, class B = Buffer<typename C::Scalar>>
constexpr bool check_scorer() {
  static_assert(Part<C>, "a scorer needs static visit_parameters(visit, self...)");
  static_assert(HasSizes<C>, "a scorer needs query_size() and memory_size()");
  static_assert(HasScore<C, X, B>,
                "a scorer needs score(projected, keys, scores), or if it has `heed::Carried carried()` "
                "score(projected, keys, carry, scores, scratch)");
  static_assert(
      HasScoreBackward<C, X, B>,
      "a scorer needs score_backward(projected, keys, d_scores, grad, d_projected, d_keys), or if it has "
      "carried() score_backward(projected, keys, carry, d_scores, grad, d_projected, d_keys, d_carry, scratch)");
  if constexpr (MakesKeys<C>)
    static_assert(HasKeys<C, X>,
                  "a scorer that makes keys needs key_size(), keys(values, keys) and "
                  "keys_backward(values, d_keys, grad, d_values)");
  if constexpr (Projects<C>)
    static_assert(HasProject<C, X>,
                  "a scorer that projects queries needs projected_size(), project(queries, projected), "
                  "project_backward(d_projected, d_queries) and accumulate(queries, d_projected, grad)");
  return true;
}

// Defaults of the optional functions.

/// The values are the keys.
struct ValuesAreKeys {
  Index key_size() const { return 0; }
  void keys(const auto&, const auto&) const {}
  void keys_backward(const auto&, const auto&, const auto&, const auto&) const {}
};
/// projected = queries.
struct IdentityQueries {
  static constexpr const char* name = "Scorer";
  Index size;

  Index query_size() const { return size; }
  Index projected_size() const { return size; }
  void project(const auto& queries, auto&& projected) const {
    check_project(*this, queries, projected);
    projected = queries;
  }
  void project_backward(const auto& d_projected, auto&& d_queries) const {
    check_project_backward(*this, d_projected, d_queries);
    d_queries += d_projected;  // was: projected = queries
  }
  void accumulate(const auto&, const auto&, const auto&) const {}
};

// Access to the functions of any scorer, for the attention mechanisms.

/// The object that computes the keys: the scorer, or `ValuesAreKeys`.
template <class C>
decltype(auto) keys_of(const C& scorer) {
  if constexpr (MakesKeys<C>) {
    return (scorer);
  } else {
    return ValuesAreKeys{};
  }
}
/// The object that projects the queries: the scorer, or `IdentityQueries`.
template <class C>
decltype(auto) queries_of(const C& scorer) {
  if constexpr (Projects<C>) {
    return (scorer);
  } else {
    return IdentityQueries{scorer.query_size()};
  }
}

template <class C>
Carried carried(const C& scorer) {
  if constexpr (Carries<C>) {
    return scorer.carried();
  } else {
    return Carried::nothing;
  }
}

/// Calls the scorer's `score` or `score_backward` with the arguments that it takes.
template <class S, class C>
void score(const C& scorer, const In<S>& projected, const In<S>& keys, const In<S>& carry, Out<S> scores,
           Buffer<S>& scratch) {
  if constexpr (Carries<C>) {
    scorer.score(projected, keys, carry, scores, scratch);
  } else if constexpr (Scores<C, const In<S>, const In<S>, Out<S>, Buffer<S>>) {
    scorer.score(projected, keys, scores, scratch);
  } else {
    scorer.score(projected, keys, scores);
  }
}
template <class S, class C>
void score_backward(const C& scorer, const In<S>& projected, const In<S>& keys, const In<S>& carry,
                    const In<S>& d_scores, C& grad, Out<S> d_projected, Out<S> d_keys, Out<S> d_carry,
                    Buffer<S>& scratch) {
  if constexpr (Carries<C>) {
    scorer.score_backward(projected, keys, carry, d_scores, grad, d_projected, d_keys, d_carry, scratch);
  } else if constexpr (ScoresBackward<C, const In<S>, const In<S>, const In<S>, C, Out<S>, Out<S>, Buffer<S>>) {
    scorer.score_backward(projected, keys, d_scores, grad, d_projected, d_keys, scratch);
  } else {
    scorer.score_backward(projected, keys, d_scores, grad, d_projected, d_keys);
  }
}

// The argument checks of heed's scorers. C::name is the scorer's name in error messages.

[[noreturn]] inline EIGEN_DONT_INLINE void fail_scorer_size(const char* scorer, const char* function, const char* name,
                                                            Index rows, Index cols, Index expected_rows,
                                                            Index expected_cols) {
  fail_size((std::string(scorer) + '.' + function).c_str(), name, rows, cols, expected_rows, expected_cols);
}
/// `check_size` of core/checks.hpp with the name of the scorer: "DotScorer.score: scores must be 5 x 2, got 4 x 2".
template <class C, class X>
void check_size(const C&, const char* function, const char* name, const X& x, Index rows, Index cols) {
  if (x.rows() != rows || x.cols() != cols) fail_scorer_size(C::name, function, name, x.rows(), x.cols(), rows, cols);
}
template <class C, class X, class Y>
void check_like(const C& scorer, const char* function, const char* name, const X& x, const Y& like) {
  check_size(scorer, function, name, x, like.rows(), like.cols());
}

/// Rows of a key, or of a value if the values are the keys.
template <class C>
Index used_key_size(const C& scorer) {
  const Index size = keys_of(scorer).key_size();
  return size > 0 ? size : Index(scorer.memory_size());
}

template <class C, class X, class Y>
void check_project(const C& scorer, const X& queries, const Y& projected, const char* function = "project",
                   const char* name = "projected") {
  check_size(scorer, function, "queries", queries, scorer.query_size(), queries.cols());
  check_size(scorer, function, name, projected, scorer.projected_size(), queries.cols());
}
template <class C, class DX, class X>
void check_project_backward(const C& scorer, const DX& d_projected, const X& d_queries) {
  check_size(scorer, "project_backward", "d_projected", d_projected, scorer.projected_size(), d_projected.cols());
  check_size(scorer, "project_backward", "d_queries", d_queries, scorer.query_size(), d_projected.cols());
}
template <class C, class X, class Y, class Z>
void check_score(const C& scorer, const X& projected, const Y& keys, const Z& scores, const char* function = "score",
                 const char* name = "scores") {
  check_size(scorer, function, "projected", projected, queries_of(scorer).projected_size(), projected.cols());
  check_size(scorer, function, "keys", keys, used_key_size(scorer), keys.cols());
  check_size(scorer, function, name, scores, keys.cols(), projected.cols());
}
template <class C, class X, class Y, class Z, class DX, class DY>
void check_score_backward(const C& scorer, const X& projected, const Y& keys, const Z& d_scores, const DX& d_projected,
                          const DY& d_keys) {
  check_score(scorer, projected, keys, d_scores, "score_backward", "d_scores");
  check_like(scorer, "score_backward", "d_projected", d_projected, projected);
  check_like(scorer, "score_backward", "d_keys", d_keys, keys);
}

/// The size in a default-constructed scorer: the compile-time size, or 0 if it is dynamic.
constexpr Index initial(int size) { return size == Dynamic ? 0 : size; }

/// True if a score depends on the position of the memory column in its sentence, directly or through earlier weights.
template <class C>
bool depends_on_position(const C& scorer) {
  if constexpr (requires { scorer.depends_on_position(); }) {
    return scorer.depends_on_position();
  } else {
    return carried(scorer) != Carried::nothing;
  }
}

}  // namespace detail

}}  // namespace heed::v0_2
