#include <heed/kernels/dot.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace dot_test {

using heed::Index;
using heed::Matrix;

TEST(DotKernel, ScoresAndGradientsMatchPlainLoop) {
  using Kernel = heed::detail::DotKernel<double, Eigen::Dynamic>;
  heed::Random random(4);
  for (const Index size : {1, 5, 16, 37, 130}) {
    for (const Index T : {1, 7, 8, 19}) {
      const Matrix<double> q = random_matrix(size, 3, random), d = random_matrix(T, 3, random);
      const Matrix<double> all_keys = random_matrix(size + 3, T, random);
      const auto keys = all_keys.middleRows(1, size);
      Matrix<double> scores(T, 3), d_q = Matrix<double>::Ones(size, 3), d_keys = Matrix<double>::Ones(size, T);
      Kernel::score(q, keys, scores);
      Kernel::score_backward(q, keys, d, d_q, d_keys);
      for (Index j = 0; j < T; ++j) {
        for (Index i = 0; i < 3; ++i) {
          double score = 0;
          for (Index k = 0; k < size; ++k) score += q(k, i) * keys(k, j);
          EXPECT_NEAR(scores(j, i), score, 1e-13);
        }
      }
      for (Index k = 0; k < size; ++k) {
        for (Index i = 0; i < 3; ++i) {
          double sum = 1;  // the kernel adds to gradients
          for (Index j = 0; j < T; ++j) sum += d(j, i) * keys(k, j);
          EXPECT_NEAR(d_q(k, i), sum, 1e-13);
        }
        for (Index j = 0; j < T; ++j) {
          double sum = 1;
          for (Index i = 0; i < 3; ++i) sum += d(j, i) * q(k, i);
          EXPECT_NEAR(d_keys(k, j), sum, 1e-13);
        }
      }
    }
  }
}

}  // namespace dot_test
