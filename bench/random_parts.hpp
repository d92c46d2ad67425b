#pragma once

#include <heed/heed.hpp>

#include <cmath>

/// Random inputs and parameters for the benchmarks and comparisons.
namespace bench {

using heed::Index;
using Matrix = heed::Matrix<float>;
using Vector = heed::Vector<float>;

template <class X>
void randomize(X&& x, float bound, heed::Random& random) {
  for (Index j = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) x(i, j) = static_cast<float>(random.uniform(-bound, bound));
  }
}

inline Matrix random_matrix(Index rows, Index cols, heed::Random& random) {
  Matrix x(rows, cols);
  randomize(x, 1, random);
  return x;
}

/// Draws every parameter uniformly from +-1 / sqrt(size). Biases are not zero, so a missing bias is noticed.
template <heed::Part P>
void randomize_parameters(P& part, Index size, heed::Random& random) {
  const float bound = 1 / std::sqrt(static_cast<float>(size));
  heed::for_each_parameter([&](const heed::ParameterName&, auto& x) { randomize(x, bound, random); }, part);
}

}  // namespace bench
