#pragma once

#include <heed/kernels/dot.hpp>
#include <heed/scorers/scorer.hpp>

namespace heed::inline v0_1 {

/// Dot scores, Luong, Pham & Manning 2015, section 3.1, the first of three. Nothing is learned; query and memory have one size.
///
///   score_j = h_j' q
template <class S, int Size = Dynamic>
struct DotScorer {
  using Scalar = S;

  Index size = Size == Dynamic ? 0 : Size;  ///< of a query and of a value

  DotScorer() = default;
  explicit DotScorer(Index size_) : size(size_) {}

  Index query_size() const { return size; }
  Index memory_size() const { return size; }

  void score(const In<S, Size>& projected, const In<S, Size>& keys, Out<S> scores, Buffer<S>&) const {
    detail::check_score("DotScorer.score", *this, projected, keys, scores);
    detail::DotMatch<S, Size>::score(projected, keys, scores);
  }
  void score_backward(const In<S, Size>& projected, const In<S, Size>& keys, const In<S>& d_scores, DotScorer&,
                      Out<S, Size> d_projected, Out<S, Size> d_keys, Buffer<S>&) const {
    detail::check_score_backward("DotScorer.score_backward", *this, projected, keys, d_scores, d_projected, d_keys);
    detail::DotMatch<S, Size>::score_backward(projected, keys, d_scores, d_projected, d_keys);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("size", self.size...);
  }
};

}  // namespace heed::inline v0_1
