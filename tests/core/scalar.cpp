#include <heed/core/scalar.hpp>

#include "support/autodiff.hpp"
#include "support/dual.hpp"

#include <gtest/gtest.h>

namespace scalar_test {

TEST(Scalar, SumOfFloatIsDouble) {
  static_assert(std::is_same_v<heed::Sum<float>, double>);
  static_assert(std::is_same_v<heed::Sum<double>, double>);
  static_assert(std::is_same_v<heed::Sum<long double>, long double>);
  static_assert(std::is_same_v<heed::Sum<Dual>, Dual>);
}

TEST(Scalar, LimitsMatchUnderlyingType) {
  EXPECT_EQ(heed::detail::Limits<float>::lowest(), std::numeric_limits<float>::lowest());
  EXPECT_EQ(heed::detail::Limits<Dual>::infinity(), std::numeric_limits<long double>::infinity());
  EXPECT_EQ(heed::detail::Limits<AutoDiff>::min(), std::numeric_limits<double>::min());
}

TEST(Scalar, NumberConvertsWithoutExtraRounding) {
  EXPECT_EQ(heed::detail::number<long double>(1e-5L), 1e-5L);
  EXPECT_EQ(heed::detail::number<float>(heed::Index{7}), 7.f);
  EXPECT_EQ(heed::detail::number<AutoDiff>(heed::Index{7}).value(), 7);
}

}  // namespace scalar_test
