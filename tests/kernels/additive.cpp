#include <heed/kernels/additive.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace additive_test {

using heed::Index;
using heed::Matrix;
using heed::Vector;

constexpr Index lengths[] = {0, 1, 3, 4, 5, 16, 17};
constexpr Index sizes[] = {1, 2, 5, 8, 15, 16, 17, 31, 32, 48, 63, 64, 65, 100, 130};

/// Three queries and T keys of `size` elements; the keys are a block of a larger matrix.
template <class S>
struct Trial {
  using Kernel = heed::detail::AdditiveKernel<S, heed::Dynamic>;
  heed::Random random{83};
  Index size, T, n = 3;
  Vector<S> v;
  Matrix<S> q, k, all_keys, scores, d_scores, d_q, d_keys;
  Vector<S> d_v;
  heed::Buffer<S> scratch;

  Trial(Index size_, Index T_, double reach = 1)
      : size(size_),
        T(T_),
        v(random_matrix<S>(size, 1, random)),
        q(random_matrix<S>(size, n, random, reach)),
        k(random_matrix<S>(size, T, random, reach)),
        all_keys(Kernel::key_size(size) + 1, T + 1),
        scores(T, n),
        d_scores(random_matrix<S>(T, n, random)) {}

  auto keys() { return all_keys.block(1, 1, Kernel::key_size(size), T); }

  void score() {
    all_keys.setConstant(std::numeric_limits<S>::quiet_NaN());
    keys().topRows(size) = k;
    Kernel::finish_keys(v, keys());
    Kernel::score(v, q, keys(), scores, scratch);
  }
  /// Call `score` first. The gradients start from ones, because the kernel adds to them.
  void backward() {
    d_v = Vector<S>::Ones(size);
    d_q = Matrix<S>::Ones(size, n);
    d_keys = Matrix<S>::Ones(keys().rows(), T);
    Kernel::score_backward(v, q, keys(), d_scores, d_v, d_q, d_keys, scratch);
  }

  /// The largest difference between the scores and those of a plain loop; infinite if one is NaN.
  double score_error() {
    score();
    double max_error = 0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < T; ++j) {
        long double sum = 0;
        for (Index r = 0; r < size; ++r) sum += static_cast<long double>(v(r)) * z(r, i, j);
        const auto error = static_cast<double>(std::abs(static_cast<long double>(scores(j, i)) - sum));
        if (!(error <= max_error)) max_error = std::isnan(error) ? HUGE_VAL : error;
      }
    }
    return max_error;
  }
  double gradient_error() {
    score();
    backward();
    Vector<S> expected_v = Vector<S>::Ones(size);
    Matrix<S> expected_q = Matrix<S>::Ones(size, n), expected_keys = Matrix<S>::Ones(size, T);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < T; ++j) {
        for (Index r = 0; r < size; ++r) {
          const long double y = z(r, i, j), d_sum = d_scores(j, i) * v(r) * (1 - y * y);
          expected_v(r) += static_cast<S>(d_scores(j, i) * y);
          expected_q(r, i) += static_cast<S>(d_sum);
          expected_keys(r, j) += static_cast<S>(d_sum);
        }
      }
    }
    return std::max(
        {difference(d_v, expected_v), difference(d_q, expected_q), difference(d_keys.topRows(size), expected_keys)});
  }
  long double z(Index r, Index i, Index j) const {
    return std::tanh(static_cast<long double>(q(r, i)) + static_cast<long double>(k(r, j)));
  }
};

template <class S>
class AdditiveKernel : public testing::Test {
 protected:
  /// A bound on the rounding error of `sums` additions.
  static double rounding(Index sums) {
    return static_cast<double>(sums) * static_cast<double>(std::numeric_limits<S>::epsilon());
  }
};
using Scalars = testing::Types<float, double, long double>;
TYPED_TEST_SUITE(AdditiveKernel, Scalars);

/// Values close to and far outside the range of the exponentials; the sums of pairs have all magnitudes.
template <class S>
void spread_values(Trial<S>& trial) {
  const S values[] = {S(30),   S(-29), S(43.5), S(-43), S(44),    S(88),
                      S(-100), S(349), S(-351), S(1e4), S(-1e30), S(1e30)};
  Index at = 0;
  const auto next = [&] { return values[at++ % 12]; };
  for (Index j = 0; j < trial.T; j += 2) {
    for (Index r = 0; r < trial.size; r += 1 + j % 3) trial.k(r, j) = next();
  }
  for (Index i = 0; i < trial.n; ++i) {
    if (i == 1) continue;  // moderate values, combined with all keys
    for (Index r = 0; r < trial.size; ++r) {
      trial.q(r, i) = i == 0 ? S(0.5) - trial.k(r, 0) : (r % 2 == 0 ? next() : trial.q(r, i));
    }
  }
}

