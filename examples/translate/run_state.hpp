#pragma once

#include "support/run_counts.hpp"
#include "translate/best_models.hpp"

#include <heed/heed.hpp>
#include <heed/io/translator.hpp>

#include <string>

namespace examples {

/// The state of a training run. A run that is resumed from it ends with the same bits.
struct RunState {
  using Model = heed::TranslationModel<float>;

  heed::Translator& translator;
  heed::Adam<Model>& optimizer;
  heed::MovingAverage<Model>* average;  ///< null without averaging
  BestModels& best;
  heed::PlateauRate& plateau;
  int& epochs_since_best;
  int& processes;  ///< at the start of the run: the batch size is multiplied by this number
  int& threads;    ///< at the last start of the run
  int& epoch;
  std::size_t& next_update;  ///< index in the epoch
};

namespace detail {

/// Calls f(key, value) for every counter of a run and the values that its schedules keep.
template <class F>
void for_each_count(const RunState& run, const F& f) {
  f("training.epoch", run.epoch);
  f("training.next_update", run.next_update);
  f("training.updates", run.optimizer.updates);
  f("training.epochs_since_best", run.epochs_since_best);
  f("training.processes", run.processes);
  f("training.threads", run.threads);
  f("training.plateau.rate", run.plateau.rate);
  f("training.plateau.best", run.plateau.best);
  f("training.plateau.no_better", run.plateau.no_better);
  if (run.average != nullptr) f("training.average.updates", run.average->updates);
  std::size_t models = run.best.entries.size();
  f("training.best.models", models);
  for (std::size_t i = 0; i < run.best.entries.size(); ++i) {
    f("training.best." + std::to_string(i) + ".score", run.best.entries[i].score);
  }
}

}  // namespace detail

/// True if two translators have the same configuration, vocabularies and subwords, so that their models have the same
/// parameters.
inline bool same_structure(const heed::Translator& a, const heed::Translator& b) {
  return a.config == b.config && same_tokens(a, b);
}

/// Adds the state of a run to a file. `settings` must be the same when the run is resumed.
inline void save_run(heed::SafetensorsWriter& writer, const RunState& run, const std::string& settings) {
  run.translator.save(writer);
  heed::save_parameters(writer, run.optimizer.first, "adam.first");
  heed::save_parameters(writer, run.optimizer.second, "adam.second");
  if (run.average != nullptr) heed::save_parameters(writer, run.average->model, "average");
  for (std::size_t i = 0; i < run.best.entries.size(); ++i) {
    heed::save_parameters(writer, run.best.entries[i].model, "best." + std::to_string(i));
  }
  detail::save_counts(writer, settings, [&](const auto& f) { detail::for_each_count(run, f); });
}

/// Loads the state of a run with the same settings. Throws heed::Error, with the file's name, if the settings differ or
/// anything in the file is invalid; `run` is then unusable.
inline void load_run(const heed::SafetensorsFile& file, const RunState& run, const std::string& settings) {
  detail::check_settings(file, settings);
  heed::Translator loaded = heed::Translator::load(file);
  heed::require(same_structure(loaded, run.translator),
                [&] { return file.name() + ": the run was started with another model or other data"; });
  heed::load_parameters(file, run.optimizer.first, "adam.first");
  heed::load_parameters(file, run.optimizer.second, "adam.second");
  if (run.average != nullptr) heed::load_parameters(file, run.average->model, "average");
  std::size_t models = 0;
  const std::string& text = heed::detail::metadata_at(file, "training.best.models", "training state");
  if (!heed::detail::read_field(text, models)) models = 0;  // `load_counts` reports it
  heed::require(models <= run.best.limit, [&] {
    return file.name() + ": has " + std::to_string(models) + " best models, at most " + std::to_string(run.best.limit) +
           " are possible";
  });
  run.best.entries.resize(models, {0, run.translator.model});
  detail::load_counts(file, [&](const auto& f) { detail::for_each_count(run, f); });
  for (std::size_t i = 0; i < run.best.entries.size(); ++i) {
    heed::load_parameters(file, run.best.entries[i].model, "best." + std::to_string(i));
  }
  run.translator = std::move(loaded);
}

}  // namespace examples
