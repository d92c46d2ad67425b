#include <heed/kernels/online_softmax.hpp>
#include <heed/losses/cross_entropy.hpp>
#include <heed/normalizers/entmax.hpp>
#include <heed/normalizers/softmax.hpp>
#include <heed/normalizers/sparsemax.hpp>
#include <heed/normalizers/temperature.hpp>
#include <heed/search/candidates.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

using heed::Index;
using heed::Matrix;
using heed::Token;
using heed::Vector;
using heed::detail::columns_of;

namespace nan_test {

template <class S>
class Nan : public testing::Test {
 protected:
  using Bits = std::conditional_t<sizeof(S) == 4, std::uint32_t, std::uint64_t>;

  /// NaN of both signs, quiet and signalling, with payloads of every single bit, of all bits and of random bits.
  static std::vector<S> patterns() {
    const Bits infinity = std::bit_cast<Bits>(std::numeric_limits<S>::infinity());
    const int payload_bits = std::numeric_limits<S>::digits - 1;
    std::vector<Bits> payloads;
    for (int i = 0; i < payload_bits; ++i) payloads.push_back(Bits{1} << i);
    payloads.push_back((Bits{1} << payload_bits) - 1);
    heed::Random random(1);
    for (int i = 0; i < 40; ++i) payloads.push_back(static_cast<Bits>(1 + random.below((Bits{1} << payload_bits) - 1)));
    std::vector<S> all;
    for (const Bits payload : payloads) {
      for (const Bits sign : {Bits{0}, Bits{1} << (8 * sizeof(S) - 1)}) {
        all.push_back(std::bit_cast<S>(static_cast<Bits>(sign | infinity | payload)));
      }
    }
    return all;
  }

  /// Calls use(x, at) for columns x of scores with a NaN at index `at`. The NaN has all patterns and all positions in
  /// whole and partial packets; the other scores are finite or -inf.
  template <class Use>
  static void for_each_column(const Use& use) {
    heed::Random random(2);
    const std::vector<S> all = patterns();
    std::size_t next = 0;
    for (const Index n : {1, 2, 5, 16, 37}) {
      const Vector<S> finite = random_matrix<S>(n, 1, random, 5);
      for (Index at = 0; at < n; ++at) {
        for (int k = 0; k < 24; ++k) {
          Vector<S> x = finite;
          if (k % 4 == 3) x((at + 1) % n) = -std::numeric_limits<S>::infinity();
          if (k % 8 == 7) x.setConstant(-std::numeric_limits<S>::infinity());
          x(at) = all[next++ % all.size()];
          use(x, at);
        }
      }
    }
  }

  /// Expects that a packet function propagates every NaN pattern at every position, and only to the same position.
  template <class F>
  static void expect_propagated(const F& f) {
    constexpr Index size = heed::detail::packet_size<S>;
    for (const S nan : patterns()) {
      for (Index at = 0; at < size; ++at) {
        Vector<S> x = Vector<S>::Constant(size, S(-0.5));
        x(at) = nan;
        Eigen::internal::pstoreu(x.data(), f(Eigen::internal::ploadu<heed::detail::Packet<S>>(x.data())));
        for (Index i = 0; i < size; ++i) ASSERT_EQ(std::isnan(x(i)), i == at) << i << " of NaN at " << at;
      }
    }
  }
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Nan, Scalars);

TYPED_TEST(Nan, PropagatesThroughEveryPacketFunction) {
  using S = TypeParam;
  this->expect_propagated([](const auto& x) { return heed::detail::exp_of<S>(x); });
  this->expect_propagated([](const auto& x) { return heed::detail::exp_of_nonpositive<S>(x); });
  this->expect_propagated([](const auto& x) { return heed::detail::tanh_of<S>(x); });
  this->expect_propagated([](const auto& x) { return heed::detail::sigmoid_of<S>(x); });
  this->expect_propagated([](const auto& x) { return heed::detail::probability_of<S>(x); });
  this->expect_propagated([](const auto& x) { return heed::Relu::of(heed::detail::Numbers<S>{x}).packet; });
}

TYPED_TEST(Nan, MakesEveryNormalizerWeightNaN) {
  this->for_each_column([](const auto& x, Index at) {
    const auto expect = [&](const auto& normalizer, const char* name) {
      auto weights = x;
      normalizer.forward(weights);
      ASSERT_TRUE(weights.array().isNaN().all()) << name << ": " << x.size() << " scores, NaN at " << at;
    };
    expect(heed::Softmax(), "softmax");
    expect(heed::Sparsemax(), "sparsemax");
    expect(heed::Entmax15(), "1.5-entmax");
    expect(heed::TemperatureSoftmax(3), "softmax with temperature");
  });
}

TYPED_TEST(Nan, MakesEveryOnlineSoftmaxResultNaN) {
  using S = TypeParam;
  const Matrix<S> values = Matrix<S>::Ones(600, 37);
  this->for_each_column([&](const auto& x, Index at) {
    Vector<S> weights(x.size()), sum(values.rows());
    const heed::detail::Columns<const S> columns = columns_of(values);
    heed::detail::OnlineSoftmax<S>::run(
        values.rows(), x.size(), 1, [&](Index j, Index) { return columns.from(j); }, 0, columns_of(weights),
        columns_of(sum), [&](Index j, Index width, Index, Index) { weights.segment(j, width) = x.segment(j, width); });
    ASSERT_TRUE(weights.array().isNaN().all()) << x.size() << " scores, NaN at " << at;
    ASSERT_TRUE(sum.array().isNaN().all()) << x.size() << " scores, NaN at " << at;
  });
}

TYPED_TEST(Nan, MakesTheCrossEntropyNaN) {
  using S = TypeParam;
  this->for_each_column([](const auto& x, Index at) {
    for (const S smoothing : {S(0), S(0.1)}) {
      Matrix<S> logits = x;
      ASSERT_TRUE(std::isnan(heed::softmax_cross_entropy<S>(logits, std::vector<Token>{0}, smoothing)))
          << x.size() << " logits, NaN at " << at;
    }
  });
}

TYPED_TEST(Nan, IsRejectedBySearch) {
  using S = TypeParam;
  this->for_each_column([](const auto& x, Index at) {
    const auto where = [] { return std::string("here"); };
    ASSERT_EQ(refusal([&] { heed::detail::logit_offset<S>(x.data(), x.size(), 0, where); }),
              "here: the model's logits are not finite (NaN or +inf)")
        << x.size() << " logits, NaN at " << at;
  });
}

}  // namespace nan_test
