#pragma once

#include <heed/math.hpp>
#include <heed/parameters.hpp>
#include <heed/products.hpp>

namespace heed::inline v0_1 {

/// What the output layer sees of a step: everything the decoder knows, through one tanh layer.
///
///   features = tanh(W [s; c; x] + b)        s: state, c: context, x: embedded previous word
///
/// The columns of W belong to s, c and x in this order. Products over all columns at once, as nothing here recurs.
template <class T>
struct Readout {
  using Stored = T;
  using Scalar = scalar_of<T>;
  using S = Scalar;
  template <class U>
  using With = Readout<U>;

  Parameter<T, Dynamic, Dynamic> W;  ///< features x (state + context + word)
  Vector<S> b;                       ///< features
  Index state = 0;                   ///< columns of W that belong to s
  Index context = 0;                 ///< columns of W that belong to c

  Readout() = default;
  Readout(Index state_size, Index context_size, Index word_size, Index features)
      : W(decltype(W)::Zero(features, state_size + context_size + word_size)),
        b(Vector<S>::Zero(features)),
        state(state_size),
        context(context_size) {}

  Index output_size() const { return W.rows(); }

  /// It is the state after the step that is shown.
  static constexpr bool reads_previous() { return false; }

  /// Overwrites features. Does not allocate. What other readouts keep for backward (`kept`) is not needed here.
  void forward(const In<S>& s, const In<S>& c, const In<S>& x, Out<S> features, Buffer<S>&) const {
    features.colwise() = b;
    add_product(W.leftCols(state), s, features);
    add_product(W.middleCols(state, context), c, features);
    add_product(W.rightCols(x.rows()), x, features);
    Tanh::forward(features);
  }

  /// Overwrites d_features by the gradient before the tanh; adds to grad and the three inputs' gradients.
  void backward(const In<S>& s, const In<S>& c, const In<S>& x, const In<S>& features, Buffer<S>&, Out<S> d_features,
                With<S>& grad, Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    Tanh::backward(features, d_features);
    grad.b += d_features.rowwise().sum();
    add_outer_product(d_features, s, grad.W.leftCols(state));
    add_outer_product(d_features, c, grad.W.middleCols(state, context));
    add_outer_product(d_features, x, grad.W.rightCols(x.rows()));
    add_product_backward(W.leftCols(state), d_features, d_s);
    add_product_backward(W.middleCols(state, context), d_features, d_c);
    add_product_backward(W.rightCols(x.rows()), d_features, d_x);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("state", self.state...);
    visit("context", self.context...);
  }
};

}  // namespace heed::inline v0_1
