#include <heed/decoders/deep_output.hpp>

#include "support/readout_runs.hpp"
#include "support/refusal.hpp"

namespace deep_output_test {

using Trial = ReadoutTrial<heed::DeepOutput<double>, 5>;

TEST(DeepOutput, MatchesEquation7) {
  const Trial trial;
  EXPECT_EQ(trial.readout.output_size(), 5);
  EXPECT_LE(trial.distance_from([&](heed::Index k, heed::Index j) {
    return static_cast<oracle::Real>(trial.x(k, j)) +
           oracle::affine(trial.readout.L_h, 0, oracle::column(trial.s, j), oracle::no_bias(), k) +
           oracle::affine(trial.readout.L_z, 0, oracle::column(trial.c, j), oracle::no_bias(), k);
  }),
            1e-15);
}

TEST(DeepOutput, GradientsMatchDifferencesAndAccumulate) { Trial().expect_gradients(5 * (3 + 4) + (3 + 4 + 5) * 6); }

TEST(DeepOutput, RejectsWordSizeUnequalToFeatureSize) {
  EXPECT_EQ(refusal([] {
              heed::DeepOutput<double>({.hidden_size = 3, .context_size = 4, .word_size = 2, .feature_size = 5});
            }),
            "DeepOutput: word_size must equal feature_size, 5, got 2");
}

}  // namespace deep_output_test
