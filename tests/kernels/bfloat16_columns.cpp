#include <heed/kernels/bfloat16_columns.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace bfloat16_columns_test {

using heed::Index;
using heed::Matrix;

TEST(Bfloat16Columns, RoundsEveryValueToBfloat16) {
  heed::Random random(1);
  heed::detail::Bfloat16Columns stored;
  heed::Buffer<float> block;
  for (const Index rows : {1, 7, 16, 31, 32, 33, 100}) {
    const Matrix<float> x = random_matrix<float>(rows, 9, random, 1e4);
    stored.assign(x);
    ASSERT_EQ(stored.rows(), rows);
    ASSERT_EQ(stored.cols(), 9);
    for (Index first = 0; first < 9; first += 4) {
      const Index count = std::min<Index>(4, 9 - first);
      const auto columns = stored.unfold(first, count, block);
      for (Index j = 0; j < count; ++j) {
        for (Index i = 0; i < rows; ++i) {
          const float expected = static_cast<float>(static_cast<Eigen::bfloat16>(x(i, first + j)));
          ASSERT_EQ(columns.col(j)[i], expected) << i << " of " << rows;
          ASSERT_EQ(block(i, j), expected);
        }
      }
    }
  }
}

TEST(Bfloat16Columns, SupportsZeroRows) {
  heed::detail::Bfloat16Columns stored;
  stored.assign(Matrix<float>(0, 3));
  EXPECT_EQ(stored.rows(), 0);
  EXPECT_EQ(stored.cols(), 3);
}

}  // namespace bfloat16_columns_test
