#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/products.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// The sizes of a readout. Each must be 1 or more.
///
/// A readout computes the features, the input of the output layer, from the state s, the context c and the embedded
/// previous word x. s is the hidden state h of the top layer (for an LSTM without the cell state). `ContextDecoder`
/// takes any class template of one scalar type with these members. Every matrix has n columns: the columns of all steps
/// in training, those of one step in search.
///
/// | member                                      | meaning                                                           |
/// |---------------------------------------------|-------------------------------------------------------------------|
/// | `constructor`                               | takes no argument, or `ReadoutOptions`                            |
/// | `output_size()`                             | rows of the features                                              |
/// | `reads_previous()`                          | true: s is the h before the step; false: the h after the step     |
/// | `forward(s, c, x, features, kept)`          | overwrites features; may save other activations in `kept`         |
/// | `backward(s, c, x, features, kept,`         | from d_features: adds to grad, d_s, d_c and d_x; may overwrite    |
/// | `         d_features, grad, d_s, d_c, d_x)` | d_features and `kept`                                             |
/// | `visit_parameters(visit, self...)`          | names its parameters (`Part`)                                     |
struct ReadoutOptions {
  Index hidden_size = 0;   ///< rows of s, the hidden state h of the top layer
  Index context_size = 0;  ///< rows of the context c
  Index word_size = 0;     ///< rows of the embedded previous word x
  Index feature_size = 0;  ///< rows of the features
};

namespace detail {

inline void check_options(const char* type, const ReadoutOptions& options) {
  check_options(type, {{"hidden_size", options.hidden_size},
                       {"context_size", options.context_size},
                       {"word_size", options.word_size},
                       {"feature_size", options.feature_size}});
}

}  // namespace detail

/// The affine map W [s; c; x] + b: base class of `Readout` and `MaxoutReadout`. It has no recurrence, so all columns
/// are computed in one product. The columns of W belong to the state s, the context c and the embedded previous word x,
/// in this order.
///
/// The functions of heed's readouts throw heed::Error if a size does not match.
template <class S>
struct JointProjection {
  using Scalar = S;

  Weight<S> W;           ///< rows x (state + context + word)
  ParameterVector<S> b;  ///< rows
  Index state = 0;       ///< columns of W that belong to s
  Index context = 0;     ///< columns of W that belong to c

  JointProjection() = default;
  /// Throws heed::Error unless every size is 1 or more. `type` is the name of the readout for the message. W has
  /// `rows_per_feature` rows for each feature.
  JointProjection(const char* type, const ReadoutOptions& options, Index rows_per_feature = 1)
      : state(options.hidden_size), context(options.context_size) {
    detail::check_options(type, options);
    const Index rows = rows_per_feature * options.feature_size;
    W = Weight<S>(rows, state + context + options.word_size);
    b = Vector<S>::Zero(rows);
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b" ? ParameterRole::bias : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("state", self.state...);
    visit("context", self.context...);
  }

 protected:
  /// Rows of x.
  Index word_size() const { return W.cols() - state - context; }

  /// Throws heed::Error unless the rows of s, c and x, or of their gradients, match W.
  void check(const char* function, const char* name_s, const In<S>& s, const char* name_c, const In<S>& c,
             const char* name_x, const In<S>& x, Index cols) const {
    detail::check_size(function, name_s, s, state, cols);
    detail::check_size(function, name_c, c, context, cols);
    detail::check_size(function, name_x, x, word_size(), cols);
  }

  /// to = W [s; c; x] + b. Does not allocate.
  template <class To>
  void project(const In<S>& s, const In<S>& c, const In<S>& x, To&& to) const {
    to.colwise() = b;
    add_product(W.leftCols(state), s, to);
    add_product(W.middleCols(state, context), c, to);
    add_product(W.rightCols(x.rows()), x, to);
  }

  /// Backward of `project`; d is the gradient of its result. Adds to grad and to the gradients of the three inputs.
  template <class D>
  void project_backward(const In<S>& s, const In<S>& c, const In<S>& x, const D& d, JointProjection<S>& grad,
                        Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    if (d.cols() == 0) return;
    grad.b += d.rowwise().sum();
    add_outer_product(d, s, grad.W.edit().leftCols(state));
    add_outer_product(d, c, grad.W.edit().middleCols(state, context));
    add_outer_product(d, x, grad.W.edit().rightCols(x.rows()));
    add_product_backward(W.leftCols(state), d, d_s);
    add_product_backward(W.middleCols(state, context), d, d_c);
    add_product_backward(W.rightCols(x.rows()), d, d_x);
  }
};

/// A readout with one tanh layer. Its features are the input of the output layer.
///
///     features = tanh(W [s; c; x] + b)        s: hidden state, c: context, x: embedded previous word
template <class S>
struct Readout : JointProjection<S> {
  Readout() = default;
  /// Throws heed::Error unless every size is 1 or more.
  explicit Readout(const ReadoutOptions& options) : JointProjection<S>("Readout", options) {}

  /// Rows of the features.
  Index output_size() const { return this->W.rows(); }
  /// False: s is the state after the step.
  static constexpr bool reads_previous() { return false; }

  /// Overwrites features (feature size x n) from s (state x n), c (context x n) and x (word x n). Does not allocate.
  /// The last argument, for the saved activations of other readouts, is not used.
  void forward(const In<S>& s, const In<S>& c, const In<S>& x, Out<S> features, Buffer<S>&) const {
    this->check("Readout.forward", "s", s, "c", c, "x", x, s.cols());
    detail::check_size("Readout.forward", "features", features, output_size(), s.cols());
    this->project(s, c, x, features);
    Tanh::forward(features);
  }

  /// Backward of `forward`. On input, d_features is dL/dfeatures; it is overwritten with the gradient before the tanh.
  /// Adds to grad and to the gradients of the three inputs.
  void backward(const In<S>& s, const In<S>& c, const In<S>& x, const In<S>& features, Buffer<S>&, Out<S> d_features,
                Readout& grad, Out<S> d_s, Out<S> d_c, Out<S> d_x) const {
    const char* const name = "Readout.backward";
    this->check(name, "s", s, "c", c, "x", x, s.cols());
    detail::check_size(name, "features", features, output_size(), s.cols());
    detail::check_size(name, "d_features", d_features, output_size(), s.cols());
    this->check(name, "d_s", d_s, "d_c", d_c, "d_x", d_x, s.cols());
    detail::check_grad(name, *this, grad);
    Tanh::backward(features, d_features);
    this->project_backward(s, c, x, d_features, grad, d_s, d_c, d_x);
  }
};

}}  // namespace heed::v0_2
