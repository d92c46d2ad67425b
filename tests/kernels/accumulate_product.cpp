#include <heed/kernels/accumulate_product.hpp>

#include <gtest/gtest.h>

#include <cstddef>

namespace accumulate_product_test {

template <class S>
class AccumulateProduct : public testing::Test {};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(AccumulateProduct, Scalars);

constexpr auto size = [](auto scalar) { return static_cast<std::size_t>(heed::detail::packet_size<decltype(scalar)>); };

// All elements have different factors, and the previous sum is kept.
TYPED_TEST(AccumulateProduct, AddsElementwiseProducts) {
  using S = TypeParam;
  constexpr std::size_t n = size(S());
  S a[n], b[n], sum[n], expected[n];
  for (std::size_t i = 0; i < n; ++i) {
    a[i] = S(1) + S(i);
    b[i] = S(0.5) - S(i) / S(4);
    sum[i] = S(3) * S(i) - S(7);
    expected[i] = sum[i] + a[i] * b[i];  // exact in floating point
  }
  const heed::detail::WholePacket<S> whole;
  heed::detail::Packet<S> total = whole.load(sum).packet;
  heed::detail::accumulate_product<S>(whole.load(a).packet, whole.load(b).packet, total);
  whole.store(sum, total);
  for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(sum[i], expected[i]) << i;
}

// Bitwise equal to the packet function, which other targets use: with one rounding or with two.
TYPED_TEST(AccumulateProduct, RoundsLikeThePacketFunction) {
  using S = TypeParam;
  const heed::detail::WholePacket<S> whole;
  for (int i = 1; i < 100; ++i) {
    const S a = S(1) / S(i), b = S(i) / S(7), c = -a * b;
    heed::detail::Packet<S> total = whole.constant(c).packet;
    heed::detail::accumulate_product<S>(whole.constant(a).packet, whole.constant(b).packet, total);
    S values[2][size(S())];
    whole.store(values[0], total);
    whole.store(values[1], multiply_add(whole.constant(a), whole.constant(b), whole.constant(c)));
    for (std::size_t k = 0; k < size(S()); ++k) EXPECT_EQ(values[0][k], values[1][k]) << i;
  }
}

// Both factors may be the same packet.
TYPED_TEST(AccumulateProduct, SupportsEqualFactors) {
  using S = TypeParam;
  const heed::detail::WholePacket<S> whole;
  const heed::detail::Packet<S> x = whole.constant(S(3)).packet;
  heed::detail::Packet<S> total = whole.constant(S(1)).packet;
  heed::detail::accumulate_product<S>(x, x, total);
  heed::detail::accumulate_product<S>(x, total, total);
  S values[size(S())];
  whole.store(values, total);
  for (const S value : values) EXPECT_EQ(value, S(40));
}

}  // namespace accumulate_product_test
