#pragma once

#include <heed/cells/cell.hpp>
#include <heed/kernels/lstm_gates.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// Long short-term memory (Hochreiter & Schmidhuber 1997, forget gate of Gers et al. 2000), as PyTorch's nn.LSTM.
///
///     [i f g o] = W x_t + b_W + U h_{t-1} + b_U        then sigmoid for i, f and o, tanh for g
///     c_t = f c_{t-1} + i g                            h_t = o tanh(c_t)
///
///     state [ h ]     saved [ i      ]     d_a [ i ]
///           [ c ]           [ f      ]         [ f ]
///                           [ g      ]         [ g ]
///                           [ o      ]         [ o ]
///                           [ tanh c ]
template <class S, int Input = Dynamic, int Hidden = Dynamic>
struct LstmCell : detail::GateParameters<S, Input, Hidden, 4> {
  using Scalar = S;
  using Parameters = detail::GateParameters<S, Input, Hidden, 4>;
  using Parameters::b_U, Parameters::b_W, Parameters::U, Parameters::W;

  static constexpr int State = detail::times(2, Hidden), Saved = detail::times(5, Hidden), Gates = Parameters::Rows;

  LstmCell() : LstmCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  LstmCell(Index input, Index hidden, bool bias = true) : Parameters(input, hidden, bias) {}

  Index state_size() const { return 2 * this->hidden_size(); }
  static constexpr bool h_enters_U_only() { return true; }
  Index saved_size() const { return 5 * this->hidden_size(); }
  Index gradient_size() const { return 4 * this->hidden_size(); }

  void project(const In<S>& x, Out<S, Saved> saved) const {
    detail::check_project("LstmCell.project", *this, x, 0, saved);
    set_gates(W.leftCols(x.rows()), x, saved, rows(), detail::sum_of_biases(b_W, b_U));
  }

  void add_projection(const In<S>& x, Index first, Out<S, Saved> saved) const {
    detail::check_project("LstmCell.add_projection", *this, x, first, saved);
    add_gates(W.middleCols(first, x.rows()), x, saved, rows());
  }

  void step(Out<S, Saved> saved, const In<S, State>& s_prev, Out<S, State> s, const Walk& walk = {}) const {
    detail::check_step("LstmCell.step", *this, saved, s_prev, s);
    const Index H = this->hidden_size();
    step_gates(U, s_prev.topRows(H), saved, rows(), walk, [&](const auto& units, const auto* gates) {
      const auto c_prev = units(s_prev.bottomRows(H));
      const auto kept = units(saved), state = units(s);
      auto out = gates[3];
      const auto cell = detail::LstmGates<S>::forward(gates, c_prev, kept, H, out, walk.save_activations);
      const auto tanh_c = tanh(cell);
      if (walk.save_activations) kept[4 * H] = tanh_c;
      state[H] = cell;
      state[0] = out * tanh_c;
    });
  }

  void step_backward(const In<S, Saved>& saved, const In<S, State>& s_prev, Out<S, State> d_s,
                     Out<S, Gates> d_a) const {
    detail::check_step_backward("LstmCell.step_backward", *this, saved, s_prev, d_s, d_a);
    if (d_a.cols() == 0) return;
    const Index H = this->hidden_size();
    const auto o = saved.middleRows(3 * H, H).array();
    const auto tanh_c = saved.bottomRows(H).array();
    const auto d_h = d_s.topRows(H).array();
    auto d_c = d_s.bottomRows(H);
    d_a.bottomRows(H).array() = d_h * tanh_c * o * (S(1) - o);              // was: h = o tanh(c)
    d_c.array() += d_h * o * (S(1) - tanh_c.square());                      // was: h = o tanh(c)
    detail::LstmGates<S>::backward(saved, s_prev.bottomRows(H), d_c, d_a);  // was: c = f c_prev + i g
    d_s.topRows(H).setZero();                                               // was: gates += U h_prev
    add_gates_backward(U, d_a, rows(), d_s.topRows(H));                     // was: gates += U h_prev
  }

  void project_backward(const In<S, Gates>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("LstmCell.project_backward", *this, d_a, first, d_x);
    add_gates_backward(W.middleCols(first, d_x.rows()), d_a, rows(), d_x);
  }

  void accumulate(const In<S>& x, Index first, const In<S, Gates>& d_a, LstmCell& grad) const {
    detail::check_accumulate("LstmCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    this->add_outer(d_a, rows(), x, grad.W.edit().middleCols(first, x.rows()));
  }

  void accumulate_recurrent(const In<S, State>& s_prev, const In<S, Gates>& d_a, LstmCell& grad) const {
    detail::check_accumulate_recurrent("LstmCell.accumulate_recurrent", *this, s_prev, d_a, grad);
    if (d_a.cols() == 0) return;
    this->add_outer(d_a, rows(), s_prev.topRows(this->hidden_size()), grad.U.edit());
    detail::add_biases(d_a, grad);
  }

 private:
  GateRows<4> rows() const { return detail::stacked<4>(this->hidden_size()); }
};

}}  // namespace heed::v0_2
