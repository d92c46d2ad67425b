#pragma once

#include "support/interrupt.hpp"
#include "support/progress.hpp"
#include "translate/evaluation.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

namespace examples {

struct TrainingOptions {
  int epochs = 10;
  heed::Index batch = 64;
  double rate = 2e-3;  ///< Adam's, at its highest
  std::string schedule = "linear";
  double clip = 1, label_smoothing = 0;
  int threads = 1;
  std::uint64_t seed = 1;
  std::string save;  ///< where the best model goes; empty: nowhere
  bool resume = false;
};

/// The learning rate's share of its peak: `linear` rises over the first fiftieth of the run and falls to zero at its
/// end.
inline double schedule_factor(const std::string& schedule, double done) {
  if (schedule == "constant") return 1;
  constexpr double warm_up = 0.02;
  return done < warm_up ? (done + 1e-3) / (warm_up + 1e-3) : (1 - done) / (1 - warm_up);
}

struct TrainingResult {
  double seconds = 0;                                         ///< spent on updates and dev data in this session
  double best_dev = std::numeric_limits<double>::infinity();  ///< mean loss per word
  bool interrupted = false;
};

/// Trains a translator, keeps the best one on the dev data, and can stop at any update and go on later.
///
/// Beside the model, `SAVE.training` holds what resuming needs. The order of the batches and the dropout masks depend
/// only on the seed, the epoch and the update, so a resumed run ends with the same bits as one that was never stopped.
class Training {
 public:
  Training(heed::Translator& translator, const std::vector<heed::SentencePair>& train,
           const std::vector<heed::SentencePair>& dev, TrainingOptions options)
      : translator_(translator),
        train_(train, translator.source, translator.target),
        dev_(dev, translator.source, translator.target),
        options_(std::move(options)),
        trainer_(translator.model, heed::Adam(translator.model, options_.rate),
                 {options_.threads, options_.clip, options_.label_smoothing, options_.seed}),
        best_(translator) {}

  /// Where the state of an unfinished run is kept.
  static std::filesystem::path state_path(const std::string& save) { return save + ".training"; }

  TrainingResult run(Progress& progress) {
    const auto start = std::chrono::steady_clock::now();
    if (options_.resume) load_state();
    const auto batches_per_epoch =
        (train_.size() + static_cast<std::size_t>(options_.batch) - 1) / static_cast<std::size_t>(options_.batch);
    const double updates = static_cast<double>(batches_per_epoch) * options_.epochs;
    TrainingResult result;
    long long tokens = 0;
    double shown_loss = std::numeric_limits<double>::quiet_NaN();
    for (; epoch_ < options_.epochs; ++epoch_, next_batch_ = 0) {
      heed::Random random(options_.seed, static_cast<std::uint64_t>(epoch_));
      const auto batches = heed::make_batches(train_.source_lengths, train_.target_lengths, options_.batch, random);
      for (; next_batch_ < batches.size(); ++next_batch_) {
        if (interrupted()) {
          save_state();
          result.interrupted = true;
          return finish(result, start);
        }
        const auto& batch = batches[next_batch_];
        const auto number = static_cast<std::uint64_t>(epoch_) * batches.size() + next_batch_;
        trainer_.optimizer.rate =
            options_.rate * schedule_factor(options_.schedule, static_cast<double>(number) / updates);
        const auto update = trainer_.update(choose(train_.source, batch), choose(train_.target, batch), number);
        const double loss = update.loss / static_cast<double>(update.words);
        shown_loss = std::isnan(shown_loss) ? loss : 0.95 * shown_loss + 0.05 * loss;
        tokens += update.words;
        progress.show({epoch_ + 1, options_.epochs, static_cast<double>(number + 1) / updates, shown_loss, tokens});
      }
      end_epoch(progress, shown_loss);
    }
    if (!options_.save.empty()) std::filesystem::remove(state_path(options_.save));
    return finish(result, start);
  }

