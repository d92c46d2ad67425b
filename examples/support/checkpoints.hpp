#pragma once

#include "support/files.hpp"

#include <heed/io/safetensors_writer.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace examples {

/// The model file and the state file of a training run, and what to do with an existing unfinished run.
struct CheckpointOptions {
  std::string save;                ///< path of the best model; empty: not saved
  double checkpoint_minutes = 10;  ///< minutes between saved states within an epoch; 0: none
  bool resume = false, restart = false;
};

/// The state file of an unfinished run, next to its model file. It exists from the start of training to its end. It is
/// written at the start of every epoch, every `checkpoint_minutes`, and when the run is interrupted.
class Checkpoints {
 public:
  explicit Checkpoints(const CheckpointOptions& options) : options_(options) {}

  static std::filesystem::path state_path(const std::string& save) { return save + ".training"; }
  std::filesystem::path path() const { return state_path(options_.save); }
  bool enabled() const { return !options_.save.empty(); }

  /// Throws heed::Error if the files cannot be written, if there is no unfinished run to resume, or if there is one and
  /// the options neither resume nor discard it.
  void check() const {
    if (!enabled()) return;
    heed::require(!options_.resume || std::filesystem::exists(path()), [&] {
      return path().string() + ": there is no such file, so there is no unfinished run to continue; start it without " +
             "--resume";
    });
    const bool free = options_.resume || options_.restart || !std::filesystem::is_regular_file(path());
    heed::require(free, [&] {
      return path().string() + ": is the state of an unfinished run; continue it with --resume or discard it with " +
             "--restart";
    });
    const heed::AtomicFile model(options_.save), state(path());
  }

  /// True if it is time to save the state within an epoch.
  bool due() const {
    return enabled() && options_.checkpoint_minutes > 0 &&
           std::chrono::steady_clock::now() - last_ >= std::chrono::duration<double>(60 * options_.checkpoint_minutes);
  }

  /// Writes the state file; `add(writer)` adds its content.
  template <class Add>
  void write(const Add& add) {
    if (!enabled()) return;
    heed::SafetensorsWriter writer;
    add(writer);
    writer.write(path());
    last_ = std::chrono::steady_clock::now();
  }

  /// Removes the state file at the end of a run.
  void remove() const {
    if (enabled()) std::filesystem::remove(path());
  }

 private:
  CheckpointOptions options_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// The files that a run writes. `model` is the name of the model file in messages.
inline std::vector<NamedFile> saved_files(const CheckpointOptions& options, const std::string& model) {
  if (options.save.empty()) return {};
  return {{model, options.save}, {"state file", Checkpoints::state_path(options.save)}};
}

/// The message of a program whose run was interrupted.
inline std::string interrupted_text(const CheckpointOptions& options) {
  std::string text = "interrupted";
  if (!options.save.empty()) {
    text += "; to continue, repeat the command with --resume (state in " +
            Checkpoints::state_path(options.save).string() + ')';
  }
  return text;
}

}  // namespace examples
