#pragma once

#include <heed/cells/cell.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// The plain recurrent cell (Elman 1990), as PyTorch's nn.RNN.
///
///     h_t = tanh(W x_t + b_W + U h_{t-1} + b_U)        or max(., 0) with `Relu`
template <class S, int Input = Dynamic, int Hidden = Dynamic, class Activation = Tanh>
struct RnnCell : detail::GateParameters<S, Input, Hidden, 1> {
  using Scalar = S;
  using Parameters = detail::GateParameters<S, Input, Hidden, 1>;
  using Parameters::b_U, Parameters::b_W, Parameters::U, Parameters::W;

  RnnCell() : RnnCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  RnnCell(Index input, Index hidden, bool bias = true) : Parameters(input, hidden, bias) {}

  Index state_size() const { return this->hidden_size(); }
  static constexpr bool h_enters_U_only() { return true; }
  Index saved_size() const { return this->hidden_size(); }     ///< h_t
  Index gradient_size() const { return this->hidden_size(); }  ///< d(pre-activation)

  void project(const In<S>& x, Out<S, Hidden> saved) const {
    detail::check_project("RnnCell.project", *this, x, 0, saved);
    set_gates(W.leftCols(x.rows()), x, saved, GateRows<1>{0}, detail::sum_of_biases(b_W, b_U));
  }

  void add_projection(const In<S>& x, Index first, Out<S, Hidden> saved) const {
    detail::check_project("RnnCell.add_projection", *this, x, first, saved);
    add_product(W.middleCols(first, x.rows()), x, saved);
  }

  void step(Out<S, Hidden> saved, const In<S, Hidden>& s_prev, Out<S, Hidden> s, const Walk& walk = {}) const {
    detail::check_step("RnnCell.step", *this, saved, s_prev, s);
    step_gates(U, s_prev, saved, GateRows<1>{0}, walk, [&](const auto& units, const auto* gates) {
      const auto kept = units(saved), h = units(s);
      const auto value = Activation::of(gates[0]);
      if (walk.save_activations) kept[0] = value;
      h[0] = value;
    });
  }

  void step_backward(const In<S, Hidden>& saved, const In<S, Hidden>& s_prev, Out<S, Hidden> d_s,
                     Out<S, Hidden> d_a) const {
    detail::check_step_backward("RnnCell.step_backward", *this, saved, s_prev, d_s, d_a);
    if (d_a.cols() == 0) return;
    d_a = d_s;
    Activation::backward(saved, d_a);   // was: h = activation(a)
    d_s.setZero();                      // was: a += U h_prev
    add_product_backward(U, d_a, d_s);  // was: a += U h_prev
  }

  void project_backward(const In<S, Hidden>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("RnnCell.project_backward", *this, d_a, first, d_x);
    add_product_backward(W.middleCols(first, d_x.rows()), d_a, d_x);
  }

  void accumulate(const In<S>& x, Index first, const In<S, Hidden>& d_a, RnnCell& grad) const {
    detail::check_accumulate("RnnCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    add_outer_product(d_a, x, grad.W.edit().middleCols(first, x.rows()));
  }

  void accumulate_recurrent(const In<S, Hidden>& s_prev, const In<S, Hidden>& d_a, RnnCell& grad) const {
    detail::check_accumulate_recurrent("RnnCell.accumulate_recurrent", *this, s_prev, d_a, grad);
    if (d_a.cols() == 0) return;
    add_outer_product(d_a, s_prev, grad.U);
    detail::add_biases(d_a, grad);
  }
};

}}  // namespace heed::v0_2
