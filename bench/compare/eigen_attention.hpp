#pragma once

#include "attention.hpp"

#include <algorithm>
#include <cmath>

namespace compare {

/// One attention step in Eigen expressions.
template <class C>
class EigenAttention {
 public:
  explicit EigenAttention(const AttentionStep<C>& step)
      : step_(step), weights_(step.length, step.batch), contexts_(step.size, step.batch) {}

  void operator()() {
    if constexpr (AttentionStep<C>::has_keys) {
      projected_.noalias() = step_.W * step_.queries;
    } else if (step_.W.size() > 0) {
      projected_.noalias() = step_.W.transpose() * step_.queries;
    }
    const Matrix& q = step_.W.size() > 0 ? projected_ : step_.queries;
    for (Index b = 0; b < step_.batch; ++b) {
      const auto values = step_.values.middleCols(b * step_.length, step_.length);
      auto weights = weights_.col(b);
      if constexpr (AttentionStep<C>::has_keys) {
        const auto keys = step_.keys.middleCols(b * step_.length, step_.length);
        for (Index j = 0; j < step_.length; ++j) {  // one key stays in the cache, and Eigen vectorises this
          match_ = (keys.col(j) + q.col(b)).array().tanh();
          weights(j) = match_.dot(step_.v);
        }
      } else {
        weights.noalias() = values.transpose() * q.col(b);
      }
      weights.array() = (weights.array() - weights.maxCoeff()).exp();
      weights /= weights.sum();
      contexts_.col(b).noalias() = values * weights;
    }
  }

  const Matrix& weights() const { return weights_; }
  const Matrix& contexts() const { return contexts_; }

 private:
  const AttentionStep<C>& step_;
  Matrix projected_, weights_, contexts_;
  Vector match_;
};

/// One attention step as scalar loops.
template <class C>
class ScalarAttention {
 public:
  explicit ScalarAttention(const AttentionStep<C>& step)
      : step_(step),
        rows_(AttentionStep<C>::has_keys ? Matrix(step.W.transpose()) : step.W),
        weights_(step.length, step.batch),
        contexts_(step.size, step.batch) {}

  void operator()() {
    for (Index b = 0; b < step_.batch; ++b) {
      project(b);
      float highest = -std::numeric_limits<float>::infinity(), total = 0;
      for (Index j = 0; j < step_.length; ++j) {
        weights_(j, b) = score(b * step_.length + j);
        highest = std::max(highest, weights_(j, b));
      }
      for (Index j = 0; j < step_.length; ++j) total += weights_(j, b) = std::exp(weights_(j, b) - highest);
      for (Index i = 0; i < step_.size; ++i) contexts_(i, b) = 0;
      for (Index j = 0; j < step_.length; ++j) {
        weights_(j, b) /= total;
        for (Index i = 0; i < step_.size; ++i) {
          contexts_(i, b) += weights_(j, b) * step_.values(i, b * step_.length + j);
        }
      }
    }
  }

  const Matrix& weights() const { return weights_; }
  const Matrix& contexts() const { return contexts_; }

 private:
  void project(Index b) {
    if (rows_.size() == 0) {
      projected_ = step_.queries.col(b);
      return;
    }
    projected_.resize(step_.size);
    for (Index i = 0; i < step_.size; ++i) {
      float sum = 0;
      for (Index k = 0; k < step_.size; ++k) sum += rows_(k, i) * step_.queries(k, b);
      projected_(i) = sum;
    }
  }

  float score(Index column) const {
    float sum = 0;
    for (Index i = 0; i < step_.size; ++i) {
      if constexpr (AttentionStep<C>::has_keys) {
        sum += step_.v(i) * std::tanh(projected_(i) + step_.keys(i, column));
      } else {
        sum += projected_(i) * step_.values(i, column);
      }
    }
    return sum;
  }

  const AttentionStep<C>& step_;
  Matrix rows_;  ///< the matrix of the projection; each of its rows is contiguous
  Vector projected_;
  Matrix weights_, contexts_;
};

inline void add_eigen_attention(Comparison& comparison) {
  for_each_attention_step(comparison, [&]<class C>(AttentionStep<C>& step) {
    EigenAttention<C> plain(step);
    comparison.add(step.contest(
        "eigen", [&] { plain(); }, plain.weights().data(), plain.contexts().data()));
    if (step.batch > 1) return;  // a batch does not make loops faster
    ScalarAttention<C> loops(step);
    comparison.add(step.contest(
        "scalar", [&] { loops(); }, loops.weights().data(), loops.contexts().data()));
  });
}

}  // namespace compare
