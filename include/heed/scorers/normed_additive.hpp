#pragma once

#include <heed/kernels/additive.hpp>
#include <heed/products.hpp>
#include <heed/scorers/scorer.hpp>

#include <cmath>

namespace heed::inline v0_1 {

/// Additive scores (Bahdanau, Cho & Bengio 2015, section A.1.2) whose v has a direction and a length of its own, by the
/// weight normalisation of Salimans & Kingma 2016, equation 2; TensorFlow's `BahdanauAttention` with `normalize=True`.
///
///   score_j = g v' tanh(W q + U h_j + b) / |v|
///
/// At first g is 1 / sqrt(alignment) and v all ones, so that a score is the mean of the tanh. A v of zeros has no
/// direction: it scores 0, and nothing learns from it.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct NormedAdditiveScorer {
  using Scalar = S;

  Weight<S, Alignment, Query> W;       ///< alignment x query (W_a)
  Weight<S, Alignment, MemorySize> U;  ///< alignment x memory (U_a)
  ParameterVector<S, Alignment> v;     ///< alignment (v_a), of which only the direction counts
  ParameterVector<S, 1> g;             ///< one number: the length that v is given
  ParameterVector<S, Alignment> b;     ///< alignment

  NormedAdditiveScorer()
      : NormedAdditiveScorer(Query == Dynamic ? 0 : Query, MemorySize == Dynamic ? 0 : MemorySize,
                             Alignment == Dynamic ? 0 : Alignment) {}
  NormedAdditiveScorer(Index query, Index memory, Index alignment)
      : W(alignment, query),
        U(alignment, memory),
        v(Vector<S, Alignment>::Ones(alignment)),
        g(Vector<S, 1>::Constant(alignment > 0 ? S(1) / root(detail::number<S>(alignment)) : S(0))),
        b(Vector<S, Alignment>::Zero(alignment)) {
    detail::check_alignment("NormedAdditiveScorer", query, memory, alignment);
  }

  Index query_size() const { return W.cols(); }
  Index memory_size() const { return U.cols(); }
  Index key_size() const { return Match::key_size(v.size()); }
  Index projected_size() const { return v.size(); }

  void keys(const In<S, MemorySize>& values, Out<S> keys) const {
    detail::check_keys("NormedAdditiveScorer.keys", *this, values, keys);
    auto sums = keys.topRows(v.size());
    sums.colwise() = b;
    add_product(U, values, sums);
    Match::finish_keys(v, keys);
  }
  void project(const In<S, Query>& queries, Out<S, Alignment> projected) const {
    detail::check_project("NormedAdditiveScorer.project", *this, queries, projected);
    projected.setZero();
    add_product(W, queries, projected);
  }

  void score(const In<S, Alignment>& projected, const In<S>& keys, Out<S> scores, Buffer<S>& scratch) const {
    detail::check_score("NormedAdditiveScorer.score", *this, projected, keys, scores);
    Match::score(v, projected, keys, scores, scratch);
    scores *= g(0) * inverse_length();
  }
  void score_backward(const In<S, Alignment>& projected, const In<S>& keys, const In<S>& d_scores,
                      NormedAdditiveScorer& grad, Out<S, Alignment> d_projected, Out<S> d_keys,
                      Buffer<S>& scratch) const {
    detail::check_score_backward("NormedAdditiveScorer.score_backward", *this, projected, keys, d_scores, d_projected,
                                 d_keys);
    detail::check_like("NormedAdditiveScorer.score_backward", "grad.v", grad.v, v);
    detail::check_like("NormedAdditiveScorer.score_backward", "grad.g", grad.g, g);
    const S inverse = inverse_length();
    const Vector<S, Alignment> direction = v * inverse, sized = direction * g(0);
    Vector<S, Alignment> d_sized = Vector<S, Alignment>::Zero(v.size());
    Match::score_backward(sized, projected, keys, d_scores, d_sized, d_projected, d_keys, scratch);
    const S along = d_sized.dot(direction);
    grad.g(0) += along;                                          // was: g v / |v|
    grad.v += (d_sized - direction * along) * (g(0) * inverse);  // was: g v / |v|
  }

  void project_backward(const In<S, Alignment>& d_projected, Out<S, Query> d_queries) const {
    detail::check_project_backward("NormedAdditiveScorer.project_backward", *this, d_projected, d_queries);
    add_product_backward(W, d_projected, d_queries);  // was: projected = W q
  }
  void accumulate(const In<S, Query>& queries, const In<S, Alignment>& d_projected, NormedAdditiveScorer& grad) const {
    detail::check_accumulate("NormedAdditiveScorer.accumulate", *this, queries, d_projected);
    detail::check_like("NormedAdditiveScorer.accumulate", "grad.W", grad.W, W);
    add_outer_product(d_projected, queries, grad.W);  // was: projected = W q
  }
  void keys_backward(const In<S, MemorySize>& values, const In<S>& d_keys, NormedAdditiveScorer& grad,
                     Out<S, MemorySize> d_values) const {
    detail::check_keys_backward("NormedAdditiveScorer.keys_backward", *this, values, d_keys, d_values);
    detail::check_like("NormedAdditiveScorer.keys_backward", "grad.U", grad.U, U);
    detail::check_like("NormedAdditiveScorer.keys_backward", "grad.b", grad.b, b);
    const auto d_sums = d_keys.topRows(v.size());
    add_outer_product(d_sums, values, grad.U);  // was: keys = U h + b
    add_product_backward(U, d_sums, d_values);  // was: keys = U h + b
    grad.b += d_sums.rowwise().sum();           // was: keys = U h + b
  }

  static constexpr ParameterRole role(std::string_view name) {
    if (name == "b") return ParameterRole::bias;
    return name == "g" ? ParameterRole::constructed : ParameterRole::scorer_weight;  // v = 0 has no direction
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("v", self.v...);
    visit("g", self.g...);
    visit("b", self.b...);
  }

 private:
  using Match = detail::AdditiveMatch<S, Alignment>;

  static S root(const S& x) {
    using std::sqrt;
    return sqrt(x);
  }
  S inverse_length() const {
    const S length = v.norm();
    return length > S(0) ? S(1) / length : S(0);
  }
};

}  // namespace heed::inline v0_1
