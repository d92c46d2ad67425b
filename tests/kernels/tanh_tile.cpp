#include <heed/kernels/tanh_tile.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace tanh_tile_test {

using heed::Index;
using heed::Matrix;

template <class S>
void expect_plain_loop(Index size, Index T, double tolerance) {
  heed::Random random(5);
  const Matrix<S> v = random_matrix<S>(size, 1, random), q = random_matrix<S>(size, 1, random);
  const Matrix<S> keys = random_matrix<S>(size, T, random), a = random_matrix<S>(size, T, random);
  const Matrix<S> d_scores = random_matrix<S>(T, 1, random);
  Matrix<long double> scores = Matrix<long double>::Zero(T, 1), d_v = Matrix<long double>::Ones(size, 1), d_q = d_v,
                      d_keys = Matrix<long double>::Ones(size, T), d_a(size, T);
  for (Index j = 0; j < T; ++j) {
    for (Index k = 0; k < size; ++k) {
      const long double z = std::tanh(static_cast<long double>(q(k)) + keys(k, j) + a(k, j));
      scores(j) += v(k) * z;
      d_v(k) += d_scores(j) * z;
      d_a(k, j) = d_scores(j) * v(k) * (1 - z * z);
      d_q(k) += d_a(k, j);
      d_keys(k, j) += d_a(k, j);
    }
  }
  Matrix<S> tile = a, found(T, 1);
  heed::detail::TanhTile<S>::score(v, q, keys, tile, found);
  EXPECT_LE(difference(found, scores), tolerance) << size << " x " << T;
  tile = a;
  // The kernel adds to the gradients.
  Matrix<S> found_v = Matrix<S>::Ones(size, 1), found_q = found_v, found_keys = Matrix<S>::Ones(size, T);
  heed::detail::TanhTile<S>::score_backward(v, q, keys, d_scores, tile, found_v, found_q, found_keys);
  EXPECT_LE(difference(tile, d_a), tolerance);
  EXPECT_LE(difference(found_v, d_v), tolerance);
  EXPECT_LE(difference(found_q, d_q), tolerance);
  EXPECT_LE(difference(found_keys, d_keys), tolerance);
}

TEST(TanhTile, MatchesPlainLoop) {
  for (const Index size : {1, 3, 8, 17, 64}) {
    for (const Index T : {1, 2, 7, 33}) {
      expect_plain_loop<float>(size, T, 1e-5);
      expect_plain_loop<double>(size, T, 1e-13);
    }
  }
}

}  // namespace tanh_tile_test
