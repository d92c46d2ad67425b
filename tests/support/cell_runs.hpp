#pragma once

#include <heed/cells/cell.hpp>

#include "support/numbers.hpp"
#include "support/typed_parts.hpp"

namespace typed {

/// Computes the next states of all columns.
template <class C>
heed::Matrix<typename C::Scalar> next_state(const C& cell, const heed::Matrix<typename C::Scalar>& x,
                                            const heed::Matrix<typename C::Scalar>& s_prev) {
  heed::Matrix<typename C::Scalar> saved(cell.saved_size(), x.cols()), s(cell.state_size(), x.cols());
  cell.project(x, saved);
  cell.step(saved, s_prev, s);
  return s;
}

/// All gradients of the loss sum(d_s * s), accumulated from zero.
template <class C>
struct Gradients {
  using S = typename C::Scalar;
  C parameters;
  heed::Matrix<S> x, s_prev;

  Gradients(const C& cell, const heed::Matrix<S>& x_, const heed::Matrix<S>& s_prev_, const heed::Matrix<S>& d_s)
      : parameters(heed::zeros_like(cell)), x(heed::Matrix<S>::Zero(x_.rows(), x_.cols())), s_prev(d_s) {
    add(cell, x_, s_prev_);
  }

  /// Adds to the gradients, except for s_prev, which is changed from dL/ds to dL/ds_prev.
  void add(const C& cell, const heed::Matrix<S>& x_, const heed::Matrix<S>& s_prev_) {
    heed::Matrix<S> saved(cell.saved_size(), x_.cols()), s(cell.state_size(), x_.cols());
    heed::Matrix<S> d_a(cell.gradient_size(), x_.cols());
    cell.project(x_, saved);
    cell.step(saved, s_prev_, s);
    cell.step_backward(saved, s_prev_, s_prev, d_a);
    cell.project_backward(d_a, 0, x);
    cell.accumulate(x_, 0, d_a, parameters);
    cell.accumulate_recurrent(s_prev_, d_a, parameters);
  }
};

/// The largest difference in states and gradients between a cell of fixed sizes and a cell of dynamic sizes with the
/// same parameters.
template <class Fixed, class Sized>
double distance_from_dynamic(heed::Index inputs = input, heed::Index units = hidden) {
  heed::Random random(29);
  Fixed fixed(inputs, units);
  Sized sized(inputs, units);
  randomize(fixed, random);
  copy_parameters(fixed, sized);
  const heed::Matrix<double> x = random_matrix(inputs, 5, random),
                             s_prev = random_matrix(fixed.state_size(), 5, random);
  const heed::Matrix<double> d_s = random_matrix(fixed.state_size(), 5, random);
  const Gradients a(fixed, x, s_prev, d_s);
  const Gradients b(sized, x, s_prev, d_s);
  return std::max({difference(next_state(fixed, x, s_prev), next_state(sized, x, s_prev)), difference(a.x, b.x),
                   difference(a.s_prev, b.s_prev), part_difference(a.parameters, b.parameters)});
}

}  // namespace typed
