#include <heed/kernels/storage.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

namespace storage_test {

using heed::Index;
using heed::detail::packet_size;

/// Stores a pair of values in every word of a packet and loads them again.
template <class T>
void expect_round_trip(float low, float high) {
  using Storage = heed::detail::Storage<T>;
  constexpr auto n = static_cast<std::size_t>(packet_size<float>);
  std::vector<float> values(2 * n, low), loaded(n);
  std::fill(values.begin() + static_cast<std::ptrdiff_t>(n), values.end(), high);
  typename Storage::Word words[n];
  Storage::fold(values.data(), words);
  for (int part = 0; part < 2; ++part) {
    Eigen::internal::pstoreu(loaded.data(), Storage::load(words, part));
    const float input = part == 0 ? low : high;
    const bool flushed = std::is_same_v<T, Eigen::half> && std::abs(input) < 0x1p-14f;
    const float expected = flushed ? 0.0f : static_cast<float>(static_cast<T>(input));
    for (const float x : loaded) EXPECT_EQ(std::memcmp(&x, &expected, sizeof x), 0) << x << " is not " << expected;
  }
}

TEST(Storage, RoundTripsValues) {
  for (const float x : {0.0f, 1.0f, -1.0f, 0.1f, -3.14159f, 1e-3f, 65504.0f, 6e-5f, 5.96e-8f, -3e-7f, 1e-9f}) {
    expect_round_trip<Eigen::half>(x, x / 2);
    expect_round_trip<Eigen::half>(-x, 1.0f);
    expect_round_trip<Eigen::bfloat16>(x, 2 * x);
    expect_round_trip<Eigen::bfloat16>(-0.0f, -x);
  }
  for (const float x : {1e30f, -1e-30f, 3e38f}) expect_round_trip<Eigen::bfloat16>(x, -x);
}

TEST(Storage, RejectsValuesOutOfRange) {
  using heed::detail::Storage;
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const float beyond_bfloat16 = std::nextafter(0x1.fep127f, infinity);
  heed::Matrix<float> x = heed::Matrix<float>::Constant(2, 3, 0.5f);
  const auto with = [&](float value) {
    x(1, 1) = value;
    return x;
  };
  for (const float good : {65504.0f, -65504.0f, 0.0f, 1e-30f}) Storage<Eigen::half>::check(with(good));
  for (const float good : {0x1.fep127f, -0x1.fep127f, 1e-30f}) Storage<Eigen::bfloat16>::check(with(good));
  for (const auto& [bad, name] :
       {std::pair(65520.0f, "65520"), std::pair(-70000.0f, "-70000"), std::pair(1e30f, "1e+30"),
        std::pair(infinity, "inf"), std::pair(-infinity, "-inf"), std::pair(nan, "nan")}) {
    EXPECT_EQ(
        refusal([&, value = bad] { Storage<Eigen::half>::check(with(value)); }),
        std::string(
            "convert: the largest half value is 65504 (bfloat16 has a larger range), but a matrix of 2 x 3 contains ") +
            name);
  }
  for (const float bad : {beyond_bfloat16, -beyond_bfloat16, infinity, nan}) {
    EXPECT_EQ(refusal([&] {
                Storage<Eigen::bfloat16>::check(with(bad));
              }).rfind("convert: the largest bfloat16 value is 3.3895314e+38, but a matrix of 2 x 3 contains ", 0),
              0U);
  }
  for (const float any : {1e30f, infinity, nan}) Storage<float>::check(with(any));
}

TEST(Lines, AreAlignedToCacheLines) {
  for (std::size_t n = 1; n < 100; n += 7) {
    const heed::detail::Lines<float> x(n);
    heed::detail::Lines<std::int32_t> copy(n);
    copy.resize(2 * n);
    EXPECT_EQ(std::bit_cast<std::uintptr_t>(x.data()) % 64, 0U);
    EXPECT_EQ(std::bit_cast<std::uintptr_t>(copy.data()) % 64, 0U);
  }
}

}  // namespace storage_test
