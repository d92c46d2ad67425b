#include <heed/kernels/transposed_product.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace transposed_product_test {

using heed::Index;
using heed::Matrix;
using heed::detail::columns_of;

constexpr Index depths[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 130, 150};

template <class S>
class TransposedProduct : public testing::Test {
 protected:
  using Product = heed::detail::TransposedProduct<S>;

  /// Blocks of larger matrices, so that the columns are not aligned.
  struct Trial {
    Matrix<S> a, b;
    Index depth;
    Trial(Index depth_, heed::Random& random)
        : a(random_matrix<S>(depth_ + 3, 23, random)), b(random_matrix<S>(depth_ + 5, 9, random)), depth(depth_) {}
    auto left(Index cols) const { return a.block(1, 2, depth, cols); }
    auto right(Index first, Index cols) const { return b.block(3, first, depth, cols); }
    Matrix<S> product(Index a_cols, Index first, Index b_cols) const {
      Matrix<S> out = Matrix<S>::Constant(a_cols, b_cols, S(99));  // the kernel overwrites it
      Product::set(depth, a_cols, b_cols, columns_of(left(a_cols)), columns_of(right(first, b_cols)), columns_of(out));
      return out;
    }
  };
};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(TransposedProduct, Scalars);

TYPED_TEST(TransposedProduct, MatchesPlainLoop) {
  using S = TypeParam;
  heed::Random random(1);
  for (const Index depth : depths) {
    const typename TestFixture::Trial trial(depth, random);
    for (Index a_cols = 0; a_cols <= 21; ++a_cols) {
      for (Index b_cols = 0; b_cols <= 8; ++b_cols) {
        const Matrix<S> found = trial.product(a_cols, 1, b_cols);
        Matrix<S> added = Matrix<S>::Constant(a_cols + 2, b_cols, S(1));
        TestFixture::Product::add(depth, a_cols, b_cols, columns_of(trial.left(a_cols)),
                                  columns_of(trial.right(1, b_cols)), columns_of(added.topRows(a_cols)));
        for (Index j = 0; j < b_cols; ++j) {
          for (Index i = 0; i < a_cols; ++i) {
            long double sum = 0;
            for (Index k = 0; k < depth; ++k) {
              sum += static_cast<long double>(trial.left(a_cols)(k, i)) * trial.right(1, b_cols)(k, j);
            }
            ASSERT_LE(std::abs(static_cast<long double>(found(i, j)) - sum), 64 * std::numeric_limits<S>::epsilon())
                << depth << ": " << a_cols << " x " << b_cols << " at " << i << ", " << j;
            ASSERT_LE(std::abs(added(i, j) - found(i, j) - 1), 64 * std::numeric_limits<S>::epsilon());
          }
        }
        ASSERT_EQ(added.bottomRows(2), (Matrix<S>::Ones(2, b_cols))) << "the rows below are not written";
      }
    }
  }
}

TYPED_TEST(TransposedProduct, AddsInfiniteElementsOnce) {
  using S = TypeParam;
  const S infinity = std::numeric_limits<S>::infinity();
  for (const Index depth : depths) {
    for (Index k = 0; k < depth; ++k) {
      for (const bool left : {false, true}) {
        Matrix<S> a = Matrix<S>::Ones(depth, 9), b = Matrix<S>::Ones(depth, 4), out(9, 4);
        (left ? a : b).row(k).setConstant(-infinity);
        TestFixture::Product::set(depth, 9, 4, columns_of(a), columns_of(b), columns_of(out));
        ASSERT_EQ(out, (Matrix<S>::Constant(9, 4, -infinity))) << "element " << k << " of " << depth;
      }
    }
  }
}

TYPED_TEST(TransposedProduct, ColumnsDoNotDependOnOtherColumns) {
  using S = TypeParam;
  heed::Random random(2);
  for (const Index depth : depths) {
    const typename TestFixture::Trial trial(depth, random);
    for (const Index a_cols : {1, 4, 7, 8, 10, 21}) {
      Matrix<S> alone(a_cols, 9);
      for (Index j = 0; j < 9; ++j) alone.col(j) = trial.product(a_cols, j, 1);
      for (Index b_cols = 2; b_cols <= 9; ++b_cols) {
        for (Index first = 0; first + b_cols <= 9; ++first) {
          ASSERT_EQ(trial.product(a_cols, first, b_cols), alone.middleCols(first, b_cols))
              << depth << ": " << a_cols << " x " << b_cols;
        }
      }
    }
  }
}

}  // namespace transposed_product_test
