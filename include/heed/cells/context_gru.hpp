#pragma once

#include <heed/cells/gru.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 {

/// The gated recurrent unit of the decoder of Cho et al. 2014 (arXiv 1406.1078v3, appendix A.1.2). The last rows of its
/// input are the context c. The reset gate r also multiplies C_n c.
///
///   r = sigmoid(W_r x + C_r c + b_Wr + U_r h + b_Ur)         n  = tanh(W_n x + b_Wn + r m),  m = U_n h + C_n c + b_Un
///   z = sigmoid(W_z x + C_z c + b_Wz + U_z h + b_Uz)         h' = (1 - z) n + z h
///
/// The member W holds [W C]. `saved` and `d_a` have the same layout as in `GruCell`. C c is added where U h is added.
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
    const Index outside = rows_outside(0, x.rows());
    GruCell<S>::project(x.topRows(outside), saved);
    if (outside < x.rows()) add_projection(x.bottomRows(x.rows() - outside), outside, saved);
  }

  void add_projection(const In<S>& x, Index first, Out<S> saved) const {
    detail::check_project("ContextGruCell.add_projection", *this, x, first, saved);
    const Index outside = rows_outside(first, x.rows()), inside = x.rows() - outside;
    if (outside > 0) GruCell<S>::add_projection(x.topRows(outside), first, saved);
    if (inside > 0) add_gates(W.middleCols(first + outside, inside), x.bottomRows(inside), saved, this->rows_of_U());
  }

  void project_backward(const In<S>& d_a, Index first, Out<S> d_x) const {
    detail::check_project_backward("ContextGruCell.project_backward", *this, d_a, first, d_x);
    if (d_a.cols() == 0) return;
    const Index outside = rows_outside(first, d_x.rows()), inside = d_x.rows() - outside;
    if (outside > 0) GruCell<S>::project_backward(d_a, first, d_x.topRows(outside));
    if (inside == 0) return;
    add_gates_backward(W.middleCols(first + outside, inside), d_a, this->rows_of_U(), d_x.bottomRows(inside));
  }

  void accumulate(const In<S>& x, Index first, const In<S>& d_a, ContextGruCell& grad) const {
    detail::check_accumulate("ContextGruCell.accumulate", *this, x, first, d_a, grad);
    if (d_a.cols() == 0) return;
    const Index outside = rows_outside(first, x.rows()), inside = x.rows() - outside;
    if (outside > 0) GruCell<S>::accumulate(x.topRows(outside), first, d_a, grad);
    if (inside == 0) return;
    this->add_outer(d_a, this->rows_of_U(), x.bottomRows(inside), grad.W.edit().middleCols(first + outside, inside));
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    GruCell<S>::visit_parameters(visit, self...);
    visit("context", self.context...);
  }

 private:
  /// The number of rows of x, not of c, among the `rows` input rows from row `first` on.
  Index rows_outside(Index first, Index rows) const {
    return std::clamp(this->input_size() - context - first, Index{0}, rows);
  }
};

}}  // namespace heed::v0_2
