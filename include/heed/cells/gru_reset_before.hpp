#pragma once

#include <heed/cells/gru.hpp>

namespace heed { inline namespace v0_2 {

/// The gated recurrent unit with reset before the product, as in Cho et al. 2014 (arXiv 1406.1078, equations 5 to 8).
/// The update gate z selects the old state, or the new state as in Bahdanau, Cho & Bengio 2015, A.1.1.
///
///     r = sigmoid(W_r x + b_Wr + U_r h + b_Ur)         n   = tanh(W_n x + b_Wn + U_n (r h) + b_Un)
///     z = sigmoid(W_z x + b_Wz + U_z h + b_Uz)         h_t = (1 - z) n + z h       or       z n + (1 - z) h
///
/// h is h_{t-1}. W and the biases hold r, z, n from top to bottom. U holds r and z. U_n is a separate matrix, since it
/// multiplies r h instead of h. Parameters cannot be converted to the form with reset after the product, since the
/// reset does not commute with U_n.
///
///     saved [ r   ]     d_a [ r   ]       U h is added to r and z, then U_n (r h) to n.
///           [ z   ]         [ z   ]       With `update_gate_selects_new`, the z rows of `saved` hold 1 - z.
///           [ n   ]         [ n   ]
///           [ r h ]         [ r h ]
///
/// The last block of d_a holds the value of r h, not a gradient: `accumulate_recurrent` needs it for the gradient of
/// U_n.
///
/// The product with U_n needs the complete result of the product with U. Threads that share a step do not synchronise
/// within it, so one thread computes the whole step.
template <class S, int Input, int Hidden, GruForm Form>
requires(Form.reset_before) struct GruCell<S, Input, Hidden, Form> {
  using Scalar = S;

  static constexpr int Saved = detail::times(4, Hidden);

  Weight<S, detail::times(3, Hidden), Input, 3> W;   ///< 3 * hidden x input
  Weight<S, detail::times(2, Hidden), Hidden, 2> U;  ///< 2 * hidden x hidden (r and z)
  Weight<S, Hidden, Hidden> U_n;                     ///< hidden x hidden
  ParameterVector<S> b_W, b_U;                       ///< 3 * hidden each, or empty: no bias

  GruCell() : GruCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  GruCell(Index input, Index hidden, bool bias = true)
      : W(3 * hidden, input),
        U(2 * hidden, hidden),
        U_n(hidden, hidden),
        b_W(Vector<S>::Zero(bias ? 3 * hidden : 0)),
        b_U(b_W) {}

  Index input_size() const { return W.cols(); }
  Index hidden_size() const { return U.cols(); }
  Index state_size() const { return hidden_size(); }
  Index saved_size() const { return 4 * hidden_size(); }
  Index gradient_size() const { return 4 * hidden_size(); }
  bool has_bias() const { return b_W.size() > 0; }

  void project(const In<S>& x, Out<S, Saved> saved) const {
    detail::check_project("GruCell.project", *this, x, 0, saved);
    set_gates(W.leftCols(x.rows()), x, saved, rows_of_W(), detail::sum_of_biases(b_W, b_U));
  }

  void add_projection(const In<S>& x, Index first, Out<S, Saved> saved) const {
    detail::check_project("GruCell.add_projection", *this, x, first, saved);
    add_gates(W.middleCols(first, x.rows()), x, saved, rows_of_W());
  }

  void step(Out<S, Saved> saved, const In<S, Hidden>& s_prev, Out<S, Hidden> s, const Walk& walk = {}) const {
    detail::check_step("GruCell.step", *this, saved, s_prev, s);
    if (walk.share.index > 0 || saved.cols() == 0) return;
    const Index H = hidden_size();
    const Walk alone{walk.backwards};
    step_gates(U, s_prev, saved, rows_of_U(), alone, [&](const auto& units, const auto* gates) {
      const auto kept = units(saved);
      const auto h_prev = units(s_prev);
      const auto reset = sigmoid(gates[0]);
      kept[0] = reset;
      kept[H] = detail::kept<Form>(gates[1]);
      kept[3 * H] = reset * h_prev[0];
    });
    step_gates(U_n, saved.bottomRows(H), saved, row_of_n(), alone, [&](const auto& units, const auto* gates) {
      const auto kept = units(saved), h = units(s);
      const auto h_prev = units(s_prev);
      const auto fresh = tanh(gates[0]), old = kept[H] * h_prev[0];
      h[0] = multiply_add(1 - kept[H], fresh, old);
      kept[2 * H] = fresh;
    });
  }

  void step_backward(const In<S, Saved>& saved, const In<S, Hidden>& s_prev, Out<S, Hidden> d_s,
                     Out<S, Saved> d_a) const {
    detail::check_step_backward("GruCell.step_backward", *this, saved, s_prev, d_s, d_a);
    if (d_a.cols() == 0) return;
    const Index H = hidden_size();
    const auto r = saved.topRows(H).array(), z = saved.middleRows(H, H).array(), n = saved.middleRows(2 * H, H).array();
    auto d_r = d_a.topRows(H), d_z = d_a.middleRows(H, H), d_n = d_a.middleRows(2 * H, H);
    d_n.array() = d_s.array() * (S(1) - z) * (S(1) - n.square());       // was: h_t = (1 - z) n + z h, n = tanh(.)
    d_z.array() = d_s.array() * (s_prev.array() - n) * z * (S(1) - z);  // was: h_t = (1 - z) n + z h
    if constexpr (Form.update_gate_selects_new) d_z = -d_z;             // was: 1 - z = sigmoid(-.)
    d_s.array() *= z;                                                   // was: h_t = (1 - z) n + z h
    d_r.setZero();                                                      // was: n = tanh(. + U_n (r h))
    add_product_backward(U_n, d_n, d_r);                                // was: n = tanh(. + U_n (r h))
    d_s.array() += d_r.array() * r;                                     // was: r h
    d_r.array() *= s_prev.array() * r * (S(1) - r);                     // was: r h
    d_a.bottomRows(H) = saved.bottomRows(H);
    add_gates_backward(U, d_a, rows_of_U(), d_s);  // was: [r z] += U h
  }

  void project_backward(const In<S, Saved>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("GruCell.project_backward", *this, d_a, first, d_x);
    add_gates_backward(W.middleCols(first, d_x.rows()), d_a, rows_of_W(), d_x);
  }

  void accumulate(const In<S>& x, Index first, const In<S, Saved>& d_a, GruCell& grad) const {
    detail::check_accumulate("GruCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    add_outer_product(d_a.topRows(3 * hidden_size()), x, grad.W.edit().middleCols(first, x.rows()));
  }

  void accumulate_recurrent(const In<S, Hidden>& s_prev, const In<S, Saved>& d_a, GruCell& grad) const {
    detail::check_accumulate_recurrent("GruCell.accumulate_recurrent", *this, s_prev, d_a, grad);
    if (d_a.cols() == 0) return;
    const Index H = hidden_size();
    add_outer_product(d_a.topRows(2 * H), s_prev, grad.U);
    add_outer_product(d_a.middleRows(2 * H, H), d_a.bottomRows(H), grad.U_n);
    detail::add_biases(d_a.topRows(3 * H), grad);
  }

  static constexpr ParameterRole role(std::string_view name) {
    if (name == "b_W" || name == "b_U") return ParameterRole::bias;
    return name == "U" || name == "U_n" ? ParameterRole::recurrent : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("U_n", self.U_n...);
    visit("b_W", self.b_W...);
    visit("b_U", self.b_U...);
  }

 private:
  GateRows<3> rows_of_W() const { return detail::stacked<3>(hidden_size()); }
  GateRows<2> rows_of_U() const { return detail::stacked<2>(hidden_size()); }
  GateRows<1> row_of_n() const { return {2 * hidden_size()}; }
};

}}  // namespace heed::v0_2
