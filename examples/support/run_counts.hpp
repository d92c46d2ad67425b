#pragma once

#include <heed/io/fields.hpp>
#include <heed/io/safetensors_writer.hpp>

#include <limits>
#include <string>
#include <type_traits>

/// The part of a run's state that is not parameters, as metadata of its file.
namespace examples::detail {

inline constexpr heed::detail::FormatVersion run_format{"heed-training", 1, "stopped run"};

/// Adds the settings, which must not differ when the run goes on, and its counts. `visit(f)` calls f(key, count) for each.
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
           ", it cannot go on with " + settings;
  });
}

/// Reads the counts. Throws if one is missing, is unknown, or no run has such a number.
template <class Visit>
void load_counts(const heed::SafetensorsFile& file, const Visit& visit) {
  heed::detail::KeyNames known{"training.format", "training.settings"};
  visit([&]<class T>(const std::string& key, T& value) {
    known.insert(key);
    const std::string& text = heed::detail::metadata_at(file, key, "stopped run");
    const bool read = heed::detail::read_field(text, value) && value >= 0;  // so it is a number
    heed::require(read && (std::is_floating_point_v<T> || value <= std::numeric_limits<T>::max() / 2),
                  [&] { return file.name() + ": " + key + " cannot be " + heed::detail::in_quotes(text); });
  });
  heed::detail::refuse_unknown_keys(file, "training.", known);
}

/// Throws if the run in the file stopped at an epoch or an update that a run like this does not have.
inline void check_place(const heed::SafetensorsFile& file, int epoch, int epochs, std::size_t next_update,
                        std::size_t updates_per_epoch) {
  heed::require(epoch < epochs && next_update < updates_per_epoch, [&] {
    return file.name() + ": stopped at update " + std::to_string(next_update) + " of epoch " + std::to_string(epoch) +
           ", but there are " + std::to_string(updates_per_epoch) + " in each of " + std::to_string(epochs);
  });
}

}  // namespace examples::detail
