#pragma once

#include <heed/kernels/additive.hpp>
#include <heed/math.hpp>
#include <heed/scorers/scorer.hpp>

#include <string>

namespace heed::inline v0_1 {

/// Concat scores, Luong, Pham & Manning 2015, equation 7, third case. The query comes first.
///
///   score_j = v' tanh(W [q; h_j])
///
/// W [q; h] = W_q q + W_h h, so this is the additive match with both matrices stored as one.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct ConcatScorer {
  using Scalar = S;

  static constexpr int Both = detail::plus(Query, MemorySize);

  Parameter<S, Alignment, Both> W;             ///< alignment x (query + memory) (W_a)
  Vector<S, Alignment> v;                      ///< alignment (v_a)
  Index query = Query == Dynamic ? 0 : Query;  ///< how many columns of W belong to the query

  ConcatScorer()
      : ConcatScorer(Query == Dynamic ? 0 : Query, MemorySize == Dynamic ? 0 : MemorySize,
                     Alignment == Dynamic ? 0 : Alignment) {}
  ConcatScorer(Index query_size, Index memory_size, Index alignment)
      : W(Parameter<S, Alignment, Both>::Zero(alignment, query_size + memory_size)),
        v(Vector<S, Alignment>::Zero(alignment)),
        query(query_size) {
    require(alignment > 0 || query == 0, [] { return std::string("ConcatScorer: the alignment size must not be 0"); });
  }

  Index query_size() const { return query; }
  Index memory_size() const { return W.cols() - query; }
  Index key_size() const { return v.size(); }
  Index projected_size() const { return v.size(); }

  void keys(const In<S, MemorySize>& values, Out<S, Alignment> keys) const {
    keys.setZero();
    add_product(W.rightCols(memory_size()), values, keys);
  }
  void project(const In<S, Query>& queries, Out<S, Alignment> projected) const {
    projected.setZero();
    add_product(W.leftCols(query), queries, projected);
  }

  void score(const In<S, Alignment>& projected, const In<S, Alignment>& keys, Out<S> scores, Buffer<S>&) const {
    detail::AdditiveMatch<S, Alignment>::score(v, projected, keys, scores);
  }
  void score_backward(const In<S, Alignment>& projected, const In<S, Alignment>& keys, const In<S>& d_scores,
                      ConcatScorer& grad, Out<S, Alignment> d_projected, Out<S, Alignment> d_keys, Buffer<S>&) const {
    detail::AdditiveMatch<S, Alignment>::score_backward(v, projected, keys, d_scores, grad.v, d_projected, d_keys);
  }

  void project_backward(const In<S, Alignment>& d_projected, Out<S, Query> d_queries) const {
    d_queries.noalias() += W.leftCols(query).transpose() * d_projected;
  }
  void accumulate(const In<S, Query>& queries, const In<S, Alignment>& d_projected, ConcatScorer& grad) const {
    grad.W.leftCols(query).noalias() += d_projected * queries.transpose();
  }
  void keys_backward(const In<S, MemorySize>& values, const In<S, Alignment>& d_keys, ConcatScorer& grad,
                     Out<S, MemorySize> d_values) const {
    grad.W.rightCols(memory_size()).noalias() += d_keys * values.transpose();
    d_values.noalias() += W.rightCols(memory_size()).transpose() * d_keys;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("v", self.v...);
  }
};

}  // namespace heed::inline v0_1
