#pragma once

#include <heed/kernels/dot.hpp>
#include <heed/products.hpp>
#include <heed/scorers/scorer.hpp>

namespace heed::inline v0_1 {

/// General scores, Luong, Pham & Manning 2015, section 3.1, the second of three.
///
///   score_j = q' W h_j = (W' q)' h_j
///
/// W' q is computed once per step, so the values serve as keys and no second copy of the memory is read.
template <class S, int Query = Dynamic, int MemorySize = Dynamic>
struct GeneralScorer {
  using Scalar = S;

  Weight<S, Query, MemorySize, 1, true> W;  ///< query x memory (the paper's W_a)

  GeneralScorer() : GeneralScorer(Query == Dynamic ? 0 : Query, MemorySize == Dynamic ? 0 : MemorySize) {}
  GeneralScorer(Index query, Index memory) : W(query, memory) {}

  Index query_size() const { return W.rows(); }
  Index memory_size() const { return W.cols(); }
  Index projected_size() const { return W.cols(); }

  void project(const In<S, Query>& queries, Out<S, MemorySize> projected) const {
    detail::check_project("GeneralScorer.project", *this, queries, projected);
    projected.setZero();
    add_transposed_product(W, queries, projected);
  }

  void score(const In<S, MemorySize>& projected, const In<S, MemorySize>& keys, Out<S> scores, Buffer<S>&) const {
    detail::check_score("GeneralScorer.score", *this, projected, keys, scores);
    detail::DotMatch<S, MemorySize>::score(projected, keys, scores);
  }
  void score_backward(const In<S, MemorySize>& projected, const In<S, MemorySize>& keys, const In<S>& d_scores,
                      GeneralScorer&, Out<S, MemorySize> d_projected, Out<S, MemorySize> d_keys, Buffer<S>&) const {
    detail::check_score_backward("GeneralScorer.score_backward", *this, projected, keys, d_scores, d_projected, d_keys);
    detail::DotMatch<S, MemorySize>::score_backward(projected, keys, d_scores, d_projected, d_keys);
  }

  void project_backward(const In<S, MemorySize>& d_projected, Out<S, Query> d_queries) const {
    detail::check_project_backward("GeneralScorer.project_backward", *this, d_projected, d_queries);
    add_transposed_product_backward(W, d_projected, d_queries);  // was: projected = W' q
  }
  void accumulate(const In<S, Query>& queries, const In<S, MemorySize>& d_projected, GeneralScorer& grad) const {
    detail::check_accumulate("GeneralScorer.accumulate", *this, queries, d_projected);
    detail::check_like("GeneralScorer.accumulate", "grad.W", grad.W, W);
    add_outer_product(queries, d_projected, grad.W);  // was: projected = W' q
  }

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::scorer_weight; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
  }
};

}  // namespace heed::inline v0_1
