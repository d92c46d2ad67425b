#include <heed/expressions/cells.hpp>
#include <heed/expressions/decoders.hpp>
#include <heed/expressions/scores.hpp>
#include <heed/expressions/softmax.hpp>

#include "support/autodiff.hpp"
#include "support/dual.hpp"
#include "support/expressions.hpp"

#include <gtest/gtest.h>

namespace expressions_test {

using heed::Index;
using heed::Matrix;
namespace expr = heed::expr;

/// Reads the arguments of an equation from one column, one after the other.
template <class S>
class Arguments {
 public:
  explicit Arguments(const Matrix<S>& x) : x_(x) {}
  Eigen::Map<const Matrix<S>> matrix(Index rows, Index cols) {
    read_ += rows * cols;
    return {x_.data() + read_ - rows * cols, rows, cols};
  }
  Eigen::Map<const heed::Vector<S>> vector(Index rows) {
    read_ += rows;
    return {x_.data() + read_ - rows, rows};
  }

 private:
  const Matrix<S>& x_;
  Index read_ = 0;
};

/// Compares all derivatives of an equation with `size` inputs with central differences.
template <class Equation>
void expect_derivatives(const Equation& equation, Index size) {
  heed::Random random(1);
  Matrix<double> x = random_matrix(size, 1, random);
  const Matrix<AutoDiff> y = equation(typed::variables(x, size));
  Matrix<double> expected(y.size(), size);
  const double h = 1e-5;
  for (Index k = 0; k < size; ++k) {
    const double at = x(k);
    x(k) = at + h;
    const Matrix<double> above = equation(x);
    x(k) = at - h;
    const Matrix<double> below = equation(x);
    x(k) = at;
    expected.col(k) = ((above - below) / (2 * h)).reshaped();
  }
  EXPECT_LE(difference(typed::jacobian(y, size), expected), 1e-8);
}

constexpr auto additive_attention = []<class S>(const Matrix<S>& x) -> Matrix<S> {
  Arguments<S> next(x);
  const auto query = next.matrix(2, 2), memory = next.matrix(3, 4), W = next.matrix(5, 2), U = next.matrix(5, 3);
  const auto v = next.vector(5);
  return memory * expr::softmax(expr::additive_scores(query, memory, W, U, v));
};
constexpr Index additive_attention_size = 2 * 2 + 3 * 4 + 5 * 2 + 5 * 3 + 5;

TEST(ExpressionDerivatives, OfAdditiveAttentionMatchCentralDifferences) {
  expect_derivatives(additive_attention, additive_attention_size);
}

TEST(ExpressionDerivatives, OfAdditiveAttentionMatchDualNumbers) {
  heed::Random random(3);
  const Matrix<double> x = random_matrix(additive_attention_size, 1, random);
  const Matrix<long double> duals = typed::jacobian(x.cast<Dual>(), additive_attention);
  const Matrix<AutoDiff> y = additive_attention(typed::variables(x, additive_attention_size));
  EXPECT_LE(difference(typed::jacobian(y, additive_attention_size), duals), 1e-12);
}

TEST(ExpressionDerivatives, OfConcatAttentionMatchCentralDifferences) {
  const auto equation = []<class S>(const Matrix<S>& x) -> Matrix<S> {
    Arguments<S> next(x);
    const auto query = next.matrix(2, 2), memory = next.matrix(3, 4), W = next.matrix(5, 5);
    const auto v = next.vector(5);
    return expr::context(memory, expr::softmax(expr::concat_scores(query, memory, W, v)));
  };
  expect_derivatives(equation, 2 * 2 + 3 * 4 + 5 * 5 + 5);
}

TEST(ExpressionDerivatives, OfProductAttentionMatchCentralDifferences) {
  const auto equation = []<class S>(const Matrix<S>& x) -> Matrix<S> {
    Arguments<S> next(x);
    const auto query = next.matrix(3, 2), memory = next.matrix(3, 4), W = next.matrix(3, 3);
    return expr::context(memory, expr::softmax(expr::dot_scores(query, memory))) +
           expr::context(memory, expr::softmax(expr::scaled_dot_scores(query, memory))) +
           expr::context(memory, expr::softmax(expr::general_scores(query, memory, W)));
  };
  expect_derivatives(equation, 3 * 2 + 3 * 4 + 3 * 3);
}

TEST(ExpressionDerivatives, OfCellsMatchCentralDifferences) {
  const auto rnn = []<class S>(const Matrix<S>& z) -> Matrix<S> {
    Arguments<S> next(z);
    const auto x = next.matrix(3, 2), h = next.matrix(2, 2), W = next.matrix(2, 3), U = next.matrix(2, 2);
    const auto b_W = next.vector(2), b_U = next.vector(2);
    return expr::rnn_step(x, h, W, U, b_W, b_U);
  };
  expect_derivatives(rnn, 6 + 4 + 6 + 4 + 2 * 2);
  const auto lstm = []<class S>(const Matrix<S>& z) -> Matrix<S> {
    Arguments<S> next(z);
    const auto x = next.matrix(3, 2), s = next.matrix(4, 2), W = next.matrix(8, 3), U = next.matrix(8, 2);
    const auto b_W = next.vector(8), b_U = next.vector(8);
    return expr::lstm_step(x, s, W, U, b_W, b_U);
  };
  expect_derivatives(lstm, 6 + 8 + 24 + 16 + 2 * 8);
  const auto gru = []<class S>(const Matrix<S>& z) -> Matrix<S> {
    Arguments<S> next(z);
    const auto x = next.matrix(3, 2), h = next.matrix(2, 2), W = next.matrix(6, 3), U = next.matrix(6, 2);
    const auto b_W = next.vector(6), b_U = next.vector(6);
    return expr::gru_step(x, h, W, U, b_W, b_U);
  };
  expect_derivatives(gru, 6 + 4 + 18 + 12 + 2 * 6);
  for (const bool z_selects_new : {false, true}) {
    const auto reset_before = [&]<class S>(const Matrix<S>& z) -> Matrix<S> {
      Arguments<S> next(z);
      const auto x = next.matrix(3, 2), h = next.matrix(2, 2), W = next.matrix(6, 3), U = next.matrix(4, 2);
      const auto U_n = next.matrix(2, 2);
      const auto b_W = next.vector(6), b_U = next.vector(6);
      return expr::gru_reset_before_step(x, h, W, U, U_n, b_W, b_U, z_selects_new);
    };
    expect_derivatives(reset_before, 6 + 4 + 18 + 8 + 4 + 2 * 6);
  }
}

TEST(ExpressionDerivatives, OfDecodersMatchCentralDifferences) {
  const auto bahdanau = []<class S>(const Matrix<S>& z) -> Matrix<S> {
    Arguments<S> next(z);
    const auto y = next.matrix(1, 2), s = next.matrix(2, 2), memory = next.matrix(2, 3), W = next.matrix(2, 3);
    const auto U = next.matrix(2, 2);
    const auto b = next.vector(2);
    return expr::bahdanau_step(
        y, s, memory, [](const auto& q, const auto& h) { return expr::dot_scores(q, h); },
        [&](const auto& x, const auto& before) { return expr::rnn_step(x, before, W, U, b, b); });
  };
  expect_derivatives(bahdanau, 2 + 4 + 6 + 6 + 4 + 2);
  const auto luong = []<class S>(const Matrix<S>& z) -> Matrix<S> {
    Arguments<S> next(z);
    const auto y = next.matrix(1, 2), s = next.matrix(2, 2), attentional = next.matrix(3, 2),
               memory = next.matrix(2, 3);
    const auto W_c = next.matrix(3, 4), W = next.matrix(2, 4), U = next.matrix(2, 2);
    const auto b = next.vector(2);
    return expr::luong_step(
        y, s, attentional, memory, W_c, [](const auto& q, const auto& h) { return expr::dot_scores(q, h); },
        [&](const auto& x, const auto& before) { return expr::rnn_step(x, before, W, U, b, b); });
  };
  expect_derivatives(luong, 2 + 4 + 6 + 6 + 12 + 8 + 4 + 2);
}

TEST(ExpressionDerivatives, SupportConstantParameters) {
  heed::Random random(2);
  const Matrix<double> query = random_matrix(2, 1, random), memory = random_matrix(3, 4, random);
  const Matrix<double> W = random_matrix(5, 2, random), U = random_matrix(5, 3, random),
                       v = random_matrix(5, 1, random);
  const auto context = [&]<class S>(const Matrix<S>& q) -> Matrix<S> {
    const Matrix<S> h = memory.template cast<S>();
    return h *
           expr::softmax(expr::additive_scores(q, h, W.template cast<S>(), U.template cast<S>(), v.template cast<S>()));
  };
  const Matrix<double> found = typed::jacobian(context(typed::variables(query, 2)), Index{2});
  for (Index k = 0; k < 2; ++k) {
    const Matrix<double> step = 1e-5 * Matrix<double>::Identity(2, 2).col(k);
    const Matrix<double> expected =
        (context(Matrix<double>(query + step)) - context(Matrix<double>(query - step))) / 2e-5;
    EXPECT_LE(difference(found.col(k), expected), 1e-8);
  }
}

}  // namespace expressions_test
