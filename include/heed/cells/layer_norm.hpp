#pragma once

#include <heed/cells/cell.hpp>
#include <heed/kernels/standardize.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// Base class of the layer-normalised cells: both products of a gate are normalised before they are added.
///
///     y_W = gain_W N(W x) + b_W        y_U = gain_U N(U h) + b_U        N(a) = (a - mean) / sqrt(variance + 1e-5)
///
/// The gates of each product are normalised in groups. `Groups` are the numbers of adjacent gates that share mean and
/// variance: <4> normalises four gates together, <2, 1> the first two together and the third separately. With G rows of
/// all gates and g groups:
///
///     saved [ N(W x)    ] G     d_a [ W x          ] G      gradients of both products before normalisation
///           [ N(U h)    ] G         [ U h          ] G
///           [ 1 / std   ] 2 g       [ y_W          ] G      gradients of y_W and y_U
///           [ cell      ]           [ y_U          ] G
///                                   [ gain_W       ] G      gradients of the gains
///                                   [ gain_U       ] G
///                                   [ cell         ]      "cell": rows of the derived cell
///
/// std is sqrt(variance + 1e-5), one for each group of each product.
template <class S, int Input, int Hidden, int... Groups>
struct NormalizedGates : GateParameters<S, Input, Hidden, (Groups + ...)> {
  using Scalar = S;
  using Parameters = GateParameters<S, Input, Hidden, (Groups + ...)>;
  using Parameters::b_U, Parameters::b_W, Parameters::U, Parameters::W;

  static constexpr int GateCount = (Groups + ...);

  ParameterVector<S> gain_W, gain_U;  ///< gates * hidden each; initially 1

  NormalizedGates(Index input, Index hidden, bool bias)
      : Parameters(input, hidden, bias), gain_W(Vector<S>::Ones(GateCount * hidden)), gain_U(gain_W) {}

  static constexpr ParameterRole role(std::string_view name) {
    return name == "gain_W" || name == "gain_U" ? ParameterRole::gain : Parameters::role(name);
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    Parameters::visit_parameters(visit, self...);
    visit("gain_W", self.gain_W...);
    visit("gain_U", self.gain_U...);
  }

 protected:
  static constexpr auto zero = [](const auto& io, Index) { return io.constant(S(0)); };

  Index gate_rows() const { return GateCount * this->hidden_size(); }
  /// The first row that belongs to the derived cell, in `saved` and in `d_a`.
  Index own_saved() const { return 2 * gate_rows() + 2 * Index{sizeof...(Groups)}; }
  Index own_gradient() const { return 6 * gate_rows(); }

  void project_products(const In<S>& x, Out<S> saved) const {
    set_gates(W.leftCols(x.rows()), x, saved, stacked<GateCount>(this->hidden_size()), zero);
  }

  void add_products(const In<S>& x, Index first, Out<S> saved) const {
    add_gates(W.middleCols(first, x.rows()), x, saved, stacked<GateCount>(this->hidden_size()));
  }

  void project_products_backward(const In<S>& d_a, Index first, Out<S> d_x) const {
    add_gates_backward(W.middleCols(first, d_x.rows()), d_a, stacked<GateCount>(this->hidden_size()), d_x);
  }

  /// Writes U h to `saved` and normalises both products in place.
  template <class H>
  void standardize_products(const H& h, Out<S> saved) const {
    const Index G = gate_rows();
    set_gates(U, h, saved, rows_of_U(), zero);
    for (Index j = 0; j < saved.cols(); ++j) {
      S* const column = saved.col(j).data();
      for_each_group(
          [&](Index inverse, Index first, Index rows) { column[2 * G + inverse] = standardize(column + first, rows); });
    }
  }

  /// A packet of y_W or y_U, for the units of the gate that begins at `row`. `kept` are these units in a column of
  /// `saved`.
  template <class Units, class Kept>
  auto y_W(const Units& units, const Kept& kept, Index row) const {
    return multiply_add(kept[row], units.parameters(gain_W, row), units.parameters(b_W, row));
  }
  template <class Units, class Kept>
  auto y_U(const Units& units, const Kept& kept, Index row) const {
    return multiply_add(kept[gate_rows() + row], units.parameters(gain_U, row), units.parameters(b_U, row));
  }

  /// Backward of y_W, y_U and `standardize_products`. `d_a` must already hold the gradients of y_W and y_U; its rows
  /// for the products and the gains are overwritten. Adds to d_h, the gradient of h.
  template <class D>
  void standardize_products_backward(const In<S>& saved, Out<S> d_a, D&& d_h) const {
    const Index G = gate_rows();
    const auto normal = saved.topRows(2 * G);
    const auto d_y = d_a.middleRows(2 * G, 2 * G);
    d_a.middleRows(4 * G, 2 * G) = d_y.cwiseProduct(normal);         // was: gain N(.)
    d_a.topRows(G) = gain_W.asDiagonal() * d_y.topRows(G);           // was: gain N(.)
    d_a.middleRows(G, G) = gain_U.asDiagonal() * d_y.bottomRows(G);  // was: gain N(.)
    for (Index j = 0; j < saved.cols(); ++j) {
      for_each_group([&](Index inverse, Index first, Index rows) {
        standardize_backward(normal.col(j).segment(first, rows), saved(2 * G + inverse, j),
                             d_a.col(j).segment(first, rows));
      });
    }
    add_gates_backward(U, d_a, rows_of_U(), d_h);  // was: U h
  }

  void accumulate_W(const In<S>& x, Index first, const In<S>& d_a,
                    NormalizedGates<S, Input, Hidden, Groups...>& grad) const {
    add_outer_product(d_a.topRows(gate_rows()), x, grad.W.edit().middleCols(first, x.rows()));
  }

  /// Adds the gradients of U, the gains and the biases.
  template <class H>
  void accumulate_U(const H& h_prev, const In<S>& d_a, NormalizedGates<S, Input, Hidden, Groups...>& grad) const {
    const Index G = gate_rows();
    add_outer_product(d_a.middleRows(G, G), h_prev, grad.U);
    grad.gain_W += d_a.middleRows(4 * G, G).rowwise().sum();
    grad.gain_U += d_a.middleRows(5 * G, G).rowwise().sum();
    if (!this->has_bias()) return;
    grad.b_W += d_a.middleRows(2 * G, G).rowwise().sum();
    grad.b_U += d_a.middleRows(3 * G, G).rowwise().sum();
  }

 private:
  GateRows<GateCount> rows_of_U() const {
    auto at = stacked<GateCount>(this->hidden_size());
    for (Index& row : at) row += gate_rows();
    return at;
  }

  /// Calls f(index of 1 / std, first row, rows) for each group of W x, then for each group of U h.
  template <class F>
  void for_each_group(const F& f) const {
    const Index H = this->hidden_size();
    Index place = 0, first = 0;
    for (int product = 0; product < 2; ++product) {
      for (const Index gates : {Index{Groups}...}) {
        f(place++, first, gates * H);
        first += gates * H;
      }
    }
  }
};

}}}  // namespace heed::v0_2::detail
