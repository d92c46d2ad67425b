#include <heed/training/moving_average.hpp>

#include <heed/layers/linear.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace moving_average_test {

using Model = heed::Linear<double>;

Model random_model(std::uint64_t seed) {
  heed::Random random(seed);
  Model model(3, 2);
  randomize(model, random);
  return model;
}

TEST(MovingAverage, MatchesExponentiallyWeightedMean) {
  for (const double decay : {0.0, 0.5, 0.9, 0.999}) {
    heed::MovingAverage<Model> average(random_model(1), decay);
    Model sum = heed::zeros_like(average.model);
    double weights = 0;
    for (std::uint64_t t = 1; t <= 20; ++t) {
      average.update(random_model(t));
      heed::scale(sum, decay);
      heed::add(random_model(t), sum);
      weights = decay * weights + 1;
      Model expected = sum;
      heed::scale(expected, 1 / weights);
      EXPECT_LE(part_difference(average.model, expected), 1e-14) << decay << ' ' << t;
    }
    EXPECT_EQ(average.updates, 20);
  }
}

TEST(MovingAverage, StartsFromTheFirstModel) {
  heed::MovingAverage<Model> average(random_model(1), 0.99);
  EXPECT_EQ(part_difference(average.model, random_model(1)), 0);
  average.update(random_model(2));
  EXPECT_LE(part_difference(average.model, random_model(2)), 1e-16);
}

TEST(MovingAverage, RejectsDecayOutOfRange) {
  const auto error_of = [](double decay) {
    return refusal([&] { heed::MovingAverage<Model>(random_model(1), decay); });
  };
  EXPECT_EQ(error_of(0), "accepted");
  EXPECT_EQ(error_of(1), "MovingAverage: the decay must be in [0, 1), got 1");
  EXPECT_EQ(error_of(-0.5), "MovingAverage: the decay must be in [0, 1), got -0.5");
  EXPECT_NE(error_of(std::numeric_limits<double>::quiet_NaN()), "accepted");
}

}  // namespace moving_average_test
