#pragma once

#include <heed/cells/cell.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// The form of a GRU. Papers and libraries differ in these two points.
struct GruForm {
  bool reset_before = false;             ///< U_n (r h) instead of r (U_n h); needs cells/gru_reset_before.hpp
  bool update_gate_selects_new = false;  ///< h_t = z n + (1 - z) h instead of (1 - z) n + z h
};

/// The forms in papers and libraries. `cells/conventions.hpp` converts parameters to and from Keras and ONNX, and
/// between the two meanings of z.
namespace gru_forms {
inline constexpr GruForm pytorch{};                        ///< reset after product, z selects the old state
inline constexpr GruForm cudnn{};                          ///< as PyTorch
inline constexpr GruForm keras{};                          ///< reset_after=True, the default
inline constexpr GruForm keras_reset_before{true, false};  ///< reset_after=False
inline constexpr GruForm onnx{true, false};                ///< linear_before_reset=0, the default
inline constexpr GruForm onnx_reset_after{};               ///< linear_before_reset=1
inline constexpr GruForm cho{true, false};                 ///< Cho et al. 2014, arXiv 1406.1078 (5) to (8)
inline constexpr GruForm bahdanau{true, true};             ///< Bahdanau, Cho & Bengio 2015, A.1.1
inline constexpr GruForm dynet{true, true};                ///< as Bahdanau et al.
}  // namespace gru_forms

namespace detail {

/// The weight of the old state in h_t, from the pre-activation `sum` of z: z = sigmoid(sum), or 1 - z = sigmoid(-sum)
/// with `update_gate_selects_new`.
template <GruForm Form, class Numbers>
EIGEN_ALWAYS_INLINE Numbers kept(const Numbers& sum) {
  if constexpr (Form.update_gate_selects_new) {
    return sigmoid(-sum);
  } else {
    return sigmoid(sum);
  }
}

}  // namespace detail

/// The gated recurrent unit (Cho et al. 2014) in PyTorch's convention: the reset is after the product, and z selects
/// the old state.
///
///     r = sigmoid(W_r x + b_Wr + U_r h + b_Ur)         n   = tanh(W_n x + b_Wn + r m),  m = U_n h + b_Un
///     z = sigmoid(W_z x + b_Wz + U_z h + b_Uz)         h_t = (1 - z) n + z h
///
/// h is h_{t-1}. b_Un is inside the product with r, so the two biases of n cannot be merged. The rows of W and U are
/// those of r, z, n from top to bottom. In `saved`, m has separate rows directly below z, so that U h is one product.
/// Each block has `hidden_size()` rows:
///
///     saved [ r ]     d_a [ r ]       U h is added to r, z, m
///           [ z ]         [ z ]       W x is added to r, z and n
///           [ m ]         [ m ]
///           [ n ]         [ n ]
///
/// With `update_gate_selects_new`, the z rows of `saved` hold 1 - z, the weight of the old state.
template <class S, int Input = Dynamic, int Hidden = Dynamic, GruForm Form = GruForm{}>
struct GruCell : detail::GateParameters<S, Input, Hidden, 3> {
  static_assert(!Form.reset_before, "GruCell with reset_before needs #include <heed/cells/gru_reset_before.hpp>");

  using Scalar = S;
  using Parameters = detail::GateParameters<S, Input, Hidden, 3>;
  using Parameters::b_U, Parameters::b_W, Parameters::U, Parameters::W;

  static constexpr int Saved = detail::times(4, Hidden);

  GruCell() : GruCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  GruCell(Index input, Index hidden, bool bias = true) : Parameters(input, hidden, bias) {}

  Index state_size() const { return this->hidden_size(); }
  Index saved_size() const { return 4 * this->hidden_size(); }
  Index gradient_size() const { return 4 * this->hidden_size(); }

  void project(const In<S>& x, Out<S, Saved> saved) const {
    detail::check_project("GruCell.project", *this, x, 0, saved);
    const Index H = this->hidden_size();
    set_gates(W.leftCols(x.rows()), x, saved, rows_of_W(), [&](const auto& io, Index row) {
      const auto b = detail::packet_or_zeros(io, b_W, row);
      return row < 2 * H ? b + detail::packet_or_zeros(io, b_U, row) : b;
    });
    auto m = saved.middleRows(2 * H, H);
    if (this->has_bias()) {
      m.colwise() = b_U.tail(H);
    } else {
      m.setZero();
    }
  }

