#include <heed/kernels/products.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace small_matrix_test {

using heed::Index;
using heed::Matrix;

template <int Gates_, int Units_>
struct Shape {
  static constexpr int gates = Gates_, units = Units_;
};

/// Small matrices of fixed size with one or several packets per gate; some packets are smaller than the largest.
template <class Shape_>
class SmallMatrix : public testing::Test {
 protected:
  static constexpr int gates = Shape_::gates, units = Shape_::units, rows = gates * units;
  using W = Matrix<float, rows>;
  using Kernel = heed::detail::SmallMatrix<float, gates, units>;

  /// W x, computed by the kernel gate by gate.
  static Matrix<float> product(const W& w, const Matrix<float>& x) {
    Matrix<float> result = Matrix<float>::Constant(rows, x.cols(), 99);
    Kernel::multiply(heed::detail::columns_of(w), w.cols(), heed::detail::columns_of(x), x.cols(),
                     [&](const auto& io, Index k, Index j, const auto& sums) {
                       for (Index g = 0; g < gates; ++g) io.store(&result(g * units + k, j), sums[g]);
                     });
    return result;
  }
};

using Shapes =
    testing::Types<Shape<1, 4>, Shape<1, 64>, Shape<1, 100>, Shape<3, 4>, Shape<3, 8>, Shape<3, 16>, Shape<3, 20>,
                   Shape<3, 24>, Shape<3, 64>, Shape<4, 8>, Shape<4, 12>, Shape<4, 32>, Shape<4, 40>, Shape<4, 64>>;
TYPED_TEST_SUITE(SmallMatrix, Shapes);

TYPED_TEST(SmallMatrix, MatchesMatrixProduct) {
  heed::Random random(1);
  for (const Index depth : {0, 1, 2, 3, 5, 16, 33}) {
    for (const Index cols : {1, 3}) {
      const typename TestFixture::W w = random_matrix<float>(TestFixture::rows, depth, random);
      const Matrix<float> x = random_matrix<float>(depth, cols, random);
      const Matrix<float> found = this->product(w, x);
      const Matrix<double> expected = w.template cast<double>() * x.template cast<double>();
      EXPECT_LE((found.template cast<double>() - expected).template lpNorm<Eigen::Infinity>(), 1e-5) << depth;
    }
  }
}

TYPED_TEST(SmallMatrix, ColumnsDoNotDependOnOtherColumns) {
  heed::Random random(2);
  const typename TestFixture::W w = random_matrix<float>(TestFixture::rows, 19, random);
  const Matrix<float> x = random_matrix<float>(19, 5, random), together = this->product(w, x);
  for (Index j = 0; j < x.cols(); ++j) EXPECT_EQ(this->product(w, x.col(j)), together.col(j)) << j;
}

TEST(SmallMatrix, IsUsedForFixedSizeFloatMatricesOfWholePackets) {
  using heed::detail::is_small;
  static_assert(is_small<Matrix<float, 24, 8>, 3>);
  static_assert(is_small<Eigen::Block<const Matrix<float, 24, 8>, 24, Eigen::Dynamic, true>, 3>);
  static_assert(!is_small<Matrix<float, 21, 8>, 3>, "7 units");
  static_assert(!is_small<Matrix<double, 24, 8>, 3>, "double");
  static_assert(!is_small<Matrix<float>, 3>, "sizes known at run time");
  static_assert(!is_small<Matrix<float, 768, 256>, 3>, "too large to be stored inside a layer");
  static_assert(is_small<heed::Weight<float, 24, 8, 3>::Values, 3>);
}

}  // namespace small_matrix_test
