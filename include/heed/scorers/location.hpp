#pragma once

#include <heed/core/scalar.hpp>
#include <heed/scorers/additive.hpp>

#include <algorithm>
#include <string>

namespace heed { inline namespace v0_2 {

/// Location scores: Luong, Pham & Manning 2015, equation 8. The score of a position depends only on the query.
///
///     score_j = (W q)_j
///
/// W has one row for each of the first `longest()` positions. A shorter sentence uses the first rows. In a longer
/// sentence, the later positions have a score of -inf, so their weights are 0.
template <class S, int Query = Dynamic, int Longest = Dynamic>
struct LocationScorer : detail::LinearQueries<LocationScorer<S, Query, Longest>, S, Query, Dynamic> {
  using Scalar = S;
  static constexpr const char* name = "LocationScorer";  ///< in error messages

  Weight<S, Longest, Query> W;  ///< longest x query (W_a)
  Index memory = 0;             ///< rows of a memory value; the scores do not use the values

  LocationScorer() : W(detail::initial(Longest), detail::initial(Query)) {}
  LocationScorer(Index query, Index memory_size, Index longest) : W(longest, query), memory(memory_size) {
    require(longest > 0, "LocationScorer: longest must be at least 1");
  }

  /// The number of positions that can be attended to.
  Index longest() const { return W.rows(); }
  Index memory_size() const { return memory; }
  bool depends_on_position() const { return true; }

  void score(const In<S>& projected, const In<S>& keys, Out<S> scores, Buffer<S>&) const {
    detail::check_score(*this, projected, keys, scores);
    if (scores.cols() == 0) return;
    const Index rows = std::min(scores.rows(), longest());
    scores.topRows(rows) = projected.topRows(rows);
    scores.bottomRows(scores.rows() - rows).setConstant(S(-detail::Limits<S>::infinity()));
  }
  void score_backward(const In<S>& projected, const In<S>& keys, const In<S>& d_scores, LocationScorer&,
                      Out<S> d_projected, Out<S> d_keys, Buffer<S>&) const {
    detail::check_score_backward(*this, projected, keys, d_scores, d_projected, d_keys);
    const Index rows = std::min(d_scores.rows(), longest());
    d_projected.topRows(rows) += d_scores.topRows(rows);  // was: scores = projected
  }

  static constexpr ParameterRole role(std::string_view) { return ParameterRole::scorer_weight; }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("memory", self.memory...);
  }
};

}}  // namespace heed::v0_2
