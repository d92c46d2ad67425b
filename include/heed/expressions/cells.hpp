#pragma once

#include <Eigen/Core>

/// Steps of recurrent cells: x is input x n, h is hidden x n. Every step returns a matrix. W, U, b_W and b_U stack the
/// gates in the order of heed and PyTorch. For a cell without biases, pass vectors of zeros.
namespace heed { inline namespace v0_2 { namespace expr {

using Eigen::MatrixBase;

/// 1 / (1 + e^-a) of each element. Returns an Eigen expression.
template <class Array>
auto sigmoid(const Eigen::ArrayBase<Array>& a) {
  return (typename Array::Scalar(1) + (-a).exp()).inverse();
}

/// One step of an Elman RNN, tanh(W x + b_W + U h + b_U): Elman 1990. The equation of heed::RnnCell.
template <class X, class H, class MatrixW, class MatrixU, class VectorW, class VectorU>
auto rnn_step(const MatrixBase<X>& x, const MatrixBase<H>& h, const MatrixBase<MatrixW>& W,
              const MatrixBase<MatrixU>& U, const MatrixBase<VectorW>& b_W, const MatrixBase<VectorU>& b_U) {
  return ((W * x + U * h).colwise() + (b_W + b_U)).eval().array().tanh().matrix().eval();
}

/// One LSTM step, as heed::LstmCell: Hochreiter & Schmidhuber 1997, forget gate of Gers et al. 2000. s = [h; c].
/// [i; f; g; o] = W x + b_W + U h + b_U,  c_t = sigmoid(f) c + sigmoid(i) tanh(g),  h_t = sigmoid(o) tanh(c_t).
template <class X, class State, class MatrixW, class MatrixU, class VectorW, class VectorU>
auto lstm_step(const MatrixBase<X>& x, const MatrixBase<State>& s, const MatrixBase<MatrixW>& W,
               const MatrixBase<MatrixU>& U, const MatrixBase<VectorW>& b_W, const MatrixBase<VectorU>& b_U) {
  const Eigen::Index H = U.cols();
  const auto a = ((W * x + U * s.topRows(H)).colwise() + (b_W + b_U)).array().eval();
  const auto i = a.topRows(H), f = a.middleRows(H, H), g = a.middleRows(2 * H, H), o = a.bottomRows(H);
  auto next = s.eval();
  next.bottomRows(H) = sigmoid(f) * s.bottomRows(H).array() + sigmoid(i) * g.tanh();
  next.topRows(H) = sigmoid(o) * next.bottomRows(H).array().tanh();
  return next;
}

/// One GRU step, as heed::GruCell: Cho et al. 2014 in PyTorch's form (reset after the product). Rows: r, z, n.
///
///     r = sigmoid(W_r x + b_Wr + U_r h + b_Ur)        n   = tanh(W_n x + b_Wn + r (U_n h + b_Un))
///     z = sigmoid(W_z x + b_Wz + U_z h + b_Uz)        h_t = (1 - z) n + z h
template <class X, class State, class MatrixW, class MatrixU, class VectorW, class VectorU>
auto gru_step(const MatrixBase<X>& x, const MatrixBase<State>& h, const MatrixBase<MatrixW>& W,
              const MatrixBase<MatrixU>& U, const MatrixBase<VectorW>& b_W, const MatrixBase<VectorU>& b_U) {
  const Eigen::Index H = h.rows();
  const auto a = ((W * x).colwise() + b_W).array().eval();
  const auto m = ((U * h).colwise() + b_U).array().eval();
  const auto r = sigmoid(a.topRows(H) + m.topRows(H)), z = sigmoid(a.middleRows(H, H) + m.middleRows(H, H));
  const auto n = (a.bottomRows(H) + r * m.bottomRows(H)).tanh();
  return ((typename State::Scalar(1) - z) * n + z * h.array()).matrix().eval();
}

/// One GRU step with the reset before the product: Cho et al. 2014, equations 5 to 8, or (`z_selects_new`) Bahdanau,
/// Cho & Bengio 2015, A.1.1, where z selects the new state. W, b_W and b_U stack r above z above n; U stacks r above z.
/// As heed::GruCell with gru_forms::cho or gru_forms::bahdanau. r and z are those of `gru_step`,
/// n = tanh(W_n x + b_Wn + U_n (r h) + b_Un),  h_t = (1 - z) n + z h or z n + (1 - z) h.
template <class X, class State, class MatrixW, class MatrixU, class MatrixN, class VectorW, class VectorU>
auto gru_reset_before_step(const MatrixBase<X>& x, const MatrixBase<State>& h, const MatrixBase<MatrixW>& W,
                           const MatrixBase<MatrixU>& U, const MatrixBase<MatrixN>& U_n, const MatrixBase<VectorW>& b_W,
                           const MatrixBase<VectorU>& b_U, bool z_selects_new = false) {
  using S = typename State::Scalar;
  const Eigen::Index H = h.rows();
  const auto a = ((W * x).colwise() + (b_W + b_U)).array().eval();
  const auto m = (U * h).array().eval();
  const auto r = sigmoid(a.topRows(H) + m.topRows(H)), z = sigmoid(a.middleRows(H, H) + m.bottomRows(H));
  const auto n = (a.bottomRows(H) + (U_n * (r * h.array()).matrix()).array()).tanh();
  if (z_selects_new) return (z * n + (S(1) - z) * h.array()).matrix().eval();
  return ((S(1) - z) * n + z * h.array()).matrix().eval();
}

}}}  // namespace heed::v0_2::expr
