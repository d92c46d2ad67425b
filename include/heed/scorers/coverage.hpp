#pragma once

#include <heed/kernels/tanh_tile.hpp>
#include <heed/products.hpp>
#include <heed/scorers/scorer.hpp>

namespace heed::inline v0_1 {

/// Additive scores that know what has been looked at, See, Liu & Manning 2017, equation 11 (coverage of Tu et al. 2016).
///
///   score_j = v' tanh(W q + U h_j + w c_j + b)        c_j = the sum of all earlier weights of j
///
/// `coverage_loss` (attention_penalty.hpp) is the loss that goes with it.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct CoverageScorer {
  using Scalar = S;

  Weight<S, Alignment, Query> W;       ///< alignment x query (W_s)
  Weight<S, Alignment, MemorySize> U;  ///< alignment x memory (W_h)
  ParameterVector<S, Alignment> w;     ///< alignment: what a coverage of 1 adds (w_c)
  ParameterVector<S, Alignment> v;     ///< alignment
  ParameterVector<S, Alignment> b;     ///< alignment

  CoverageScorer()
      : CoverageScorer(Query == Dynamic ? 0 : Query, MemorySize == Dynamic ? 0 : MemorySize,
                       Alignment == Dynamic ? 0 : Alignment) {}
  CoverageScorer(Index query, Index memory, Index alignment)
      : W(alignment, query),
        U(alignment, memory),
        w(Vector<S, Alignment>::Zero(alignment)),
        v(Vector<S, Alignment>::Zero(alignment)),
        b(Vector<S, Alignment>::Zero(alignment)) {
    detail::check_alignment("CoverageScorer", query, memory, alignment);
  }

  Index query_size() const { return W.cols(); }
  Index memory_size() const { return U.cols(); }
  Index key_size() const { return v.size(); }
  Index projected_size() const { return v.size(); }
  Carried carried() const { return Carried::sum; }

  void keys(const In<S, MemorySize>& values, Out<S> keys) const {
    detail::check_keys("CoverageScorer.keys", *this, values, keys);
    keys.colwise() = b;
    add_product(U, values, keys);
  }
  void project(const In<S, Query>& queries, Out<S> projected) const {
    detail::check_project("CoverageScorer.project", *this, queries, projected);
    projected.setZero();
    add_product(W, queries, projected);
  }

  /// coverage: T x n
  void score(const In<S>& projected, const In<S>& keys, const In<S>& coverage, Out<S> scores,
             Buffer<S>& scratch) const {
    detail::check_score("CoverageScorer.score", *this, projected, keys, scores);
    detail::check_size("CoverageScorer.score", "coverage", coverage, keys.cols(), projected.cols());
    for (Index i = 0; i < scores.cols(); ++i) {
      cover(coverage.col(i), scratch);
      detail::TanhTile<S>::score(v, projected.col(i), keys, scratch, scores.col(i));
    }
  }
  void score_backward(const In<S>& projected, const In<S>& keys, const In<S>& coverage, const In<S>& d_scores,
                      CoverageScorer& grad, Out<S> d_projected, Out<S> d_keys, Out<S> d_coverage,
                      Buffer<S>& scratch) const {
    detail::check_score_backward("CoverageScorer.score_backward", *this, projected, keys, d_scores, d_projected,
                                 d_keys);
    detail::check_size("CoverageScorer.score_backward", "coverage", coverage, keys.cols(), projected.cols());
    detail::check_like("CoverageScorer.score_backward", "d_coverage", d_coverage, coverage);
    detail::check_like("CoverageScorer.score_backward", "grad.w", grad.w, w);
    detail::check_like("CoverageScorer.score_backward", "grad.v", grad.v, v);
    for (Index i = 0; i < d_scores.cols(); ++i) {
      cover(coverage.col(i), scratch);
      detail::TanhTile<S>::score_backward(v, projected.col(i), keys, d_scores.col(i), scratch, grad.v,
                                          d_projected.col(i), d_keys);
      for (Index j = 0; j < scratch.cols(); ++j) {
        grad.w += coverage(j, i) * scratch.col(j);  // was: w c_j
        d_coverage(j, i) += w.dot(scratch.col(j));  // was: w c_j
      }
    }
  }

  void project_backward(const In<S>& d_projected, Out<S, Query> d_queries) const {
    detail::check_project_backward("CoverageScorer.project_backward", *this, d_projected, d_queries);
    add_product_backward(W, d_projected, d_queries);  // was: projected = W q
  }
  void accumulate(const In<S, Query>& queries, const In<S>& d_projected, CoverageScorer& grad) const {
    detail::check_accumulate("CoverageScorer.accumulate", *this, queries, d_projected);
    detail::check_like("CoverageScorer.accumulate", "grad.W", grad.W, W);
    add_outer_product(d_projected, queries, grad.W);  // was: projected = W q
  }
  void keys_backward(const In<S, MemorySize>& values, const In<S>& d_keys, CoverageScorer& grad,
                     Out<S, MemorySize> d_values) const {
    detail::check_keys_backward("CoverageScorer.keys_backward", *this, values, d_keys, d_values);
    detail::check_like("CoverageScorer.keys_backward", "grad.U", grad.U, U);
    detail::check_like("CoverageScorer.keys_backward", "grad.b", grad.b, b);
    add_outer_product(d_keys, values, grad.U);  // was: keys = U h + b
    add_product_backward(U, d_keys, d_values);  // was: keys = U h + b
    grad.b += d_keys.rowwise().sum();           // was: keys = U h + b
  }

  static constexpr ParameterRole role(std::string_view name) {
    if (name == "b") return ParameterRole::bias;
    return name == "v" ? ParameterRole::scorer_vector : ParameterRole::scorer_weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("w", self.w...);
    visit("v", self.v...);
    visit("b", self.b...);
  }

 private:
  /// tile.col(j) = w c_j
  void cover(const In<S>& coverage, Buffer<S>& tile) const {
    tile.resize(v.size(), coverage.rows());
    for (Index j = 0; j < tile.cols(); ++j) tile.col(j) = w * coverage(j, 0);
  }
};

}  // namespace heed::inline v0_1
