#pragma once

#include <heed/kernels/additive.hpp>
#include <heed/products.hpp>
#include <heed/scorers/scorer.hpp>

namespace heed::inline v0_1 {

/// Concat scores, Luong, Pham & Manning 2015, section 3.1, the last of three. The query comes first.
///
///   score_j = v' tanh(W [q; h_j])
///
/// W [q; h] = W_q q + W_h h, so this is the additive match with both matrices stored as one.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct ConcatScorer {
  using Scalar = S;

  static constexpr int Both = detail::plus(Query, MemorySize);  ///< columns of W

  Weight<S, Alignment, Both> W;                ///< alignment x (query + memory) (W_a)
  ParameterVector<S, Alignment> v;             ///< alignment (v_a)
  Index query = Query == Dynamic ? 0 : Query;  ///< how many columns of W belong to the query

  ConcatScorer()
      : ConcatScorer(Query == Dynamic ? 0 : Query, MemorySize == Dynamic ? 0 : MemorySize,
                     Alignment == Dynamic ? 0 : Alignment) {}
  ConcatScorer(Index query_size, Index memory_size, Index alignment)
      : W(alignment, query_size + memory_size), v(Vector<S, Alignment>::Zero(alignment)), query(query_size) {
    detail::check_alignment("ConcatScorer", query_size, memory_size, alignment);
  }

  Index query_size() const { return query; }
  Index memory_size() const { return W.cols() - query; }
  Index key_size() const { return Match::key_size(v.size()); }
  Index projected_size() const { return v.size(); }

  void keys(const In<S, MemorySize>& values, Out<S> keys) const {
    detail::check_keys("ConcatScorer.keys", *this, values, keys);
    auto sums = keys.topRows(v.size());
    sums.setZero();
    add_product(W.rightCols(memory_size()), values, sums);
    Match::finish_keys(v, keys);
  }
  void project(const In<S, Query>& queries, Out<S, Alignment> projected) const {
    detail::check_project("ConcatScorer.project", *this, queries, projected);
    projected.setZero();
    add_product(W.leftCols(query), queries, projected);
  }

  void score(const In<S, Alignment>& projected, const In<S>& keys, Out<S> scores, Buffer<S>& scratch) const {
    detail::check_score("ConcatScorer.score", *this, projected, keys, scores);
    Match::score(v, projected, keys, scores, scratch);
  }
  void score_backward(const In<S, Alignment>& projected, const In<S>& keys, const In<S>& d_scores, ConcatScorer& grad,
                      Out<S, Alignment> d_projected, Out<S> d_keys, Buffer<S>& scratch) const {
    detail::check_score_backward("ConcatScorer.score_backward", *this, projected, keys, d_scores, d_projected, d_keys);
    detail::check_like("ConcatScorer.score_backward", "grad.v", grad.v, v);
    Match::score_backward(v, projected, keys, d_scores, grad.v, d_projected, d_keys, scratch);
  }

  void project_backward(const In<S, Alignment>& d_projected, Out<S, Query> d_queries) const {
    detail::check_project_backward("ConcatScorer.project_backward", *this, d_projected, d_queries);
    add_product_backward(W.leftCols(query), d_projected, d_queries);
  }
  void accumulate(const In<S, Query>& queries, const In<S, Alignment>& d_projected, ConcatScorer& grad) const {
    detail::check_accumulate("ConcatScorer.accumulate", *this, queries, d_projected);
    detail::check_like("ConcatScorer.accumulate", "grad.W", grad.W, W);
    add_outer_product(d_projected, queries, grad.W.edit().leftCols(query));
  }
  void keys_backward(const In<S, MemorySize>& values, const In<S>& d_keys, ConcatScorer& grad,
                     Out<S, MemorySize> d_values) const {
    detail::check_keys_backward("ConcatScorer.keys_backward", *this, values, d_keys, d_values);
    detail::check_like("ConcatScorer.keys_backward", "grad.W", grad.W, W);
    const auto d_sums = d_keys.topRows(v.size());
    add_outer_product(d_sums, values, grad.W.edit().rightCols(memory_size()));
    add_product_backward(W.rightCols(memory_size()), d_sums, d_values);
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "v" ? ParameterRole::scorer_vector : ParameterRole::scorer_weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("v", self.v...);
    visit("query", self.query...);
  }

 private:
  using Match = detail::AdditiveMatch<S, Alignment>;
};

}  // namespace heed::inline v0_1
