#include <heed/kernels/shared_division.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace shared_division_test {

using heed::Index;
using heed::Matrix;

template <class S>
class SharedDivision : public testing::Test {
 protected:
  using P = heed::detail::Packet<S>;
  static constexpr Index size = heed::detail::packet_size<S>;

  /// Compares N packets of quotients element by element; the denominators lie between 1 and 2^reach.
  template <std::size_t N>
  static void expect_quotients(double reach, heed::Random& random) {
    Matrix<S> a(size, N), v = random_matrix<S>(size, N, random);
    for (Index i = 0; i < a.size(); ++i) a.data()[i] = static_cast<S>(std::exp2(random.uniform(0, reach)));
    P numerators[N], denominators[N];
    for (std::size_t p = 0; p < N; ++p) {
      numerators[p] = Eigen::internal::ploadu<P>(v.col(static_cast<Index>(p)).data());
      denominators[p] = Eigen::internal::ploadu<P>(a.col(static_cast<Index>(p)).data());
    }
    heed::Vector<S> sum(size);
    Eigen::internal::pstoreu(sum.data(), heed::detail::SharedDivision<S>::sum(numerators, denominators));
    heed::detail::SharedDivision<S>::invert(denominators);
    const S tolerance = 8 * std::numeric_limits<S>::epsilon();
    for (Index i = 0; i < size; ++i) {
      long double expected = 0, scale = 0;
      for (std::size_t p = 0; p < N; ++p) {
        const auto j = static_cast<Index>(p);
        heed::Vector<S> inverse(size);
        Eigen::internal::pstoreu(inverse.data(), denominators[p]);
        EXPECT_LE(std::abs(inverse(i) * a(i, j) - 1), tolerance) << a(i, j);
        expected += static_cast<long double>(v(i, j)) / a(i, j);
        scale += std::abs(static_cast<long double>(v(i, j)) / a(i, j));
      }
      EXPECT_LE(std::abs(static_cast<long double>(sum(i)) - expected), tolerance * scale);
    }
  }
};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(SharedDivision, Scalars);

TYPED_TEST(SharedDivision, MatchesSeparateDivisions) {
  heed::Random random(1);
  for (const double reach : {0.0, 1.0, 10.0, 30.0}) {  // a product of four factors of 2^30 is in the range of float
    for (int round = 0; round < 20; ++round) {
      this->template expect_quotients<1>(reach, random);
      this->template expect_quotients<2>(reach, random);
      this->template expect_quotients<4>(reach, random);
    }
  }
}

}  // namespace shared_division_test
