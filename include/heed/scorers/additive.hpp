#pragma once

#include <heed/kernels/additive.hpp>
#include <heed/products.hpp>
#include <heed/scorers/scorer.hpp>

namespace heed::inline v0_1 {

/// Additive scores, Bahdanau, Cho & Bengio 2015, section A.1.2.
///
///   z_j = tanh(W q + k_j),  k_j = U h_j        score_j = v' z_j
///
/// The keys do not depend on the query, so a sentence pays for them once; it then pays for e^{2 k_j} too, which is what
/// they are kept as, in a few rows more than k_j has (kernels/exponential_columns.hpp). The paper has no bias; `b`, added
/// to the keys, is there for models that have one.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct AdditiveScorer {
  using Scalar = S;

  Weight<S, Alignment, Query> W;       ///< alignment x query (W_a)
  Weight<S, Alignment, MemorySize> U;  ///< alignment x memory (U_a)
  ParameterVector<S, Alignment> v;     ///< alignment (v_a)
  ParameterVector<S> b;                ///< alignment, or empty: no bias

  AdditiveScorer()
      : AdditiveScorer(Query == Dynamic ? 0 : Query, MemorySize == Dynamic ? 0 : MemorySize,
                       Alignment == Dynamic ? 0 : Alignment) {}
  AdditiveScorer(Index query, Index memory, Index alignment, bool bias = false)
      : W(alignment, query),
        U(alignment, memory),
        v(Vector<S, Alignment>::Zero(alignment)),
        b(Vector<S>::Zero(bias ? alignment : 0)) {
    detail::check_alignment("AdditiveScorer", query, memory, alignment);
  }

  Index query_size() const { return W.cols(); }
  Index memory_size() const { return U.cols(); }
  Index key_size() const { return Match::key_size(v.size()); }
  Index projected_size() const { return v.size(); }

  void keys(const In<S, MemorySize>& values, Out<S> keys) const {
    detail::check_keys("AdditiveScorer.keys", *this, values, keys);
    auto sums = keys.topRows(v.size());
    if (b.size() > 0) {
      sums.colwise() = b;
    } else {
      sums.setZero();
    }
    add_product(U, values, sums);
    Match::finish_keys(v, keys);
  }
  void project(const In<S, Query>& queries, Out<S, Alignment> projected) const {
    detail::check_project("AdditiveScorer.project", *this, queries, projected);
    projected.setZero();
    add_product(W, queries, projected);
  }

  void score(const In<S, Alignment>& projected, const In<S>& keys, Out<S> scores, Buffer<S>& scratch) const {
    detail::check_score("AdditiveScorer.score", *this, projected, keys, scores);
    Match::score(v, projected, keys, scores, scratch);
  }
  void score_backward(const In<S, Alignment>& projected, const In<S>& keys, const In<S>& d_scores, AdditiveScorer& grad,
                      Out<S, Alignment> d_projected, Out<S> d_keys, Buffer<S>& scratch) const {
    detail::check_score_backward("AdditiveScorer.score_backward", *this, projected, keys, d_scores, d_projected,
                                 d_keys);
    detail::check_like("AdditiveScorer.score_backward", "grad.v", grad.v, v);
    Match::score_backward(v, projected, keys, d_scores, grad.v, d_projected, d_keys, scratch);
  }

  void project_backward(const In<S, Alignment>& d_projected, Out<S, Query> d_queries) const {
    detail::check_project_backward("AdditiveScorer.project_backward", *this, d_projected, d_queries);
    add_product_backward(W, d_projected, d_queries);  // was: projected = W q
  }
  void accumulate(const In<S, Query>& queries, const In<S, Alignment>& d_projected, AdditiveScorer& grad) const {
    detail::check_accumulate("AdditiveScorer.accumulate", *this, queries, d_projected);
    detail::check_like("AdditiveScorer.accumulate", "grad.W", grad.W, W);
    add_outer_product(d_projected, queries, grad.W);  // was: projected = W q
  }
  void keys_backward(const In<S, MemorySize>& values, const In<S>& d_keys, AdditiveScorer& grad,
                     Out<S, MemorySize> d_values) const {
    detail::check_keys_backward("AdditiveScorer.keys_backward", *this, values, d_keys, d_values);
    detail::check_like("AdditiveScorer.keys_backward", "grad.U", grad.U, U);
    detail::check_like("AdditiveScorer.keys_backward", "grad.b", grad.b, b);
    const auto d_sums = d_keys.topRows(v.size());
    add_outer_product(d_sums, values, grad.U);           // was: keys = U h + b
    add_product_backward(U, d_sums, d_values);           // was: keys = U h + b
    if (b.size() > 0) grad.b += d_sums.rowwise().sum();  // was: keys = U h + b
  }

  static constexpr ParameterRole role(std::string_view name) {
    if (name == "b") return ParameterRole::bias;
    return name == "v" ? ParameterRole::scorer_vector : ParameterRole::scorer_weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("v", self.v...);
    visit("b", self.b...);
  }

 private:
  using Match = detail::AdditiveMatch<S, Alignment>;
};

}  // namespace heed::inline v0_1
