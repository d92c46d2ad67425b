#pragma once

#include "sentiment/options.hpp"

#include <iostream>

namespace examples {

/// `sentiment train`: trains on a file of labelled sentences.
struct SentimentTrainCommand {
  std::string train, dev;
  double held_out = 0.1;
  std::size_t minimum_frequency = 2;
  heed::ReadOptions read{.max_words_option = "--max-words"};
  ClassifierConfig config;
  ClassifierTrainingOptions options;

  void add_to(CLI::App& command) {
    command
        .add_option("--train", train,
                    "training data: on each line a label, a tab and a sentence (words separated by spaces)")
        ->required();
    command.add_option("--dev", dev, "dev data in the same format; evaluated once, after training");
    auto* const save = command.add_option("--save", options.save, "file to write the model to (safetensors)");
    command.add_option("--held-out", held_out, "fraction of the training data held out to select the best epoch")
        ->check(detail::between(0.001, 0.9))
        ->capture_default_str();
    command.add_option("--min-frequency", minimum_frequency, "minimum frequency of a word; rarer words become <unk>")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str();
    add_max_words(command, read.max_words);
    options.threads = default_threads();
    add_classifier_options(command, config, options);
    add_checkpoint_options(command, options, save);
  }

  int execute() const {
    check_save();
    auto given = read_labelled(train, read);
    const auto dev_given = dev.empty() ? std::vector<Labelled>() : read_labelled(dev, read);
    const heed::Words labels = labels_of(given);
    heed::require(labels.size() >= 2, [&] { return train + ": all sentences are labelled " + labels.front(); });
    heed::Random random(options.seed);
    random.shuffle(given);
    const auto kept = static_cast<std::ptrdiff_t>((1 - held_out) * static_cast<double>(given.size()));
    heed::require(kept > 0 && kept < static_cast<std::ptrdiff_t>(given.size()), [&] {
      return train + ": " + std::to_string(given.size()) + " sentences are too few for --held-out";
    });
    const std::vector<Labelled> learned(given.begin(), given.begin() + kept), held(given.begin() + kept, given.end());
    Classifier classifier(config, heed::Vocabulary::build(learned, minimum_frequency, &Labelled::words), labels);
    const EncodedSentences in(learned, classifier.vocabulary, labels), out(held, classifier.vocabulary, labels),
        measured(dev_given, classifier.vocabulary, labels);
    std::cerr << in.size() << " training sentences, " << out.size() << " held out, " << classifier.vocabulary.size()
              << " words, " << labels.size() << " labels, " << heed::parameter_count(classifier.model)
              << " parameters\n";
    if (options.save.empty()) std::cerr << "note: without --save the model is not saved\n";
    bool finished = false;
    {
      Progress progress;
      finished = ClassifierTraining(classifier, in, out, options).run(progress);
    }
    if (!finished) {
      std::cerr << interrupted_text(options) << '\n';
      return 0;
    }
    const auto right = [&](const EncodedSentences& some) {
      return detail::formatted("%.2f", accuracy(classify(classifier.model, some.sentences), some.labels));
    };
    std::cout << "held-out accuracy: " << right(out) << " %\n";
    if (measured.size() > 0) std::cout << "dev accuracy: " << right(measured) << " %\n";
    return 0;
  }

 private:
  /// Throws heed::Error if the model cannot be written or would replace the data. Called before training.
  void check_save() const {
    check_outputs({{"data file", train}, {"data file", dev}}, saved_files(options, "--save"));
    Checkpoints(options).check();
  }
};

}  // namespace examples
