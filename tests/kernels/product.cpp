#include <heed/kernels/product.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace product_test {

using heed::Index;
using heed::Matrix;

constexpr Index row_counts[] = {1, 3, 7, 16, 17, 48, 49, 101, 130};
constexpr Index depths[] = {0, 1, 5, 33, 70, 300};

template <class S>
class Product : public testing::Test {
 protected:
  static Matrix<S> random_values(Index rows, Index cols, heed::Random& random) {
    return random_matrix(rows, cols, random).template cast<S>();
  }

  /// out += a b for the first `cols` columns of b.
  static void add(const Matrix<S>& a, const Matrix<S>& b, Index cols, Matrix<S>& out) {
    heed::detail::Product<S>::add(a.rows(), a.cols(), cols, {a.data(), a.rows()}, {b.data(), b.rows()},
                                  {out.data(), out.rows()});
  }
};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(Product, Scalars);

TYPED_TEST(Product, MatchesPlainLoop) {
  using S = TypeParam;
  heed::Random random(1);
  for (const Index rows : row_counts) {
    for (const Index depth : depths) {
      const Matrix<S> a = this->random_values(rows, depth, random), b = this->random_values(depth, 19, random);
      for (Index cols = 0; cols <= 19; ++cols) {
        Matrix<S> out = Matrix<S>::Ones(rows, 19);
        this->add(a, b, cols, out);
        for (Index j = 0; j < 19; ++j) {
          for (Index i = 0; i < rows; ++i) {
            long double sum = 1;
            for (Index k = 0; j < cols && k < depth; ++k) {
              sum += static_cast<long double>(a(i, k)) * static_cast<long double>(b(k, j));
            }
            ASSERT_LE(std::abs(static_cast<long double>(out(i, j)) - sum), 256 * std::numeric_limits<S>::epsilon())
                << rows << " x " << depth << " x " << cols << " at " << i << ", " << j;
          }
        }
      }
    }
  }
}

TYPED_TEST(Product, ColumnsDoNotDependOnOtherColumns) {
  using S = TypeParam;
  heed::Random random(2);
  for (const Index rows : row_counts) {
    for (const Index depth : depths) {
      const Matrix<S> a = this->random_values(rows, depth, random), b = this->random_values(depth, 19, random);
      Matrix<S> alone = Matrix<S>::Zero(rows, 19);
      for (Index j = 0; j < 19; ++j) {
        const Matrix<S> column = b.col(j);
        Matrix<S> out = Matrix<S>::Zero(rows, 1);
        this->add(a, column, 1, out);
        alone.col(j) = out;
      }
      for (Index cols = 2; cols <= 19; ++cols) {
        Matrix<S> out = Matrix<S>::Zero(rows, 19);
        this->add(a, b, cols, out);
        ASSERT_EQ(out.leftCols(cols), alone.leftCols(cols)) << rows << " x " << depth << " x " << cols;
      }
    }
  }
}

}  // namespace product_test
