#pragma once

#include <heed/parameters.hpp>
#include <heed/random.hpp>

#include <cmath>

namespace heed::inline v0_1 {

/// Gives a part its first parameters, by name:
///
///   b...          zero: biases
///   gain...       one
///   g, r          as it was made: a scale, or what is added to scores, whose first value its part knows best
///   table         uniform with deviation 1/2: a word vector is an input, not a map, so its size has no say. As small
///                 as a map's entries, vectors would spend the first epochs on growing.
///   all others    uniform on +-sqrt(6 / (rows + columns)) (Glorot & Bengio 2010, equation 16)
template <Part P>
void initialize(P& part, Random& random) {
  for_each_parameter(
      [&](const ParameterName& name, auto& x) {
        using S = typename std::remove_reference_t<decltype(x)>::Scalar;
        if (name.leaf().starts_with('b')) {
          x.setZero();
          return;
        }
        if (name.leaf() == "g" || name.leaf() == "r") return;
        if (name.leaf().starts_with("gain")) {
          x.setOnes();
          return;
        }
        const double bound =
            name.leaf() == "table" ? std::sqrt(3.0) / 2 : std::sqrt(6.0 / static_cast<double>(x.rows() + x.cols()));
        for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<S>(random.uniform(-bound, bound));
      },
      part);
}

namespace detail {

/// Fills a matrix with normal numbers of this deviation.
template <class X>
void fill_normal(X&& x, double deviation, Random& random) {
  using S = typename std::remove_reference_t<X>::Scalar;
  for (Index j = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) x(i, j) = static_cast<S>(deviation * random.normal());
  }
}

/// Makes a square matrix orthogonal, every one equally likely: random columns, each freed of those before it, twice, as
/// rounding leaves a little of them the first time.
template <class X>
void fill_orthogonal(X&& x, Random& random) {
  fill_normal(x, 1, random);
  for (Index j = 0; j < x.cols(); ++j) {
    for (int pass = 0; pass < 2; ++pass) {
      for (Index k = 0; k < j; ++k) x.col(j) -= x.col(k).dot(x.col(j)) * x.col(k);
    }
    x.col(j).normalize();
  }
}

}  // namespace detail

/// The same as Bahdanau, Cho & Bengio 2015, section B.1, has it: recurrent matrices orthogonal, gate by gate; those of
/// the scorer normal with deviation 0.001, but v and all biases zero; everything else normal with deviation 0.01.
template <Part P>
void initialize_as_bahdanau(P& part, Random& random) {
  for_each_parameter(
      [&](const ParameterName& name, auto& x) {
        const bool of_scorer = name.str().find("scorer.") != std::string::npos;
        if (name.leaf().starts_with('b') || (of_scorer && name.leaf() == "v")) {
          x.setZero();
        } else if (of_scorer) {
          detail::fill_normal(x, 0.001, random);
        } else if (name.leaf().starts_with('U')) {
          for (Index row = 0; row < x.rows(); row += x.cols()) {
            detail::fill_orthogonal(x.middleRows(row, x.cols()), random);
          }
        } else {
          detail::fill_normal(x, 0.01, random);
        }
      },
      part);
}

}  // namespace heed::inline v0_1
