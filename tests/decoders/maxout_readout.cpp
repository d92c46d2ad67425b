#include <heed/decoders/maxout_readout.hpp>

#include "support/readout_runs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace maxout_readout_test {

using Trial = ReadoutTrial<heed::MaxoutReadout<double>>;

TEST(MaxoutReadout, ComputesMaximumOfPairs) {
  const Trial trial;
  EXPECT_EQ(trial.readout.output_size(), 5);
  EXPECT_LE(trial.distance_from([&](heed::Index k, heed::Index j) {
    return std::max(trial.projected(2 * k, j), trial.projected(2 * k + 1, j));
  }),
            1e-15);
}

TEST(MaxoutReadout, PropagatesNaN) {
  for (heed::Index row = 0; row < 2; ++row) {
    Trial trial;
    trial.readout.b(row) = std::numeric_limits<double>::quiet_NaN();
    trial.loss();
    for (heed::Index j = 0; j < trial.features.cols(); ++j) {
      EXPECT_TRUE(std::isnan(trial.features(0, j))) << row;
      EXPECT_FALSE(std::isnan(trial.features(1, j))) << row;
    }
  }
}

TEST(MaxoutReadout, GradientsMatchDifferencesAndAccumulate) { Trial().expect_gradients(10 * 10 + 9 * 6); }

}  // namespace maxout_readout_test
