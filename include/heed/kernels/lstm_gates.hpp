#pragma once

#include <heed/kernels/gates.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// The gate arithmetic that all LSTM variants share, regardless of how the gates are computed and how c is used:
///
///     c = f c_prev + i g        i, f, o through the sigmoid, g through tanh
template <class S>
struct LstmGates {
  /// Returns c for a packet of units and sets `out` to o. `sums` are the gates before the sigmoid and tanh. `c_prev`
  /// and `saved` are these units in a column (`UnitsInColumn`). If `save_activations`, writes the gates i f g o to
  /// blocks of `apart` rows of `saved`.
  template <class Sums, class C, class Saved, class Numbers>
  EIGEN_ALWAYS_INLINE static Numbers forward(const Sums& sums, const C& c_prev, const Saved& saved, Index apart,
                                             Numbers& out, bool save_activations = true) {
    const Numbers in = sigmoid(sums[0]), forget = sigmoid(sums[1]), fresh = tanh(sums[2]);
    out = sigmoid(sums[3]);
    if (save_activations) {
      saved[0] = in;
      saved[apart] = forget;
      saved[2 * apart] = fresh;
      saved[3 * apart] = out;
    }
    return multiply_add(forget, c_prev[0], in * fresh);
  }

  /// Backward of c, from the gates that `forward` wrote. d_c is dL/dc on entry and dL/dc_prev on return. Overwrites the
  /// rows of i, f and g in d_gates, the gradient with respect to the gates before the sigmoid and tanh.
  template <class Gates, class C, class DC, class DGates>
  static void backward(const Gates& gates, const C& c_prev, DC&& d_c, DGates&& d_gates) {
    const Index N = c_prev.rows();
    const auto i = gates.topRows(N).array(), f = gates.middleRows(N, N).array(), g = gates.middleRows(2 * N, N).array();
    d_gates.topRows(N).array() = d_c.array() * g * i * (S(1) - i);                     // was: c = f c_prev + i g
    d_gates.middleRows(2 * N, N).array() = d_c.array() * i * (S(1) - g.square());      // was: c = f c_prev + i g
    d_gates.middleRows(N, N).array() = d_c.array() * c_prev.array() * f * (S(1) - f);  // was: c = f c_prev + i g
    d_c.array() *= f;                                                                  // was: c = f c_prev + i g
  }
};

}}}  // namespace heed::v0_2::detail
