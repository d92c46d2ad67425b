#pragma once

#include <heed/cells/layer_norm.hpp>
#include <heed/kernels/lstm_gates.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// The layer-normalised LSTM of Ba, Kiros & Hinton 2016 (arXiv 1607.06450, supplement, equations 20 to 22).
///
///     [i f g o] = gain_W N(W x_t) + b_W + gain_U N(U h_{t-1}) + b_U        then sigmoid for i, f and o, tanh for g
///     c_t = f c_{t-1} + i g                                                h_t = o tanh(gain_c N(c_t) + b_c)
///
/// N(a) = (a - mean) / sqrt(variance + 1e-5) normalises all four gates of one product together, and the units of c. The
/// variance is the biased estimate (divided by the number of rows). The paper has no epsilon in the square root. It has
/// a third bias b besides b_W and b_U; here b is part of b_W + b_U. The next step uses c_t without normalisation.
///
///     state [ h ]     rows of this cell:       saved [ i         ]     d_a [ y_c = gain_c N(c) + b_c ]
///           [ c ]                                    [ f         ]         [ gain_c                  ]
///                                                    [ g         ]
///                                                    [ o         ]
///                                                    [ N(c)      ]
///                                                    [ tanh(y_c) ]
///                                                    [ 1 / std   ]   one row, of c
///
/// `saved` and `d_a` begin with the rows of the base class (layer_norm.hpp). Below them are the rows of this cell. std
/// is sqrt(variance + 1e-5).
///
/// Mean and variance need all units. Threads that share a step do not synchronise within it, so one thread computes the
/// whole step.
template <class S, int Input = Dynamic, int Hidden = Dynamic>
struct LayerNormLstmCell : detail::NormalizedGates<S, Input, Hidden, 4> {
  using Scalar = S;
  using Parameters = detail::NormalizedGates<S, Input, Hidden, 4>;

  ParameterVector<S> gain_c, b_c;  ///< hidden each; b_c may be empty: no bias

  LayerNormLstmCell() : LayerNormLstmCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  LayerNormLstmCell(Index input, Index hidden, bool bias = true)
      : Parameters(input, hidden, bias), gain_c(Vector<S>::Ones(hidden)), b_c(Vector<S>::Zero(bias ? hidden : 0)) {}

  Index state_size() const { return 2 * this->hidden_size(); }
  static constexpr bool h_enters_U_only() { return true; }
  Index saved_size() const { return this->own_saved() + 6 * this->hidden_size() + 1; }
  Index gradient_size() const { return this->own_gradient() + 2 * this->hidden_size(); }

  void project(const In<S>& x, Out<S> saved) const {
    detail::check_project("LayerNormLstmCell.project", *this, x, 0, saved);
    this->project_products(x, saved);
  }

  void add_projection(const In<S>& x, Index first, Out<S> saved) const {
    detail::check_project("LayerNormLstmCell.add_projection", *this, x, first, saved);
    this->add_products(x, first, saved);
  }

  void step(Out<S> saved, const In<S>& s_prev, Out<S> s, const Walk& walk = {}) const {
    detail::check_step("LayerNormLstmCell.step", *this, saved, s_prev, s);
    if (walk.share.index > 0) return;
    const Index H = this->hidden_size(), own = this->own_saved();
    this->standardize_products(s_prev.topRows(H), saved);
    const auto c_prev = s_prev.bottomRows(H);
    auto own_rows = saved.bottomRows(saved.rows() - own);
    for (Index j = 0; j < saved.cols(); ++j) {
      detail::for_each_units<S>(H, j, [&](const auto& units) {
        const auto products = units(saved), kept = units(own_rows), state = units(s);
        const auto sum = [&](Index gate) {
          return this->y_W(units, products, gate * H) + this->y_U(units, products, gate * H);
        };
        const decltype(sum(0)) sums[] = {sum(0), sum(1), sum(2), sum(3)};
        auto out = sums[3];
        const auto cell = detail::LstmGates<S>::forward(sums, units(c_prev), kept, H, out);
        kept[4 * H] = cell;
        state[H] = cell;
      });
      own_rows(6 * H, j) = detail::standardize(&own_rows(4 * H, j), H);
      detail::for_each_units<S>(H, j, [&](const auto& units) {
        const auto kept = units(own_rows), state = units(s);
        const auto tanh_y = tanh(multiply_add(kept[4 * H], units.parameters(gain_c, 0), units.parameters(b_c, 0)));
        kept[5 * H] = tanh_y;
        state[0] = kept[3 * H] * tanh_y;
      });
    }
  }

