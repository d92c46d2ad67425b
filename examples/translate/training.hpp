#pragma once

#include "support/progress.hpp"
#include "translate/corpus.hpp"
#include "translate/recipe.hpp"
#include "translate/run_state.hpp"

#include <heed/training/trainer.hpp>
#include <heed/training/word_dropout.hpp>

#include <chrono>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace examples {

struct TrainingResult {
  double seconds = 0;                                         ///< spent on updates and dev data in this session
  double best_dev = std::numeric_limits<double>::infinity();  ///< mean loss per word
  bool interrupted = false;
};

/// Trains a translator and keeps the model with the lowest dev loss. A run can be interrupted or killed at any time and
/// resumed later. If the parameters are averaged, the averaged model is evaluated and kept. Compiled once for all
/// programs.
///
/// The file `SAVE.training`, next to the model, holds the state that resuming needs, including the best model. The
/// order of the batches, the dropout masks and the inputs of scheduled sampling depend only on the seed, the epoch and
/// the update, so a resumed run ends with the same bits as an uninterrupted run.
///
/// The end of an epoch saves the model first, then the state. A kill between them leaves a state one epoch older than
/// the model. When that run is resumed, the epoch ends with the same model again, so the model on disk never gets
/// worse.
class Training {
 public:
  Training(heed::Translator& translator, const std::vector<heed::SentencePair>& train,
           const std::vector<heed::SentencePair>& dev, TrainingOptions options);

  static constexpr heed::Index plateau_patience = 1;
  static constexpr double plateau_factor = 0.5;

  TrainingResult run(Progress& progress);

 private:
  using Model = heed::TranslationModel<float>;

  heed::Trainer<Model>::Update update_on(const std::vector<std::vector<heed::Index>>& batches, std::uint64_t number);
  const Model& evaluated_model() const;
  void end_epoch(Progress& progress, double train_loss);
  void save_best();
  TrainingResult finish(TrainingResult result, std::chrono::steady_clock::time_point start);
  std::string settings() const;
  RunState state();
  void save_state();
  void load_state(std::size_t updates_per_epoch);

  heed::Translator& translator_;
  EncodedPairs train_, dev_;
  TrainingOptions options_;
  Checkpoints checkpoints_;
  heed::Trainer<Model> trainer_;
  heed::WordDropout word_dropout_;
  std::optional<heed::MovingAverage<Model>> average_;
  heed::PlateauRate plateau_;
  heed::Translator best_;
  double best_dev_ = std::numeric_limits<double>::infinity();
  int epoch_ = 0;
  std::size_t next_update_ = 0;  ///< index in the epoch
  bool best_saved_ = false;      ///< by this session
};

}  // namespace examples
