#pragma once

#include <heed/parameters.hpp>
#include <heed/random.hpp>

#include <cmath>

namespace heed::inline v0_1 {

/// Gives a part its first parameters, by name:
///
///   b...          zero: biases
///   table         uniform with deviation 1/2: a word vector is an input, not a map, so its size has no say. With
///   vectors
///                 as small as a map's entries, the first epochs would be spent on growing them.
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
        const double bound =
            name.leaf() == "table" ? std::sqrt(3.0) / 2 : std::sqrt(6.0 / static_cast<double>(x.rows() + x.cols()));
        for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<S>(random.uniform(-bound, bound));
      },
      part);
}

}  // namespace heed::inline v0_1
