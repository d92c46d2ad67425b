#pragma once

#include <heed/cells/cell.hpp>
#include <heed/kernels/lstm_gates.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// Long short-term memory with a projected hidden state (Sak, Senior & Beaufays 2014, arXiv 1402.1128), as PyTorch's
/// nn.LSTM with `proj_size`. The hidden state h can be smaller than the cell state c.
///
///     [i f g o] = W x_t + b_W + U h_{t-1} + b_U        then sigmoid for i, f and o, tanh for g
///     c_t = f c_{t-1} + i g                            m_t = o tanh(c_t),  h_t = P m_t
///
///     state [ h ]     saved [ i      ]     d_a [ i ]      h: `hidden` rows (proj_size)
///           [ c ]           [ f      ]         [ f ]      all others: `units` rows (PyTorch's hidden_size)
///                           [ g      ]         [ g ]
///                           [ o      ]         [ o ]      The gradient of P needs m and the gradient of h, so d_a
///                           [ tanh c ]         [ m ]      contains both.
///                           [ m      ]         [ h ]
///
/// The product P m_t needs all units of m_t. Threads that share a step do not synchronise within it, so one thread
/// computes the whole step.
template <class S, int Input = Dynamic, int Units = Dynamic, int Hidden = Dynamic>
struct ProjectedLstmCell {
  using Scalar = S;

  static constexpr int State = detail::plus(Hidden, Units), Saved = detail::times(6, Units);
  static constexpr int Gates = detail::times(4, Units), Gradient = detail::plus(detail::times(5, Units), Hidden);

  Weight<S, Gates, Input, 4> W;   ///< 4 * units x input (weight_ih)
  Weight<S, Gates, Hidden, 4> U;  ///< 4 * units x hidden (weight_hh)
  Weight<S, Hidden, Units> P;     ///< hidden x units (weight_hr)
  ParameterVector<S> b_W, b_U;    ///< 4 * units each (bias_ih, bias_hh), or empty: no bias

  ProjectedLstmCell()
      : ProjectedLstmCell(Input == Dynamic ? 0 : Input, Units == Dynamic ? 0 : Units, Hidden == Dynamic ? 0 : Hidden) {}
  /// The sizes in PyTorch's order: input_size, hidden_size, proj_size.
  ProjectedLstmCell(Index input, Index units, Index hidden, bool bias = true)
      : W(4 * units, input),
        U(4 * units, hidden),
        P(hidden, units),
        b_W(Vector<S>::Zero(bias ? 4 * units : 0)),
        b_U(b_W) {}

  Index input_size() const { return W.cols(); }
  Index hidden_size() const { return P.rows(); }
  /// Rows of the cell state c.
  Index units() const { return P.cols(); }
  Index state_size() const { return hidden_size() + units(); }
  static constexpr bool h_enters_U_only() { return true; }
  Index saved_size() const { return 6 * units(); }
  Index gradient_size() const { return 5 * units() + hidden_size(); }
  bool has_bias() const { return b_W.size() > 0; }

  void project(const In<S>& x, Out<S, Saved> saved) const {
    detail::check_project("ProjectedLstmCell.project", *this, x, 0, saved);
    set_gates(W.leftCols(x.rows()), x, saved, rows(), detail::sum_of_biases(b_W, b_U));
  }

  void add_projection(const In<S>& x, Index first, Out<S, Saved> saved) const {
    detail::check_project("ProjectedLstmCell.add_projection", *this, x, first, saved);
    add_gates(W.middleCols(first, x.rows()), x, saved, rows());
  }

  void step(Out<S, Saved> saved, const In<S, State>& s_prev, Out<S, State> s, const Walk& walk = {}) const {
    detail::check_step("ProjectedLstmCell.step", *this, saved, s_prev, s);
    if (walk.share.index > 0 || saved.cols() == 0) return;
    const Index H = hidden_size(), N = units();
    step_gates(U, s_prev.topRows(H), saved, rows(), {walk.backwards}, [&](const auto& units_of, const auto* gates) {
      const auto c_prev = units_of(s_prev.bottomRows(N));
      const auto kept = units_of(saved), state = units_of(s);
      auto out = gates[3];
      const auto cell = detail::LstmGates<S>::forward(gates, c_prev, kept, N, out);
      const auto tanh_c = tanh(cell);
      kept[4 * N] = tanh_c;
      kept[5 * N] = out * tanh_c;
      state[H] = cell;
    });
    auto h = s.topRows(H);
    h.setZero();
    add_product(P, saved.bottomRows(N), h);
  }

  void step_backward(const In<S, Saved>& saved, const In<S, State>& s_prev, Out<S, State> d_s,
                     Out<S, Gradient> d_a) const {
    detail::check_step_backward("ProjectedLstmCell.step_backward", *this, saved, s_prev, d_s, d_a);
    if (d_a.cols() == 0) return;
    const Index H = hidden_size(), N = units();
    const auto o = saved.middleRows(3 * N, N).array();
    const auto tanh_c = saved.middleRows(4 * N, N).array();
    auto d_h = d_s.topRows(H);
    auto d_c = d_s.bottomRows(N);
    auto d_m = d_a.middleRows(3 * N, N);  // in the rows that will hold d_o
    d_a.middleRows(4 * N, N) = saved.bottomRows(N);
    d_a.bottomRows(H) = d_h;
    d_m.setZero();                                                          // was: h = P m
    add_product_backward(P, d_h, d_m);                                      // was: h = P m
    d_c.array() += d_m.array() * o * (S(1) - tanh_c.square());              // was: m = o tanh(c)
    d_m.array() *= tanh_c * o * (S(1) - o);                                 // was: m = o tanh(c)
    detail::LstmGates<S>::backward(saved, s_prev.bottomRows(N), d_c, d_a);  // was: c = f c_prev + i g
    d_h.setZero();                                                          // was: gates += U h_prev
    add_gates_backward(U, d_a, rows(), d_h);                                // was: gates += U h_prev
  }

  void project_backward(const In<S, Gradient>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("ProjectedLstmCell.project_backward", *this, d_a, first, d_x);
    add_gates_backward(W.middleCols(first, d_x.rows()), d_a, rows(), d_x);
  }

  void accumulate(const In<S>& x, Index first, const In<S, Gradient>& d_a, ProjectedLstmCell& grad) const {
    detail::check_accumulate("ProjectedLstmCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    add_outer_product(d_a.topRows(4 * units()), x, grad.W.edit().middleCols(first, x.rows()));
  }

  void accumulate_recurrent(const In<S, State>& s_prev, const In<S, Gradient>& d_a, ProjectedLstmCell& grad) const {
    detail::check_accumulate_recurrent("ProjectedLstmCell.accumulate_recurrent", *this, s_prev, d_a, grad);
    if (d_a.cols() == 0) return;
    const Index H = hidden_size(), N = units();
    add_outer_product(d_a.topRows(4 * N), s_prev.topRows(H), grad.U);
    add_outer_product(d_a.bottomRows(H), d_a.middleRows(4 * N, N), grad.P);
    detail::add_biases(d_a.topRows(4 * N), grad);
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b_W" || name == "b_U" ? ParameterRole::bias : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("P", self.P...);
    visit("b_W", self.b_W...);
    visit("b_U", self.b_U...);
  }

 private:
  GateRows<4> rows() const { return detail::stacked<4>(units()); }
};

}}  // namespace heed::v0_2
