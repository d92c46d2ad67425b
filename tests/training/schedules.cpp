#include <heed/training/schedules.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace schedules_test {

using heed::Index;

/// PyTorch's ReduceLROnPlateau.step, mode 'min', threshold_mode 'rel', cooldown 0, as its documentation states it.
struct Reference {
  double lr, factor, threshold;
  int patience;
  double best = HUGE_VAL;
  int bad_epochs = 0;

  void step(double metric) {
    if (metric < best * (1.0 - threshold)) {
      best = metric;
      bad_epochs = 0;
    } else {
      bad_epochs = bad_epochs + 1;
    }
    if (bad_epochs > patience) {
      const double old_lr = lr, new_lr = std::max(old_lr * factor, 0.0);
      if (old_lr - new_lr > 1e-8) lr = new_lr;
      bad_epochs = 0;
    }
  }
};

TEST(ConstantRate, IsConstant) {
  const heed::ConstantRate rate{0.25};
  EXPECT_EQ(rate(0), 0.25);
  EXPECT_EQ(rate(1'000'000), 0.25);
}

TEST(LinearRate, RisesAndFallsLinearly) {
  const heed::LinearRate rate{2, 1000, 0.1};
  EXPECT_NEAR(rate(0), 2 * 0.001 / 0.101, 1e-15);
  for (const Index n : {1, 50, 98}) EXPECT_NEAR(rate(n + 1) - rate(n), 2 * 0.001 / 0.101, 1e-14);
  EXPECT_EQ(rate(100), 2);
  for (const Index n : {100, 500, 999}) EXPECT_NEAR(rate(n) - rate(n + 1), 2.0 / 900, 1e-14);
  EXPECT_EQ(rate(1000), 0);
  EXPECT_EQ(rate(2000), 0) << "never below";
  EXPECT_EQ((heed::LinearRate{2, 1000, 0}(0)), 2) << "without a warm-up";
}

TEST(CosineRate, RisesLinearlyAndFallsAsCosine) {
  const heed::CosineRate rate{2, 1000, 0.1};
  EXPECT_EQ(rate(40), (heed::LinearRate{2, 1000, 0.1}(40)));
  EXPECT_EQ(rate(100), 2);
  EXPECT_NEAR(rate(400), 1.5, 1e-14);  // a third of the way: (1 + cos 60 degrees) / 2 of the peak
  EXPECT_NEAR(rate(550), 1, 1e-14);
  EXPECT_NEAR(rate(1000), 0, 1e-15);
  EXPECT_NEAR(rate(1500), 0, 1e-15) << "it does not rise again";
}

TEST(InverseSquareRootRate, MatchesPaper) {
  const double size = 512, updates = 4000;
  const heed::InverseSquareRootRate rate{.peak = std::pow(size * updates, -0.5), .warm_up_updates = updates};
  for (const Index n : {0, 1, 100, 3998, 3999, 4000, 5000, 100'000}) {
    const double step = static_cast<double>(n) + 1;
    const double expected = std::pow(size, -0.5) * std::min(std::pow(step, -0.5), step * std::pow(updates, -1.5));
    EXPECT_NEAR(rate(n), expected, 1e-12 * expected) << n;
  }
  EXPECT_NEAR(rate(3999), 7e-4, 1e-5) << "the maximum of the paper's model";
}

TEST(PlateauRate, MatchesPyTorch) {
  const std::vector<double> losses{5,   4,    4.5, 4.2, 3.9999, 3.9997, 3.9996, 3.9995, 3.99, 3.99,
                                   3.2, 3.19, 7,   7,   7,      7,      7,      3,      3,    3};
  for (const Index patience : {0, 1, 2, 5}) {
    heed::PlateauRate rate{.rate = 0.5, .factor = 0.3, .patience = patience};
    Reference reference{0.5, 0.3, 1e-4, static_cast<int>(patience)};
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < losses.size(); ++i) {
        rate.observe(losses[i]);
        reference.step(losses[i]);
        EXPECT_EQ(rate(static_cast<Index>(i)), reference.lr) << patience << ' ' << i;
      }
    }
    EXPECT_LT(rate(0), 0.5);
  }
}

TEST(PlateauRate, CountsLossesSinceTheBest) {
  heed::PlateauRate rate{.rate = 1, .factor = 0.5, .patience = 2};
  for (const double loss : {3.0, 3.0, 3.0}) rate.observe(loss);
  EXPECT_EQ(rate(0), 1);
  rate.observe(2.9999);  // by less than the threshold
  EXPECT_EQ(rate(0), 0.5);
  for (const double loss : {3.0, 3.0, 2.0, 2.0, 2.0}) rate.observe(loss);
  EXPECT_EQ(rate(0), 0.5) << "a better loss resets the count";
  rate.observe(2.0);
  EXPECT_EQ(rate(0), 0.25);
}

TEST(LinearForcing, ReachesMinimumAtTheEnd) {
  const heed::LinearForcing forcing{0.25, 100};
  EXPECT_EQ(forcing(0), 1);
  EXPECT_EQ(forcing(50), 0.625);
  EXPECT_EQ(forcing(100), 0.25);
  EXPECT_EQ(forcing(200), 0.25);
}

TEST(ExponentialForcing, DecaysExponentiallyToMinimum) {
  const heed::ExponentialForcing forcing{0.1, 0.5};
  EXPECT_EQ(forcing(0), 1);
  EXPECT_EQ(forcing(3), 0.125);
  EXPECT_EQ(forcing(4), 0.1);
}

TEST(InverseSigmoidForcing, MatchesPaper) {
  const heed::InverseSigmoidForcing forcing{0, 50};
  for (const Index n : {0, 10, 200, 300, 1000}) {
    const long double i = static_cast<long double>(n), expected = 50 / (50 + std::exp(i / 50));
    EXPECT_NEAR(forcing(n), static_cast<double>(expected), 1e-15);
  }
  EXPECT_EQ(forcing(1'000'000), 0) << "an intermediate overflow gives 0";
  EXPECT_EQ((heed::InverseSigmoidForcing{0.3, 50}(1000)), 0.3);
}

TEST(Schedules, ErrorsNameTheSetting) {
  EXPECT_EQ(refusal([] { heed::LinearForcing{.minimum = 2}(0); }),
            "LinearForcing: the minimum must be in [0, 1], got 2");
  EXPECT_EQ(refusal([] { heed::ExponentialForcing{.minimum = -1}(0); }),
            "ExponentialForcing: the minimum must be in [0, 1], got -1");
  EXPECT_EQ(refusal([] { heed::ExponentialForcing{.k = 1}(0); }), "ExponentialForcing: the k must be in [0, 1), got 1");
  EXPECT_EQ(refusal([] { heed::InverseSigmoidForcing{.minimum = 2}(0); }),
            "InverseSigmoidForcing: the minimum must be in [0, 1], got 2");
  EXPECT_EQ(refusal([] { heed::InverseSquareRootRate{.warm_up_updates = 0}(0); }),
            "InverseSquareRootRate: the number of warm-up updates must be finite and above 0, got 0");
}

}  // namespace schedules_test
