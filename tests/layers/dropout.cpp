#include <heed/layers/dropout.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>

using heed::Dropout;
using heed::Matrix;
using heed::Random;

TEST(Dropout, InInferenceDoesNothing) {
  Matrix<float> x = Matrix<float>::Ones(3, 5), mask = Matrix<float>::Constant(3, 5, 99), d = x;
  Dropout<float>(0.5f).forward(nullptr, x, mask);
  EXPECT_EQ(x, (Matrix<float>::Ones(3, 5)));
  Dropout<float>(0.5f).backward(nullptr, mask, d);
  EXPECT_EQ(d, (Matrix<float>::Ones(3, 5)));
}

TEST(Dropout, AtRateZeroDrawsNothing) {
  Random random(1), untouched(1);
  Matrix<float> x = Matrix<float>::Ones(3, 5), mask = Matrix<float>::Constant(3, 5, 99), d = x;
  Dropout<float>().forward(&random, x, mask);
  Dropout<float>().backward(&random, mask, d);
  EXPECT_EQ(x, (Matrix<float>::Ones(3, 5)));
  EXPECT_EQ(d, (Matrix<float>::Ones(3, 5)));
  EXPECT_EQ(random.bits(), untouched.bits());
}

TEST(Dropout, KeepsTheExpectation) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    Random random(2);
    Matrix<double> x = Matrix<double>::Constant(100, 1000, 3), mask(100, 1000);
    Dropout<double>(rate).forward(&random, x, mask);
    const double dropped = static_cast<double>((x.array() == 0).count()) / 1e5;
    EXPECT_NEAR(dropped, rate, 0.005);
    EXPECT_NEAR(x.mean(), 3, 0.1);
    EXPECT_EQ(((x.array() == 0) || (x.array() == 3 * (1 / (1 - rate)))).count(), 100000)
        << "zero or scaled, nothing else";
    EXPECT_EQ(x, 3 * mask);
  }
}

TEST(Dropout, DrawsEveryNumberOnItsOwn) {
  Random random(3);
  Matrix<double> x = Matrix<double>::Ones(2, 50000), mask(2, 50000);
  Dropout<double>(0.5).forward(&random, x, mask);
  const double both = static_cast<double>((x.colwise().sum().array() == 4).count());  // the two of one draw of bits
  EXPECT_NEAR(both, 12500, 400);
}

TEST(Dropout, GivesTheSameMaskEverywhere) {
  Random random(1);
  Matrix<double> x = Matrix<double>::Ones(3, 2), mask(3, 2);
  Dropout<double>(0.5).forward(&random, x, mask);
  // The halves of 10276022874973721191, 12617830178692664310 and 1402014269852334066, low half first, kept if >= 2^31.
  Matrix<double> expected(3, 2);
  for (const auto& [i, bits] : {std::pair<int, std::uint64_t>{0, 10276022874973721191u},
                                {1, 12617830178692664310u},
                                {2, 1402014269852334066u}}) {
    expected.data()[2 * i] = (bits & 0xffffffffu) < 0x80000000u ? 0 : 2;
    expected.data()[2 * i + 1] = (bits >> 32) < 0x80000000u ? 0 : 2;
  }
  EXPECT_EQ(mask, expected);
}

TEST(Dropout, BackwardUsesTheMaskOfForward) {
  Random random(4);
  const Dropout<double> dropout(0.3);
  Matrix<double> x = Matrix<double>::Ones(4, 6), mask(4, 6), d = Matrix<double>::Constant(4, 6, 5);
  dropout.forward(&random, x, mask);
  dropout.backward(&random, mask, d);
  EXPECT_EQ(d, 5 * mask);
}

TEST(Dropout, RefusesARateOutOfRange) {
  EXPECT_EQ(refusal([] { Dropout<double>(1); }), "Dropout: the rate must lie in [0, 1), not 1.000000");
  EXPECT_EQ(refusal([] { Dropout<float>(-0.5f); }), "Dropout: the rate must lie in [0, 1), not -0.500000");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(refusal([&] { Dropout<double>{nan}; }), "accepted");
  EXPECT_EQ(refusal([] { Dropout<double>(0); }), "accepted");
}
