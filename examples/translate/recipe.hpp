#pragma once

#include "support/checkpoints.hpp"

#include <heed/io/translator.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace examples {

/// The training options of a translator. The default of an option without a value depends on the other options.
struct TrainingOptions : CheckpointOptions {
  int epochs = 10;
  heed::Index batch = 64;
  heed::Index batch_words = 0;  ///< target words per batch; 0: `batch` sentences per batch
  heed::Index accumulate = 1;   ///< batches per update
  double rate = 2e-3;           ///< peak learning rate of Adam
  std::string schedule = "linear";
  std::optional<heed::Index> warm_up;   ///< updates
  std::optional<heed::Index> patience;  ///< plateau: tolerated epochs without improvement
  std::optional<double> rate_factor;    ///< plateau: factor of the rate
  double weight_decay = 0;
  double clip = 1, label_smoothing = 0;
  double coverage_loss = 0, doubly_stochastic = 0;  ///< weights of the attention losses
  double guided_alignment = 0;                      ///< weight of the guided alignment loss
  double word_dropout = 0;                          ///< rate of heed::WordDropout
  double subword_sampling = 0;                      ///< the `sampling` of `Subwords::split`
  std::string data_cache;                           ///< folder for temporary files with the tokens; empty: in memory
  double average = 0;                               ///< decay of the moving average of the parameters; 0: none
  double teacher_forcing = 1;                       ///< probability; with a schedule, its minimum
  std::string forcing_schedule = "constant";
  std::optional<double> forcing_k;  ///< k of inverse-sigmoid
  std::string sampled_token = "argmax";
  std::string dev_metric = "loss";    ///< selects the best model: loss or bleu
  std::optional<int> early_stopping;  ///< epochs without improvement after which training stops
  int average_best = 1;               ///< number of best models whose parameters are averaged at the end
  std::string log, report;            ///< paths; empty: not written
  long log_every = 100;               ///< updates per record of the log
  int threads = 1;
  std::uint64_t seed = 1;

  /// Throws heed::Error if an option has no effect with the other options.
  void check(bool has_dev) const {
    const bool plateau = schedule == "plateau", sigmoid = forcing_schedule == "inverse-sigmoid";
    heed::require(!plateau || has_dev, "--schedule plateau needs dev data; give --dev");
    heed::require(!warm_up || (!plateau && schedule != "constant"),
                  [&] { return "--schedule " + schedule + " has no --warmup; use linear, cosine or inverse-sqrt"; });
    heed::require(has_dev || (dev_metric == "loss" && !early_stopping),
                  "--dev-metric bleu and --early-stopping need dev data; give --dev");
    heed::require(plateau || (!patience && !rate_factor), [&] {
      return "--schedule " + schedule + " has no --patience and --learning-rate-decay; use plateau";
    });
    heed::require(forcing_schedule == "constant" || teacher_forcing < 1, [&] {
      return "--forcing-schedule " + forcing_schedule + " falls to --teacher-forcing, which must be below 1";
    });
    heed::require(sigmoid == forcing_k.has_value(), [&] {
      return sigmoid ? std::string("--forcing-schedule inverse-sigmoid needs --forcing-k")
                     : "--forcing-schedule " + forcing_schedule + " has no --forcing-k; use inverse-sigmoid";
    });
  }
};

/// The files that a run writes. `model` is the name of the model file in messages.
inline std::vector<NamedFile> written_files(const TrainingOptions& options, const std::string& model) {
  std::vector<NamedFile> files = saved_files(options, model);
  if (!options.log.empty()) files.push_back({"--log", options.log});
  if (!options.report.empty()) files.push_back({"--report", options.report});
  return files;
}

/// A value for every update number.
using Schedule = std::function<double(heed::Index)>;

/// The learning rate over a run of `updates` updates. For plateau it is constant; `Training` uses heed::PlateauRate
/// instead.
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

/// The teacher-forcing probability over a run of `updates` updates.
inline Schedule forcing_schedule(const TrainingOptions& options, double updates) {
  const double least = options.teacher_forcing;
  if (options.forcing_schedule == "linear") return heed::LinearForcing{least, updates};
  if (options.forcing_schedule == "inverse-sigmoid") return heed::InverseSigmoidForcing{least, *options.forcing_k};
  return [least](heed::Index) { return least; };
}

}  // namespace examples
