#pragma once

#include "sentiment/classifier.hpp"
#include "sentiment/labelled.hpp"
#include "support/batches.hpp"
#include "support/checkpoints.hpp"
#include "support/interrupt.hpp"
#include "support/progress.hpp"
#include "support/run_counts.hpp"

#include <heed/text/exact_match.hpp>
#include <heed/training/optimizers.hpp>
#include <heed/training/schedules.hpp>
#include <heed/training/trainer.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace examples {

struct ClassifierTrainingOptions : CheckpointOptions {
  int epochs = 8;
  heed::Index batch = 32;
  double rate = 2e-3;         ///< initial learning rate of Adam; falls linearly to 0
  double word_dropout = 0.1;  ///< fraction of the words replaced by unk in training
  double clip = 5;
  int threads = 1;
  std::uint64_t seed = 1;
};

/// The result for a sentence: the probability of each label and the attention weight of each word.
struct Verdict {
  std::vector<double> probabilities, weights;

  std::size_t best() const {
    return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) -
                                    probabilities.begin());
  }
};

/// Classifies sentences. The results are in the order of the sentences.
inline std::vector<Verdict> classify(const ClassifierModel& model,
                                     const std::vector<std::vector<heed::Token>>& sentences) {
  std::vector<heed::Index> lengths;
  for (const auto& sentence : sentences) lengths.push_back(static_cast<heed::Index>(sentence.size()));
  std::vector<Verdict> verdicts(sentences.size());
  ClassifierModel::Tape tape;
  for (const auto& batch : batches_by_length(lengths, 64)) {
    model.forward(choose(sentences, batch), tape);
    heed::softmax(tape.logits);
    for (heed::Index b = 0; b < tape.logits.cols(); ++b) {
      Verdict& verdict = verdicts[static_cast<std::size_t>(batch[static_cast<std::size_t>(b)])];
      const auto probabilities = tape.logits.col(b);
      const auto weights = tape.weights(b);
      verdict.probabilities.assign(probabilities.begin(), probabilities.end());
      verdict.weights.assign(weights.begin(), weights.end());
    }
  }
  return verdicts;
}

/// The percentage of sentences whose most probable label is the expected one.
inline double accuracy(const std::vector<Verdict>& verdicts, const std::vector<heed::Token>& labels) {
  std::vector<heed::Token> found;
  for (const Verdict& verdict : verdicts) found.push_back(static_cast<heed::Token>(verdict.best()));
  return heed::exact_match(found, labels);
}

/// Trains a classifier and keeps the model of the epoch with the best accuracy on held-out sentences. A fixed number of
/// threads gives the same bits in every run; another number gives the same result up to rounding. Saves and resumes
/// like `Training` in translate/training.hpp: the end of an epoch writes the model first, then the state.
class ClassifierTraining {
 public:
  /// Keeps references to all arguments except the options. `classifier` must be untrained.
  ClassifierTraining(Classifier& classifier, const EncodedSentences& train, const EncodedSentences& held_out,
                     const ClassifierTrainingOptions& options)
      : classifier_(classifier),
        model_(classifier.model),
        train_(train),
        held_out_(held_out),
        options_(options),
        checkpoints_(options),
        trainer_(model_, heed::Adam(model_, options.rate),
                 {.threads = options.threads, .clip = options.clip, .seed = options.seed + 1}),
        best_(classifier) {}

  /// Initialises and trains the model. Returns true at the end of training; the model is then the best one. Returns
  /// false if interrupted; the state of the run is then saved.
  bool run(Progress& progress) {
    const InterruptScope interrupts;
    checkpoints_.check();
    heed::Random first(options_.seed);
    heed::initialize(model_, first);
    model_.words.table *= 0.5F;  // large initial embeddings of rare words cause overfitting
    const auto updates_per_epoch =
        (train_.size() + static_cast<std::size_t>(options_.batch) - 1) / static_cast<std::size_t>(options_.batch);
    if (options_.resume) load_state(updates_per_epoch);
    const double updates = static_cast<double>(updates_per_epoch) * options_.epochs;
    const heed::LinearRate schedule{options_.rate, updates, 0};
    long long words = 0;
    for (; epoch_ < options_.epochs; ++epoch_, next_update_ = 0) {
      heed::Random random(options_.seed, static_cast<std::uint64_t>(epoch_) + 1);
      const auto batches = heed::make_batches(train_.lengths, train_.lengths, options_.batch, random);
      if (next_update_ == 0) save_state();
      double loss = 0, seen = 0;
      for (; next_update_ < updates_per_epoch; ++next_update_) {
        if (interrupted()) {
          save_state();
          return false;
        }
        if (checkpoints_.due()) save_state();
        const auto& batch = batches[next_update_];
        const std::size_t number = static_cast<std::size_t>(epoch_) * updates_per_epoch + next_update_;
        trainer_.optimizer.rate = schedule(static_cast<heed::Index>(number));
        loss += update(batch, number);
        seen += static_cast<double>(batch.size());
        for (const heed::Index i : batch) words += train_.lengths[static_cast<std::size_t>(i)];
        progress.show({epoch_ + 1, options_.epochs, static_cast<double>(number + 1) / updates, loss / seen, words});
      }
      end_epoch(progress, loss / seen);
    }
    if (!best_saved_) save_best();  // the file may have been removed or replaced since it was saved
    checkpoints_.remove();
    model_ = best_.model;
    return true;
  }

