#include <heed/kernels/packets.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace packets_test {

using heed::Index;

template <class S>
class Packets : public testing::Test {};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(Packets, Scalars);

/// Applies the packet function f to a single value.
template <class S, class F>
S value_of(S x, const F& f) {
  heed::Matrix<S> matrix = heed::Matrix<S>::Constant(1, 1, x);
  heed::detail::transform(matrix, f);
  return matrix(0, 0);
}

TYPED_TEST(Packets, VisitEveryElementOnce) {
  using S = TypeParam;
  for (Index n = 0; n <= 40; ++n) {
    for (Index offset = 0; offset < 3; ++offset) {
      std::vector<S> values(static_cast<std::size_t>(n + offset + 1), S(1));
      S* const first = values.data() + offset;
      heed::detail::for_each_packet<S>(n, [&](const auto& io, Index k) {
        const auto x = io.load(first + k);
        io.store(first + k, x + x);
      });
      for (std::size_t i = 0; i < values.size(); ++i) {
        const bool inside = i >= static_cast<std::size_t>(offset) && i < static_cast<std::size_t>(offset + n);
        EXPECT_EQ(values[i], inside ? S(2) : S(1)) << n << " elements from " << offset << ", at " << i;
      }
    }
  }
}

TYPED_TEST(Packets, PartialLoadsFillTheRest) {
  using S = TypeParam;
  constexpr Index size = heed::detail::packet_size<S>;
  const heed::Vector<S> values = heed::Vector<S>::LinSpaced(size, S(1), S(size));
  for (Index count = 1; count < size; ++count) {
    heed::Vector<S> found(size);
    heed::detail::WholePacket<S>{}.store(found.data(), heed::detail::PartPacket<S>{count}.load(values.data(), S(-5)));
    for (Index i = 0; i < size; ++i) EXPECT_EQ(found(i), i < count ? values(i) : S(-5)) << count;
    if constexpr (size > 1) {
      heed::detail::WholePacket<S>{}.store(found.data(), heed::detail::LastOfPacket<S>(count).load(values.data()));
      for (Index i = 0; i < size; ++i) EXPECT_EQ(found(i), i < size - count ? S(0) : values(i)) << count;
    }
  }
}

TYPED_TEST(Packets, FunctionsMatchTheStandardLibrary) {
  using S = TypeParam;
  const S tolerance = 16 * std::numeric_limits<S>::epsilon();
  for (int i = -400; i <= 400; ++i) {
    const S x = S(i) / 20;
    const auto expect = [&](S found, S expected) { EXPECT_LE(std::abs(found - expected), tolerance) << x; };
    expect(value_of(x, [](const auto& p) { return tanh(p); }), std::tanh(x));
    expect(value_of(x, [](const auto& p) { return sigmoid(p); }), 1 / (1 + std::exp(-x)));
    expect(value_of(x, [](const auto& p) { return heed::detail::Numbers<S>{heed::detail::exp_of<S>(p.packet)}; }) /
               std::exp(x),
           S(1));
    expect(value_of(std::exp(x), [](const auto& p) { return log(p); }), std::log(std::exp(x)));
    expect(value_of(x, [](const auto& p) { return zero_below(p, S(0.5)); }), x < S(0.5) ? S(0) : x);
  }
}

TYPED_TEST(Packets, ExponentialsAreAccurateForAllNormalResults) {
  using S = TypeParam;
  using Limits = std::numeric_limits<S>;
  const auto exp = [](const auto& p) { return heed::detail::Numbers<S>{heed::detail::exp_of<S>(p.packet)}; };
  const S first = std::log(Limits::min()), last = std::log(Limits::max());
  for (int i = 1; i < 30000; ++i) {
    const S x = first + (last - first) * S(i) / S(30000);
    EXPECT_LE(std::abs(value_of(x, exp) / std::exp(static_cast<long double>(x)) - 1), 2 * Limits::epsilon()) << x;
  }
  for (const S x : {S(0), S(-0.0), Limits::min(), -Limits::denorm_min()}) EXPECT_EQ(value_of(x, exp), S(1));
  EXPECT_LE(value_of(-Limits::infinity(), exp), 2 * Limits::min());
  EXPECT_LE(value_of(-Limits::max(), exp), 2 * Limits::min());
  EXPECT_GE(value_of(Limits::infinity(), exp), Limits::max() / 2);
  EXPECT_GE(value_of(Limits::max(), exp), Limits::max() / 2);
  EXPECT_TRUE(std::isnan(value_of(Limits::quiet_NaN(), exp)));
}

TYPED_TEST(Packets, FunctionsSupportExtremesAndPropagateNaN) {
  using S = TypeParam;
  const auto tanh = [](const auto& p) { return heed::detail::tanh(p); };
  const auto sigmoid = [](const auto& p) { return heed::detail::sigmoid(p); };
  EXPECT_LE(std::abs(value_of(S(1e4), tanh) - 1), S(1e-6));
  EXPECT_LE(std::abs(value_of(S(-1e4), tanh) + 1), S(1e-6));
  EXPECT_EQ(value_of(S(1e4), sigmoid), S(1));
  EXPECT_LE(std::abs(value_of(S(-1e4), sigmoid)), S(1e-30));
  EXPECT_TRUE(std::isnan(value_of(std::numeric_limits<S>::quiet_NaN(), sigmoid)));
}

TEST(Columns, PointIntoTheMatrix) {
  heed::Matrix<float> x = heed::Matrix<float>::Ones(4, 5);
  const auto columns = heed::detail::columns_of(x.block(1, 2, 2, 3));
  EXPECT_EQ(columns.col(1), &x(1, 3));
  EXPECT_EQ(columns.from(1).col(1), &x(1, 4));
  const heed::detail::Columns<const float> read_only = columns;
  EXPECT_EQ(read_only.col(2), &x(1, 4));
  heed::Matrix<float, 1, 3> row(1, 2, 3);
  EXPECT_EQ(*heed::detail::columns_of(row).col(2), 3.0f) << "each element of a row is a column";
}

TYPED_TEST(Packets, ResultsDoNotDependOnThePosition) {
  using S = TypeParam;
  for (Index rows = 1; rows <= 37; ++rows) {
    heed::Matrix<S> x(rows, 3);
    for (Index i = 0; i < x.size(); ++i) x.data()[i] = S(i % 7) / 3 - 1;
    heed::Matrix<S> y = x;
    heed::detail::transform(y, [](const auto& p) { return tanh(p); });
    for (Index i = 0; i < x.size(); ++i) {
      EXPECT_EQ(y.data()[i], value_of(x.data()[i], [](const auto& p) { return tanh(p); }));
    }
  }
}

}  // namespace packets_test
