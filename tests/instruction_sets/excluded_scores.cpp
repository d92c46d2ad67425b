#include <heed/kernels/online_softmax.hpp>
#include <heed/losses/cross_entropy.hpp>
#include <heed/normalizers/entmax.hpp>
#include <heed/normalizers/sparsemax.hpp>
#include <heed/normalizers/temperature.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

using heed::Index;
using heed::Matrix;
using heed::Token;
using heed::Vector;
using heed::detail::columns_of;

namespace excluded_scores_test {

constexpr Index longest = 300;

template <class S>
class ExcludedScores : public testing::Test {
 protected:
  static constexpr S infinity = std::numeric_limits<S>::infinity();
  static constexpr S lowest = std::numeric_limits<S>::lowest();
  static constexpr S epsilon = std::numeric_limits<S>::epsilon();

  /// Random scores, some of which are -inf: the first ones, all but one, or a random share.
  static Vector<S> scores(Index n, int pattern, heed::Random& random) {
    Vector<S> x = random_matrix<S>(n, 1, random, 10);
    const auto one_of = [&] { return static_cast<Index>(random.below(static_cast<std::uint64_t>(n))); };
    const Index kept = one_of();
    const S score = x(kept);
    if (pattern == 0) {
      x.head(kept).setConstant(-infinity);
    } else if (pattern == 1) {
      x.setConstant(-infinity);
    } else {
      const double share = random.uniform();
      for (S& value : x) value = random.uniform() < share ? -infinity : value;
    }
    x(kept) = score;
    return x;
  }
  static constexpr int patterns = 4;

  /// e^{x_j} / sum_k e^{x_k} from the definition; 0 for -inf.
  static Vector<long double> reference(const Vector<S>& x) {
    Vector<long double> e(x.size());
    long double highest = -std::numeric_limits<long double>::infinity(), sum = 0;
    for (const S value : x) highest = std::max(highest, static_cast<long double>(value));
    for (Index j = 0; j < x.size(); ++j) sum += e(j) = std::exp(static_cast<long double>(x(j)) - highest);
    return e / sum;
  }
  static void expect_weights(const Vector<S>& weights, const Vector<S>& scores, const Vector<long double>& expected) {
    for (Index j = 0; j < scores.size(); ++j) {
      if (scores(j) == -infinity) {
        ASSERT_EQ(weights(j), S(0)) << scores.size() << " at " << j;
      } else {
        ASSERT_LE(std::abs(static_cast<long double>(weights(j)) - expected(j)), 100 * epsilon) << scores.size();
      }
    }
  }

  struct Attended {
    Vector<S> weights, sum;
  };
  static Attended online_softmax(const Matrix<S>& values, const Vector<S>& scores) {
    Attended result{Vector<S>(scores.size()), Vector<S>(values.rows())};
    const heed::detail::Columns<const S> columns = columns_of(values);
    heed::detail::OnlineSoftmax<S>::run(
        values.rows(), scores.size(), 1, [&](Index j, Index) { return columns.from(j); }, values.rows(),
        columns_of(result.weights), columns_of(result.sum),
        [&](Index j, Index width, Index, Index) { result.weights.segment(j, width) = scores.segment(j, width); });
    return result;
  }