TYPED_TEST(AdditiveKernel, ScoresMatchPlainLoop) {
  using S = TypeParam;
  for (const Index size : sizes) {
    for (const Index T : lengths) {
      EXPECT_LE((Trial<S>(size, T).score_error()), this->rounding(2 * size)) << size << ", " << T << " keys";
    }
  }
}

TYPED_TEST(AdditiveKernel, GradientsMatchPlainLoop) {
  using S = TypeParam;
  for (const Index size : sizes) {
    for (const Index T : lengths) {
      EXPECT_LE((Trial<S>(size, T).gradient_error()), this->rounding(128)) << size << ", " << T << " keys";
    }
  }
}

TYPED_TEST(AdditiveKernel, IsAccurateForAllFiniteQueriesAndKeys) {
  using S = TypeParam;
  for (const Index size : sizes) {
    Trial<S> trial(size, 17);
    spread_values(trial);
    EXPECT_LE(trial.score_error(), this->rounding(4 * size)) << size;
    EXPECT_LE(trial.gradient_error(), this->rounding(128)) << size;
  }
}

TYPED_TEST(AdditiveKernel, DoesNotWriteGradientsBelowTheKeys) {
  Trial<TypeParam> trial(5, 7);
  trial.score();
  trial.backward();
  const Index below = trial.keys().rows() - 5;
  EXPECT_EQ(trial.d_keys.bottomRows(below), (Matrix<TypeParam>::Ones(below, 7)));
}

TYPED_TEST(AdditiveKernel, SupportsVeryLargeV) {
  using S = TypeParam;
  for (const Index size : {5, 64}) {
    Trial<S> trial(size, 6, 10);
    trial.v *= S(1e30);
    EXPECT_LE(trial.score_error(), 1e30 * this->rounding(4 * size));
  }
}

TYPED_TEST(AdditiveKernel, PropagatesNaN) {
  using S = TypeParam;
  const S nan = std::numeric_limits<S>::quiet_NaN();
  Trial<S> in_key(9, 6), in_query(9, 6), in_v(9, 6);
  in_key.k(3, 4) = nan;
  in_key.score();
  in_query.q(8, 1) = nan;
  in_query.score();
  in_v.v(0) = nan;
  in_v.score();
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 6; ++j) {
      EXPECT_EQ(std::isnan(in_key.scores(j, i)), j == 4);
      EXPECT_EQ(std::isnan(in_query.scores(j, i)), i == 1);
      EXPECT_TRUE(std::isnan(in_v.scores(j, i)));
    }
  }
}

TYPED_TEST(AdditiveKernel, ScoresDoNotDependOnOtherPairs) {
  using S = TypeParam;
  for (const Index size : {5, 33, 64}) {
    Trial<S> together(size, 17, 3);
    spread_values(together);
    together.score();
    for (Index i = 0; i < together.n; ++i) {
      for (Index j = 0; j < 17; ++j) {
        Trial<S> alone(size, 1);
        alone.n = 1;
        alone.v = together.v;
        alone.q = together.q.col(i);
        alone.k = together.k.col(j);
        alone.scores.resize(1, 1);
        alone.score();
        EXPECT_EQ(alone.scores(0, 0), together.scores(j, i)) << size << ": " << i << ", " << j;
      }
    }
  }
}

TEST(AdditiveKernelInFloat, IsAsAccurateAsElementwiseTanh) {
  Trial<float> trial(512, 200, 2);
  trial.v *= 0.08f;
  const double error = trial.score_error();
  double other = 0;
  for (Index i = 0; i < trial.n; ++i) {
    for (Index j = 0; j < trial.T; ++j) {
      long double exact = 0;
      for (Index r = 0; r < 512; ++r) exact += trial.v(r) * trial.z(r, i, j);
      const heed::detail::TanhKernel<float> kernel{512, trial.v.data(), trial.q.col(i).data(), trial.k.col(j).data(),
                                                   false};
      other = std::max(other, static_cast<double>(std::abs(static_cast<long double>(kernel.score()) - exact)));
    }
  }
  EXPECT_LE(error, 1e-6);
  EXPECT_LE(error, 4 * other);
}

}  // namespace additive_test
