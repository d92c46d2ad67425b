#pragma once

#include <heed/kernels/additive.hpp>
#include <heed/math.hpp>
#include <heed/scorers/scorer.hpp>

#include <string>

namespace heed::inline v0_1 {

/// Additive scores, Bahdanau, Cho & Bengio 2015, section A.1.2.
///
///   z_j = tanh(W q + k_j),  k_j = U h_j        score_j = v' z_j
///
/// The keys do not depend on the query, so a sentence pays for them once. The paper has no bias; `b`, added to the
/// keys, is there for models that have one.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct AdditiveScorer {
  using Scalar = S;

  Parameter<S, Alignment, Query> W;       ///< alignment x query (W_a)
  Parameter<S, Alignment, MemorySize> U;  ///< alignment x memory (U_a)
  Vector<S, Alignment> v;                 ///< alignment (v_a)
  Vector<S> b;                            ///< alignment, or empty: no bias

  AdditiveScorer()
      : AdditiveScorer(Query == Dynamic ? 0 : Query, MemorySize == Dynamic ? 0 : MemorySize,
                       Alignment == Dynamic ? 0 : Alignment) {}
  AdditiveScorer(Index query, Index memory, Index alignment, bool bias = false)
      : W(Parameter<S, Alignment, Query>::Zero(alignment, query)),
        U(Parameter<S, Alignment, MemorySize>::Zero(alignment, memory)),
        v(Vector<S, Alignment>::Zero(alignment)),
        b(Vector<S>::Zero(bias ? alignment : 0)) {
    require(alignment > 0 || query == 0,
            [] { return std::string("AdditiveScorer: the alignment size must not be 0"); });
  }

  Index query_size() const { return W.cols(); }
  Index memory_size() const { return U.cols(); }
  Index key_size() const { return v.size(); }
  Index projected_size() const { return v.size(); }

  void keys(const In<S, MemorySize>& values, Out<S, Alignment> keys) const {
    if (b.size() > 0) {
      keys.colwise() = b;
    } else {
      keys.setZero();
    }
    add_product(U, values, keys);
  }
  void project(const In<S, Query>& queries, Out<S, Alignment> projected) const {
    projected.setZero();
    add_product(W, queries, projected);
  }

  void score(const In<S, Alignment>& projected, const In<S, Alignment>& keys, Out<S> scores, Buffer<S>&) const {
    detail::AdditiveMatch<S, Alignment>::score(v, projected, keys, scores);
  }
  void score_backward(const In<S, Alignment>& projected, const In<S, Alignment>& keys, const In<S>& d_scores,
                      AdditiveScorer& grad, Out<S, Alignment> d_projected, Out<S, Alignment> d_keys, Buffer<S>&) const {
    detail::AdditiveMatch<S, Alignment>::score_backward(v, projected, keys, d_scores, grad.v, d_projected, d_keys);
  }

  void project_backward(const In<S, Alignment>& d_projected, Out<S, Query> d_queries) const {
    d_queries.noalias() += W.transpose() * d_projected;  // was: projected = W q
  }
  void accumulate(const In<S, Query>& queries, const In<S, Alignment>& d_projected, AdditiveScorer& grad) const {
    grad.W.noalias() += d_projected * queries.transpose();  // was: projected = W q
  }
  void keys_backward(const In<S, MemorySize>& values, const In<S, Alignment>& d_keys, AdditiveScorer& grad,
                     Out<S, MemorySize> d_values) const {
    grad.U.noalias() += d_keys * values.transpose();     // was: keys = U h + b
    d_values.noalias() += U.transpose() * d_keys;        // was: keys = U h + b
    if (b.size() > 0) grad.b += d_keys.rowwise().sum();  // was: keys = U h + b
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("v", self.v...);
    visit("b", self.b...);
  }
};

}  // namespace heed::inline v0_1
