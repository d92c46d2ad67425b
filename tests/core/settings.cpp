#include <heed/core/settings.hpp>

#include <heed/layers/linear.hpp>
#include <heed/training/moving_average.hpp>
#include <heed/training/optimizers.hpp>
#include <heed/training/schedules.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace settings_test {

using Part = heed::Linear<double>;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Checks that the constructor rejects every value of `bad`, and that an update with an assigned bad value throws and
/// changes no parameter. Values of `good` are accepted.
template <class Optimizer, class Make>
void expect_checked(const Make& make, double Optimizer::*member, const std::vector<double>& good,
                    const std::vector<double>& bad) {
  Part grad(2, 2);
  grad.W.edit().setOnes();
  for (const double value : good) {
    Part part(2, 2);
    EXPECT_EQ(refusal([&] { make(part, value).update(part, grad); }), "accepted") << value;
  }
  for (const double value : bad) {
    Part part(2, 2);
    EXPECT_NE(refusal([&] { make(part, value); }), "accepted") << value;
    Optimizer optimizer(part);
    optimizer.*member = value;
    EXPECT_NE(refusal([&] { optimizer.update(part, grad); }), "accepted") << value;
    EXPECT_NE(refusal([&] { optimizer.begin_update(); }), "accepted") << value;
    EXPECT_TRUE(part.W.values().isZero());
  }
}

TEST(Sgd, RejectsSettingsOutOfRange) {
  using Optimizer = heed::Sgd<Part>;
  const auto with_rate = [](const Part& part, double x) { return Optimizer(part, x); };
  const auto with_momentum = [](const Part& part, double x) { return Optimizer(part, 0.1, x); };
  expect_checked(with_rate, &Optimizer::rate, {0, 1e-300, 10}, {not_a_number, infinity, -infinity, -1e-9});
  expect_checked(with_momentum, &Optimizer::momentum, {0, 0.9}, {not_a_number, infinity, -0.1});
  const Part part(2, 2);
  EXPECT_EQ(refusal([&] { Optimizer(part, not_a_number); }),
            "Sgd: the learning rate must be finite and 0 or more, got nan");
}

TEST(Adam, RejectsSettingsOutOfRange) {
  using Optimizer = heed::Adam<Part>;
  const auto with_rate = [](const Part& part, double x) { return Optimizer(part, x); };
  const auto with_beta1 = [](const Part& part, double x) { return Optimizer(part, 0.1, x); };
  const auto with_beta2 = [](const Part& part, double x) { return Optimizer(part, 0.1, 0.9, x); };
  const auto with_epsilon = [](const Part& part, double x) { return Optimizer(part, 0.1, 0.9, 0.999, x); };
  const auto with_decay = [](const Part& part, double x) { return Optimizer(part, 0.1, 0.9, 0.999, 1e-8, x); };
  expect_checked(with_rate, &Optimizer::rate, {0, 1}, {not_a_number, infinity, -1e-9});
  expect_checked(with_beta1, &Optimizer::beta1, {0, 0.5}, {not_a_number, 1, -0.1, infinity});
  expect_checked(with_beta2, &Optimizer::beta2, {0, 0.5}, {not_a_number, 1, -0.1, infinity});
  expect_checked(with_epsilon, &Optimizer::epsilon, {0, 1e-8}, {not_a_number, infinity, -1e-8});
  expect_checked(with_decay, &Optimizer::decay, {0, 0.01}, {not_a_number, infinity, -0.01});
}

TEST(Adam, DoesNotCountRejectedUpdates) {
  const Part part(2, 2);
  heed::Adam<Part> optimizer(part);
  optimizer.rate = not_a_number;
  EXPECT_NE(refusal([&] { optimizer.begin_update(); }), "accepted");
  EXPECT_EQ(optimizer.updates, 0);
}

TEST(Adadelta, RejectsSettingsOutOfRange) {
  using Optimizer = heed::Adadelta<Part>;
  const auto with_rate = [](const Part& part, double x) { return Optimizer(part, x); };
  const auto with_rho = [](const Part& part, double x) { return Optimizer(part, 1, x); };
  const auto with_epsilon = [](const Part& part, double x) { return Optimizer(part, 1, 0.95, x); };
  expect_checked(with_rate, &Optimizer::rate, {0, 1}, {not_a_number, infinity, -1e-9});
  expect_checked(with_rho, &Optimizer::rho, {0, 0.5}, {not_a_number, 1, -0.1, infinity});
  expect_checked(with_epsilon, &Optimizer::epsilon, {1e-6}, {not_a_number, infinity, -1e-8});
}

TEST(MovingAverage, RejectsAssignedDecayOutOfRange) {
  Part part(2, 2);
  heed::MovingAverage<Part> average(part);
  for (const double decay : {not_a_number, 1.0, -0.1, infinity}) {
    average.decay = decay;
    EXPECT_NE(refusal([&] { average.update(part); }), "accepted") << decay;
  }
  EXPECT_EQ(average.updates, 0);
}

TEST(ClipByGlobalNorm, RejectsInvalidMaximum) {
  Part grad(2, 2);
  for (const double maximum : {not_a_number, -1.0, infinity}) {
    EXPECT_NE(refusal([&] { heed::clip_by_global_norm(grad, maximum); }), "accepted") << maximum;
  }
  EXPECT_EQ(heed::clip_by_global_norm(grad, 0), 0);
}

TEST(Schedules, RejectSettingsOutOfRange) {
  const std::vector<std::function<void()>> wrong{
      [] { heed::ConstantRate{not_a_number}(0); },
      [] { heed::ConstantRate{-1}(0); },
      [] {
        heed::LinearRate{infinity, 10}(0);
      },
      [] {
        heed::LinearRate{1, 0}(0);
      },
      [] {
        heed::LinearRate{1, not_a_number}(0);
      },
      [] {
        heed::LinearRate{1, 10, 1}(0);
      },
      [] {
        heed::LinearRate{1, 10, not_a_number}(0);
      },
      [] {
        heed::CosineRate{not_a_number, 10}(0);
      },
      [] {
        heed::CosineRate{1, -1}(0);
      },
      [] {
        heed::CosineRate{1, 10, -0.1}(0);
      },
      [] { heed::InverseSquareRootRate{not_a_number}(0); },
      [] {
        heed::InverseSquareRootRate{1, 0}(0);
      },
      [] {
        heed::InverseSquareRootRate{1, infinity}(0);
      },
      [] { heed::PlateauRate{not_a_number}(0); },
      [] {
        heed::PlateauRate{1, not_a_number}.observe(1);
      },
      [] {
        heed::PlateauRate{1, 0.1, not_a_number}.observe(1);
      },
      [] {
        heed::LinearForcing{not_a_number, 10}(0);
      },
      [] {
        heed::LinearForcing{1.5, 10}(0);
      },
      [] {
        heed::LinearForcing{0, 0}(0);
      },
      [] { heed::ExponentialForcing{-0.5}(0); },
      [] {
        heed::ExponentialForcing{0, 1.5}(0);
      },
      [] {
        heed::ExponentialForcing{0, not_a_number}(0);
      },
      [] {
        heed::InverseSigmoidForcing{0, 0.5}(0);
      },
      [] {
        heed::InverseSigmoidForcing{0, not_a_number}(0);
      },
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) EXPECT_NE(refusal(wrong[i]), "accepted") << i;
}

}  // namespace settings_test
