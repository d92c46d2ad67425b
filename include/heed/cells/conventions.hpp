#pragma once

#include <heed/cells/gru.hpp>
#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/lstm.hpp>

#include <array>
#include <utility>

namespace heed { inline namespace v0_2 {

/// The weights of one layer and direction in Keras, in the order of `layer.get_weights()`. Each matrix is the transpose
/// of the one in heed, with the gates in the order of Keras.
template <class S>
struct KerasWeights {
  Matrix<S> kernel;            ///< input x gates * units
  Matrix<S> recurrent_kernel;  ///< units x gates * units
  Matrix<S> bias;              ///< 1 x gates * units; 2 x gates * units (GRU, reset_after=True); empty (use_bias=False)
};

/// The weights of one layer and direction, as the inputs of an ONNX node.
template <class S>
struct OnnxWeights {
  Matrix<S> W;  ///< gates * hidden x input
  Matrix<S> R;  ///< gates * hidden x hidden
  Vector<S> B;  ///< 2 * gates * hidden, the bias of W above that of R, or empty: no bias
};

namespace detail {

/// The order of the gates in other libraries, from top to bottom, as indices into the order in heed: r z n and i f g o.
struct GateOrders {
  static constexpr std::array<Index, 3> gru{1, 0, 2};           ///< z r h in Keras and ONNX
  static constexpr std::array<Index, 4> onnx_lstm{0, 3, 1, 2};  ///< i o f c; Keras has the order of heed
};

template <class T, int I, int H, GruForm Form>
constexpr auto keras_order(const GruCell<T, I, H, Form>&) {
  static_assert(!Form.update_gate_selects_new,
                "the update gate of Keras and ONNX keeps the old state; call flip_update(cell) first");
  return GateOrders::gru;
}
template <class T, int I, int H>
constexpr auto keras_order(const LstmCell<T, I, H>&) {
  return std::array<Index, 4>{0, 1, 2, 3};
}
template <class T, int I, int H, GruForm Form>
constexpr auto onnx_order(const GruCell<T, I, H, Form>& cell) {
  return keras_order(cell);
}
template <class T, int I, int H>
constexpr auto onnx_order(const LstmCell<T, I, H>&) {
  return GateOrders::onnx_lstm;
}

/// Whether the biases must stay separate: a bias inside the reset product cannot be merged with the other bias.
template <class T, int I, int H, GruForm Form>
constexpr bool keeps_both_biases(const GruCell<T, I, H, Form>&) {
  return !Form.reset_before;
}
template <class T, int I, int H>
constexpr bool keeps_both_biases(const LstmCell<T, I, H>&) {
  return false;
}

/// Reorders the rows of x gate by gate: block g of the result is block order[g] of x.
template <class X, std::size_t Count>
Matrix<typename X::Scalar> to_order(const X& x, const std::array<Index, Count>& order) {
  Matrix<typename X::Scalar> result(x.rows(), x.cols());
  const Index rows = x.rows() / static_cast<Index>(Count);
  for (std::size_t g = 0; g < Count; ++g) {
    result.middleRows(static_cast<Index>(g) * rows, rows) = x.middleRows(order[g] * rows, rows);
  }
  return result;
}
/// The inverse of `to_order`.
template <class X, std::size_t Count>
Matrix<typename X::Scalar> from_order(const X& x, const std::array<Index, Count>& order) {
  std::array<Index, Count> inverse{};
  for (std::size_t g = 0; g < Count; ++g) at(inverse, order[g]) = static_cast<Index>(g);
  return to_order(x, inverse);
}

/// The recurrent matrices of all gates, stacked in one matrix.
template <class C>
Matrix<typename C::Scalar> recurrent(const C& cell) {
  Matrix<typename C::Scalar> all(cell.W.rows(), cell.U.cols());
  all.topRows(cell.U.rows()) = cell.U.values();
  if constexpr (requires { cell.U_n; }) all.bottomRows(cell.U_n.rows()) = cell.U_n.values();
  return all;
}
template <class X, class C>
void set_recurrent(const X& all, C& cell) {
  cell.U = all.topRows(cell.U.rows());
  if constexpr (requires { cell.U_n; }) cell.U_n = all.bottomRows(cell.U_n.rows());
}

}  // namespace detail

/// Converts a GRU to the other meaning of z; the function that the cell computes stays the same. Since
/// sigmoid(-a) = 1 - sigmoid(a), the signs of W_z, U_z and the biases of z change.
template <class T, int I, int H, GruForm Form>
auto flip_update(const GruCell<T, I, H, Form>& cell) {
  GruCell<T, I, H, GruForm{Form.reset_before, !Form.update_gate_selects_new}> flipped(
      cell.input_size(), cell.hidden_size(), cell.has_bias());
  for_each_parameter([](const ParameterName&, auto& to, const auto& from) { to = from; }, flipped, cell);
  const Index size = cell.hidden_size();
  const auto negate = [&](auto&& x) { x = -x; };
  negate(flipped.W.edit().middleRows(size, size));
  negate(flipped.U.edit().middleRows(size, size));
  if (cell.has_bias()) {
    negate(flipped.b_W.segment(size, size));
    negate(flipped.b_U.segment(size, size));
  }
  return flipped;
}

/// Converts the parameters of a cell for a Keras layer: an LSTM, or a GRU whose `reset_after` matches the form of the
/// cell. If Keras has only one bias, it is b_W + b_U.
template <Cell C>
KerasWeights<typename C::Scalar> to_keras(const C& cell) {
  const auto order = detail::keras_order(cell);
  KerasWeights<typename C::Scalar> weights;
  weights.kernel = detail::to_order(cell.W.values(), order).transpose();
  weights.recurrent_kernel = detail::to_order(detail::recurrent(cell), order).transpose();
  if (!cell.has_bias()) return weights;
  if (detail::keeps_both_biases(cell)) {
    weights.bias.resize(2, cell.W.rows());
    weights.bias.row(0) = detail::to_order(cell.b_W, order).transpose();
    weights.bias.row(1) = detail::to_order(cell.b_U, order).transpose();
  } else {
    weights.bias = detail::to_order(cell.b_W + cell.b_U, order).transpose();
  }
  return weights;
}

/// Sets the parameters of a cell from a Keras layer. Throws heed::Error if a shape does not fit, including the shape of
/// the bias.
template <Cell C>
void from_keras(const KerasWeights<typename C::Scalar>& weights, C& cell) {
  const auto order = detail::keras_order(cell);
  const Index gates = cell.W.rows(), biases = !cell.has_bias() ? 0 : detail::keeps_both_biases(cell) ? 2 : 1;
  detail::check_size("from_keras", "kernel", weights.kernel, cell.input_size(), gates);
  detail::check_size("from_keras", "recurrent_kernel", weights.recurrent_kernel, cell.hidden_size(), gates);
  detail::check_size("from_keras", "bias", weights.bias, biases, cell.has_bias() ? gates : 0);
  cell.W = detail::from_order(weights.kernel.transpose(), order);
  detail::set_recurrent(detail::from_order(weights.recurrent_kernel.transpose(), order), cell);
  if (!cell.has_bias()) return;
  cell.b_W = detail::from_order(weights.bias.row(0).transpose(), order);
  cell.b_U.setZero();
  if (biases == 2) cell.b_U = detail::from_order(weights.bias.row(1).transpose(), order);
}

/// Converts the parameters of a cell for an ONNX node: an LSTM, or a GRU whose `linear_before_reset` matches the form
/// of the cell.
template <Cell C>
OnnxWeights<typename C::Scalar> to_onnx(const C& cell) {
  const auto order = detail::onnx_order(cell);
  OnnxWeights<typename C::Scalar> weights;
  weights.W = detail::to_order(cell.W.values(), order);
  weights.R = detail::to_order(detail::recurrent(cell), order);
  if (!cell.has_bias()) return weights;
  weights.B.resize(2 * cell.W.rows());
  weights.B << detail::to_order(cell.b_W, order), detail::to_order(cell.b_U, order);
  return weights;
}

/// Sets the parameters of a cell from an ONNX node. Throws heed::Error if a shape does not fit, including the shape of
/// the biases.
template <Cell C>
void from_onnx(const OnnxWeights<typename C::Scalar>& weights, C& cell) {
  const auto order = detail::onnx_order(cell);
  const Index gates = cell.W.rows();
  detail::check_size("from_onnx", "W", weights.W, gates, cell.input_size());
  detail::check_size("from_onnx", "R", weights.R, gates, cell.hidden_size());
  detail::check_size("from_onnx", "B", weights.B, cell.has_bias() ? 2 * gates : 0, 1);
  cell.W = detail::from_order(weights.W, order);
  detail::set_recurrent(detail::from_order(weights.R, order), cell);
  if (!cell.has_bias()) return;
  cell.b_W = detail::from_order(weights.B.head(gates), order);
  cell.b_U = detail::from_order(weights.B.tail(gates), order);
}

}}  // namespace heed::v0_2
