#pragma once

#include <heed/scorers/general.hpp>

namespace heed { inline namespace v0_2 {

/// General scores (Luong, Pham & Manning 2015, section 3.1) times a learned scalar g; TensorFlow's `LuongAttention`
/// with `scale=True`.
///
///     score_j = g q' W h_j = g (W' q)' h_j
///
/// g multiplies the scores, not the query, so that its gradient is exact even if g is 0. Initially g is 1.
template <class S, int Query = Dynamic, int MemorySize = Dynamic>
struct ScaledGeneralScorer : detail::GeneralParts<ScaledGeneralScorer<S, Query, MemorySize>, S, Query, MemorySize> {
  using Scalar = S;
  static constexpr const char* name = "ScaledGeneralScorer";  ///< in error messages

  Weight<S, Query, MemorySize, 1, true> W;         ///< query x memory (the paper's W_a)
  ParameterVector<S, 1> g = Vector<S, 1>::Ones();  ///< 1 element: the scale

  ScaledGeneralScorer() : ScaledGeneralScorer(detail::initial(Query), detail::initial(MemorySize)) {}
  ScaledGeneralScorer(Index query, Index memory) : W(query, memory) {}

  void score(const In<S, MemorySize>& projected, const In<S, MemorySize>& keys, Out<S> scores, Buffer<S>&) const {
    detail::check_score(*this, projected, keys, scores);
    Kernel::score(projected, keys, scores);
    scores *= g(0);
  }
  void score_backward(const In<S, MemorySize>& projected, const In<S, MemorySize>& keys, const In<S>& d_scores,
                      ScaledGeneralScorer& grad, Out<S, MemorySize> d_projected, Out<S, MemorySize> d_keys,
                      Buffer<S>& scratch) const {
    detail::check_score_backward(*this, projected, keys, d_scores, d_projected, d_keys);
    detail::check_like(*this, "score_backward", "grad.g", grad.g, g);
    const Index n = projected.cols();
    scratch.resize(projected.rows(), 2 * n);
    auto d_scaled = scratch.leftCols(n), scaled = scratch.rightCols(n);  // for g W' q: gradient, value
    d_scaled.setZero();
    scaled = projected * g(0);
    Kernel::score_backward(scaled, keys, d_scores, d_scaled, d_keys);
    d_projected += d_scaled * g(0);                       // was: g (W' q)' h
    grad.g(0) += d_scaled.cwiseProduct(projected).sum();  // was: g (W' q)' h
  }

  static constexpr ParameterRole role(std::string_view parameter) {
    return parameter == "W" ? ParameterRole::scorer_weight : ParameterRole::constructed;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("g", self.g...);
  }

 private:
  using Kernel = detail::DotKernel<S, MemorySize>;
};

}}  // namespace heed::v0_2
