#include <heed/normalizers/temperature.hpp>

#include <heed/attention/attention.hpp>
#include <heed/normalizers/softmax.hpp>
#include <heed/scorers/general.hpp>

#include "support/numbers.hpp"
#include "support/prepacked.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace temperature_test {

using heed::Matrix;
using heed::TemperatureSoftmax;

TEST(TemperatureSoftmax, IsBitwiseEqualToSoftmaxAtOne) {
  heed::Random random(251);
  Matrix<float> scores = random_matrix<float>(37, 3, random, 5), d = random_matrix<float>(37, 3, random);
  Matrix<float> expected = scores, expected_d = d;
  TemperatureSoftmax().forward(scores);
  heed::Softmax().forward(expected);
  EXPECT_EQ(scores, expected);
  TemperatureSoftmax().backward(scores, d);
  heed::Softmax().backward(expected, expected_d);
  EXPECT_EQ(d, expected_d);
}

TEST(TemperatureSoftmax, MatchesEquation1) {
  Matrix<double> x(2, 1);
  x << 0, 3 * std::log(4.0);
  TemperatureSoftmax(3).forward(x);
  EXPECT_LE(difference(x, (Matrix<double>(2, 1) << 0.2, 0.8).finished()), 1e-15);
}

TEST(TemperatureSoftmax, SupportsExtremeTemperatures) {
  Matrix<float> cold(3, 1), hot(3, 1);
  cold << 1e30f, -2, 3;
  hot << 1, -2, 3;
  TemperatureSoftmax(1e-20).forward(cold);
  TemperatureSoftmax(1e9).forward(hot);
  EXPECT_EQ(cold, (Matrix<float>(3, 1) << 1, 0, 0).finished());
  EXPECT_LE(difference(hot, Matrix<float>::Constant(3, 1, 1.0f / 3)), 1e-7);
}

TEST(TemperatureSoftmax, RejectsInvalidTemperature) {
  EXPECT_EQ(refusal([] { TemperatureSoftmax(0.01); }), "accepted");
  EXPECT_EQ(refusal([] { TemperatureSoftmax(0); }),
            "TemperatureSoftmax: the temperature must be above 0 and finite, got 0.000000");
  for (const double bad :
       {-1.0, 1e-50, 1e50, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_NE(refusal([&] { (void)TemperatureSoftmax(bad); }), "accepted") << bad;
  }
}

TEST(TemperatureSoftmax, VisitsTemperatureAsSetting) {
  std::vector<std::string> names;
  const TemperatureSoftmax normalizer(2);
  TemperatureSoftmax::visit_parameters(
      [&](std::string_view name, double temperature) {
        names.emplace_back(name);
        EXPECT_EQ(temperature, 2);
      },
      normalizer);
  EXPECT_EQ(names, std::vector<std::string>{"temperature"});
}

TEST(TemperatureSoftmax, PackingPreservesTemperature) {
  const heed::Attention<heed::GeneralScorer<float>, TemperatureSoftmax> attention{heed::GeneralScorer<float>(3, 4),
                                                                                  TemperatureSoftmax(2)};
  EXPECT_EQ(prepacked(attention).normalizer.temperature, 2);
}

}  // namespace temperature_test
