#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/products.hpp>

namespace heed { inline namespace v0_2 {

/// Linear layer: y = W x + b for every column x. Throws heed::Error if a size does not fit.
template <class S, int Input = Dynamic, int Output = Dynamic>
struct Linear {
  using Scalar = S;

  Weight<S, Output, Input> W;  ///< output x input (PyTorch's nn.Linear.weight)
  ParameterVector<S> b;        ///< output, or empty: no bias

  Linear() : Linear(Input == Dynamic ? 0 : Input, Output == Dynamic ? 0 : Output) {}
  Linear(Index input, Index output, bool bias = true) : W(output, input), b(Vector<S>::Zero(bias ? output : 0)) {}

  Index input_size() const { return W.cols(); }
  Index output_size() const { return W.rows(); }

  /// Overwrites y (output x n). Does not allocate.
  void forward(const In<S, Input>& x, Out<S, Output> y) const {
    detail::check_size("Linear.forward", "x", x, input_size(), x.cols());
    detail::check_size("Linear.forward", "y", y, output_size(), x.cols());
    if (b.size() > 0) {
      y.colwise() = b;
    } else {
      y.setZero();
    }
    add_product(W, x, y);
  }

  /// grad.W += d_y x',  grad.b += the sum of the columns of d_y.
  void accumulate(const In<S, Input>& x, const In<S, Output>& d_y, Linear& grad) const {
    detail::check_size("Linear.accumulate", "x", x, input_size(), x.cols());
    detail::check_size("Linear.accumulate", "d_y", d_y, output_size(), x.cols());
    detail::check_grad("Linear.accumulate", *this, grad);
    if (d_y.cols() == 0) return;
    add_outer_product(d_y, x, grad.W);
    if (b.size() > 0) grad.b += d_y.rowwise().sum();
  }

  /// d_x += W' d_y.
  void backward(const In<S, Output>& d_y, Out<S, Input> d_x) const {
    detail::check_size("Linear.backward", "d_y", d_y, output_size(), d_y.cols());
    detail::check_size("Linear.backward", "d_x", d_x, input_size(), d_y.cols());
    add_product_backward(W, d_y, d_x);
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b" ? ParameterRole::bias : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
  }
};

}}  // namespace heed::v0_2
