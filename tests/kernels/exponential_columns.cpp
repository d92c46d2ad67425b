#include <heed/kernels/exponential_columns.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace exponential_columns_test {

using heed::Index;
using heed::Vector;

template <class S>
class ExponentialColumns : public testing::Test {
 protected:
  using Form = heed::detail::ExponentialColumns<S>;

  /// The column of x. Checks that the elements before and after it are not written.
  static Vector<S> column(const Vector<S>& x, bool hold = false) {
    const Index rows = Form::rows(x.size());
    Vector<S> result = Vector<S>::Constant(rows + 2, S(7));
    Form::make(x.size(), x.data(), result.data() + 1, hold);
    EXPECT_EQ(result(0), S(7));
    EXPECT_EQ(result(rows + 1), S(7));
    return result.segment(1, rows);
  }
  static bool plain(const Vector<S>& x) { return Form::plain(x.size(), column(x).data()); }
  static S tanh(S q, S k) {
    const heed::Matrix<S> x = heed::Matrix<S>::Constant(1, 1, q);
    const Vector<S> a = column(x), b = column(Vector<S>::Constant(1, k));
    Vector<S> result = Vector<S>::Zero(heed::detail::packet_size<S>);
    Eigen::internal::pstoreu(result.data(),
                             Form::denominator(Eigen::internal::ploadu<heed::detail::Packet<S>>(a.data()),
                                               Eigen::internal::ploadu<heed::detail::Packet<S>>(b.data())));
    return 1 - 2 / result(0);
  }
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(ExponentialColumns, Scalars);

TYPED_TEST(ExponentialColumns, HoldWholePacketsAndOneMorePacket) {
  using S = TypeParam;
  constexpr Index packet = heed::detail::packet_size<S>;
  for (Index size = 1; size <= 40; ++size) {
    EXPECT_EQ(TestFixture::Form::rows(size) % packet, 0);
    EXPECT_GE(TestFixture::Form::rows(size), size + packet);
    EXPECT_LT(TestFixture::Form::rows(size), size + 2 * packet);
  }
}

TYPED_TEST(ExponentialColumns, StoreExponentialsOfTwiceTheValues) {
  using S = TypeParam;
  heed::Random random(1);
  for (Index size = 1; size <= 40; ++size) {
    const Vector<S> x = random_matrix<S>(size, 1, random, 20), found = this->column(x);
    EXPECT_FALSE(TestFixture::Form::plain(size, found.data()));
    for (Index i = 0; i < size; ++i) {
      EXPECT_NEAR(found(i) / std::exp(2 * x(i)), S(1), 8 * std::numeric_limits<S>::epsilon()) << x(i);
    }
  }
}

TYPED_TEST(ExponentialColumns, SupportInPlaceConversion) {
  using S = TypeParam;
  heed::Random random(2);
  for (Index size = 1; size <= 40; ++size) {
    const Vector<S> x = random_matrix<S>(size, 1, random, 20);
    Vector<S> found(TestFixture::Form::rows(size));
    found.head(size) = x;
    TestFixture::Form::make(size, found.data(), found.data());
    EXPECT_EQ(found, this->column(x));
  }
}

TYPED_TEST(ExponentialColumns, StorePlainValuesIfOutOfRangeOrRequested) {
  using S = TypeParam;
  const S reach = static_cast<S>(TestFixture::Form::reach), nan = std::numeric_limits<S>::quiet_NaN();
  heed::Random random(3);
  for (Index size = 1; size <= 40; ++size) {
    Vector<S> x = random_matrix<S>(size, 1, random);
    EXPECT_EQ(this->column(x, true).head(size), x);
    EXPECT_TRUE(TestFixture::Form::plain(size, this->column(x, true).data()));
    for (Index i = 0; i < size; ++i) {
      for (const S far : {S(1.001) * reach, -S(1.001) * reach, S(1e30), -std::numeric_limits<S>::infinity()}) {
        Vector<S> y = x;
        y(i) = far;
        EXPECT_TRUE(this->plain(y)) << far;
        EXPECT_EQ(this->column(y).head(size), y);
      }
      Vector<S> y = x;
      y(i) = nan;
      EXPECT_TRUE(this->plain(y)) << "at " << i;
      y(i) = reach;
      EXPECT_FALSE(this->plain(y));
      y(i) = -reach;
      EXPECT_FALSE(this->plain(y));
    }
  }
}

TYPED_TEST(ExponentialColumns, ComputeTanhOfSumsInRange) {
  using S = TypeParam;
  const S reach = static_cast<S>(TestFixture::Form::reach), tolerance = 8 * std::numeric_limits<S>::epsilon();
  for (S q = -reach; q <= reach; q += reach / 16) {
    for (S k = -reach; k <= reach; k += reach / 16) EXPECT_NEAR(this->tanh(q, k), std::tanh(q + k), tolerance);
    for (const S sum : {S(-9), S(-1), S(-1e-3), S(0), S(0.5), S(2), S(20)}) {
      if (std::abs(sum - q) > reach) continue;
      EXPECT_NEAR(this->tanh(q, sum - q), std::tanh(q + (sum - q)), tolerance) << q << " and " << sum - q;
    }
  }
}

TEST(ExponentialColumnsWithoutPackets, StorePlainValuesWithoutPadding) {
  using Form = heed::detail::ExponentialColumns<long double>;
  Vector<long double> x(2), column(2);
  x << 1, 2;
  EXPECT_EQ(Form::rows(2), 2);
  Form::make(2, x.data(), column.data());
  EXPECT_EQ(column, x);
  EXPECT_TRUE(Form::plain(2, column.data()));
}

}  // namespace exponential_columns_test
