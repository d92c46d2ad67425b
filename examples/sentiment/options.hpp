#pragma once

#include "sentiment/training.hpp"
#include "support/options.hpp"

namespace examples {

/// What `train` and `demo` have in common.
inline void add_classifier_options(CLI::App& command, ClassifierConfig& config, ClassifierTrainingOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->capture_default_str();
  };
  add("--embedding", config.embedding, "size of an embedded word")->check(CLI::Range(1, 16384));
  add("--hidden", config.hidden, "size of the recurrent state, in each of both directions")
      ->check(CLI::Range(1, 16384));
  add("--dropout", config.dropout, "share of the numbers dropped in training, of words and of the pooled vector")
      ->check(detail::between(0, 0.99));
  add("--word-dropout", options.word_dropout, "share of the words read as unknown in training")
      ->check(detail::between(0, 0.99));
  add("--epochs", options.epochs, "times the data are seen")->check(CLI::Range(1, 100000));
  add("--batch", options.batch, "sentences in a batch")->check(CLI::Range(1, 65536));
  add("--rate", options.rate, "learning rate of Adam at the start; it falls to zero")->check(detail::between(1e-9, 10));
  add("--clip", options.clip, "largest global norm of the gradient (0: never clipped)")->check(detail::between(0, 1e9));
  add_seed(command, options.seed);
  add_threads(command, options.threads);
}

}  // namespace examples
