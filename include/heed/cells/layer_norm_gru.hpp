#pragma once

#include <heed/cells/layer_norm.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// The layer-normalised GRU of Ba, Kiros & Hinton 2016 (arXiv 1607.06450, supplement, equations 26 to 28). The reset
/// gate multiplies the product with U. The update gate z selects the new state, as in Bahdanau, Cho & Bengio 2015. In
/// `GruCell` (Cho et al. 2014, PyTorch) z selects the old state. To load the weights of a layer-normalised GRU with
/// that meaning of z, negate the z rows of gain_W, gain_U, b_W and b_U.
///
///     [r z] = sigmoid(y_W + y_U)        n = tanh(y_W + r y_U)       h_t = (1 - z) h + z n
///
///     y_W = gain_W N(W x) + b_W         y_U = gain_U N(U h) + b_U    N(a) = (a - mean) / sqrt(variance + 1e-5)
///
/// h is h_{t-1}. N normalises r and z of one product together, and n separately. The variance is the biased estimate
/// (divided by the number of rows). The paper has no epsilon in the square root.
///
///     rows of this cell:      saved [ r ]      d_a: none
///                                   [ z ]
///                                   [ n ]
///
/// `saved` and `d_a` begin with the rows of the base class (layer_norm.hpp). Below them are the rows of this cell.
///
/// Mean and variance need all units. Threads that share a step do not synchronise within it, so one thread computes the
/// whole step.
template <class S, int Input = Dynamic, int Hidden = Dynamic>
struct LayerNormGruCell : detail::NormalizedGates<S, Input, Hidden, 2, 1> {
  using Scalar = S;
  using Parameters = detail::NormalizedGates<S, Input, Hidden, 2, 1>;

  LayerNormGruCell() : LayerNormGruCell(Input == Dynamic ? 0 : Input, Hidden == Dynamic ? 0 : Hidden) {}
  LayerNormGruCell(Index input, Index hidden, bool bias = true) : Parameters(input, hidden, bias) {}

  Index state_size() const { return this->hidden_size(); }
  Index saved_size() const { return this->own_saved() + 3 * this->hidden_size(); }
  Index gradient_size() const { return this->own_gradient(); }

  void project(const In<S>& x, Out<S> saved) const {
    detail::check_project("LayerNormGruCell.project", *this, x, 0, saved);
    this->project_products(x, saved);
  }

  void add_projection(const In<S>& x, Index first, Out<S> saved) const {
    detail::check_project("LayerNormGruCell.add_projection", *this, x, first, saved);
    this->add_products(x, first, saved);
  }

  void step(Out<S> saved, const In<S>& s_prev, Out<S> s, const Walk& walk = {}) const {
    detail::check_step("LayerNormGruCell.step", *this, saved, s_prev, s);
    if (walk.share.index > 0) return;
    const Index H = this->hidden_size();
    this->standardize_products(s_prev, saved);
    const Index own = this->own_saved();
    for (Index j = 0; j < saved.cols(); ++j) {
      detail::for_each_units<S>(H, j, [&](const auto& units) {
        const auto kept = units(saved), h = units(s);
        const auto h_prev = units(s_prev);
        const auto from_x = [&](Index gate) { return this->y_W(units, kept, gate * H); };
        const auto from_h = [&](Index gate) { return this->y_U(units, kept, gate * H); };
        const auto reset = sigmoid(from_x(0) + from_h(0));
        const auto take = sigmoid(from_x(1) + from_h(1));
        const auto fresh = tanh(multiply_add(reset, from_h(2), from_x(2)));
        kept[own] = reset;
        kept[own + H] = take;
        kept[own + 2 * H] = fresh;
        h[0] = multiply_add(take, fresh, (1 - take) * h_prev[0]);
      });
    }
  }

  void step_backward(const In<S>& saved, const In<S>& s_prev, Out<S> d_s, Out<S> d_a) const {
    detail::check_step_backward("LayerNormGruCell.step_backward", *this, saved, s_prev, d_s, d_a);
    if (d_a.cols() == 0) return;
    const Index H = this->hidden_size(), G = this->gate_rows();
    const auto own = saved.bottomRows(3 * H);
    const auto r = own.topRows(H).array(), z = own.middleRows(H, H).array(), n = own.bottomRows(H).array();
    auto d_y_W = d_a.middleRows(2 * G, G), d_y_U = d_a.middleRows(3 * G, G);
    auto d_r = d_y_W.topRows(H).array(), d_z = d_y_W.middleRows(H, H).array(), d_n = d_y_W.bottomRows(H).array();
    d_n = d_s.array() * z * (S(1) - n.square());                // was: h_t = (1 - z) h + z n, n = tanh(.)
    d_z = d_s.array() * (n - s_prev.array()) * z * (S(1) - z);  // was: h_t = (1 - z) h + z n
    for (Index j = 0; j < saved.cols(); ++j) {                  // was: n = tanh(. + r y_U)
      const auto normal = saved.col(j).segment(G + 2 * H, H).array();
      auto y = d_y_U.col(j).tail(H).array();
      y = normal * this->gain_U.tail(H).array();
      if (this->has_bias()) y += this->b_U.tail(H).array();
      d_r.col(j) = d_n.col(j) * y * r.col(j) * (S(1) - r.col(j));
    }
    d_y_U.topRows(2 * H) = d_y_W.topRows(2 * H);  // was: y_W + y_U
    d_y_U.bottomRows(H).array() = d_n * r;        // was: n = tanh(. + r y_U)
    d_s.array() *= S(1) - z;                      // was: h_t = (1 - z) h + z n
    this->standardize_products_backward(saved, d_a, d_s);
  }

  void project_backward(const In<S>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("LayerNormGruCell.project_backward", *this, d_a, first, d_x);
    this->project_products_backward(d_a, first, d_x);
  }

  void accumulate(const In<S>& x, Index first, const In<S>& d_a, LayerNormGruCell& grad) const {
    detail::check_accumulate("LayerNormGruCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    this->accumulate_W(x, first, d_a, grad);
  }

  void accumulate_recurrent(const In<S>& s_prev, const In<S>& d_a, LayerNormGruCell& grad) const {
    detail::check_accumulate_recurrent("LayerNormGruCell.accumulate_recurrent", *this, s_prev, d_a, grad);
    if (d_a.cols() == 0) return;
    this->accumulate_U(s_prev, d_a, grad);
  }
};

}}  // namespace heed::v0_2
