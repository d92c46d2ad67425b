#pragma once

#include "sentiment/classifier.hpp"
#include "sentiment/labelled.hpp"
#include "support/batches.hpp"
#include "support/interrupt.hpp"
#include "support/progress.hpp"

#include <heed/optimizer.hpp>
#include <heed/schedules.hpp>
#include <heed/text/exact_match.hpp>
#include <heed/train.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace examples {

struct ClassifierTrainingOptions {
  int epochs = 8;
  heed::Index batch = 32;
  double rate = 2e-3;         ///< Adam's at the start; it falls to zero in a line
  double word_dropout = 0.1;  ///< share of the words that are read as unknown in training
  double clip = 5;
  int threads = 1;
  std::uint64_t seed = 1;
};

/// What a classifier makes of a sentence: a probability for each label, a weight for each word.
struct Verdict {
  std::vector<double> probabilities, weights;

  std::size_t best() const {
    return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) -
                                    probabilities.begin());
  }
};

/// Verdicts in the order of the sentences.
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

/// Percent of the sentences whose likeliest label is theirs.
inline double accuracy(const std::vector<Verdict>& verdicts, const std::vector<heed::Token>& labels) {
  std::vector<heed::Token> found;
  for (const Verdict& verdict : verdicts) found.push_back(static_cast<heed::Token>(verdict.best()));
  return heed::exact_match(found, labels);
}

/// Trains a classifier and keeps that of the epoch which does best on held-out sentences. A fixed number of threads gives
/// the same bits in every run, another number the same up to rounding.
class ClassifierTraining {
 public:
  /// Keeps references to all but the options.
  ClassifierTraining(ClassifierModel& model, const EncodedSentences& train, const EncodedSentences& held_out,
                     const ClassifierTrainingOptions& options)
      : model_(model),
        train_(train),
        held_out_(held_out),
        options_(options),
        trainer_(model, heed::Adam(model, options.rate),
                 {.threads = options.threads, .clip = options.clip, .seed = options.seed + 1}) {}

  /// Initialises the model and trains it. Returns whether it came to the end; if not, the model is the best so far.
  bool run(Progress& progress) {
    heed::Random first(options_.seed);
    heed::initialize(model_, first);
    model_.words.table *= 0.5F;  // large vectors of rare words would be learned by heart before their meaning
    ClassifierModel best = model_;
    double best_accuracy = -1;
    std::uint64_t number = 0;
    long long words = 0;
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      heed::Random random(options_.seed, static_cast<std::uint64_t>(epoch) + 1);
      const auto batches = heed::make_batches(train_.lengths, train_.lengths, options_.batch, random);
      const double updates = static_cast<double>(batches.size()) * options_.epochs;
      const heed::LinearRate schedule{options_.rate, updates, 0};
      double loss = 0, seen = 0;
      for (const auto& batch : batches) {
        if (interrupted()) {
          model_ = best;
          return false;
        }
        trainer_.optimizer.rate = schedule(static_cast<heed::Index>(number));
        loss += update(batch, number++);
        seen += static_cast<double>(batch.size());
        for (const heed::Index i : batch) words += train_.lengths[static_cast<std::size_t>(i)];
        progress.show({epoch + 1, options_.epochs, static_cast<double>(number) / updates, loss / seen, words});
      }
      const double held = accuracy(classify(model_, held_out_.sentences), held_out_.labels);
      progress.line("epoch " + std::to_string(epoch + 1) + ": training loss " + detail::formatted("%.4f", loss / seen) +
                    ", held out " + detail::formatted("%.2f", held) + " % right");
      if (held > best_accuracy) {
        best_accuracy = held;
        best = model_;
      }
    }
    model_ = best;
    return true;
  }

 private:
  /// One step on the mean loss of a batch, some of its words made unknown. Returns the sum of its losses.
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

  ClassifierModel& model_;
  const EncodedSentences &train_, &held_out_;
  ClassifierTrainingOptions options_;
  heed::Trainer<ClassifierModel> trainer_;
};

}  // namespace examples