  void step_backward(const In<S>& saved, const In<S>& s_prev, Out<S> d_s, Out<S> d_a) const {
    detail::check_step_backward("LayerNormLstmCell.step_backward", *this, saved, s_prev, d_s, d_a);
    if (d_a.cols() == 0) return;
    const Index H = this->hidden_size(), G = this->gate_rows();
    const auto own = saved.middleRows(this->own_saved(), 6 * H + 1);
    const auto o = own.middleRows(3 * H, H).array(), tanh_y = own.middleRows(5 * H, H).array();
    const auto normal = own.middleRows(4 * H, H);
    auto d_h = d_s.topRows(H), d_c = d_s.bottomRows(H);
    auto d_y = d_a.middleRows(2 * G, G), d_y_c = d_a.middleRows(this->own_gradient(), H), d_gain_c = d_a.bottomRows(H);
    d_y.bottomRows(H).array() = d_h.array() * tanh_y * o * (S(1) - o);  // was: h = o tanh(y_c)
    d_y_c.array() = d_h.array() * o * (S(1) - tanh_y.square());         // was: h = o tanh(y_c)
    d_gain_c = gain_c.asDiagonal() * d_y_c;                             // temporarily the gradient of N(c)
    for (Index j = 0; j < saved.cols(); ++j) {
      detail::standardize_backward(normal.col(j), own(6 * H, j), d_gain_c.col(j));
    }
    d_c += d_gain_c;                                                      // was: y_c = gain_c N(c) + b_c
    d_gain_c = d_y_c.cwiseProduct(normal);                                // was: y_c = gain_c N(c) + b_c
    detail::LstmGates<S>::backward(own, s_prev.bottomRows(H), d_c, d_y);  // was: c = f c_prev + i g
    d_a.middleRows(3 * G, G) = d_y;                                       // was: y_W + y_U
    d_h.setZero();                                                        // was: U h_prev
    this->standardize_products_backward(saved, d_a, d_h);
  }

  void project_backward(const In<S>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("LayerNormLstmCell.project_backward", *this, d_a, first, d_x);
    this->project_products_backward(d_a, first, d_x);
  }

  void accumulate(const In<S>& x, Index first, const In<S>& d_a, LayerNormLstmCell& grad) const {
    detail::check_accumulate("LayerNormLstmCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    this->accumulate_W(x, first, d_a, grad);
  }

  void accumulate_recurrent(const In<S>& s_prev, const In<S>& d_a, LayerNormLstmCell& grad) const {
    detail::check_accumulate_recurrent("LayerNormLstmCell.accumulate_recurrent", *this, s_prev, d_a, grad);
    if (d_a.cols() == 0) return;
    const Index H = this->hidden_size();
    this->accumulate_U(s_prev.topRows(H), d_a, grad);
    grad.gain_c += d_a.bottomRows(H).rowwise().sum();
    if (this->has_bias()) grad.b_c += d_a.middleRows(this->own_gradient(), H).rowwise().sum();
  }

  static constexpr ParameterRole role(std::string_view name) {
    if (name == "gain_c") return ParameterRole::gain;
    return name == "b_c" ? ParameterRole::bias : Parameters::role(name);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    Parameters::visit_parameters(visit, self...);
    visit("gain_c", self.gain_c...);
    visit("b_c", self.b_c...);
  }
};

}}  // namespace heed::v0_2
