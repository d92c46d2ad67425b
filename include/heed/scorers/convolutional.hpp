#pragma once

#include <heed/kernels/tanh_tile.hpp>
#include <heed/scorers/additive.hpp>

#include <algorithm>
#include <string>

namespace heed { inline namespace v0_2 {

/// Options of `ConvolutionalScorer`.
struct ConvolutionalScorerOptions {
  Index query_size = 0;      ///< rows of a query
  Index memory_size = 0;     ///< rows of a value of the memory
  Index alignment_size = 0;  ///< rows of the tanh layer
  Index filters = 10;        ///< rows of F; 1 or more
  Index width = 15;          ///< width of a filter, in positions; odd
};

/// Additive scores with features of the previous weights: Chorowski et al. 2015, equations 8 and 9.
///
///     f_j = F a, a = the previous weights around j        score_j = v' tanh(W q + V h_j + U f_j + b)
///
/// Each row of F is a filter of odd width, centred on position j. Weights outside the sentence are 0, and so are all
/// previous weights at the first step. As in other frameworks, F a is a cross-correlation: filters are not mirrored.
template <class S, int Query = Dynamic, int MemorySize = Dynamic, int Alignment = Dynamic>
struct ConvolutionalScorer
    : detail::AdditiveParts<ConvolutionalScorer<S, Query, MemorySize, Alignment>, S, Query, MemorySize, Alignment> {
  using Scalar = S;
  using Kernel = detail::TanhTile<S>;                         ///< the kernel that computes scores
  static constexpr const char* name = "ConvolutionalScorer";  ///< in error messages

  Weight<S, Alignment, Query> W;       ///< alignment x query
  Weight<S, Alignment, MemorySize> V;  ///< alignment x memory
  Parameter<S, Dynamic, Dynamic> U;    ///< alignment x filters
  Parameter<S, Dynamic, Dynamic> F;    ///< filters x width
  ParameterVector<S, Alignment> v;     ///< alignment (w)
  ParameterVector<S, Alignment> b;     ///< alignment

  ConvolutionalScorer()
      : ConvolutionalScorer({.query_size = detail::initial(Query),
                             .memory_size = detail::initial(MemorySize),
                             .alignment_size = detail::initial(Alignment)}) {}
  /// Throws heed::Error unless the alignment size and the number of filters are 1 or more and the width is odd. The
  /// alignment size may be 0 if the query and memory sizes are 0.
  explicit ConvolutionalScorer(const ConvolutionalScorerOptions& options)
      : W(options.alignment_size, options.query_size), V(options.alignment_size, options.memory_size) {
    detail::check_alignment(name, options.query_size, options.memory_size, options.alignment_size);
    require(options.filters > 0 && options.width > 0 && options.width % 2 == 1, [&] {
      return "ConvolutionalScorer: filters must be at least 1 and width must be positive and odd, got filters " +
             std::to_string(options.filters) + " and width " + std::to_string(options.width);
    });
    U.setZero(options.alignment_size, options.filters);
    F.setZero(options.filters, options.width);
    v.setZero(options.alignment_size);
    b.setZero(options.alignment_size);
  }

  Carried carried() const { return Carried::last; }

  /// V, which multiplies the memory, and the name of its gradient in error messages.
  static constexpr const char* memory_gradient = "grad.V";
  static auto& memory_weight(auto& scorer) { return scorer.V; }

  /// Computes scores(j, i), T x n. `last`: the weights of the previous step, T x n.
  void score(const In<S>& projected, const In<S>& keys, const In<S>& last, Out<S> scores, Buffer<S>& scratch) const {
    detail::check_score(*this, projected, keys, scores);
    detail::check_size(*this, "score", "last", last, keys.cols(), projected.cols());
    for (Index i = 0; i < scores.cols(); ++i) {
      filter(last.col(i), scratch);
      Kernel::score(v, projected.col(i), keys, tile(scratch), scores.col(i));
    }
  }
  void score_backward(const In<S>& projected, const In<S>& keys, const In<S>& last, const In<S>& d_scores,
                      ConvolutionalScorer& grad, Out<S> d_projected, Out<S> d_keys, Out<S> d_last,
                      Buffer<S>& scratch) const {
    detail::check_score_backward(*this, projected, keys, d_scores, d_projected, d_keys);
    detail::check_size(*this, "score_backward", "last", last, keys.cols(), projected.cols());
    detail::check_like(*this, "score_backward", "d_last", d_last, last);
    detail::check_like(*this, "score_backward", "grad.U", grad.U, U);
    detail::check_like(*this, "score_backward", "grad.F", grad.F, F);
    detail::check_like(*this, "score_backward", "grad.v", grad.v, v);
    for (Index i = 0; i < d_scores.cols(); ++i) {
      filter(last.col(i), scratch);
      auto d_tile = tile(scratch);
      Kernel::score_backward(v, projected.col(i), keys, d_scores.col(i), d_tile, grad.v, d_projected.col(i), d_keys);
      auto f = filtered(scratch);
      add_outer_product(d_tile, f, grad.U);  // was: U f
      f.setZero();                           // from here on the gradient of f
      add_product_backward(U, d_tile, f);    // was: U f
      for (Index j = 0; j < last.rows(); ++j) {
        for_each_place(j, last.rows(), [&](Index k, Index at) {
          grad.F.col(k) += last(at, i) * f.col(j);  // was: f = F a
          d_last(at, i) += F.col(k).dot(f.col(j));  // was: f = F a
        });
      }
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("V", self.V...);
    visit("U", self.U...);
    visit("F", self.F...);
    visit("v", self.v...);
    visit("b", self.b...);
  }

 private:
  auto tile(Buffer<S>& scratch) const { return scratch.topRows(v.size()); }
  auto filtered(Buffer<S>& scratch) const { return scratch.bottomRows(F.rows()); }

  /// For a filter centred on position j, calls use(k, at) for every column k of F that lies inside the sentence, where
  /// `at` is its position.
  template <class Use>
  void for_each_place(Index j, Index length, Use&& use) const {
    const Index before = F.cols() / 2;
    const Index end = std::min(F.cols(), length - j + before);
    for (Index k = std::max(Index{0}, before - j); k < end; ++k) use(k, j + k - before);
  }

  /// Overwrites scratch: the tile becomes U f, and f is stored below it.
  void filter(const In<S>& last, Buffer<S>& scratch) const {
    scratch.resize(v.size() + F.rows(), last.rows());
    scratch.setZero();
    auto f = filtered(scratch);
    for (Index j = 0; j < last.rows(); ++j) {
      for_each_place(j, last.rows(), [&](Index k, Index at) { f.col(j) += F.col(k) * last(at, 0); });
    }
    add_product(U, f, tile(scratch));
  }
};

}}  // namespace heed::v0_2
