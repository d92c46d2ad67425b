#pragma once

#include <heed/cells/gru.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 {

/// The gated recurrent unit of the decoder of Cho et al. 2014 (arXiv 1406.1078v3, appendix A.1.2). The last rows of its
/// input are the context c. The reset gate r also multiplies C_n c.
///
///     r = sigmoid(W_r x + C_r c + b_Wr + U_r h + b_Ur)       n   = tanh(W_n x + b_Wn + r m),  m = U_n h + C_n c + b_Un
///     z = sigmoid(W_z x + C_z c + b_Wz + U_z h + b_Uz)       h_t = (1 - z) n + z h
///
/// h is h_{t-1}. The member W holds [W C]. `saved` and `d_a` have the same layout as in `GruCell`. C c is added where
/// U h is added.
///
/// `Stack` and the decoders construct C(input, hidden), so `context` is 0 and the cell is a plain `GruCell`. Set
/// `stack.layers.front().context`, as `ChoDecoder` does, or pass a function that constructs the cells.
template <class S>
struct ContextGruCell : GruCell<S> {
  using Scalar = S;
  using GruCell<S>::W;

  Index context = 0;  ///< rows of c; with 0 the cell is a `GruCell`

  ContextGruCell() = default;
  /// `input` is the number of rows of x and c together.
  ContextGruCell(Index input, Index hidden, bool bias = true, Index context_size = 0)
      : GruCell<S>(input, hidden, bias), context(context_size) {}

  void project(const In<S>& x, Out<S> saved) const {
    detail::check_project("ContextGruCell.project", *this, x, 0, saved);
    const Index of_x = rows_of_x(0, x.rows());
    GruCell<S>::project(x.topRows(of_x), saved);
    if (of_x < x.rows()) add_projection(x.bottomRows(x.rows() - of_x), of_x, saved);
  }

  void add_projection(const In<S>& x, Index first, Out<S> saved) const {
    detail::check_project("ContextGruCell.add_projection", *this, x, first, saved);
    const Index of_x = rows_of_x(first, x.rows()), of_c = x.rows() - of_x;
    if (of_x > 0) GruCell<S>::add_projection(x.topRows(of_x), first, saved);
    if (of_c > 0) add_gates(W.middleCols(first + of_x, of_c), x.bottomRows(of_c), saved, this->rows_of_U());
  }

  void project_backward(const In<S>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("ContextGruCell.project_backward", *this, d_a, first, d_x);
    if (d_a.cols() == 0) return;
    const Index of_x = rows_of_x(first, d_x.rows()), of_c = d_x.rows() - of_x;
    if (of_x > 0) GruCell<S>::project_backward(d_a, first, d_x.topRows(of_x));
    if (of_c == 0) return;
    add_gates_backward(W.middleCols(first + of_x, of_c), d_a, this->rows_of_U(), d_x.bottomRows(of_c));
  }

  void accumulate(const In<S>& x, Index first, const In<S>& d_a, ContextGruCell& grad) const {
    detail::check_accumulate("ContextGruCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    const Index of_x = rows_of_x(first, x.rows()), of_c = x.rows() - of_x;
    if (of_x > 0) GruCell<S>::accumulate(x.topRows(of_x), first, d_a, grad);
    if (of_c == 0) return;
    this->add_outer(d_a, this->rows_of_U(), x.bottomRows(of_c), grad.W.edit().middleCols(first + of_x, of_c));
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    GruCell<S>::visit_parameters(visit, self...);
    visit("context", self.context...);
  }

 private:
  /// Returns how many of the `rows` input rows from row `first` on belong to x; the remaining ones belong to c.
  Index rows_of_x(Index first, Index rows) const {
    return std::clamp(this->input_size() - context - first, Index{0}, rows);
  }
};

}}  // namespace heed::v0_2
