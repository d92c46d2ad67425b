#pragma once

#include "small_cells.hpp"

#include <cmath>
#include <type_traits>

namespace compare {

/// The equations of the cells as Eigen expressions. Static sizes of the cell are static here, too, so Eigen unrolls
/// them.
template <heed::Cell C>
class EigenCell {
 public:
  using Gates = heed::Matrix<float, CellTraits<C>::rows>;
  using State = heed::Matrix<float, CellTraits<C>::hidden>;

  EigenCell(const C& cell, Index batch) : cell_(cell), batch_(batch) {}

  void reset() {
    h_.setZero(cell_.hidden_size(), batch_);
    c_.setZero(cell_.hidden_size(), batch_);
  }
  const State& h() const { return h_; }

  /// Computes the projected inputs of the gates, biases included.
  template <class X, class A>
  void project(const X& x, A&& a) const {
    a.noalias() = cell_.W.values() * x;
    a.colwise() += cell_.b_W;
    if constexpr (is_lstm<C>) a.colwise() += cell_.b_U;
  }

  /// One step. Column b of `a` has the projected input of sentence b.
  template <class A>
  void step(const A& a) {
    const Index H = cell_.hidden_size();
    if constexpr (is_lstm<C>) {
      gates_ = a;
      gates_.noalias() += cell_.U.values() * h_;
      gates_.topRows(2 * H) = gates_.topRows(2 * H).array().logistic();
      gates_.middleRows(2 * H, H) = gates_.middleRows(2 * H, H).array().tanh();
      gates_.bottomRows(H) = gates_.bottomRows(H).array().logistic();
      const auto i = gates_.topRows(H).array(), f = gates_.middleRows(H, H).array();
      const auto g = gates_.middleRows(2 * H, H).array(), o = gates_.bottomRows(H).array();
      c_ = f * c_.array() + i * g;
      h_ = o * c_.array().tanh();
    } else {
      gates_.noalias() = cell_.U.values() * h_;
      gates_.colwise() += cell_.b_U;
      gates_.topRows(2 * H) = (a.topRows(2 * H) + gates_.topRows(2 * H)).array().logistic();
      const auto r = gates_.topRows(H).array(), z = gates_.middleRows(H, H).array();
      auto n = gates_.bottomRows(H).array();
      n = (a.bottomRows(H).array() + r * n).tanh();
      h_ = n + z * (h_.array() - n);
    }
  }

 private:
  const C& cell_;
  Index batch_;
  Gates gates_;
  State h_, c_;
};

/// The equations of the cells as scalar loops, for one sentence. The weights are copied so that each row is contiguous.
template <heed::Cell C>
class ScalarCell {
 public:
  explicit ScalarCell(const C& cell)
      : cell_(cell),
        W_(cell.W.values().transpose()),
        U_(cell.U.values().transpose()),
        a_(CellTraits<C>::gates * cell.hidden_size()),
        u_(a_.size()) {}

  void reset() {
    h_.setZero(cell_.hidden_size());
    c_.setZero(cell_.hidden_size());
  }
  const Vector& h() const { return h_; }

  template <class X>
  void step(const X& x) {
    const Index H = cell_.hidden_size();
    multiply(W_, x, cell_.b_W, a_);
    multiply(U_, h_, cell_.b_U, u_);
    for (Index k = 0; k < H; ++k) {
      const float first = sigmoid(a_(k) + u_(k)), second = sigmoid(a_(H + k) + u_(H + k));
      if constexpr (is_lstm<C>) {
        const float g = std::tanh(a_(2 * H + k) + u_(2 * H + k)), o = sigmoid(a_(3 * H + k) + u_(3 * H + k));
        c_(k) = second * c_(k) + first * g;
        h_(k) = o * std::tanh(c_(k));
      } else {
        const float n = std::tanh(a_(2 * H + k) + first * u_(2 * H + k));
        h_(k) = (1 - second) * n + second * h_(k);
      }
    }
  }

 private:
  static float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

  template <class X>
  static void multiply(const Matrix& rows, const X& x, const auto& bias, Vector& out) {
    for (Index i = 0; i < out.size(); ++i) {
      float sum = bias(i);
      for (Index k = 0; k < x.size(); ++k) sum += rows(k, i) * x(k);
      out(i) = sum;
    }
  }

  const C& cell_;
  Matrix W_, U_;
  Vector a_, u_, h_, c_;
};

/// Adds the recurrent layers. All inputs are projected in one product, as in heed.
inline void add_eigen_recurrent(Comparison& comparison) {
  for_each_recurrent_layer(comparison, [&]<class C>(RecurrentLayer<C>& layer) {
    Matrix outputs(layer.size, layer.x.cols());
    EigenCell<C> plain(layer.cell, layer.batch);
    Matrix a(CellTraits<C>::gates * layer.size, layer.x.cols());
    const auto by_eigen = [&] {
      plain.project(layer.x, a);
      plain.reset();
      for (Index t = 0; t < layer.words; ++t) {
        plain.step(a.middleCols(t * layer.batch, layer.batch));
        outputs.middleCols(t * layer.batch, layer.batch) = plain.h();
      }
    };
    comparison.add(layer.contest("eigen", by_eigen, outputs.data()));
    if (layer.batch > 1 || layer.stored != Stored::float32) return;  // a batch does not make loops faster

    ScalarCell<C> loops(layer.cell);
    const auto by_loops = [&] {
      loops.reset();
      for (Index t = 0; t < layer.words; ++t) {
        loops.step(layer.x.col(t));
        outputs.col(t) = loops.h();
      }
    };
    comparison.add(layer.contest("scalar", by_loops, outputs.data()));
  });
}

inline void add_eigen_small_cells(Comparison& comparison) {
  for_each_small_cell(comparison, [&]<class C>(SmallCell<C>& small) {
    Matrix outputs(small.cell.hidden_size(), small.steps);
    EigenCell<C> plain(small.cell, 1);
    heed::Vector<float, CellTraits<C>::rows> a;
    const auto by_eigen = [&] {
      plain.reset();
      for (Index t = 0; t < small.steps; ++t) {
        plain.project(small.x.col(t), a);
        plain.step(a);
        outputs.col(t) = plain.h();
      }
    };
    comparison.add(small.contest("eigen", by_eigen, outputs.data()));

    ScalarCell<C> loops(small.cell);
    const auto by_loops = [&] {
      loops.reset();
      for (Index t = 0; t < small.steps; ++t) {
        loops.step(small.x.col(t));
        outputs.col(t) = loops.h();
      }
    };
    comparison.add(small.contest("scalar", by_loops, outputs.data()));
  });
}

}  // namespace compare
