#pragma once

#include <heed/core/types.hpp>
#include <heed/text/words.hpp>

#include <cstddef>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace examples {

/// Names and values.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// Statistics of consecutive updates.
struct UpdateRecord {
  int epoch = 0;                               ///< from 1
  long update = 0;                             ///< number of the last update, from 1
  double loss = 0;                             ///< mean per target word
  double gradient_norm = 0, largest_norm = 0;  ///< mean and maximum, before clipping
  double learning_rate = 0;                    ///< that of the last update
  long long words = 0;                         ///< target words, eos included
  double seconds = 0;
};

/// Scores on the dev data after an epoch.
struct EpochRecord {
  int epoch = 0;                               ///< from 1
  double training_loss = 0;                    ///< nats per target word; label smoothing and attention losses included
  double dev_loss = 0;                         ///< nats per target word, without them
  double bleu = 0, chrf = 0, exact_match = 0;  ///< percent
  bool saved = false;
};

/// Scores of the dev sentences with source lengths in a range.
struct LengthRecord {
  int epoch = 0;
  std::size_t from = 0, to = 0;  ///< source words
  std::size_t sentences = 0;
  double bleu = 0, exact_match = 0;
};

/// The translation of a dev sentence after an epoch.
struct SampleRecord {
  int epoch = 0;
  heed::Words source, reference, translation;
  heed::Matrix<float> weights;  ///< source x translation; no rows without attention
};

/// A machine-readable log of a training run: a file with one JSON object per line. The key `event` of an object is
/// `start`, `resume`, `updates`, `epoch`, `lengths`, `sample` or `end`. After a kill, ignore a line that is cut off,
/// and the records whose epoch or update is later than that of the next `resume` record.
class TrainingLog {
 public:
  /// `resume` appends to the file. An empty path means no log.
  TrainingLog(const std::string& path, bool resume);

  bool enabled() const { return !path_.empty(); }

  /// Opens the file. The run starts, or is resumed, with this epoch and after this update. Throws heed::Error if the
  /// file cannot be written.
  void start(const Settings& settings, const Settings& machine, int epoch, long update);
  void add(const UpdateRecord& record);
  /// Without dev data, only the training loss is written.
  void add(const EpochRecord& record, bool has_dev);
  void add(const LengthRecord& record);
  void add(const SampleRecord& record);
  void end(double seconds);

 private:
  void write(const std::string& line);

  std::string path_;
  bool resumed_ = false;
  std::ofstream out_;
};

/// Properties of the machine and of this program.
Settings environment(int threads);

}  // namespace examples
