#include <heed/kernels/weighted_sum.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace weighted_sum_test {

using heed::Index;
using heed::Matrix;
using heed::detail::columns_of;

constexpr Index row_counts[] = {1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 64, 100, 128, 129, 150, 300};

template <class S>
class WeightedSum : public testing::Test {
 protected:
  using Sum = heed::detail::WeightedSum<S>;

  /// Blocks of larger matrices, so that the columns are not aligned.
  struct Trial {
    Index rows, cols, queries;
    Matrix<S> all_values, all_weights, all_sums;
    Trial(Index rows_, Index cols_, Index queries_, heed::Random& random)
        : rows(rows_),
          cols(cols_),
          queries(queries_),
          all_values(random_matrix<S>(rows + 3, cols, random)),
          all_weights(random_matrix<S>(cols + 5, queries, random)),
          all_sums(random_matrix<S>(rows + 2, queries, random)) {}
    auto values() { return all_values.middleRows(1, rows); }
    auto weights() { return all_weights.middleRows(2, cols); }
    auto sums() { return all_sums.middleRows(1, rows); }
  };
};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(WeightedSum, Scalars);

/// A bound for sums of up to 600 products of values below 1.
template <class S>
constexpr long double tolerance = 300 * std::numeric_limits<S>::epsilon();

TYPED_TEST(WeightedSum, MatchesPlainLoop) {
  using S = TypeParam;
  heed::Random random(1);
  for (const Index rows : row_counts) {
    for (const Index cols : {1, 2, 3, 7, 8, 9, 14, 31, 600}) {  // 600 columns of many rows exceed the L1 cache
      for (const bool fresh : {false, true}) {
        typename TestFixture::Trial trial(rows, cols, 2, random);
        const Matrix<S> before = trial.all_sums;
        TestFixture::Sum::add(rows, cols, 2, columns_of(trial.values()), columns_of(trial.weights()),
                              columns_of(trial.sums()), fresh);
        for (Index q = 0; q < 2; ++q) {
          for (Index i = 0; i < rows; ++i) {
            long double sum = fresh ? 0 : before(i + 1, q);
            for (Index j = 0; j < cols; ++j) {
              sum += static_cast<long double>(trial.values()(i, j)) * trial.weights()(j, q);
            }
            ASSERT_LE(std::abs(static_cast<long double>(trial.sums()(i, q)) - sum), tolerance<S>)
                << rows << " x " << cols << " at " << i;
          }
        }
        ASSERT_EQ(trial.all_sums.row(0), before.row(0)) << "the row above is not written";
        ASSERT_EQ(trial.all_sums.row(rows + 1), before.row(rows + 1)) << "the rows below are not written";
      }
    }
  }
}

TYPED_TEST(WeightedSum, ResultsDoNotDependOnOtherQueries) {
  heed::Random random(2);
  for (const Index rows : {5, 33, 300}) {
    for (const Index cols : {3, 14, 600}) {
      typename TestFixture::Trial together(rows, cols, 5, random), separate = together;
      TestFixture::Sum::add(rows, cols, 5, columns_of(together.values()), columns_of(together.weights()),
                            columns_of(together.sums()));
      for (Index q = 0; q < 5; ++q) {
        TestFixture::Sum::add(rows, cols, 1, columns_of(separate.values()), columns_of(separate.weights().col(q)),
                              columns_of(separate.sums().col(q)));
      }
      EXPECT_EQ(together.all_sums, separate.all_sums) << rows << " x " << cols;
    }
  }
}

TYPED_TEST(WeightedSum, BackwardMatchesPlainLoop) {
  using S = TypeParam;
  heed::Random random(3);
  for (const Index rows : row_counts) {
    for (const Index cols : {1, 2, 3, 4, 7, 9}) {
      typename TestFixture::Trial trial(rows, cols, 3, random);
      const Matrix<S> before = trial.all_values;
      TestFixture::Sum::backward(rows, cols, 3, columns_of(trial.sums()), columns_of(trial.weights()),
                                 columns_of(trial.values()));
      for (Index j = 0; j < cols; ++j) {
        for (Index i = 0; i < rows; ++i) {
          long double sum = before(i + 1, j);
          for (Index q = 0; q < 3; ++q) sum += static_cast<long double>(trial.sums()(i, q)) * trial.weights()(j, q);
          ASSERT_LE(std::abs(static_cast<long double>(trial.values()(i, j)) - sum), tolerance<S>)
              << rows << " x " << cols << " at " << i << ", " << j;
        }
      }
      ASSERT_EQ(trial.all_values.row(0), before.row(0)) << "the row above is not written";
      ASSERT_EQ(trial.all_values.bottomRows(2), before.bottomRows(2)) << "the rows below are not written";
    }
  }
}

}  // namespace weighted_sum_test
