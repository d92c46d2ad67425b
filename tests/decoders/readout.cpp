#include <heed/decoders/readout.hpp>

#include "support/readout_runs.hpp"

#include <cmath>

namespace readout_test {

using Trial = ReadoutTrial<heed::Readout<double>>;

TEST(Readout, ConcatenatesStateContextAndWord) {
  const Trial trial;
  EXPECT_EQ(trial.readout.output_size(), 5);
  EXPECT_LE(trial.distance_from([&](heed::Index k, heed::Index j) { return std::tanh(trial.projected(k, j)); }), 1e-15);
}

TEST(Readout, GradientsMatchDifferencesAndAccumulate) { Trial().expect_gradients(5 * 10 + 9 * 6); }

}  // namespace readout_test