  void add_projection(const In<S>& x, Index first, Out<S, Saved> saved) const {
    detail::check_project("GruCell.add_projection", *this, x, first, saved);
    add_gates(W.middleCols(first, x.rows()), x, saved, rows_of_W());
  }

  void step(Out<S, Saved> saved, const In<S, Hidden>& s_prev, Out<S, Hidden> s, const Walk& walk = {}) const {
    detail::check_step("GruCell.step", *this, saved, s_prev, s);
    const Index H = this->hidden_size();
    step_gates(U, s_prev, saved, rows_of_U(), walk, [&](const auto& units, const auto* gates) {
      const auto kept = units(saved), h = units(s);
      const auto h_prev = units(s_prev);
      const auto reset = sigmoid(gates[0]), keep = detail::kept<Form>(gates[1]);
      const auto fresh = tanh(multiply_add(reset, gates[2], kept[3 * H]));
      if (walk.save_activations) {
        kept[0] = reset;
        kept[H] = keep;
        kept[2 * H] = gates[2];
        kept[3 * H] = fresh;
      }
      h[0] = multiply_add(1 - keep, fresh, keep * h_prev[0]);
    });
  }

  void step_backward(const In<S, Saved>& saved, const In<S, Hidden>& s_prev, Out<S, Hidden> d_s,
                     Out<S, Saved> d_a) const {
    detail::check_step_backward("GruCell.step_backward", *this, saved, s_prev, d_s, d_a);
    if (d_a.cols() == 0) return;
    const Index H = this->hidden_size();
    const auto r = saved.topRows(H).array(), z = saved.middleRows(H, H).array(), m = saved.middleRows(2 * H, H).array();
    const auto n = saved.bottomRows(H).array();
    auto d_r = d_a.topRows(H).array(), d_z = d_a.middleRows(H, H).array(), d_m = d_a.middleRows(2 * H, H).array();
    auto d_n = d_a.bottomRows(H).array();
    d_n = d_s.array() * (S(1) - z) * (S(1) - n.square());       // was: h_t = (1 - z) n + z h, n = tanh(.)
    d_z = d_s.array() * (s_prev.array() - n) * z * (S(1) - z);  // was: h_t = (1 - z) n + z h
    if constexpr (Form.update_gate_selects_new) d_z = -d_z;     // was: 1 - z = sigmoid(-.)
    d_m = d_n * r;                                              // was: n = tanh(. + r m)
    d_r = d_n * m * r * (S(1) - r);                             // was: n = tanh(. + r m)
    d_s.array() *= z;                                           // was: h_t = (1 - z) n + z h
    add_gates_backward(U, d_a, rows_of_U(), d_s);               // was: [r z m] += U h
  }

  void project_backward(const In<S, Saved>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("GruCell.project_backward", *this, d_a, first, d_x);
    add_gates_backward(W.middleCols(first, d_x.rows()), d_a, rows_of_W(), d_x);
  }

  void accumulate(const In<S>& x, Index first, const In<S, Saved>& d_a, GruCell& grad) const {
    detail::check_accumulate("GruCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    this->add_outer(d_a, rows_of_W(), x, grad.W.edit().middleCols(first, x.rows()));
  }

  void accumulate_recurrent(const In<S, Hidden>& s_prev, const In<S, Saved>& d_a, GruCell& grad) const {
    detail::check_accumulate_recurrent("GruCell.accumulate_recurrent", *this, s_prev, d_a, grad);
    if (d_a.cols() == 0) return;
    this->add_outer(d_a, rows_of_U(), s_prev, grad.U.edit());
    if (!this->has_bias()) return;
    const Index H = this->hidden_size();
    const Vector<S> sum = d_a.rowwise().sum();
    grad.b_U += sum.topRows(3 * H);
    grad.b_W.topRows(2 * H) += sum.topRows(2 * H);
    grad.b_W.bottomRows(H) += sum.bottomRows(H);
  }

 protected:
  /// The first row of each gate of W x, and of U h, in `saved`.
  GateRows<3> rows_of_W() const { return {0, this->hidden_size(), 3 * this->hidden_size()}; }
  GateRows<3> rows_of_U() const { return detail::stacked<3>(this->hidden_size()); }
};

}}  // namespace heed::v0_2