 private:
  /// Without dev data the latest model is the best there is.
  void end_epoch(Progress& progress, double train_loss) {
    std::string line =
        "epoch " + std::to_string(epoch_ + 1) + ": training loss " + detail::formatted("%.4f", train_loss);
    bool better = true;
    if (dev_.size() > 0) {
      const double loss = mean_loss(heed::pack(translator_.model), dev_, options_.threads);
      heed::require(std::isfinite(loss), [] { return std::string("the loss on the dev data is not finite"); });
      better = loss < best_dev_;
      best_dev_ = std::min(best_dev_, loss);
      line += ", dev loss " + detail::formatted("%.4f", loss) + " (perplexity " +
              detail::formatted("%.4f", std::exp(loss)) + ")";
    }
    if (better) {
      best_ = translator_;
      if (!options_.save.empty()) {
        heed::save_translator(options_.save, best_);
        line += ", saved";
      }
    }
    progress.line(line);
  }

  /// The best model, not the last one, is what training leaves behind.
  TrainingResult finish(TrainingResult result, std::chrono::steady_clock::time_point start) {
    if (!result.interrupted) translator_ = best_;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.best_dev = best_dev_;
    return result;
  }

  /// Everything that must not differ when a run is resumed.
  std::string settings() const {
    return "epochs " + std::to_string(options_.epochs) + ", batch " + std::to_string(options_.batch) + ", rate " +
           heed::detail::field_text(options_.rate) + ", schedule " + options_.schedule + ", clip " +
           heed::detail::field_text(options_.clip) + ", label smoothing " +
           heed::detail::field_text(options_.label_smoothing) + ", threads " + std::to_string(options_.threads) +
           ", seed " + std::to_string(options_.seed) + ", pairs " + train_.summary() + ", dev pairs " + dev_.summary();
  }

  void save_state() {
    if (options_.save.empty()) return;
    heed::SafetensorsWriter writer;
    heed::save_translator(writer, translator_);
    heed::save_parameters(writer, trainer_.optimizer.first, "adam.first");
    heed::save_parameters(writer, trainer_.optimizer.second, "adam.second");
    writer.metadata("training.settings", settings());
    writer.metadata("training.epoch", std::to_string(epoch_));
    writer.metadata("training.next_batch", std::to_string(next_batch_));
    writer.metadata("training.updates", std::to_string(trainer_.optimizer.updates));
    writer.metadata("training.best_dev", heed::detail::field_text(best_dev_));
    writer.write(state_path(options_.save));
    if (!std::filesystem::exists(options_.save)) heed::save_translator(options_.save, translator_);
  }

  void load_state() {
    const auto file = heed::SafetensorsFile::read(state_path(options_.save));
    const std::string& stored = heed::detail::metadata_at(file, "training.settings");
    heed::require(stored == settings(), [&] {
      return file.name() + ": the run was started with " + stored + ", it cannot go on with " + settings();
    });
    heed::Translator loaded = heed::load_translator(file);
    heed::require(loaded.config == translator_.config && loaded.source == translator_.source &&
                      loaded.target == translator_.target,
                  [&] { return file.name() + ": the run was started with another model or other data"; });
    heed::load_parameters(file, trainer_.optimizer.first, "adam.first");
    heed::load_parameters(file, trainer_.optimizer.second, "adam.second");
    const auto read = [&](const std::string& key, auto& value) {
      const std::string& text = heed::detail::metadata_at(file, key);
      heed::require(heed::detail::read_field(text, value),
                    [&] { return file.name() + ": " + key + " cannot be \"" + text + '"'; });
    };
    read("training.epoch", epoch_);
    read("training.next_batch", next_batch_);
    read("training.updates", trainer_.optimizer.updates);
    read("training.best_dev", best_dev_);
    translator_ = std::move(loaded);
    const bool saved = epoch_ > 0 && std::filesystem::exists(options_.save);  // before, an older run's model is there
    best_ = saved ? heed::load_translator(std::filesystem::path(options_.save)) : translator_;
  }

  heed::Translator& translator_;
  EncodedPairs train_, dev_;
  TrainingOptions options_;
  heed::Trainer<heed::TranslationModel<float>> trainer_;
  heed::Translator best_;
  double best_dev_ = std::numeric_limits<double>::infinity();
  int epoch_ = 0;
  std::size_t next_batch_ = 0;
};

}  // namespace examples
