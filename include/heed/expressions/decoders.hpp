#pragma once

#include <heed/expressions/softmax.hpp>

namespace heed { inline namespace v0_2 { namespace expr {

/// [top; bottom]: concatenates two matrices vertically. Returns a matrix.
template <class Top, class Bottom>
auto stacked(const MatrixBase<Top>& top, const MatrixBase<Bottom>& bottom) {
  using Both = Eigen::Matrix<typename Top::Scalar, Eigen::Dynamic, Top::ColsAtCompileTime>;
  return (Both(top.rows() + bottom.rows(), top.cols()) << top, bottom).finished();
}

/// One decoder step of Bahdanau, Cho & Bengio 2015, equations 4 to 6, for n hypotheses of one sentence. Returns
/// [s_i; c_i], a matrix. score(s, memory) returns T x n. cell(x, s) returns the next state, for example
/// `[&](const auto& x, const auto& s) { return gru_step(x, s, W, U, b_W, b_U); }`.
/// c_i = memory softmax(score(s_{i-1}, memory)),  s_i = cell([y_{i-1}; c_i], s_{i-1}).
template <class Word, class State, class Memory, class Score, class Cell>
auto bahdanau_step(const MatrixBase<Word>& y, const MatrixBase<State>& s, const MatrixBase<Memory>& memory,
                   const Score& score, const Cell& cell) {
  const auto c = context(memory, softmax(score(s.derived(), memory.derived()))).eval();
  return stacked(cell(stacked(y, c), s.derived()), c);
}

/// One decoder step of Luong, Pham & Manning 2015, equations 5 and 7, section 3.3. Returns [s_i; h~_i], a matrix.
/// `attentional` is h~_{i-1}; without input feeding it has no rows. W: features x (memory + hidden). h_i is the top of
/// s_i (an LSTM state has c below it). `score` and `cell` as in `bahdanau_step`.
/// s_i = cell([y_{i-1}; h~_{i-1}], s_{i-1}),  c_i = memory softmax(score(h_i, memory)),  h~_i = tanh(W [c_i; h_i]).
template <class Word, class State, class Attentional, class Memory, class MatrixW, class Score, class Cell>
auto luong_step(const MatrixBase<Word>& y, const MatrixBase<State>& s, const MatrixBase<Attentional>& attentional,
                const MatrixBase<Memory>& memory, const MatrixBase<MatrixW>& W, const Score& score, const Cell& cell) {
  const auto next = cell(stacked(y, attentional), s.derived()).eval();
  const auto h = next.topRows(W.cols() - memory.rows());
  const auto c = context(memory, softmax(score(h, memory.derived()))).eval();
  return stacked(next, (W * stacked(c, h)).array().tanh().matrix());
}

}}}  // namespace heed::v0_2::expr
