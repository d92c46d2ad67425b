#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/gates.hpp>
#include <heed/kernels/standardize.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 {

/// Layer normalisation of every column x: Ba, Kiros & Hinton 2016, equations 3 and 4; PyTorch's nn.LayerNorm.
///
///     y = gain (x - mean) / sqrt(variance + 1e-5) + b
///
/// Mean and variance are computed over the rows of each column, so the columns are independent. The variance is divided
/// by the size, not by size - 1. Throws heed::Error if a size does not fit.
template <class S, int Size = Dynamic>
struct LayerNorm {
  using Scalar = S;

  ParameterVector<S, Size> gain;  ///< size; initially 1 (nn.LayerNorm.weight)
  ParameterVector<S> b;           ///< size, or empty: no bias

  LayerNorm() : LayerNorm(Size == Dynamic ? 0 : Size) {}
  explicit LayerNorm(Index size, bool bias = true)
      : gain(Vector<S, Size>::Ones(size)), b(Vector<S>::Zero(bias ? size : 0)) {}

  Index size() const { return gain.size(); }
  /// Rows of `saved`: for each column, the normalised column N(x) = (x - mean) / sqrt(variance + 1e-5) in `size()`
  /// rows, then 1 / sqrt(variance + 1e-5).
  Index saved_size() const { return size() + 1; }

  /// Overwrites y (size x n), which may be the same matrix as x, and saved (saved_size x n). Does not allocate.
  void forward(const In<S, Size>& x, Out<S, Size> y, Out<S> saved) const {
    detail::check_size("LayerNorm.forward", "x", x, size(), x.cols());
    detail::check_size("LayerNorm.forward", "y", y, size(), x.cols());
    detail::check_size("LayerNorm.forward", "saved", saved, saved_size(), x.cols());
    for (Index i = 0; i < x.cols(); ++i) {
      S* const normal = saved.col(i).data();
      std::copy_n(x.col(i).data(), size(), normal);
      normal[size()] = detail::standardize(normal, size());
      detail::for_each_units<S>(size(), i, [&](const auto& units) {
        units(y)[0] = multiply_add(units(saved)[0], units.parameters(gain, 0), units.parameters(b, 0));
      });
    }
  }

  /// d_x += dL/dx. Allocates.
  void backward(const In<S>& saved, const In<S, Size>& d_y, Out<S, Size> d_x) const {
    detail::check_size("LayerNorm.backward", "saved", saved, saved_size(), saved.cols());
    detail::check_size("LayerNorm.backward", "d_y", d_y, size(), saved.cols());
    detail::check_size("LayerNorm.backward", "d_x", d_x, size(), saved.cols());
    Matrix<S, Size> d = gain.asDiagonal() * d_y;  // was: y = gain N(x) + b
    for (Index i = 0; i < d.cols(); ++i) {
      detail::standardize_backward(saved.col(i).head(size()), saved(size(), i), d.col(i));  // was: N(x)
    }
    d_x += d;
  }

  /// grad.gain += the sum of d_y N(x) over the columns,  grad.b += the sum of the columns of d_y.
  void accumulate(const In<S>& saved, const In<S, Size>& d_y, LayerNorm& grad) const {
    detail::check_size("LayerNorm.accumulate", "saved", saved, saved_size(), saved.cols());
    detail::check_size("LayerNorm.accumulate", "d_y", d_y, size(), saved.cols());
    detail::check_grad("LayerNorm.accumulate", *this, grad);
    if (d_y.cols() == 0) return;
    grad.gain += d_y.cwiseProduct(saved.topRows(size())).rowwise().sum();
    if (b.size() > 0) grad.b += d_y.rowwise().sum();
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b" ? ParameterRole::bias : ParameterRole::gain;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("gain", self.gain...);
    visit("b", self.b...);
  }
};

}}  // namespace heed::v0_2
