#include <heed/training/moving_average.hpp>

#include <heed/layers/linear.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace moving_average_test {

using Model = heed::Linear<double>;

Model random_part(std::uint64_t seed) {
  heed::Random random(seed);
  Model part(3, 2);
  randomize(part, random);
  return part;
}

TEST(MovingAverage, WeighsModelsByTheirAge) {
  for (const double decay : {0.0, 0.5, 0.9, 0.999}) {
    heed::MovingAverage<Model> average(random_part(1), decay);
    Model sum = heed::zeros_like(average.model);
    double weights = 0;
    for (std::uint64_t t = 1; t <= 20; ++t) {
      average.update(random_part(t));
      heed::scale(sum, decay);
      heed::add(random_part(t), sum);
      weights = decay * weights + 1;
      Model expected = sum;
      heed::scale(expected, 1 / weights);
      EXPECT_LE(part_difference(average.model, expected), 1e-14) << decay << ' ' << t;
    }
    EXPECT_EQ(average.updates, 20);
  }
}

TEST(MovingAverage, BeginsWithTheFirstModelItSees) {
  heed::MovingAverage<Model> average(random_part(1), 0.99);
  EXPECT_EQ(part_difference(average.model, random_part(1)), 0);
  average.update(random_part(2));
  EXPECT_LE(part_difference(average.model, random_part(2)), 1e-16);
}

TEST(MovingAverage, RefusesADecayOutOfRange) {
  const auto refused = [](double decay) { return refusal([&] { heed::MovingAverage<Model>(random_part(1), decay); }); };
  EXPECT_EQ(refused(0), "accepted");
  EXPECT_EQ(refused(1), "MovingAverage: the decay must be in [0, 1), got 1");
  EXPECT_EQ(refused(-0.5), "MovingAverage: the decay must be in [0, 1), got -0.5");
  EXPECT_NE(refused(std::numeric_limits<double>::quiet_NaN()), "accepted");
}

}  // namespace moving_average_test
