#pragma once

#include <heed/kernels/dot.hpp>
#include <heed/scorers/scorer.hpp>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Base of the dot and general scorers: score_j = k_j' projected. The keys are the values of the memory.
template <class C, class S, int Size>
struct DotScores {
  void score(const In<S, Size>& projected, const In<S, Size>& keys, Out<S> scores, Buffer<S>&) const {
    check_score(self(), projected, keys, scores);
    DotKernel<S, Size>::score(projected, keys, scores);
  }
  void score_backward(const In<S, Size>& projected, const In<S, Size>& keys, const In<S>& d_scores, C&,
                      Out<S, Size> d_projected, Out<S, Size> d_keys, Buffer<S>&) const {
    check_score_backward(self(), projected, keys, d_scores, d_projected, d_keys);
    DotKernel<S, Size>::score_backward(projected, keys, d_scores, d_projected, d_keys);
  }

 protected:
  const C& self() const { return static_cast<const C&>(*this); }
};

}  // namespace detail

/// Dot scores: Luong, Pham & Manning 2015, section 3.1, the first of three. There are no learned parameters. Queries
/// and memory have the same size.
///
///     score_j = h_j' q
template <class S, int Size = Dynamic>
struct DotScorer : detail::DotScores<DotScorer<S, Size>, S, Size> {
  using Scalar = S;
  static constexpr const char* name = "DotScorer";  ///< in error messages

  Index size = detail::initial(Size);  ///< rows of a query and of a memory value

  DotScorer() = default;
  explicit DotScorer(Index size_) : size(size_) {}

  Index query_size() const { return size; }
  Index memory_size() const { return size; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("size", self.size...);
  }
};

}}  // namespace heed::v0_2
