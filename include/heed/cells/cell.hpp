#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/products.hpp>

#include <concepts>
#include <string>

namespace heed { inline namespace v0_2 {

/// A recurrent cell: s_t = step(s_{t-1}, x_t), written so that only what must be sequential is.
///
/// The state s is one matrix whose top `hidden_size()` rows are the output h (an LSTM keeps c below it). n columns are
/// n sentences; N columns are all words of a batch, projected in one product before the recurrence begins.
///
/// | call                                        | meaning                                                           |
/// |---------------------------------------------|-------------------------------------------------------------------|
/// | `project(x, saved)`                         | saved = W[:, 0...] x + biases                                     |
/// | `add_projection(x, first, saved)`           | saved += W[:, first...] x                                         |
/// | `step(saved, s_prev, s)`                    | adds U h, applies the gates; s must not be s_prev                 |
/// | `step_backward(saved, s_prev, d_s, d_a)`    | d_s: dL/ds in, dL/ds_prev out; d_a: dL/d(pre-activation)          |
/// | `project_backward(d_a, first, d_x)`         | d_x += W[:, first...]' d_a                                        |
/// | `accumulate(x, first, d_a, grad)`           | grad.W[:, first...] += d_a x'                                     |
/// | `accumulate_recurrent(s_prev, d_a, grad)`   | grad.U += d_a h_prev', and the gradients of all biases            |
/// | `input_size()`, `hidden_size()`             | rows of an input, and of the output h                             |
/// | `state_size()`                              | rows of a state                                                   |
/// | `saved_size()`                              | rows of what a step keeps for backward                            |
/// | `gradient_size()`                           | rows of d_a                                                       |
/// | `has_bias()`                                | whether it has b_W and b_U                                        |
/// | `h_enters_U_only()`                         | whether h is read by the product with U alone: see below          |
/// | `State`, `Trace`, `Gates`, `Gradient`       | sizes known to the compiler, or `Dynamic`                         |
/// | `Parameters`                                | what W, U and the biases are inherited from                       |
///
/// An input may come in blocks of rows (a word, then the context): `first` is the input row at which a block begins. `saved` has
/// `saved_size()` rows and keeps what backward needs; `d_a` has `gradient_size()` rows. Nothing but the products of
/// `accumulate`, `accumulate_recurrent` and the two backward calls may allocate. Matrices may have no columns: the
/// backward calls return at once then, since Eigen 3.4 would offset the null pointer of an empty matrix.
/// A cell of your own needs no more (examples/own_cell.cpp). Those of heed also take a `Walk`, a fourth argument of `step`:
/// from which end it reads its weights, since what one step read last is still in the cache when the next one begins with
/// it; which share of them, since threads do a step together and wait for each other before and after; and whether the
/// saved must be kept, which an encoder that only reads has no use for.
/// Every function throws heed::Error if a size does not fit, and `step` if s and s_prev overlap in memory.
/// A cell may have a static `h_enters_U_only()` that is true: the h of s_prev is read by the product with U and by nothing
/// else, so that dropout of it (encoders/recurrence.hpp) is the papers'.
template <class C>
concept Cell = Part<C> && requires(const C& cell, C& grad, const Matrix<typename C::Scalar>& in,
                                   Matrix<typename C::Scalar>& out, Index first) {
  { cell.input_size() } -> std::convertible_to<Index>;
  { cell.hidden_size() } -> std::convertible_to<Index>;
  { cell.state_size() } -> std::convertible_to<Index>;
  { cell.saved_size() } -> std::convertible_to<Index>;
  { cell.gradient_size() } -> std::convertible_to<Index>;
  cell.project(in, out);
  cell.add_projection(in, first, out);
  cell.step(out, in, out);
  cell.step_backward(in, in, out, out);
  cell.project_backward(in, first, out);
  cell.accumulate(in, first, in, grad);
  cell.accumulate_recurrent(in, in, grad);
};

namespace detail {

/// One step, by one of the threads that do it together. A cell that takes no walk is left to the first of them.
template <Cell C, class Saved, class Previous, class State>
void step(const C& cell, Saved&& saved, const Previous& s_prev, State&& s, const Walk& walk) {
  if constexpr (requires { cell.step(saved, s_prev, s, walk); }) {
    cell.step(saved, s_prev, s, walk);
  } else if (walk.share.index == 0) {
    cell.step(saved, s_prev, s);
  }
}

[[noreturn]] inline void fail_block(const char* function, const char* name, Index rows, Index cols, Index expected_cols,
                                    Index first, Index input) {
  require(first >= 0 && first <= input, [&] {
    return std::string(function) + ": first must be in [0, " + std::to_string(input) + "], got " +
           std::to_string(first);
  });
  const std::string note =
      " or have fewer rows (input " + std::to_string(input) + ", first " + std::to_string(first) + ")";
  fail_size(function, name, rows, cols, input - first, expected_cols, note.c_str());
}

// Each of these throws unless the arguments of the function of a cell that it is named after have the right sizes.

/// Rows `first` ... of an input.
template <class C, class X>
void check_block(const char* function, const char* name, const C& cell, const X& x, Index first, Index cols) {
  const Index input = cell.input_size();
  if (first < 0 || x.rows() > input - first || x.cols() != cols) {
    fail_block(function, name, x.rows(), x.cols(), cols, first, input);
  }
}

template <class C, class X>
void check_state(const char* function, const char* name, const C& cell, const X& s, Index cols) {
  const Index rows = cell.state_size();
  if (s.rows() == rows && s.cols() == cols) return;
  if (rows == cell.hidden_size()) fail_size(function, name, s.rows(), s.cols(), rows, cols);
  fail_size(function, name, s.rows(), s.cols(), rows, cols, " (h above c)");
}

template <class C, class X, class Saved>
void check_project(const char* function, const C& cell, const X& x, Index first, const Saved& saved) {
  check_block(function, "x", cell, x, first, x.cols());
  check_size(function, "saved", saved, cell.saved_size(), x.cols());
}

template <class C, class Saved, class Previous, class State>
void check_step(const char* function, const C& cell, const Saved& saved, const Previous& s_prev, const State& s) {
  check_size(function, "saved", saved, cell.saved_size(), saved.cols());
  check_state(function, "s_prev", cell, s_prev, saved.cols());
  check_state(function, "s", cell, s, saved.cols());
  if (overlap(s_prev, s)) fail(std::string(function) + ": s must not overlap s_prev in memory");
}

template <class C, class Saved, class Previous, class State, class Gradient>
void check_step_backward(const char* function, const C& cell, const Saved& saved, const Previous& s_prev,
                         const State& d_s, const Gradient& d_a) {
  check_size(function, "saved", saved, cell.saved_size(), saved.cols());
  check_state(function, "s_prev", cell, s_prev, saved.cols());
  check_state(function, "d_s", cell, d_s, saved.cols());
  check_size(function, "d_a", d_a, cell.gradient_size(), saved.cols());
}

template <class C, class Gradient, class X>
void check_project_backward(const char* function, const C& cell, const Gradient& d_a, Index first, const X& d_x) {
  check_size(function, "d_a", d_a, cell.gradient_size(), d_a.cols());
  check_block(function, "d_x", cell, d_x, first, d_a.cols());
}

template <class C, class X, class Gradient, class Grad>
void check_accumulate(const char* function, const C& cell, const X& x, Index first, const Gradient& d_a,
                      const Grad& grad) {
  check_size(function, "d_a", d_a, cell.gradient_size(), d_a.cols());
  check_block(function, "x", cell, x, first, d_a.cols());
  check_grad(function, cell, grad);
}

template <class C, class Previous, class Gradient, class Grad>
void check_accumulate_recurrent(const char* function, const C& cell, const Previous& s_prev, const Gradient& d_a,
                                const Grad& grad) {
  check_size(function, "d_a", d_a, cell.gradient_size(), d_a.cols());
  check_state(function, "s_prev", cell, s_prev, d_a.cols());
  check_grad(function, cell, grad);
}

/// What the three cells share: the parameters of G gates stacked in PyTorch's order, and their sizes.
template <class S, int Input, int Hidden, int Gates>
struct GateParameters {
  using Scalar = S;

