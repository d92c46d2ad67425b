#pragma once

#include "support/processes.hpp"
#include "support/progress.hpp"
#include "translate/corpus.hpp"
#include "translate/recipe.hpp"
#include "translate/run_state.hpp"
#include "translate/training_log.hpp"

#include <heed/training/trainer.hpp>
#include <heed/training/word_dropout.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace examples {

struct TrainingResult {
  double seconds = 0;  ///< spent on updates and dev data in this session
  bool interrupted = false;
};

/// Trains a translator and keeps the model that is best on the dev data. A run can be interrupted or killed at any time
/// and resumed later. With a moving average of the parameters, the averaged model is evaluated and kept. Compiled once
/// for all programs.
///
/// The file `SAVE.training`, next to the model, holds the state that resuming needs, including the best models. The
/// order of the batches, the dropout masks and the inputs of scheduled sampling depend only on the seed, the epoch and
/// the update, so a resumed run ends with the same bits as an uninterrupted run.
///
/// The end of an epoch saves the model first, then the state. A kill between them leaves a state one epoch older than
/// the model. When that run is resumed, the epoch ends with the same model again, so the model on disk never gets
/// worse.
///
/// With several processes (`Processes`), each computes its share of every update, and a batch has --batch-size
/// sentences for each process. Only the main process writes files. A run can be resumed by another number of processes:
/// batches keep their size.
class Training {
 public:
  Training(heed::Translator& translator, PairData train, const std::vector<heed::SentencePair>& dev,
           TrainingOptions options);

  /// The number of training pairs.
  std::size_t pairs() const { return train_.size(); }

  static constexpr heed::Index plateau_patience = 1;
  static constexpr double plateau_factor = 0.5;

  TrainingResult run(Progress& progress);

 private:
  using Model = heed::TranslationModel<float>;
  using Trainer = heed::Trainer<Model, heed::Adam<Model>, Processes>;
  using Batches = std::vector<std::vector<heed::Index>>;

  EncodedPairs::Options encoding(double sampling) const;
  void sample_subwords(int epoch);
  Batches batches_of_epoch(int epoch) const;
  std::size_t updates_of_epoch(int epoch) const;
  void require_equal_processes() const;
  Trainer::Update update_on(const Batches& batches, std::uint64_t number);
  void log_update(const Trainer::Update& update, double seconds);
  void write_update_record();
  void end_epoch(Progress& progress, double train_loss);
  EpochRecord evaluate_model(const Model& model, int epoch);
  void translate_dev(const Model& model, int epoch, EpochRecord& record);
  double score_of(const EpochRecord& record) const;
  std::string dev_text(const EpochRecord& record) const;
  bool stops_early() const;
  void average_best_models(Progress& progress);
  void save_best();
  TrainingResult finish(TrainingResult result, std::chrono::steady_clock::time_point start);
  Settings settings() const;
  RunState state();
  void write_report_file() const;
  void save_state();
  void load_state();

  heed::Translator& translator_;
  const std::vector<heed::SentencePair>& dev_pairs_;
  TrainingOptions options_;
  PairData train_data_;
  EncodedPairs train_, dev_;
  std::optional<EncodedPairs> sampled_;  ///< the training pairs of this epoch, with --subword-sampling
  Checkpoints checkpoints_;
  Processes processes_;
  Trainer trainer_;
  Settings settings_;          ///< `settings()`, which takes time: it hashes the data
  std::string settings_text_;  ///< the settings as one line
  heed::WordDropout word_dropout_;
  std::optional<heed::MovingAverage<Model>> average_;
  heed::PlateauRate plateau_;
  heed::Translator best_;
  BestModels best_models_;
  int epochs_since_best_ = 0;
  int starting_processes_ = processes_.size();  ///< number of processes when the run was started
  int threads_ = options_.threads;              ///< threads of a process at the last start of the run
  double epoch_loss_ = 0;                       ///< sum over the updates of this epoch in this session
  long long epoch_words_ = 0;
  TrainingLog log_;
  UpdateRecord logged_;  ///< sums of the updates since the last record of the log
  long logged_updates_ = 0;
  int epoch_ = 0;
  std::size_t next_update_ = 0;  ///< index in the epoch
  bool best_saved_ = false;      ///< by this session
};

}  // namespace examples
