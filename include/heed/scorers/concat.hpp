#pragma once

#include <heed/scorers/additive.hpp>

namespace heed { inline namespace v0_2 {

/// Concat scores: Luong, Pham & Manning 2015, section 3.1, the third of three. The query comes first.
///
///     score_j = v' tanh(W [q; h_j])
///
/// W [q; h] = W_q q + W_h h, so this is an additive score with both matrices stored as one.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct ConcatScorer
    : detail::AdditiveParts<ConcatScorer<S, Query, MemorySize, Alignment>, S, Query, MemorySize, Alignment> {
  using Scalar = S;
  using Kernel = detail::AdditiveKernel<S, Alignment>;  ///< the kernel that computes scores
  static constexpr const char* name = "ConcatScorer";   ///< in error messages

  static constexpr int Both = detail::plus(Query, MemorySize);  ///< columns of W

  Weight<S, Alignment, Both> W;          ///< alignment x (query + memory) (W_a)
  ParameterVector<S, Alignment> v;       ///< alignment (v_a)
  Index query = detail::initial(Query);  ///< number of columns of W that multiply the query

  ConcatScorer() : ConcatScorer(detail::initial(Query), detail::initial(MemorySize), detail::initial(Alignment)) {}
  ConcatScorer(Index query_size, Index memory_size, Index alignment)
      : W(alignment, query_size + memory_size), v(Vector<S, Alignment>::Zero(alignment)), query(query_size) {
    detail::check_alignment(name, query_size, memory_size, alignment);
  }

  /// The columns of W that multiply the query or the memory, and the name of their gradient in error messages.
  static constexpr const char* memory_gradient = "grad.W";
  static auto query_weight(const ConcatScorer& scorer) { return scorer.W.leftCols(scorer.query); }
  static auto query_weight(ConcatScorer& scorer) { return scorer.W.edit().leftCols(scorer.query); }
  static auto memory_weight(const ConcatScorer& scorer) { return scorer.W.rightCols(scorer.W.cols() - scorer.query); }
  static auto memory_weight(ConcatScorer& scorer) { return scorer.W.edit().rightCols(scorer.W.cols() - scorer.query); }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("v", self.v...);
    visit("query", self.query...);
  }
};

}}  // namespace heed::v0_2
