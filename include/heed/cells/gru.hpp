#pragma once

#include <heed/cells/cell.hpp>
#include <heed/math.hpp>

namespace heed::inline v0_1 {

/// The gated recurrent unit (Cho et al. 2014) in PyTorch's convention: reset after the product, z keeps the old state.
///
///   r = sigmoid(W_r x + b_Wr + U_r h + b_Ur)         n  = tanh(W_n x + b_Wn + r m),  m = U_n h + b_Un
///   z = sigmoid(W_z x + b_Wz + U_z h + b_Uz)         h' = (1 - z) n + z h
///
/// b_Un stands inside the reset product, so the two biases of n cannot be merged. W and U hold r, z, n from top to
/// bottom; m has rows of its own in the trace, placed so that U h is one product:
///
///   trace [ r ]     d_a [ r ]       U h is added to r, z, m
///         [ z ]         [ z ]       W x is added to r, z and n
///         [ m ]         [ m ]
///         [ n ]         [ n ]
template <class S, int Input = Dynamic, int Hidden = Dynamic>
struct GruCell : detail::GateParameters<S, Input, Hidden, 3> {
  using Scalar = S;
  using Parameters = detail::GateParameters<S, Input, Hidden, 3>;
  using Parameters::b_U, Parameters::b_W, Parameters::U, Parameters::W;

  static constexpr int Trace = detail::times(4, Hidden);

  GruCell() : GruCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  GruCell(Index input, Index hidden, bool bias = true) : Parameters(input, hidden, bias) {}

  Index state_size() const { return this->hidden_size(); }
  Index trace_size() const { return 4 * this->hidden_size(); }
  Index gradient_size() const { return 4 * this->hidden_size(); }

  void project(const In<S>& x, Index first, Out<S, Trace> trace) const {
    const Index H = this->hidden_size();
    if (first == 0) {
      trace.setZero();
      if (this->has_bias()) {
        trace.topRows(3 * H).colwise() += b_U;  // one by one: Eigen would put the sum on the heap
        trace.topRows(2 * H).colwise() += b_W.topRows(2 * H);
        trace.bottomRows(H).colwise() += b_W.bottomRows(H);
      }
    }
    const auto block = W.middleCols(first, x.rows());
    add_product(block.topRows(2 * H), x, trace.topRows(2 * H));
    add_product(block.bottomRows(H), x, trace.bottomRows(H));
  }

  void step(Out<S, Trace> trace, const In<S, Hidden>& s_prev, Out<S, Hidden> s) const {
    const Index H = this->hidden_size();
    add_product(U, s_prev, trace.topRows(3 * H));
    for (Index i = 0; i < trace.cols(); ++i) {
      S *const r = trace.col(i).data(), *const z = r + H, *const m = z + H, *const n = m + H,
               *const h = s.col(i).data();
      const S* const h_prev = s_prev.col(i).data();
      detail::for_each_packet<S>(H, [&](const auto& io, Index k) {
        namespace ei = Eigen::internal;
        const auto reset = detail::sigmoid_of<S>(io.load(r + k)), keep = detail::sigmoid_of<S>(io.load(z + k));
        const auto fresh = detail::tanh_of<S>(ei::pmadd(reset, io.load(m + k), io.load(n + k)));
        io.store(r + k, reset);
        io.store(z + k, keep);
        io.store(n + k, fresh);
        io.store(h + k, ei::pmadd(keep, ei::psub(io.load(h_prev + k), fresh), fresh));  // (1 - z) n + z h
      });
    }
  }

  void step_backward(const In<S, Trace>& trace, const In<S, Hidden>& s_prev, Out<S, Hidden> d_s,
                     Out<S, Trace> d_a) const {
    const Index H = this->hidden_size();
    const auto r = trace.topRows(H).array(), z = trace.middleRows(H, H).array(), m = trace.middleRows(2 * H, H).array();
    const auto n = trace.bottomRows(H).array();
    auto d_r = d_a.topRows(H).array(), d_z = d_a.middleRows(H, H).array(), d_m = d_a.middleRows(2 * H, H).array();
    auto d_n = d_a.bottomRows(H).array();
    d_n = d_s.array() * (S(1) - z) * (S(1) - n.square());       // was: h' = (1 - z) n + z h, n = tanh(.)
    d_z = d_s.array() * (s_prev.array() - n) * z * (S(1) - z);  // was: h' = (1 - z) n + z h
    d_m = d_n * r;                                              // was: n = tanh(. + r m)
    d_r = d_n * m * r * (S(1) - r);                             // was: n = tanh(. + r m)
    d_s.array() *= z;                                           // was: h' = (1 - z) n + z h
    d_s.noalias() += U.transpose() * d_a.topRows(3 * H);        // was: [r z m] += U h
  }

  void project_backward(const In<S, Trace>& d_a, Index first, Out<S> d_x) const {
    const Index H = this->hidden_size();
    const auto block = W.middleCols(first, d_x.rows());
    d_x.noalias() += block.topRows(2 * H).transpose() * d_a.topRows(2 * H);
    d_x.noalias() += block.bottomRows(H).transpose() * d_a.bottomRows(H);
  }

  void accumulate(const In<S>& x, Index first, const In<S, Trace>& d_a, GruCell& grad) const {
    const Index H = this->hidden_size();
    auto block = grad.W.middleCols(first, x.rows());
    block.topRows(2 * H).noalias() += d_a.topRows(2 * H) * x.transpose();
    block.bottomRows(H).noalias() += d_a.bottomRows(H) * x.transpose();
    if (first > 0 || !this->has_bias()) return;
    const Vector<S> sum = d_a.rowwise().sum();
    grad.b_U += sum.topRows(3 * H);
    grad.b_W.topRows(2 * H) += sum.topRows(2 * H);
    grad.b_W.bottomRows(H) += sum.bottomRows(H);
  }

  void accumulate_recurrent(const In<S, Hidden>& s_prev, const In<S, Trace>& d_a, GruCell& grad) const {
    grad.U.noalias() += d_a.topRows(3 * this->hidden_size()) * s_prev.transpose();
  }
};

}  // namespace heed::inline v0_1
