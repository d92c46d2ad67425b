#include <heed/io/model_size.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace model_size_test {

using heed::Index;
using heed::detail::polynomial_at;
using heed::detail::SizeOf;

TEST(PolynomialAt, IsExactInsideAndOutsideTheSampledRange) {
  const auto count = [](Index a, Index b, Index c) { return 3 * a * a * b + 5 * a * c + 7 * b + 11 * c + 13; };
  for (const Index a : {1, 2, 3, 6, 16384}) {
    for (const Index b : {1, 4, 5, 1000}) {
      for (const Index c : {0, 2, 2147483647}) {
        EXPECT_EQ(polynomial_at(count, SizeOf{a, 2}, SizeOf{b, 1}, SizeOf{c, 1}), static_cast<double>(count(a, b, c)))
            << a << ", " << b << ", " << c;
      }
    }
  }
}

TEST(PolynomialAt, EvaluatesOnlySmallSizes) {
  Index largest = 0, calls = 0;
  polynomial_at(
      [&](Index a, Index b) {
        largest = std::max({largest, a, b});
        ++calls;
        return a * b;
      },
      SizeOf{1000000, 2}, SizeOf{1000000, 1});
  EXPECT_EQ(largest, 6);
  EXPECT_EQ(calls, 6);
}

}  // namespace model_size_test
