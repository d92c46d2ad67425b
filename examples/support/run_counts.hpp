#pragma once

#include <heed/io/fields.hpp>
#include <heed/io/safetensors_writer.hpp>

#include <limits>
#include <string>
#include <type_traits>

/// The settings and counters of a run, stored as metadata of its state file.
namespace examples::detail {

inline constexpr heed::detail::FormatVersion run_format{"heed-training", 2, "training state"};

/// Adds the settings, which must be the same when the run is resumed, and the counters. `visit(f)` calls f(key,
/// counter) for every counter.
template <class Visit>
void save_counts(heed::SafetensorsWriter& writer, const std::string& settings, const Visit& visit) {
  writer.metadata("training.format", run_format.text());
  writer.metadata("training.settings", settings);
  visit([&](const std::string& key, auto value) { writer.metadata(key, heed::detail::field_text(value)); });
}

/// Throws unless the run in the file has this format and these settings.
inline void check_settings(const heed::SafetensorsFile& file, const std::string& settings) {
  heed::detail::read_version(file, run_format, "training.format");
  const std::string& stored = heed::detail::metadata_at(file, "training.settings");
  heed::require(stored == settings, [&] {
    return file.name() + ": the run was started with " + heed::detail::plain_text(stored, 1000) +
           ", it cannot be resumed with " + settings;
  });
}

/// Reads the counters. Throws heed::Error if one is missing, unknown or out of range.
template <class Visit>
void load_counts(const heed::SafetensorsFile& file, const Visit& visit) {
  heed::detail::KeyNames known{"training.format", "training.settings"};
  visit([&]<class T>(const std::string& key, T& value) {
    known.insert(key);
    const std::string& text = heed::detail::metadata_at(file, key, "training state");
    const bool read = heed::detail::read_field(text, value) && value >= 0;  // excludes NaN
    heed::require(read && (std::is_floating_point_v<T> || value <= std::numeric_limits<T>::max() / 2),
                  [&] { return file.name() + ": " + key + " cannot be " + heed::detail::in_quotes(text); });
  });
  heed::detail::refuse_unknown_keys(file, "training.", known);
}

/// Throws heed::Error if this run does not have the epoch and the update at which the run in the file stopped.
/// `updates` is the number of updates of that epoch.
inline void check_place(const heed::SafetensorsFile& file, int epoch, int epochs, std::size_t next_update,
                        std::size_t updates) {
  heed::require(epoch < epochs && next_update < updates, [&] {
    return file.name() + ": stopped at update " + std::to_string(next_update) + " of epoch " + std::to_string(epoch) +
           ", but the run has " + std::to_string(updates) + " updates in each of " + std::to_string(epochs) + " epochs";
  });
}

}  // namespace examples::detail
