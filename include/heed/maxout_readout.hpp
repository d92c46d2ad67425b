#pragma once

#include <heed/parameters.hpp>
#include <heed/products.hpp>

#include <algorithm>

namespace heed::inline v0_1 {

/// The readout of Bahdanau, Cho & Bengio 2015, section A.2.2: of every two numbers the larger (Goodfellow et al. 2013).
///
///   t~ = W [s; c; x] + b        features_j = max(t~_2j, t~_2j+1)        W = [U_o C_o V_o], 2 features rows
///
/// The text shows it the state before the step, s_{i-1}, although equation 4 says s_i: `previous` chooses.
template <class T>
struct MaxoutReadout {
  using Stored = T;
  using Scalar = scalar_of<T>;
  using S = Scalar;
  template <class U>
  using With = MaxoutReadout<U>;

  Parameter<T, Dynamic, Dynamic> W;  ///< 2 features x (state + context + word)
  Vector<S> b;                       ///< 2 features (the paper has none: zeros)
  Index state = 0;                   ///< columns of W that belong to s
  Index context = 0;                 ///< columns of W that belong to c
  bool previous = true;              ///< whether s is the state before the step

  MaxoutReadout() = default;
  MaxoutReadout(Index state_size, Index context_size, Index word_size, Index features)
      : W(decltype(W)::Zero(2 * features, state_size + context_size + word_size)),
        b(Vector<S>::Zero(2 * features)),
        state(state_size),
        context(context_size) {}

  Index output_size() const { return W.rows() / 2; }
  bool reads_previous() const { return previous; }

  /// Overwrites features, and `kept` (t~), which backward wants. Does not allocate once `kept` has grown.
  void forward(const In<S>& s, const In<S>& c, const In<S>& x, Out<S> features, Buffer<S>& kept) const {
    kept.resize(W.rows(), x.cols());
    kept.colwise() = b;
    add_product(W.leftCols(state), s, kept);
    add_product(W.middleCols(state, context), c, kept);
    add_product(W.rightCols(x.rows()), x, kept);
    for (Index i = 0; i < x.cols(); ++i) {
      for (Index j = 0; j < features.rows(); ++j) features(j, i) = std::max(kept(2 * j, i), kept(2 * j + 1, i));
    }
  }

  /// Overwrites `kept` by its gradient; adds to grad and the three inputs' gradients. Of two equal numbers the first
  /// gets all.
  void backward(const In<S>& s, const In<S>& c, const In<S>& x, const In<S>&, Buffer<S>& kept, Out<S> d_features,
                With<S>& grad, Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    for (Index i = 0; i < x.cols(); ++i) {
      for (Index j = 0; j < d_features.rows(); ++j) {
        const bool first = kept(2 * j, i) >= kept(2 * j + 1, i);
        kept(2 * j, i) = first ? d_features(j, i) : S(0);
        kept(2 * j + 1, i) = first ? S(0) : d_features(j, i);
      }
    }
    grad.b += kept.rowwise().sum();
    add_outer_product(kept, s, grad.W.leftCols(state));
    add_outer_product(kept, c, grad.W.middleCols(state, context));
    add_outer_product(kept, x, grad.W.rightCols(x.rows()));
    add_product_backward(W.leftCols(state), kept, d_s);
    add_product_backward(W.middleCols(state, context), kept, d_c);
    add_product_backward(W.rightCols(x.rows()), kept, d_x);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("state", self.state...);
    visit("context", self.context...);
    visit("previous", self.previous...);
  }
};

}  // namespace heed::inline v0_1
