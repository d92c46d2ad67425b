#pragma once

#include <heed/math.hpp>
#include <heed/parameters.hpp>

namespace heed::inline v0_1 {

/// What the output layer sees of a step: everything the decoder knows, through one tanh layer.
///
///   features = tanh(W [s; c; x] + b)        s: state, c: context, x: embedded previous word
///
/// The columns of W belong to s, c and x in this order. Products over all columns at once, as nothing here recurs.
template <class S>
struct Readout {
  using Scalar = S;

  Matrix<S> W;        ///< features x (state + context + word)
  Vector<S> b;        ///< features
  Index state = 0;    ///< columns of W that belong to s
  Index context = 0;  ///< columns of W that belong to c

  Readout() = default;
  Readout(Index state_size, Index context_size, Index word_size, Index features)
      : W(Matrix<S>::Zero(features, state_size + context_size + word_size)),
        b(Vector<S>::Zero(features)),
        state(state_size),
        context(context_size) {}

  Index output_size() const { return W.rows(); }

  /// Overwrites features. Does not allocate.
  void forward(const In<S>& s, const In<S>& c, const In<S>& x, Out<S> features) const {
    features.colwise() = b;
    add_product(W.leftCols(state), s, features);
    add_product(W.middleCols(state, context), c, features);
    add_product(W.rightCols(x.rows()), x, features);
    Tanh::forward(features);
  }

  /// Overwrites d_features by the gradient before the tanh; adds to grad and the three inputs' gradients.
  void backward(const In<S>& s, const In<S>& c, const In<S>& x, const In<S>& features, Out<S> d_features, Readout& grad,
                Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    Tanh::backward(features, d_features);
    grad.b += d_features.rowwise().sum();
    grad.W.leftCols(state).noalias() += d_features * s.transpose();
    grad.W.middleCols(state, context).noalias() += d_features * c.transpose();
    grad.W.rightCols(x.rows()).noalias() += d_features * x.transpose();
    d_s.noalias() += W.leftCols(state).transpose() * d_features;
    d_c.noalias() += W.middleCols(state, context).transpose() * d_features;
    d_x.noalias() += W.rightCols(x.rows()).transpose() * d_features;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
  }
};

}  // namespace heed::inline v0_1
