#pragma once

#include "support/files.hpp"

#include <heed/io/safetensors_writer.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace examples {

/// Where a training run keeps its model and its state, and what becomes of an unfinished run found there.
struct CheckpointOptions {
  std::string save;                ///< where the best model goes; empty: nowhere
  double checkpoint_minutes = 10;  ///< between states within an epoch; 0: none
  bool resume = false, restart = false;
};

/// The file that holds the state of an unfinished run, beside its model: it is there from the start of the training to its
/// end. It is written at the start of every epoch, every few minutes, and when the run is interrupted.
class Checkpoints {
 public:
  explicit Checkpoints(const CheckpointOptions& options) : options_(options) {}

  static std::filesystem::path state_path(const std::string& save) { return save + ".training"; }
  std::filesystem::path path() const { return state_path(options_.save); }
  bool enabled() const { return !options_.save.empty(); }

  /// Throws unless the files can be written and the options say what becomes of an unfinished run.
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

  /// Whether it is time to save the state within an epoch.
  bool due() const {
    return enabled() && options_.checkpoint_minutes > 0 &&
           std::chrono::steady_clock::now() - last_ >= std::chrono::duration<double>(60 * options_.checkpoint_minutes);
  }

  /// Writes the state that `add(writer)` puts together.
  template <class Add>
  void write(const Add& add) {
    if (!enabled()) return;
    heed::SafetensorsWriter writer;
    add(writer);
    writer.write(path());
    last_ = std::chrono::steady_clock::now();
  }

  /// The run has ended.
  void remove() const {
    if (enabled()) std::filesystem::remove(path());
  }

 private:
  CheckpointOptions options_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// The files that a run writes. `model` is what the user knows the model as.
inline std::vector<NamedFile> saved_files(const CheckpointOptions& options, const std::string& model) {
  if (options.save.empty()) return {};
  return {{model, options.save}, {"state file", Checkpoints::state_path(options.save)}};
}

/// The message of a program whose run was interrupted.
inline std::string interrupted_text(const CheckpointOptions& options) {
  std::string text = "interrupted";
  if (!options.save.empty()) {
    text += "; to go on, repeat the command with --resume (state in " + Checkpoints::state_path(options.save).string() +
            ')';
  }
  return text;
}

}  // namespace examples
