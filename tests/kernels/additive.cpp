#include <heed/kernels/additive.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>

using heed::Index;
using heed::Matrix;
using heed::Vector;
using Match = heed::detail::AdditiveMatch<double, heed::Dynamic>;

namespace {

struct Trial {
  heed::Random random{83};
  Vector<double> v = random_matrix(5, 1, random);
  Matrix<double> projected = random_matrix(5, 3, random), keys;
  explicit Trial(Index T) : keys(random_matrix(5, T, random)) {}
};

constexpr Index lengths[] = {0, 1, 15, 16, 17, 32, 33};

}  // namespace

TEST(AdditiveMatch, ScoresLikeThePlainExpression) {
  for (const Index T : lengths) {
    Trial trial(T);
    Matrix<double> scores(T, 3), expected(T, 3);
    Match::score(trial.v, trial.projected, trial.keys, scores);
    for (Index i = 0; i < 3; ++i) {
      const Matrix<double> z = (trial.keys.colwise() + trial.projected.col(i)).array().tanh();
      expected.col(i) = z.transpose() * trial.v;
    }
    EXPECT_LE(difference(scores, expected), 1e-14) << T << " keys";
  }
}

TEST(AdditiveMatch, GivesTheGradientsOfThePlainExpression) {
  for (const Index T : lengths) {
    Trial trial(T);
    const Matrix<double> d_scores = random_matrix(T, 3, trial.random);
    Vector<double> d_v = Vector<double>::Ones(5), expected_v = d_v;  // added to
    Matrix<double> d_projected = Matrix<double>::Ones(5, 3), expected_projected = d_projected;
    Matrix<double> d_keys = Matrix<double>::Ones(5, T), expected_keys = d_keys;
    Match::score_backward(trial.v, trial.projected, trial.keys, d_scores, d_v, d_projected, d_keys);
    for (Index i = 0; i < 3; ++i) {
      for (Index j = 0; j < T; ++j) {
        for (Index k = 0; k < 5; ++k) {
          const double z = std::tanh(trial.projected(k, i) + trial.keys(k, j)), d = d_scores(j, i);
          expected_v(k) += d * z;
          expected_projected(k, i) += d * trial.v(k) * (1 - z * z);
          expected_keys(k, j) += d * trial.v(k) * (1 - z * z);
        }
      }
    }
    EXPECT_LE(difference(d_v, expected_v), 1e-14) << T << " keys";
    EXPECT_LE(difference(d_projected, expected_projected), 1e-14) << T << " keys";
    EXPECT_LE(difference(d_keys, expected_keys), 1e-14) << T << " keys";
  }
}
