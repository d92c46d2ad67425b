#pragma once

#include "sentiment/training.hpp"
#include "support/options.hpp"

namespace examples {

/// The options that `train` and `demo` share.
inline void add_classifier_options(CLI::App& command, ClassifierConfig& config, ClassifierTrainingOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->capture_default_str();
  };
  add("--embedding-size", config.embedding, "size of a word embedding")->check(CLI::Range(1, 16384));
  add("--hidden-size", config.hidden, "size of the hidden state of each direction")->check(CLI::Range(1, 16384));
  add("--dropout", config.dropout, "dropout rate of the word embeddings and the pooled vector")
      ->check(detail::between(0, 0.99));
  add("--word-dropout", options.word_dropout, "fraction of the words replaced by <unk> in training")
      ->check(detail::between(0, 0.99));
  add("--epochs", options.epochs, "number of epochs")->check(CLI::Range(1, 100000));
  add("--batch-size", options.batch, "sentences per batch")->check(CLI::Range(1, 65536));
  add("--learning-rate", options.rate, "initial learning rate of Adam; falls linearly to 0")
      ->check(detail::between(1e-9, 10));
  add("--clip-norm", options.clip, "gradient clipping: maximum global norm; 0 is off")->check(detail::between(0, 1e9));
  add_seed(command, options.seed);
  add_threads(command, options.threads);
}

}  // namespace examples