 private:
  /// One optimiser step on the mean loss of a batch, with word dropout. Returns the summed loss.
  double update(const std::vector<heed::Index>& batch, std::uint64_t number) {
    const std::uint64_t update_seed = heed::RandomStream(options_.seed + 2, number).bits();
    std::vector<std::vector<heed::Token>> sentences;
    std::vector<heed::Token> labels;
    for (const heed::Index i : batch) {
      heed::RandomStream random(update_seed, sentences.size());
      auto& words = sentences.emplace_back(train_.sentences[static_cast<std::size_t>(i)]);
      for (heed::Token& word : words) {
        if (random.uniform() < options_.word_dropout) word = heed::Vocabulary::unknown;
      }
      labels.push_back(train_.labels[static_cast<std::size_t>(i)]);
    }
    const std::vector<std::span<const heed::Token>> sources(sentences.begin(), sentences.end());
    return trainer_.update(sources, labels, number).loss;
  }

  void end_epoch(Progress& progress, double train_loss) {
    const double held = accuracy(classify(model_, held_out_.sentences), held_out_.labels);
    const bool better = epoch_ == 0 || held > best_accuracy_;
    if (better) {
      best_accuracy_ = held;
      best_.model = model_;
      save_best();
    }
    progress.line("epoch " + std::to_string(epoch_ + 1) + ": training loss " + detail::formatted("%.4f", train_loss) +
                  ", held-out accuracy " + detail::formatted("%.2f", held) + " %" +
                  (better && best_saved_ ? ", saved" : ""));
  }

  void save_best() {
    if (options_.save.empty()) return;
    save_classifier(options_.save, best_);
    best_saved_ = true;
  }

  /// The settings and data that must be the same when a run is resumed.
  std::string settings() const {
    using heed::detail::field_text;
    std::string text;
    const auto add = [&](const std::string& name, const auto& value) {
      text += (text.empty() ? "" : ", ") + name + ' ' + field_text(value);
    };
    detail::for_each_classifier_field(classifier_.config, add);
    add("word dropout", options_.word_dropout);
    add("epochs", options_.epochs);
    add("batch", options_.batch);
    add("rate", options_.rate);
    add("clip", options_.clip);
    add("threads", options_.threads);
    add("seed", options_.seed);
    add("sentences", train_.summary());
    add("held out", held_out_.summary());
    return text;
  }

  /// Calls f(key, value) for every counter of a run and the best accuracy.
  template <class F>
  void for_each_count(const F& f) {
    f("training.epoch", epoch_);
    f("training.next_update", next_update_);
    f("training.updates", trainer_.optimizer.updates);
    f("training.best_accuracy", best_accuracy_);
  }

  void save_state() {
    checkpoints_.write([&](heed::SafetensorsWriter& writer) {
      writer.metadata("vocabulary", heed::detail::join_lines(classifier_.vocabulary.words()));
      writer.metadata("labels", heed::detail::join_lines(classifier_.labels));
      heed::save_parameters(writer, model_, "model");
      heed::save_parameters(writer, trainer_.optimizer.first, "adam.first");
      heed::save_parameters(writer, trainer_.optimizer.second, "adam.second");
      if (epoch_ > 0) heed::save_parameters(writer, best_.model, "best");
      detail::save_counts(writer, settings(), [&](const auto& f) { for_each_count(f); });
    });
  }

  void load_state(std::size_t updates_per_epoch) {
    const auto file = heed::SafetensorsFile::read(checkpoints_.path());
    detail::check_settings(file, settings());
    const auto is_same = [&](const std::string& key, const heed::Words& words) {
      return heed::detail::metadata_at(file, key, "training state") == heed::detail::join_lines(words);
    };
    heed::require(is_same("vocabulary", classifier_.vocabulary.words()) && is_same("labels", classifier_.labels),
                  [&] { return file.name() + ": the run was started with other data"; });
    heed::load_parameters(file, model_, "model");
    heed::load_parameters(file, trainer_.optimizer.first, "adam.first");
    heed::load_parameters(file, trainer_.optimizer.second, "adam.second");
    detail::load_counts(file, [&](const auto& f) { for_each_count(f); });
    detail::check_place(file, epoch_, options_.epochs, next_update_, updates_per_epoch);
    if (epoch_ == 0) return;
    heed::load_parameters(file, best_.model, "best");
    if (!std::filesystem::exists(options_.save)) save_best();
  }

  Classifier& classifier_;
  ClassifierModel& model_;
  const EncodedSentences &train_, &held_out_;
  ClassifierTrainingOptions options_;
  Checkpoints checkpoints_;
  heed::Trainer<ClassifierModel> trainer_;
  Classifier best_;
  double best_accuracy_ = 0;
  int epoch_ = 0;
  std::size_t next_update_ = 0;  ///< index in the epoch
  bool best_saved_ = false;      ///< by this session
};

}  // namespace examples
