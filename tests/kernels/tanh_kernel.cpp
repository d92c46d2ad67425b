#include <heed/kernels/tanh_kernel.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tanh_kernel_test {

using heed::Index;
using heed::Vector;

template <class S>
class TanhKernel : public testing::Test {};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(TanhKernel, Scalars);

TYPED_TEST(TanhKernel, ScoresAndGradientsMatchPlainLoop) {
  using S = TypeParam;
  heed::Random random(1);
  for (Index size = 1; size <= 40; ++size) {
    const Vector<S> v = random_matrix<S>(size, 1, random), q = random_matrix<S>(size, 1, random);
    const Vector<S> k = random_matrix<S>(size, 1, random, 3), stored = (S(2) * k).array().exp();
    for (const bool exponentials : {false, true}) {
      const heed::detail::TanhKernel<S> kernel{size, v.data(), q.data(), exponentials ? stored.data() : k.data(),
                                               exponentials};
      const S d = S(0.7), tolerance = 64 * std::numeric_limits<S>::epsilon();
      Vector<S> d_v = Vector<S>::Ones(size), d_q = d_v, d_key = d_v;  // the kernel adds to gradients
      kernel.backward(d, d_v.data(), d_q.data(), d_key.data());
      long double score = 0;
      for (Index i = 0; i < size; ++i) {
        const S z = std::tanh(q(i) + k(i));
        score += static_cast<long double>(v(i)) * z;
        EXPECT_LE(std::abs(d_v(i) - (1 + d * z)), tolerance);
        EXPECT_LE(std::abs(d_q(i) - (1 + d * v(i) * (1 - z * z))), tolerance);
        EXPECT_LE(std::abs(d_key(i) - (1 + d * v(i) * (1 - z * z))), tolerance);
      }
      EXPECT_LE(std::abs(static_cast<long double>(kernel.score()) - score), tolerance);
    }
  }
}

}  // namespace tanh_kernel_test
