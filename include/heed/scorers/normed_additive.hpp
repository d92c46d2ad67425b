#pragma once

#include <heed/scorers/additive.hpp>

#include <cmath>

namespace heed { inline namespace v0_2 {

/// Additive scores (Bahdanau, Cho & Bengio 2015, section A.1.2) with weight normalisation of v (Salimans & Kingma 2016,
/// equation 2); TensorFlow's `BahdanauAttention` with `normalize=True`.
///
///     score_j = g v' tanh(W q + U h_j + b) / |v|
///
/// v gives the direction and g the length of the vector. Initially g is 1 / sqrt(alignment) and v is all ones, so that
/// a score is the mean of the tanh values. If v is zero, all scores and all gradients are 0.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct NormedAdditiveScorer
    : detail::AdditiveParts<NormedAdditiveScorer<S, Query, MemorySize, Alignment>, S, Query, MemorySize, Alignment> {
  using Scalar = S;
  using Kernel = detail::AdditiveKernel<S, Alignment>;         ///< the kernel that computes scores
  static constexpr const char* name = "NormedAdditiveScorer";  ///< in error messages

  Weight<S, Alignment, Query> W;       ///< alignment x query (W_a)
  Weight<S, Alignment, MemorySize> U;  ///< alignment x memory (U_a)
  ParameterVector<S, Alignment> v;     ///< alignment (v_a); only its direction has an effect
  ParameterVector<S, 1> g;             ///< 1 element: the length of the normalised v
  ParameterVector<S, Alignment> b;     ///< alignment

  NormedAdditiveScorer()
      : NormedAdditiveScorer(detail::initial(Query), detail::initial(MemorySize), detail::initial(Alignment)) {}
  NormedAdditiveScorer(Index query, Index memory, Index alignment)
      : W(alignment, query),
        U(alignment, memory),
        v(Vector<S, Alignment>::Ones(alignment)),
        g(Vector<S, 1>::Constant(alignment > 0 ? S(1) / root(detail::number<S>(alignment)) : S(0))),
        b(Vector<S, Alignment>::Zero(alignment)) {
    detail::check_alignment(name, query, memory, alignment);
  }

  void score(const In<S, Alignment>& projected, const In<S>& keys, Out<S> scores, Buffer<S>& scratch) const {
    detail::check_score(*this, projected, keys, scores);
    Kernel::score(v, projected, keys, scores, scratch);
    scores *= g(0) * inverse_length();
  }
  void score_backward(const In<S, Alignment>& projected, const In<S>& keys, const In<S>& d_scores,
                      NormedAdditiveScorer& grad, Out<S, Alignment> d_projected, Out<S> d_keys,
                      Buffer<S>& scratch) const {
    detail::check_score_backward(*this, projected, keys, d_scores, d_projected, d_keys);
    detail::check_like(*this, "score_backward", "grad.v", grad.v, v);
    detail::check_like(*this, "score_backward", "grad.g", grad.g, g);
    const S inverse = inverse_length();
    const Vector<S, Alignment> direction = v * inverse, sized = direction * g(0);
    Vector<S, Alignment> d_sized = Vector<S, Alignment>::Zero(v.size());
    Kernel::score_backward(sized, projected, keys, d_scores, d_sized, d_projected, d_keys, scratch);
    const S along = d_sized.dot(direction);
    grad.g(0) += along;                                          // was: g v / |v|
    grad.v += (d_sized - direction * along) * (g(0) * inverse);  // was: g v / |v|
  }

  static constexpr ParameterRole role(std::string_view parameter) {
    if (parameter == "b") return ParameterRole::bias;
    return parameter == "g" ? ParameterRole::constructed : ParameterRole::scorer_weight;  // v must not start at 0
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("v", self.v...);
    visit("g", self.g...);
    visit("b", self.b...);
  }

 private:
  static S root(const S& x) {
    using std::sqrt;
    return sqrt(x);
  }
  S inverse_length() const {
    const S length = v.norm();
    return length > S(0) ? S(1) / length : S(0);
  }
};

}}  // namespace heed::v0_2
