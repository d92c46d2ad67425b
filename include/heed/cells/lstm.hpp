#pragma once

#include <heed/cells/cell.hpp>
#include <heed/math.hpp>

namespace heed::inline v0_1 {

/// Long short-term memory (Hochreiter & Schmidhuber 1997, forget gate of Gers et al. 2000), as PyTorch's nn.LSTM.
///
///   [i f g o] = W x_t + b_W + U h_{t-1} + b_U        i, f, o through the sigmoid, g through tanh
///   c_t = f c_{t-1} + i g                            h_t = o tanh(c_t)
///
///   state [ h ]     trace [ i      ]     d_a [ i ]
///         [ c ]           [ f      ]         [ f ]
///                         [ g      ]         [ g ]
///                         [ o      ]         [ o ]
///                         [ tanh c ]
template <class S, int Input = Dynamic, int Hidden = Dynamic>
struct LstmCell : detail::GateParameters<S, Input, Hidden, 4> {
  using Scalar = S;
  using Parameters = detail::GateParameters<S, Input, Hidden, 4>;
  using Parameters::b_U, Parameters::b_W, Parameters::U, Parameters::W;

  static constexpr int State = detail::times(2, Hidden), Trace = detail::times(5, Hidden), Gates = Parameters::GateRows;

  LstmCell() : LstmCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  LstmCell(Index input, Index hidden, bool bias = true) : Parameters(input, hidden, bias) {}

  Index state_size() const { return 2 * this->hidden_size(); }
  Index trace_size() const { return 5 * this->hidden_size(); }
  Index gradient_size() const { return 4 * this->hidden_size(); }

  void project(const In<S>& x, Index first, Out<S, Trace> trace) const {
    auto gates = trace.topRows(gradient_size());
    if (first == 0) {
      gates.setZero();
      if (this->has_bias()) {  // one by one: Eigen would put their sum on the heap
        gates.colwise() += b_W;
        gates.colwise() += b_U;
      }
    }
    add_product(W.middleCols(first, x.rows()), x, gates);
  }

  void step(Out<S, Trace> trace, const In<S, State>& s_prev, Out<S, State> s) const {
    const Index H = this->hidden_size();
    add_product(U, s_prev.topRows(H), trace.topRows(4 * H));
    for (Index j = 0; j < trace.cols(); ++j) {
      S *const i = trace.col(j).data(), *const f = i + H, *const g = f + H, *const o = g + H, *const tanh_c = o + H;
      S *const h = s.col(j).data(), *const c = h + H;
      const S* const c_prev = s_prev.col(j).data() + H;
      detail::for_each_packet<S>(H, [&](const auto& io, Index k) {
        namespace ei = Eigen::internal;
        const auto in = detail::sigmoid_of<S>(io.load(i + k)), forget = detail::sigmoid_of<S>(io.load(f + k));
        const auto fresh = detail::tanh_of<S>(io.load(g + k)), out = detail::sigmoid_of<S>(io.load(o + k));
        const auto cell = ei::pmadd(forget, io.load(c_prev + k), ei::pmul(in, fresh));
        const auto shown = detail::tanh_of<S>(cell);
        io.store(i + k, in);
        io.store(f + k, forget);
        io.store(g + k, fresh);
        io.store(o + k, out);
        io.store(c + k, cell);
        io.store(tanh_c + k, shown);
        io.store(h + k, ei::pmul(out, shown));
      });
    }
  }

  void step_backward(const In<S, Trace>& trace, const In<S, State>& s_prev, Out<S, State> d_s,
                     Out<S, Gates> d_a) const {
    const Index H = this->hidden_size();
    const auto i = trace.topRows(H).array(), f = trace.middleRows(H, H).array();
    const auto g = trace.middleRows(2 * H, H).array(), o = trace.middleRows(3 * H, H).array();
    const auto tanh_c = trace.bottomRows(H).array();
    auto d_h = d_s.topRows(H).array(), d_c = d_s.bottomRows(H).array();
    d_a.bottomRows(H).array() = d_h * tanh_c * o * (S(1) - o);                           // was: h = o tanh(c)
    d_c += d_h * o * (S(1) - tanh_c.square());                                           // was: h = o tanh(c)
    d_a.topRows(H).array() = d_c * g * i * (S(1) - i);                                   // was: c = f c_prev + i g
    d_a.middleRows(2 * H, H).array() = d_c * i * (S(1) - g.square());                    // was: c = f c_prev + i g
    d_a.middleRows(H, H).array() = d_c * s_prev.bottomRows(H).array() * f * (S(1) - f);  // was: c = f c_prev + i g
    d_c *= f;                                                                            // was: c = f c_prev + i g
    d_s.topRows(H).noalias() = U.transpose() * d_a;                                      // was: gates += U h_prev
  }

  void project_backward(const In<S, Gates>& d_a, Index first, Out<S> d_x) const {
    d_x.noalias() += W.middleCols(first, d_x.rows()).transpose() * d_a;
  }

  void accumulate(const In<S>& x, Index first, const In<S, Gates>& d_a, LstmCell& grad) const {
    grad.W.middleCols(first, x.rows()).noalias() += d_a * x.transpose();
    if (first > 0 || !this->has_bias()) return;
    const Vector<S> sum = d_a.rowwise().sum();
    grad.b_W += sum;
    grad.b_U += sum;
  }

  void accumulate_recurrent(const In<S, State>& s_prev, const In<S, Gates>& d_a, LstmCell& grad) const {
    grad.U.noalias() += d_a * s_prev.topRows(this->hidden_size()).transpose();
  }
};

}  // namespace heed::inline v0_1
