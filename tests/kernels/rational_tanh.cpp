#include <heed/kernels/packets.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace rational_tanh_test {

using heed::Index;

/// tanh of every element, in packets whose size divides `Size`.
template <int Size>
std::vector<float> tanh_of_all(std::vector<float> x) {
  heed::detail::WholePacket<float, Size> io;
  constexpr Index size = heed::detail::packet_size<float, Size>;
  for (float* at = x.data(); at + size <= x.data() + x.size(); at += size) {
    io.store(at, heed::detail::rational_tanh(io.load(at).packet));
  }
  return x;
}

/// Floats of all magnitudes, and every float in the range where tanh becomes 1. Their count is a multiple of 16.
std::vector<float> floats() {
  std::vector<float> all;
  for (std::uint32_t bits = 0; bits < 0x7f800000U; bits += 9973) all.push_back(std::bit_cast<float>(bits));
  for (float x = 7.9F; x < 8.5F; x = std::nextafter(x, 9.F)) all.push_back(x);
  all.push_back(std::numeric_limits<float>::max());
  all.push_back(std::numeric_limits<float>::infinity());
  while (all.size() % 16 != 0) all.push_back(0);
  return all;
}

TEST(RationalTanh, IsAccurateAndAtMostOne) {
  const std::vector<float> x = floats(), y = tanh_of_all<heed::Dynamic>(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = std::tanh(static_cast<double>(x[i]));
    ASSERT_LE(std::abs(y[i] - expected), 3.6e-7) << x[i];
    ASSERT_LE(std::abs(y[i] - expected), 4e-7 * expected) << x[i];
    ASSERT_LE(y[i], 1.F) << x[i];
  }
  EXPECT_EQ(y.back(), 0.F);
}

TEST(RationalTanh, IsOdd) {
  std::vector<float> x = floats();
  const std::vector<float> y = tanh_of_all<heed::Dynamic>(x);
  for (float& value : x) value = -value;
  const std::vector<float> negative = tanh_of_all<heed::Dynamic>(x);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(negative[i], -y[i]) << x[i];
}

TEST(RationalTanh, DoesNotDependOnThePacketSize) {
  const std::vector<float> x = floats(), y = tanh_of_all<heed::Dynamic>(x);
  EXPECT_EQ(tanh_of_all<4>(x), y);
  EXPECT_EQ(tanh_of_all<8>(x), y);
  EXPECT_EQ(tanh_of_all<16>(x), y);
}

TEST(RationalTanh, PropagatesNaN) {
  const std::vector<float> x(16, std::numeric_limits<float>::quiet_NaN());
  for (const float y : tanh_of_all<heed::Dynamic>(x)) EXPECT_TRUE(std::isnan(y));
  for (const float y : tanh_of_all<4>(x)) EXPECT_TRUE(std::isnan(y));
}

}  // namespace rational_tanh_test
