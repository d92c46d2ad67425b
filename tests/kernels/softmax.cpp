#include <heed/kernels/softmax.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace softmax_test {

using heed::Index;
using heed::Vector;

template <class S>
class SoftmaxColumn : public testing::Test {
 protected:
  using Column = heed::detail::SoftmaxColumn<S>;
  static constexpr S epsilon = std::numeric_limits<S>::epsilon();

  static Vector<S> softmax(Vector<S> x) {
    Column(x.data(), x.size()).normalise(x.data());
    return x;
  }
};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(SoftmaxColumn, Scalars);

TYPED_TEST(SoftmaxColumn, MatchesPlainLoop) {
  using S = TypeParam;
  heed::Random random(1);
  for (Index n = 1; n <= 70; ++n) {
    Vector<S> all = random_matrix<S>(n + 2, 1, random, 10);
    const Vector<S> x = all.segment(1, n);
    long double sum = 0;
    for (Index i = 0; i < n; ++i) sum += std::exp(static_cast<long double>(x(i)));
    const Vector<S> before = all;
    typename TestFixture::Column(all.data() + 1, n).normalise(all.data() + 1);
    for (Index i = 0; i < n; ++i) {
      const long double expected = std::exp(static_cast<long double>(x(i))) / sum;
      EXPECT_LE(std::abs(static_cast<long double>(all(i + 1)) - expected), 16 * this->epsilon) << n << " at " << i;
    }
    EXPECT_EQ(all(0), before(0));
    EXPECT_EQ(all(n + 1), before(n + 1));
  }
}

TYPED_TEST(SoftmaxColumn, FindsTheMaximumAtEveryPosition) {
  using S = TypeParam;
  for (Index n = 1; n <= 40; ++n) {
    for (Index at = 0; at < n; ++at) {
      for (const S others : {S(-7), S(3)}) {
        Vector<S> x = Vector<S>::Constant(n, others);
        x(at) = others + 1;
        EXPECT_EQ(typename TestFixture::Column(x.data(), n).largest(), others + 1) << n << " at " << at;
      }
    }
  }
}

TYPED_TEST(SoftmaxColumn, SumsExponentialsForAnyOffset) {
  using S = TypeParam;
  heed::Random random(2);
  for (Index n = 1; n <= 40; ++n) {
    const Vector<S> x = random_matrix<S>(n, 1, random);
    Vector<S> e(n);
    const S sum = typename TestFixture::Column(x.data(), n).exponentials(S(20), e.data());
    EXPECT_LE(std::abs(sum / e.sum() - 1), 16 * this->epsilon);
    for (Index i = 0; i < n; ++i) EXPECT_LE(std::abs(e(i) / std::exp(x(i) - 20) - 1), 64 * this->epsilon);
  }
}

TYPED_TEST(SoftmaxColumn, FlushesSubnormalWeightsToZero) {
  using S = TypeParam;
  const S end = std::log(std::numeric_limits<S>::min());
  for (const Index n : {4, 16, 19}) {
    Vector<S> x = Vector<S>::Zero(n);
    x(0) = end - S(0.01);
    x(1) = end + S(1);
    x(n - 1) = -std::numeric_limits<S>::max();
    const Vector<S> y = this->softmax(x);
    EXPECT_EQ(y(0), S(0));
    EXPECT_EQ(y(n - 1), S(0));
    Vector<S> e(n);
    typename TestFixture::Column(x.data(), n).exponentials(S(0), e.data());
    EXPECT_EQ(e(0), S(0));
    EXPECT_GT(e(1), S(0));
  }
}

TYPED_TEST(SoftmaxColumn, PropagatesNaN) {
  using S = TypeParam;
  for (const Index n : {1, 3, 16, 19}) {
    for (Index at = 0; at < n; ++at) {
      Vector<S> x = Vector<S>::Ones(n);
      x(at) = std::numeric_limits<S>::quiet_NaN();
      const Vector<S> y = this->softmax(x);
      for (Index i = 0; i < n; ++i) EXPECT_TRUE(std::isnan(y(i))) << n << ": " << at << " to " << i;
    }
  }
}

}  // namespace softmax_test
