#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/products.hpp>

#include <concepts>
#include <string>

namespace heed { inline namespace v0_2 {

/// A recurrent cell: s_t = step(s_{t-1}, x_t). Only the recurrence runs step by step; all other products are batched
/// over time.
///
/// The state s is one matrix. Its top `hidden_size()` rows are the hidden state h; an LSTM stores the cell state c
/// below h. The matrices of a step have one column per sentence. `project` also takes all words of a batch, one per
/// column, in one product before the recurrence starts. In the table, W[:, k...] is the block of columns of W that
/// begins at column k and has as many columns as x (or d_x) has rows. A' is the transpose of A.
///
/// | call                                        | meaning                                                           |
/// |---------------------------------------------|-------------------------------------------------------------------|
/// | `project(x, saved)`                         | saved = W[:, 0...] x + biases                                     |
/// | `add_projection(x, first, saved)`           | saved += W[:, first...] x                                         |
/// | `step(saved, s_prev, s)`                    | adds U h, applies the gates, writes s; s must not be s_prev       |
/// | `step_backward(saved, s_prev, d_s, d_a)`    | d_s: dL/ds in, dL/ds_prev out; d_a: dL/d(pre-activation)          |
/// | `project_backward(d_a, first, d_x)`         | d_x += W[:, first...]' d_a                                        |
/// | `accumulate(x, first, d_a, grad)`           | grad.W[:, first...] += d_a x'                                     |
/// | `accumulate_recurrent(s_prev, d_a, grad)`   | grad.U += d_a h_prev', and the gradients of all biases            |
/// | `input_size()`, `hidden_size()`             | rows of an input x, and of the hidden state h                     |
/// | `state_size()`                              | rows of a state                                                   |
/// | `saved_size()`                              | rows of the saved activations of a step                           |
/// | `gradient_size()`                           | rows of d_a                                                       |
/// | `has_bias()`                                | whether the cell has b_W and b_U                                  |
/// | `h_enters_U_only()`                         | true if a step uses h only in the product with U: see below       |
/// | `State`, `Saved`, `Gates`, `Gradient`       | optional: rows of s, saved, W, d_a at compile time, or `Dynamic`  |
/// | `Parameters`                                | the base class that holds W, U and the biases                     |
///
/// An input may consist of blocks of rows (a word, then the context). `first` is the input row at which a block starts.
/// `saved` has `saved_size()` rows and holds the saved activations for backward; `d_a` has `gradient_size()` rows. Only
/// `accumulate`, `accumulate_recurrent`, `step_backward` and `project_backward` may allocate. Matrices may have no
/// columns. Then these four functions return at once, because Eigen 3.4 would add an offset to the null pointer of an
/// empty matrix. In their bodies, `// was: f` names the operation of `step` or `project` that the line
/// differentiates.
///
/// A user-defined cell needs only the functions that the concept requires (examples/04_own_cell.cpp). In the cells of
/// heed, `step` has a fourth parameter, a `Walk`, with three settings. `backwards` is the direction in which the
/// weights are read: the weights that one step reads last are still in the cache when the next step starts, so the next
/// step reads them first. `share` is the part of the weights that this call computes: threads split a step, and wait
/// for each other before and after it. `save_activations` is false in inference, which does not need the activations.
///
/// Every function throws heed::Error if a size does not fit. `step` also throws if s and s_prev overlap in memory.
///
/// A cell may have a static `h_enters_U_only()` that returns true. This means that a step uses the h of s_prev only in
/// the product with U, so that dropout of h (encoders/recurrence.hpp) follows the equation of the papers.
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

/// Computes the share of one thread in a step. If the cell does not take a `Walk`, the first thread computes the whole
/// step.
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

// check_F throws unless the arguments of the cell function F (project, step, ...) have the expected sizes.

/// Checks a block of an input, which starts at input row `first`.
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

/// Adds the gradients of both biases to grad, if grad has biases. Both must be terms of the pre-activation whose
/// gradient is d_a.
template <class D, class Grad>
void add_biases(const D& d_a, Grad& grad) {
  if (grad.b_W.size() == 0) return;
  const Vector<typename Grad::Scalar> sum = d_a.rowwise().sum();
  grad.b_W += sum;
  grad.b_U += sum;
}

/// Returns a function of `io` and `row` that loads a packet of b_W + b_U from row `row` on; zeros if they are empty.
template <class B>
auto sum_of_biases(const B& b_W, const B& b_U) {
  return
      [&b_W, &b_U](const auto& io, Index row) { return packet_or_zeros(io, b_W, row) + packet_or_zeros(io, b_U, row); };
}

/// Base class of several cells: the parameters of `Gates` gates, stacked in PyTorch's order, and their sizes.
template <class S, int Input, int Hidden, int Gates>
struct GateParameters {
  using Scalar = S;

  static constexpr int Rows = times(Gates, Hidden);

  Weight<S, Rows, Input, Gates> W;   ///< gates * hidden x input (weight_ih)
  Weight<S, Rows, Hidden, Gates> U;  ///< gates * hidden x hidden (weight_hh)
  ParameterVector<S> b_W, b_U;       ///< gates * hidden each (bias_ih, bias_hh), or empty: no bias

  GateParameters(Index input, Index hidden, bool bias)
      : W(Gates * hidden, input),
        U(Gates * hidden, hidden),
        b_W(Vector<S>::Zero(bias ? Gates * hidden : 0)),
        b_U(Vector<S>::Zero(b_W.size())) {}

  Index input_size() const { return W.cols(); }
  Index hidden_size() const { return U.cols(); }
  bool has_bias() const { return b_W.size() > 0; }

  /// grad += d x', gate by gate. `at` holds the first row of each gate in d; in grad the gates are stacked.
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
