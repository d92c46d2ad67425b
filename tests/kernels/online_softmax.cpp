#include <heed/kernels/online_softmax.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace online_softmax_test {

using heed::Index;
using heed::Matrix;
using heed::detail::columns_of;

template <class S>
class OnlineSoftmax : public testing::Test {
 protected:
  using Pass = heed::detail::OnlineSoftmax<S>;

  struct Result {
    Matrix<S> weights, sums;
  };
  /// Runs the kernel on given scores, which are copied block by block.
  static Result run(const Matrix<S>& values, const Matrix<S>& scores, Index apart = 0) {
    Result result{Matrix<S>::Constant(scores.rows(), scores.cols(), S(99)),
                  Matrix<S>::Constant(values.rows(), scores.cols(), S(99))};
    const heed::detail::Columns<const S> columns = columns_of(values);
    Pass::run(
        values.rows(), values.cols(), scores.cols(), [&](Index j, Index) { return columns.from(j); }, apart,
        columns_of(result.weights), columns_of(result.sums),
        [&](Index j, Index width, Index q, Index count) {
          result.weights.block(j, q, width, count) = scores.block(j, q, width, count);
        });
    return result;
  }
  static void expect_correct(const Matrix<S>& values, const Matrix<S>& scores) {
    const Result found = run(values, scores), prefetched = run(values, scores, values.rows());
    EXPECT_EQ(found.weights, prefetched.weights);
    EXPECT_EQ(found.sums, prefetched.sums);
    const long double tolerance = 100 * std::numeric_limits<S>::epsilon();
    for (Index q = 0; q < scores.cols(); ++q) {
      heed::Vector<long double> e = scores.col(q).template cast<long double>();
      const long double highest = e.maxCoeff();
      e = (e.array() - highest).exp();
      e /= e.sum();
      const heed::Vector<long double> sums = values.template cast<long double>() * e;
      for (Index j = 0; j < e.size(); ++j) {
        ASSERT_LE(std::abs(static_cast<long double>(found.weights(j, q)) - e(j)), tolerance) << q << " at " << j;
      }
      for (Index i = 0; i < sums.size(); ++i) {
        ASSERT_LE(std::abs(static_cast<long double>(found.sums(i, q)) - sums(i)), tolerance) << q << " at " << i;
      }
    }
  }
};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(OnlineSoftmax, Scalars);

TYPED_TEST(OnlineSoftmax, MatchesSoftmaxAverage) {
  using S = TypeParam;
  heed::Random random(1);
  for (const Index rows : {1, 5, 16, 33, 300, 2000}) {
    for (const Index cols : {1, 7, 8, 9, 16, 17, 65, 200}) {
      for (const Index n : {1, 3}) {
        this->expect_correct(random_matrix<S>(rows, cols, random), random_matrix<S>(cols, n, random, 8));
      }
    }
  }
  this->expect_correct(random_matrix<S>(40, 100, random), random_matrix<S>(100, 35, random, 8));  // more than one round
}

TYPED_TEST(OnlineSoftmax, SupportsScoresThatRiseAndFallBetweenBlocks) {
  using S = TypeParam;
  heed::Random random(2);
  const Matrix<S> values = random_matrix<S>(600, 90, random);
  Matrix<S> scores(90, 4);
  for (Index j = 0; j < 90; ++j) scores.row(j) << S(j), S(-j), S(j % 16) * 10, S((j * 37) % 90) * 100;
  this->expect_correct(values, scores);
  this->expect_correct(values, (scores.array() + S(1e4)).matrix().eval());
  this->expect_correct(values, (scores.array() * S(1e4)).matrix().eval());
  scores.setConstant(-std::numeric_limits<S>::max());
  scores.row(50).setConstant(std::numeric_limits<S>::max() / 2);
  this->expect_correct(values, scores);
}

TYPED_TEST(OnlineSoftmax, FlushesSubnormalWeightsToZero) {
  using S = TypeParam;
  const Index cols = 200;
  const Matrix<S> values = Matrix<S>::Ones(600, cols);
  Matrix<S> scores = Matrix<S>::Zero(cols, 1);
  const S reach = -std::log(std::numeric_limits<S>::min());
  // The weights of scores below half the maximum are zero.
  for (Index j = 0; j < cols; ++j) scores(j, 0) = reach * S(j) / S(100);
  const auto found = this->run(values, scores);
  for (Index j = 0; j < cols; ++j) {
    EXPECT_TRUE(found.weights(j, 0) == S(0) || found.weights(j, 0) >= std::numeric_limits<S>::min()) << j;
  }
  EXPECT_EQ(found.weights(0, 0), S(0));
  EXPECT_GT(found.weights(cols - 90, 0), S(0));
}

TYPED_TEST(OnlineSoftmax, ResultsDoNotDependOnOtherQueries) {
  using S = TypeParam;
  heed::Random random(3);
  const Matrix<S> values = random_matrix<S>(500, 77, random), scores = random_matrix<S>(77, 20, random, 5);
  const auto together = this->run(values, scores);
  for (Index q = 0; q < 20; ++q) {
    const auto alone = this->run(values, scores.col(q));
    EXPECT_EQ(alone.weights, together.weights.col(q));
    EXPECT_EQ(alone.sums, together.sums.col(q));
  }
}

TYPED_TEST(OnlineSoftmax, PropagatesNaN) {
  using S = TypeParam;
  heed::Random random(4);
  const Matrix<S> values = random_matrix<S>(500, 40, random);
  for (const Index at : {0, 3, 20, 39}) {
    Matrix<S> scores = random_matrix<S>(40, 1, random);
    scores(at, 0) = std::numeric_limits<S>::quiet_NaN();
    const auto found = this->run(values, scores);
    EXPECT_TRUE(found.weights.array().isNaN().all()) << at;
    EXPECT_TRUE(found.sums.array().isNaN().all()) << at;
  }
}

}  // namespace online_softmax_test
