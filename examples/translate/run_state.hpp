#pragma once

#include <heed/heed.hpp>
#include <heed/io/translator.hpp>

#include <limits>
#include <string>
#include <type_traits>

namespace examples {

/// All that changes in the course of a run. Whoever stores it can go on later with the same bits.
struct RunState {
  using Model = heed::TranslationModel<float>;

  heed::Translator& translator;
  heed::Adam<Model>& optimizer;
  heed::MovingAverage<Model>* average;  ///< null where nothing is averaged
  heed::PlateauRate& plateau;
  double& best_dev;
  int& epoch;
  std::size_t& next_update;  ///< of the epoch
};

namespace detail {

inline constexpr heed::detail::FormatVersion run_format{"heed-training", 1, "stopped run"};

/// Calls f(key, number) for all that a run keeps count of.
template <class F>
void for_each_count(const RunState& run, const F& f) {
  f("training.epoch", run.epoch);
  f("training.next_update", run.next_update);
  f("training.updates", run.optimizer.updates);
  f("training.best_dev", run.best_dev);
  f("training.plateau.rate", run.plateau.rate);
  f("training.plateau.best", run.plateau.best);
  f("training.plateau.no_better", run.plateau.no_better);
  if (run.average != nullptr) f("training.average.updates", run.average->updates);
}

}  // namespace detail

/// Adds a run to a file in the making; `settings` is what must not differ when it goes on.
inline void save_run(heed::SafetensorsWriter& writer, const RunState& run, const std::string& settings) {
  heed::save_translator(writer, run.translator);
  heed::save_parameters(writer, run.optimizer.first, "adam.first");
  heed::save_parameters(writer, run.optimizer.second, "adam.second");
  if (run.average != nullptr) heed::save_parameters(writer, run.average->model, "average");
  writer.metadata("training.format", detail::run_format.text());
  writer.metadata("training.settings", settings);
  detail::for_each_count(
      run, [&](const std::string& key, auto value) { writer.metadata(key, heed::detail::field_text(value)); });
}

/// Reads a run into one that was begun in the same way. Throws, with the file's name and what is wrong, if it was begun in
/// another or anything in the file is not right; then the run is good for nothing.
inline void load_run(const heed::SafetensorsFile& file, const RunState& run, const std::string& settings) {
  heed::detail::read_version(file, detail::run_format, "training.format");
  const std::string& stored = heed::detail::metadata_at(file, "training.settings");
  heed::require(stored == settings, [&] {
    return file.name() + ": the run was started with " + heed::detail::plain_text(stored, 1000) +
           ", it cannot go on with " + settings;
  });
  heed::Translator loaded = heed::load_translator(file);
  heed::require(loaded.config == run.translator.config && loaded.source == run.translator.source &&
                    loaded.target == run.translator.target,
                [&] { return file.name() + ": the run was started with another model or other data"; });
  heed::load_parameters(file, run.optimizer.first, "adam.first");
  heed::load_parameters(file, run.optimizer.second, "adam.second");
  if (run.average != nullptr) heed::load_parameters(file, run.average->model, "average");
  heed::detail::KeyNames known{"training.format", "training.settings"};
  detail::for_each_count(run, [&]<class T>(const std::string& key, T& value) {
    known.insert(key);
    const std::string& text = heed::detail::metadata_at(file, key, "stopped run");
    const bool read = heed::detail::read_field(text, value) && value >= 0;  // so it is a number
    heed::require(read && (std::is_floating_point_v<T> || value <= std::numeric_limits<T>::max() / 2),
                  [&] { return file.name() + ": " + key + " cannot be " + heed::detail::in_quotes(text); });
  });
  heed::detail::refuse_unknown_keys(file, "training.", known);
  run.translator = std::move(loaded);
}

}  // namespace examples
