#include <heed/kernels/packets.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

using heed::Index;

namespace {

template <class S>
class Packets : public testing::Test {};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(Packets, Scalars);

/// f of one number, wherever in a packet it stands.
template <class S, class F>
S alone(S x, const F& f) {
  heed::Matrix<S> matrix = heed::Matrix<S>::Constant(1, 1, x);
  heed::detail::transform(matrix, f);
  return matrix(0, 0);
}

}  // namespace

TYPED_TEST(Packets, VisitEveryNumberOnceAndNoOther) {
  using S = TypeParam;
  for (Index n = 0; n <= 40; ++n) {
    for (Index offset = 0; offset < 3; ++offset) {
      std::vector<S> numbers(static_cast<std::size_t>(n + offset + 1), S(1));
      S* const first = numbers.data() + offset;
      heed::detail::for_each_packet<S>(n, [&](const auto& io, Index k) {
        const auto x = io.load(first + k);
        io.store(first + k, Eigen::internal::padd(x, x));
      });
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        const bool inside = i >= static_cast<std::size_t>(offset) && i < static_cast<std::size_t>(offset + n);
        EXPECT_EQ(numbers[i], inside ? S(2) : S(1)) << n << " numbers from " << offset << ", at " << i;
      }
    }
  }
}

TYPED_TEST(Packets, FunctionsAgreeWithTheStandardLibrary) {
  using S = TypeParam;
  const S tolerance = 16 * std::numeric_limits<S>::epsilon();
  for (int i = -400; i <= 400; ++i) {
    const S x = S(i) / 20;
    const auto expect = [&](S found, S wanted) { EXPECT_LE(std::abs(found - wanted), tolerance) << x; };
    expect(alone(x, [](const auto& p) { return heed::detail::tanh_of<S>(p); }), std::tanh(x));
    expect(alone(x, [](const auto& p) { return heed::detail::sigmoid_of<S>(p); }), 1 / (1 + std::exp(-x)));
    expect(alone(x, [](const auto& p) { return heed::detail::exp_of<S>(p); }) / std::exp(x), S(1));
  }
}

TYPED_TEST(Packets, FunctionsStandExtremesAndPassOnNaN) {
  using S = TypeParam;
  const auto tanh = [](const auto& p) { return heed::detail::tanh_of<S>(p); };
  const auto sigmoid = [](const auto& p) { return heed::detail::sigmoid_of<S>(p); };
  EXPECT_LE(std::abs(alone(S(1e4), tanh) - 1), S(1e-6));
  EXPECT_LE(std::abs(alone(S(-1e4), tanh) + 1), S(1e-6));
  EXPECT_EQ(alone(S(1e4), sigmoid), S(1));
  EXPECT_LE(std::abs(alone(S(-1e4), sigmoid)), S(1e-30));
  EXPECT_TRUE(std::isnan(alone(std::numeric_limits<S>::quiet_NaN(), sigmoid)));
}

TYPED_TEST(Packets, GiveANumberTheSameBitsWhereverItStands) {
  using S = TypeParam;
  for (Index rows = 1; rows <= 37; ++rows) {
    heed::Matrix<S> x(rows, 3);
    for (Index i = 0; i < x.size(); ++i) x.data()[i] = S(i % 7) / 3 - 1;
    heed::Matrix<S> y = x;
    heed::detail::transform(y, [](const auto& p) { return heed::detail::tanh_of<S>(p); });
    for (Index i = 0; i < x.size(); ++i) {
      EXPECT_EQ(y.data()[i], alone(x.data()[i], [](const auto& p) { return heed::detail::tanh_of<S>(p); }));
    }
  }
}
