#pragma once

#include "support/checkpoints.hpp"

#include <heed/io/translator.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

namespace examples {

/// How a translator is trained. What is not given has a default that depends on the rest.
struct TrainingOptions : CheckpointOptions {
  int epochs = 10;
  heed::Index batch = 64;
  heed::Index accumulate = 1;  ///< batches that one update adds up
  double rate = 2e-3;          ///< Adam's, at its highest
  std::string schedule = "linear";
  std::optional<heed::Index> warm_up;   ///< updates
  std::optional<heed::Index> patience;  ///< plateau's: epochs that may be no better
  std::optional<double> rate_factor;    ///< plateau's
  double weight_decay = 0;
  double clip = 1, label_smoothing = 0;
  double coverage_loss = 0, doubly_stochastic = 0;  ///< how much losses of where was looked count
  double average = 0;                               ///< decay of the moving average of the parameters; 0: none
  double teacher_forcing = 1;                       ///< the least, where it has a schedule
  std::string forcing_schedule = "constant";
  std::optional<double> forcing_k;  ///< inverse-sigmoid's
  std::string sampled_token = "argmax";
  int threads = 1;
  std::uint64_t seed = 1;

  /// Throws where an option was given that the others leave without a meaning.
  void check(bool has_dev) const {
    const bool plateau = schedule == "plateau", sigmoid = forcing_schedule == "inverse-sigmoid";
    heed::require(!plateau || has_dev, "--schedule plateau follows the loss on dev data: give --dev");
    heed::require(!warm_up || (!plateau && schedule != "constant"),
                  [&] { return "--schedule " + schedule + " has no --warmup: linear, cosine and inverse-sqrt have"; });
    heed::require(plateau || (!patience && !rate_factor),
                  [&] { return "--schedule " + schedule + " has no --patience and --rate-factor: plateau has"; });
    heed::require(forcing_schedule == "constant" || teacher_forcing < 1, [&] {
      return "--forcing-schedule " + forcing_schedule + " falls to --teacher-forcing: give one below 1";
    });
    heed::require(sigmoid == forcing_k.has_value(), [&] {
      return sigmoid ? std::string("--forcing-schedule inverse-sigmoid needs --forcing-k")
                     : "--forcing-schedule " + forcing_schedule + " has no --forcing-k: inverse-sigmoid has";
    });
  }
};

/// A number for every update.
using Schedule = std::function<double(heed::Index)>;

/// The learning rate over a run of so many updates. Plateau's begins as a constant; who trains follows the dev loss.
inline Schedule rate_schedule(const TrainingOptions& options, double updates) {
  const auto warm_up = static_cast<double>(options.warm_up.value_or(0));
  if (options.schedule == "inverse-sqrt") {
    return heed::InverseSquareRootRate{options.rate, options.warm_up ? std::max(1.0, warm_up) : 4000};
  }
  heed::require(warm_up < updates, [&] {
    return "--warmup is " + std::to_string(*options.warm_up) + ", but the run has only " +
           heed::detail::field_text(updates) + " updates";
  });
  const double share = options.warm_up ? warm_up / updates : 0.02;
  if (options.schedule == "linear") return heed::LinearRate{options.rate, updates, share};
  if (options.schedule == "cosine") return heed::CosineRate{options.rate, updates, share};
  return heed::ConstantRate{options.rate};
}

/// How often a step is fed the right word, over a run of so many updates.
inline Schedule forcing_schedule(const TrainingOptions& options, double updates) {
  const double least = options.teacher_forcing;
  if (options.forcing_schedule == "linear") return heed::LinearForcing{least, updates};
  if (options.forcing_schedule == "inverse-sigmoid") return heed::InverseSigmoidForcing{least, *options.forcing_k};
  return [least](heed::Index) { return least; };
}

}  // namespace examples
