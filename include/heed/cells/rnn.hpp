#pragma once

#include <heed/cells/cell.hpp>
#include <heed/math.hpp>

namespace heed::inline v0_1 {

/// The plain recurrent cell (Elman 1990), as PyTorch's nn.RNN.
///
///   h_t = tanh(W x_t + b_W + U h_{t-1} + b_U)        or max(., 0) with `Relu`
template <class S, int Input = Dynamic, int Hidden = Dynamic, class Activation = Tanh>
struct RnnCell : detail::GateParameters<S, Input, Hidden, 1> {
  using Scalar = S;
  using Parameters = detail::GateParameters<S, Input, Hidden, 1>;
  using Parameters::b_U, Parameters::b_W, Parameters::U, Parameters::W;

  RnnCell() : RnnCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  RnnCell(Index input, Index hidden, bool bias = true) : Parameters(input, hidden, bias) {}

  Index state_size() const { return this->hidden_size(); }
  Index trace_size() const { return this->hidden_size(); }     ///< h_t
  Index gradient_size() const { return this->hidden_size(); }  ///< d(pre-activation)

  void project(const In<S>& x, Index first, Out<S, Hidden> trace) const {
    if (first == 0) {
      trace.setZero();
      if (this->has_bias()) {  // one by one: Eigen would put their sum on the heap
        trace.colwise() += b_W;
        trace.colwise() += b_U;
      }
    }
    add_product(W.middleCols(first, x.rows()), x, trace);
  }

  void step(Out<S, Hidden> trace, const In<S, Hidden>& s_prev, Out<S, Hidden> s) const {
    add_product(U, s_prev, trace);
    Activation::forward(trace);
    s = trace;
  }

  void step_backward(const In<S, Hidden>& trace, const In<S, Hidden>&, Out<S, Hidden> d_s, Out<S, Hidden> d_a) const {
    d_a = d_s;
    Activation::backward(trace, d_a);     // was: h = activation(a)
    d_s.noalias() = U.transpose() * d_a;  // was: a += U h_prev
  }

  void project_backward(const In<S, Hidden>& d_a, Index first, Out<S> d_x) const {
    d_x.noalias() += W.middleCols(first, d_x.rows()).transpose() * d_a;
  }

  void accumulate(const In<S>& x, Index first, const In<S, Hidden>& d_a, RnnCell& grad) const {
    grad.W.middleCols(first, x.rows()).noalias() += d_a * x.transpose();
    if (first > 0 || !this->has_bias()) return;
    const Vector<S> sum = d_a.rowwise().sum();
    grad.b_W += sum;
    grad.b_U += sum;
  }

  void accumulate_recurrent(const In<S, Hidden>& s_prev, const In<S, Hidden>& d_a, RnnCell& grad) const {
    grad.U.noalias() += d_a * s_prev.transpose();
  }
};

}  // namespace heed::inline v0_1
