#pragma once

#include <heed/cells/gru.hpp>
#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/layer_norm_gru.hpp>
#include <heed/cells/layer_norm_lstm.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/cells/rnn.hpp>
#include <heed/core/variant.hpp>

namespace heed { inline namespace v0_2 {

/// A cell whose type is chosen at run time. It models `Cell`, so a program that offers several cells needs only one
/// model type. It holds one of the types of `cell` below; a default-constructed object holds an empty `GruCell`.
///
/// `accumulate` and `accumulate_recurrent` throw heed::Error if grad holds another type: create it with
/// `zeros_like(model)`.
template <class S>
struct AnyCell {
  using Scalar = S;

  std::variant<GruCell<S>, LstmCell<S>, RnnCell<S>, RnnCell<S, Dynamic, Dynamic, Relu>,
               GruCell<S, Dynamic, Dynamic, gru_forms::cho>, LayerNormGruCell<S>, LayerNormLstmCell<S>,
               ProjectedLstmCell<S>>
      cell;  ///< the chosen cell

  AnyCell() = default;
  /// Holds the cell `chosen`.
  template <Cell C>
  AnyCell(C chosen) : cell(std::move(chosen)) {}

  Index input_size() const {
    return std::visit([](const auto& c) { return c.input_size(); }, cell);
  }
  Index hidden_size() const {
    return std::visit([](const auto& c) { return c.hidden_size(); }, cell);
  }
  Index state_size() const {
    return std::visit([](const auto& c) { return c.state_size(); }, cell);
  }
  Index saved_size() const {
    return std::visit([](const auto& c) { return c.saved_size(); }, cell);
  }
  Index gradient_size() const {
    return std::visit([](const auto& c) { return c.gradient_size(); }, cell);
  }

  bool h_enters_U_only() const {
    return std::visit(
        []<class C>(const C&) {
          return requires { C::h_enters_U_only(); };
        },
        cell);
  }

  void project(const In<S>& x, Out<S> saved) const {
    std::visit([&](const auto& c) { c.project(x, saved); }, cell);
  }
  void add_projection(const In<S>& x, Index first, Out<S> saved) const {
    std::visit([&](const auto& c) { c.add_projection(x, first, saved); }, cell);
  }
  void step(Out<S> saved, const In<S>& s_prev, Out<S> s, const Walk& walk = {}) const {
    std::visit([&](const auto& c) { detail::step(c, saved, s_prev, s, walk); }, cell);
  }
  void step_backward(const In<S>& saved, const In<S>& s_prev, Out<S> d_s, Out<S> d_a) const {
    std::visit([&](const auto& c) { c.step_backward(saved, s_prev, d_s, d_a); }, cell);
  }
  void project_backward(const In<S>& d_a, Index first, Out<S> d_x) const {
    std::visit([&](const auto& c) { c.project_backward(d_a, first, d_x); }, cell);
  }
  void accumulate(const In<S>& x, Index first, const In<S>& d_a, AnyCell& grad) const {
    std::visit([&](const auto& c) { c.accumulate(x, first, d_a, detail::same(c, grad.cell)); }, cell);
  }
  void accumulate_recurrent(const In<S>& s_prev, const In<S>& d_a, AnyCell& grad) const {
    std::visit([&](const auto& c) { c.accumulate_recurrent(s_prev, d_a, detail::same(c, grad.cell)); }, cell);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    detail::visit_alternative(visit, self.cell...);
  }
};

}}  // namespace heed::v0_2