  static constexpr int Rows = times(Gates, Hidden);

  Weight<S, Rows, Input, Gates> W;   ///< gates x input (weight_ih)
  Weight<S, Rows, Hidden, Gates> U;  ///< gates x hidden (weight_hh)
  ParameterVector<S> b_W, b_U;       ///< gates each (bias_ih, bias_hh), or empty: no bias

  GateParameters(Index input, Index hidden, bool bias)
      : W(Gates * hidden, input),
        U(Gates * hidden, hidden),
        b_W(Vector<S>::Zero(bias ? Gates * hidden : 0)),
        b_U(Vector<S>::Zero(b_W.size())) {}

  Index input_size() const { return W.cols(); }
  Index hidden_size() const { return U.cols(); }
  bool has_bias() const { return b_W.size() > 0; }

  /// Rows `row` ... of a bias, for `io` to load; zeros without one.
  template <class Io>
  auto bias(const Io& io, const Vector<S>& b, Index row) const {
    return has_bias() ? io.load(b.data() + row) : io.constant(S(0));
  }
  /// Of both.
  auto biases() const {
    return [this](const auto& io, Index row) { return bias(io, b_W, row) + bias(io, b_U, row); };
  }

  /// The gradient of both biases, where both are added to what d_a is the gradient of.
  template <class D>
  void add_biases(const D& d_a, GateParameters& grad) const {
    if (!has_bias()) return;
    const Vector<S> sum = d_a.rowwise().sum();
    grad.b_W += sum;
    grad.b_U += sum;
  }

  /// grad += d x' for the rows of `d` that belong to each gate.
  template <class D, class X, class Grad>
  static void add_outer(const D& d, const GateRows<Gates>& at, const X& x, Grad&& grad) {
    if (x.rows() == 0) return;
    for_each_run(at, grad.rows() / Gates, [&](Index to, Index from, Index rows) {
      add_outer_product(d.middleRows(from, rows), x, grad.middleRows(to, rows));
    });
  }

  static constexpr ParameterRole role(std::string_view name) {
    if (name == "b_W" || name == "b_U") return ParameterRole::bias;
    return name == "U" ? ParameterRole::recurrent : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("U", self.U...);
    visit("b_W", self.b_W...);
    visit("b_U", self.b_U...);
  }
};

}  // namespace detail

}}  // namespace heed::v0_2
