#include <heed/maxout_readout.hpp>

#include "support/readout_runs.hpp"

#include <algorithm>

using Trial = ReadoutTrial<heed::MaxoutReadout<double>>;

TEST(MaxoutReadout, TakesTheLargerOfEveryTwo) {
  const Trial trial;
  EXPECT_EQ(trial.readout.output_size(), 5);
  EXPECT_LE(trial.distance_from([&](heed::Index k, heed::Index j) {
    return std::max(trial.projected(2 * k, j), trial.projected(2 * k + 1, j));
  }),
            1e-15);
}

TEST(MaxoutReadout, GradientsAgreeWithCentralDifferencesAndAreAddedTo) { Trial().expect_gradients(10 * 10 + 9 * 6); }
