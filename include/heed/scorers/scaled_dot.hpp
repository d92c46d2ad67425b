#pragma once

#include <heed/scorers/dot.hpp>

#include <cmath>

namespace heed { inline namespace v0_2 {

/// Scaled dot scores: Vaswani et al. 2017, equation 1. There are no learned parameters. Queries and memory have the
/// same size d.
///
///     score_j = h_j' q / sqrt(d)
///
/// A query is divided once per step, so a score costs no more than a dot score.
template <class S, int Size = Dynamic>
struct ScaledDotScorer : detail::DotScores<ScaledDotScorer<S, Size>, S, Size> {
  using Scalar = S;
  static constexpr const char* name = "ScaledDotScorer";  ///< in error messages

  Index size = detail::initial(Size);  ///< rows of a query and of a memory value

  ScaledDotScorer() = default;
  explicit ScaledDotScorer(Index size_) : size(size_) {}

  Index query_size() const { return size; }
  Index memory_size() const { return size; }
  Index projected_size() const { return size; }

  void project(const In<S, Size>& queries, Out<S, Size> projected) const {
    detail::check_project(*this, queries, projected);
    projected = queries * scale();
  }

  void project_backward(const In<S, Size>& d_projected, Out<S, Size> d_queries) const {
    detail::check_project_backward(*this, d_projected, d_queries);
    d_queries += d_projected * scale();  // was: projected = q / sqrt(d)
  }
  void accumulate(const In<S, Size>& queries, const In<S, Size>& d_projected, ScaledDotScorer&) const {
    detail::check_project(*this, queries, d_projected, "accumulate", "d_projected");
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("size", self.size...);
  }

 private:
  S scale() const {
    using std::sqrt;
    return S(1) / sqrt(detail::number<S>(size));
  }
};

}}  // namespace heed::v0_2
