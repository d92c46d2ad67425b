#include <heed/kernels/packets.hpp>
#include <support/dual.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <type_traits>

namespace numbers_test {

using heed::Index;
using heed::detail::Numbers;

template <class S>
class NumbersArithmetic : public testing::Test {
 protected:
  using Column = heed::Vector<S>;
  static constexpr Index size = heed::detail::packet_size<S>;

  /// One packet of different values.
  static Numbers<S> packet(S first) {
    Column x(size);
    for (Index k = 0; k < size; ++k) x(k) = first + S(static_cast<int>(k)) / S(3);
    return heed::detail::WholePacket<S>{}.load(x.data());
  }
  static Column column(const Numbers<S>& x) {
    Column y(size);
    heed::detail::WholePacket<S>{}.store(y.data(), x);
    return y;
  }
};
using Scalars = testing::Types<float, double, long double, Dual>;
TYPED_TEST_SUITE(NumbersArithmetic, Scalars);

TYPED_TEST(NumbersArithmetic, MatchesScalars) {
  using S = TypeParam;
  const auto a = this->packet(S(1)), b = this->packet(S(-2));
  for (Index k = 0; k < TestFixture::size; ++k) {
    const S x = this->column(a)(k), y = this->column(b)(k);
    EXPECT_EQ(this->column(a + b)(k), S(x + y));
    EXPECT_EQ(this->column(a - b)(k), S(x - y));
    EXPECT_EQ(this->column(a * b)(k), S(x * y));
    EXPECT_EQ(this->column(b / a)(k), S(y / x));
    EXPECT_EQ(this->column(-a)(k), S(-x));
    EXPECT_EQ(this->column(max(a, b))(k), x < y ? y : x);
    EXPECT_EQ(this->column(max(b, 0))(k), y < S(0) ? S(0) : y);
  }
}

TYPED_TEST(NumbersArithmetic, TreatsScalarsAsConstantPackets) {
  using S = TypeParam;
  const auto a = this->packet(S(1));
  for (Index k = 0; k < TestFixture::size; ++k) {
    const S x = this->column(a)(k);
    EXPECT_EQ(this->column(1 - a)(k), S(S(1) - x));
    EXPECT_EQ(this->column(2 * a)(k), S(S(2) * x));
    EXPECT_EQ(this->column(a * 3)(k), S(x * S(3)));
  }
}

TYPED_TEST(NumbersArithmetic, MultiplyAddAndSqrtMatchEigen) {
  using S = TypeParam;
  const auto a = this->packet(S(1)), b = this->packet(S(-2)), c = this->packet(S(5));
  const Numbers<S> expected{Eigen::internal::pmadd(a.packet, b.packet, c.packet)},
      root{Eigen::internal::psqrt(a.packet)};
  for (Index k = 0; k < TestFixture::size; ++k) {
    EXPECT_EQ(this->column(multiply_add(a, b, c))(k), this->column(expected)(k));
    EXPECT_EQ(this->column(sqrt(a))(k), this->column(root)(k));
  }
}

TEST(Numbers, HaveTheSizeOfTheirPacket) {
  static_assert(sizeof(Numbers<float>) == sizeof(heed::detail::Packet<float>));
  static_assert(alignof(Numbers<double>) == alignof(heed::detail::Packet<double>));
  static_assert(std::is_trivially_copyable_v<Numbers<float>>);
}

TEST(Numbers, MaxOrNanPropagatesNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto one = Numbers<float>::all(1), none = Numbers<float>::all(nan);
  float found[heed::detail::packet_size<float>];
  for (const auto& maximum : {max_or_nan(one, none), max_or_nan(none, one)}) {
    heed::detail::WholePacket<float>{}.store(found, maximum);
    for (const float x : found) EXPECT_TRUE(std::isnan(x));
  }
}

}  // namespace numbers_test