  template <class N>
  static void expect_ignored(const N& normalizer) {
    heed::Random random(3);
    for (Index n = 1; n <= longest; ++n) {
      const Vector<S> x = scores(n, static_cast<int>(n) % patterns, random);
      std::vector<S> left;
      for (const S score : x) {
        if (score != -infinity) left.push_back(score);
      }
      Vector<S> weights = x, expected = Eigen::Map<Vector<S>>(left.data(), static_cast<Index>(left.size()));
      normalizer.forward(weights);
      normalizer.forward(expected);
      for (Index j = 0, k = 0; j < n; ++j) {
        const S expected_weight = x(j) == -infinity ? S(0) : expected(k++);
        ASSERT_LE(std::abs(weights(j) - expected_weight), x(j) == -infinity ? S(0) : 64 * epsilon) << n << " at " << j;
      }
      Vector<S> none = Vector<S>::Constant(n, -infinity);
      normalizer.forward(none);
      ASSERT_TRUE(none.array().isNaN().all()) << n;
    }
  }
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(ExcludedScores, Scalars);

TYPED_TEST(ExcludedScores, HaveZeroWeightInSoftmax) {
  heed::Random random(1);
  for (Index n = 1; n <= longest; ++n) {
    for (int pattern = 0; pattern < this->patterns; ++pattern) {
      const Vector<TypeParam> x = this->scores(n, pattern, random);
      Vector<TypeParam> weights = x;
      heed::softmax(weights);
      this->expect_weights(weights, x, this->reference(x));
    }
  }
}

TYPED_TEST(ExcludedScores, HaveZeroWeightInOnlineSoftmax) {
  using S = TypeParam;
  heed::Random random(2);
  for (const Index rows : {3, 600}) {  // blocks of 64 and of 8 columns
    const Matrix<S> values = random_matrix<S>(rows, longest, random);
    for (Index n = 1; n <= longest; ++n) {
      for (int pattern = 0; pattern < (rows == 3 ? this->patterns : 2); ++pattern) {
        const Vector<S> x = this->scores(n, pattern, random);
        const Vector<long double> expected = this->reference(x);
        const auto found = this->online_softmax(values.leftCols(n), x);
        this->expect_weights(found.weights, x, expected);
        const Vector<double> sum = values.leftCols(n).template cast<double>() * expected.template cast<double>();
        ASSERT_LE((found.sum.template cast<double>() - sum).cwiseAbs().maxCoeff(), 100 * this->epsilon) << n;
      }
    }
  }
}

TYPED_TEST(ExcludedScores, WithoutOtherScoresResultInNaN) {
  using S = TypeParam;
  const Matrix<S> values = Matrix<S>::Ones(600, longest);
  for (Index n = 1; n <= longest; ++n) {
    const Vector<S> x = Vector<S>::Constant(n, -this->infinity);
    Vector<S> weights = x;
    heed::softmax(weights);
    ASSERT_TRUE(weights.array().isNaN().all()) << n;
    const auto found = this->online_softmax(values.leftCols(n), x);
    ASSERT_TRUE(found.weights.array().isNaN().all()) << n;
    ASSERT_TRUE(found.sum.array().isNaN().all()) << n;
  }
}

TYPED_TEST(ExcludedScores, DoNotIncludeTheLowestFiniteScore) {
  using S = TypeParam;
  const Matrix<S> values = Matrix<S>::Ones(600, longest);
  for (Index n = 1; n <= longest; ++n) {
    const Vector<S> x = Vector<S>::Constant(n, this->lowest);
    Vector<S> weights = x;
    heed::softmax(weights);
    const auto found = this->online_softmax(values.leftCols(n), x);
    for (Index j = 0; j < n; ++j) {
      ASSERT_NEAR(weights(j), 1.0 / static_cast<double>(n), 4 * this->epsilon);
      ASSERT_NEAR(found.weights(j), 1.0 / static_cast<double>(n), 4 * this->epsilon);
    }
    Matrix<S> logits = x;
    const std::vector<Token> target = {static_cast<Token>(n / 2)};
    ASSERT_NEAR(heed::softmax_cross_entropy<S>(logits, target), std::log(static_cast<double>(n)), 1e-6);
  }
}

TYPED_TEST(ExcludedScores, AreIgnoredByEveryNormalizer) {
  this->expect_ignored(heed::Sparsemax());
  this->expect_ignored(heed::Entmax15());
  this->expect_ignored(heed::TemperatureSoftmax(0.25));
  this->expect_ignored(heed::TemperatureSoftmax(30));
}

TYPED_TEST(ExcludedScores, AreIgnoredByCrossEntropyAndItsGradient) {
  using S = TypeParam;
  heed::Random random(4);
  for (Index n = 1; n <= longest; ++n) {
    for (const S smoothing : {S(0), S(0.1)}) {
      const Vector<S> x = this->scores(n, static_cast<int>(n) % this->patterns, random);
      std::vector<S> left;
      std::vector<Token> target(1), left_target(1);
      for (Index j = 0; j < n; ++j) {
        if (x(j) == -this->infinity) continue;
        target[0] = static_cast<Token>(j);
        left_target[0] = static_cast<Token>(left.size());
        left.push_back(x(j));
      }
      Matrix<S> d = x, expected = Eigen::Map<Vector<S>>(left.data(), static_cast<Index>(left.size()));
      const double loss = heed::softmax_cross_entropy<S>(d, target, smoothing, S(0.5));
      const double expected_loss = heed::softmax_cross_entropy<S>(expected, left_target, smoothing, S(0.5));
      ASSERT_NEAR(loss, expected_loss, 200 * this->epsilon) << n;
      for (Index j = 0, k = 0; j < n; ++j) {
        const bool excluded = x(j) == -this->infinity;
        ASSERT_NEAR(d(j, 0), excluded ? S(0) : expected(k++, 0), excluded ? S(0) : 16 * this->epsilon) << n;
      }
    }
  }
}

TYPED_TEST(ExcludedScores, AsTargetsMakeTheLossInfinite) {
  using S = TypeParam;
  for (const S smoothing : {S(0), S(0.1)}) {
    Matrix<S> logits(3, 1);
    logits << 1, -this->infinity, 2;
    EXPECT_EQ(heed::softmax_cross_entropy<S>(logits, std::vector<Token>{1}, smoothing), HUGE_VAL);
    EXPECT_TRUE(logits.allFinite());
  }
}

TYPED_TEST(ExcludedScores, AloneHaveZeroWeightAtHighTemperatures) {
  using S = TypeParam;
  const double max = double{std::numeric_limits<float>::max()};
  Vector<S> x(4);
  x << static_cast<S>(max), static_cast<S>(-max), -this->infinity, S(0);
  heed::TemperatureSoftmax(max).forward(x);  // the softmax of 1, -1, -inf and 0
  const double sum = std::exp(1.0) + std::exp(-1.0) + 1;
  EXPECT_NEAR(x(0), std::exp(1.0) / sum, 1e-6);
  EXPECT_NEAR(x(1), std::exp(-1.0) / sum, 1e-6);
  EXPECT_EQ(x(2), S(0));
  EXPECT_NEAR(x(3), 1 / sum, 1e-6);
}

}  // namespace excluded_scores_test
