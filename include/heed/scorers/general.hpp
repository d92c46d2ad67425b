#pragma once

#include <heed/kernels/products.hpp>
#include <heed/scorers/dot.hpp>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Base of the general scorers: projected = W' q. The scores are dot products of projected queries and values.
template <class C, class S, int Query, int MemorySize>
struct GeneralParts : DotScores<C, S, MemorySize> {
  Index query_size() const { return self().W.rows(); }
  Index memory_size() const { return self().W.cols(); }
  Index projected_size() const { return self().W.cols(); }

  void project(const In<S, Query>& queries, Out<S, MemorySize> projected) const {
    check_project(self(), queries, projected);
    projected.setZero();
    add_transposed_product(self().W, queries, projected);
  }
  void project_backward(const In<S, MemorySize>& d_projected, Out<S, Query> d_queries) const {
    check_project_backward(self(), d_projected, d_queries);
    add_transposed_product_backward(self().W, d_projected, d_queries);  // was: projected = W' q
  }
  void accumulate(const In<S, Query>& queries, const In<S, MemorySize>& d_projected, C& grad) const {
    check_project(self(), queries, d_projected, "accumulate", "d_projected");
    check_like(self(), "accumulate", "grad.W", grad.W, self().W);
    add_outer_product(queries, d_projected, grad.W);  // was: projected = W' q
  }

 protected:
  using DotScores<C, S, MemorySize>::self;
};

}  // namespace detail

/// General scores: Luong, Pham & Manning 2015, section 3.1, the second of three.
///
///     score_j = q' W h_j = (W' q)' h_j
///
/// W' q is computed once per step. The values are the keys, so no second copy of the memory is needed.
template <class S, int Query = Dynamic, int MemorySize = Dynamic>
struct GeneralScorer : detail::GeneralParts<GeneralScorer<S, Query, MemorySize>, S, Query, MemorySize> {
  using Scalar = S;
  static constexpr const char* name = "GeneralScorer";  ///< in error messages

  Weight<S, Query, MemorySize, 1, true> W;  ///< query x memory (the paper's W_a)

  GeneralScorer() : GeneralScorer(detail::initial(Query), detail::initial(MemorySize)) {}
  GeneralScorer(Index query, Index memory) : W(query, memory) {}

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::scorer_weight; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
  }
};

}}  // namespace heed::v0_2
