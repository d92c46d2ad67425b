#pragma once

#include "translate/training.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace examples {

namespace detail {

template <std::size_t N>
CLI::IsMember one_of(const std::array<std::string_view, N>& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

}  // namespace detail

inline int default_threads() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

/// What learns the embedded data well in little time.
inline TrainingOptions demo_recipe() {
  TrainingOptions options;
  options.epochs = 10;
  options.rate = 5e-3;
  options.threads = default_threads();
  return options;
}

/// --threads, as every command has it.
inline void add_threads(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "threads to use")->check(CLI::Range(1, 1024))->capture_default_str();
}

/// --pairs, or --source and --target; with `dev` before each name for the second set of a command.
inline void add_pair_files(CLI::App& command, PairFiles& files, const std::string& dev, const std::string& what) {
  const std::string group = dev.empty() ? "Data" : "Dev data (optional; the best model on them is kept)";
  auto* const pairs = command
                          .add_option(dev.empty() ? "--pairs" : "--dev", files.pairs,
                                      what + ": a tab-separated file, source and target")
                          ->group(group);
  auto* const source =
      command.add_option("--" + dev + "source", files.source, what + ": a file of source sentences, one a line")
          ->group(group);
  auto* const target =
      command.add_option("--" + dev + "target", files.target, what + ": their translations, line by line")
          ->group(group);
  source->needs(target);
  target->needs(source);
  pairs->excludes(source)->excludes(target);
}

inline void add_model_options(CLI::App& command, heed::TranslatorConfig& config, std::string& direction) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Model")->capture_default_str();
  };
  add("--cell", config.cell, "recurrent cell")->check(detail::one_of(heed::cell_names));
  add("--layers", config.layers, "recurrent layers of encoder and decoder")->check(CLI::Range(1, 16));
  add("--direction", direction, "in which the encoder reads")->check(CLI::IsMember({"both", "forward"}));
  add("--decoder", config.decoder, "bahdanau: the previous state asks; luong: the current one; plain: no attention")
      ->check(detail::one_of(heed::decoder_names));
  add("--scorer", config.scorer, "scoring function of the attention")->check(detail::one_of(heed::scorer_names));
  command
      .add_flag("--input-feeding,!--no-input-feeding", config.input_feeding,
                "luong: feed the attentional vector to the next step (on by default)")
      ->group("Model");
  add("--hidden", config.hidden, "size of the recurrent state")->check(CLI::Range(1, 16384));
  add("--embedding", config.embedding, "size of an embedded word")->check(CLI::Range(1, 16384));
  add("--dropout", config.dropout, "share of numbers dropped in training")->check(CLI::Range(0.0, 0.99));
}

inline void add_training_options(CLI::App& command, TrainingOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Training")->capture_default_str();
  };
  add("--epochs", options.epochs, "times the data are seen")->check(CLI::Range(1, 100000));
  add("--batch", options.batch, "sentences in a batch")->check(CLI::Range(1, 65536));
  add("--rate", options.rate, "learning rate of Adam, at its highest")->check(CLI::Range(1e-9, 10.0));
  add("--schedule", options.schedule, "how the rate changes: linear rises shortly, then falls to zero")
      ->check(CLI::IsMember({"linear", "constant"}));
  add("--clip", options.clip, "largest global norm of the gradient (0: never clipped)")->check(CLI::Range(0.0, 1e9));
  add("--label-smoothing", options.label_smoothing, "share of the target spread over all words")
      ->check(CLI::Range(0.0, 0.99));
  add("--seed", options.seed, "of the first parameters, the order of the batches and dropout");
}

inline void add_search_options(CLI::App& command, heed::SearchOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Search")->capture_default_str();
  };
  add("--beam", options.beam, "hypotheses kept for each sentence; 1 is greedy")->check(CLI::Range(1, 1000));
  add("--length-penalty", options.length_penalty, "scores are divided by ((5 + words) / 6)^this")
      ->check(CLI::Range(0.0, 10.0));
  add("--max-length", options.maximum_length, "words at most (0: twice the source's length and ten more)")
      ->check(CLI::Range(0, 100000));
}

}  // namespace examples
