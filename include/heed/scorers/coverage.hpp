#pragma once

#include <heed/kernels/tanh_tile.hpp>
#include <heed/scorers/additive.hpp>

namespace heed { inline namespace v0_2 {

/// Additive scores with coverage: See, Liu & Manning 2017, equation 11. Coverage was introduced by Tu et al. 2016.
///
///     score_j = v' tanh(W q + U h_j + w c_j + b)        c_j = the sum of the earlier weights of j
///
/// `coverage_loss` (losses/attention_penalty.hpp) is the corresponding loss.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct CoverageScorer
    : detail::AdditiveParts<CoverageScorer<S, Query, MemorySize, Alignment>, S, Query, MemorySize, Alignment> {
  using Scalar = S;
  using Kernel = detail::TanhTile<S>;                    ///< the kernel that computes scores
  static constexpr const char* name = "CoverageScorer";  ///< in error messages

  Weight<S, Alignment, Query> W;       ///< alignment x query (W_s)
  Weight<S, Alignment, MemorySize> U;  ///< alignment x memory (W_h)
  ParameterVector<S, Alignment> w;     ///< alignment: multiplies the coverage (w_c)
  ParameterVector<S, Alignment> v;     ///< alignment
  ParameterVector<S, Alignment> b;     ///< alignment

  CoverageScorer() : CoverageScorer(detail::initial(Query), detail::initial(MemorySize), detail::initial(Alignment)) {}
  CoverageScorer(Index query, Index memory, Index alignment)
      : W(alignment, query),
        U(alignment, memory),
        w(Vector<S, Alignment>::Zero(alignment)),
        v(Vector<S, Alignment>::Zero(alignment)),
        b(Vector<S, Alignment>::Zero(alignment)) {
    detail::check_alignment(name, query, memory, alignment);
  }

  Carried carried() const { return Carried::sum; }

  /// Computes scores(j, i), T x n. `coverage`: the sum of the weights of all earlier steps, T x n.
  void score(const In<S>& projected, const In<S>& keys, const In<S>& coverage, Out<S> scores,
             Buffer<S>& scratch) const {
    detail::check_score(*this, projected, keys, scores);
    detail::check_size(*this, "score", "coverage", coverage, keys.cols(), projected.cols());
    for (Index i = 0; i < scores.cols(); ++i) {
      cover(coverage.col(i), scratch);
      Kernel::score(v, projected.col(i), keys, scratch, scores.col(i));
    }
  }
  void score_backward(const In<S>& projected, const In<S>& keys, const In<S>& coverage, const In<S>& d_scores,
                      CoverageScorer& grad, Out<S> d_projected, Out<S> d_keys, Out<S> d_coverage,
                      Buffer<S>& scratch) const {
    detail::check_score_backward(*this, projected, keys, d_scores, d_projected, d_keys);
    detail::check_size(*this, "score_backward", "coverage", coverage, keys.cols(), projected.cols());
    detail::check_like(*this, "score_backward", "d_coverage", d_coverage, coverage);
    detail::check_like(*this, "score_backward", "grad.w", grad.w, w);
    detail::check_like(*this, "score_backward", "grad.v", grad.v, v);
    for (Index i = 0; i < d_scores.cols(); ++i) {
      cover(coverage.col(i), scratch);
      Kernel::score_backward(v, projected.col(i), keys, d_scores.col(i), scratch, grad.v, d_projected.col(i), d_keys);
      for (Index j = 0; j < scratch.cols(); ++j) {
        grad.w += coverage(j, i) * scratch.col(j);  // was: w c_j
        d_coverage(j, i) += w.dot(scratch.col(j));  // was: w c_j
      }
    }
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

}}  // namespace heed::v0_2
