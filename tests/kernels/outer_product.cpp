#include <heed/kernels/outer_product.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace outer_product_test {

using heed::Index;
using heed::Matrix;

template <class S>
class OuterProduct : public testing::Test {};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(OuterProduct, Scalars);

/// Adds the product of blocks of two matrices to a block of a third, and compares every element with a loop.
template <class S>
void expect_sums(Index rows, Index cols, Index depth) {
  heed::Random random(1);
  const Matrix<S> a = random_matrix<S>(rows + 3, depth + 1, random), b = random_matrix<S>(cols + 2, depth + 2, random);
  Matrix<S> out = Matrix<S>::Ones(rows + 5, cols + 4);
  heed::detail::OuterProduct<S>::add(a.block(2, 1, rows, depth), b.block(1, 2, cols, depth),
                                     out.block(4, 3, rows, cols));
  for (Index j = 0; j < out.cols(); ++j) {
    for (Index i = 0; i < out.rows(); ++i) {
      long double sum = 1;
      if (i >= 4 && i < 4 + rows && j >= 3 && j < 3 + cols) {
        for (Index k = 0; k < depth; ++k) {
          sum += static_cast<long double>(a(i - 2, 1 + k)) * static_cast<long double>(b(j - 2, 2 + k));
        }
      }
      ASSERT_LE(std::abs(static_cast<long double>(out(i, j)) - sum), 256 * std::numeric_limits<S>::epsilon())
          << rows << " x " << cols << ", depth " << depth << " at " << i << ", " << j;
    }
  }
}

TYPED_TEST(OuterProduct, MatchesPlainLoop) {
  for (const Index rows : {0, 1, 5, 16, 48, 49, 100}) {
    for (const Index cols : {0, 1, 7, 8, 9, 30}) {
      for (const Index depth : {0, 1, 2, 33}) expect_sums<TypeParam>(rows, cols, depth);
    }
  }
}

TYPED_TEST(OuterProduct, SupportsLargeMatrices) {
  expect_sums<TypeParam>(20, 3, 600);
  expect_sums<TypeParam>(20, 1030, 3);
}

}  // namespace outer_product_test
