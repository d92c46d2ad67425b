#pragma once

#include "translate/training.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace examples {

namespace detail {

template <std::size_t N>
CLI::IsMember one_of(const std::array<std::string_view, N>& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

/// A real number of a range; CLI::Range would let "nan" pass.
inline CLI::Validator between(double low, double high) {
  std::ostringstream range;
  range << "in [" << low << " - " << high << ']';
  const auto check = [low, high, allowed = range.str()](const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    const bool fits = !text.empty() && *end == '\0' && value >= low && value <= high;
    return fits ? std::string() : "Value " + text + " not " + allowed;
  };
  return CLI::Validator(check, "FLOAT " + range.str());
}

/// CLI11 takes -1, and what is too large, for 2^64 - 1.
inline std::string whole_number(const std::string& text) {
  std::uint64_t value = 0;
  return heed::detail::read_field(text, value) ? std::string() : "Value " + text + " is no whole number below 2^64";
}

}  // namespace detail

inline int default_threads() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

/// The model and the recipe that learn the embedded data well in little time.
inline heed::TranslatorConfig demo_model() {
  heed::TranslatorConfig config;
  config.hidden = 112;
  config.dropout = 0.2;
  return config;
}
inline TrainingOptions demo_recipe() {
  TrainingOptions options;
  options.epochs = 11;
  options.rate = 4e-3;
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
  command
      .add_flag("--reverse-source", config.reverse_source,
                "the encoder reads each sentence from its end; results stay in the order of the words")
      ->group("Model");
  add("--decoder", config.decoder,
      "bahdanau: the previous state asks; luong: the current one. Without attention: plain: sees the encoder's final "
      "output at every step; cho: a code of it, in a gated unit of its own; sutskever: begins with its final states")
      ->check(detail::one_of(heed::decoder_names));
  command
      .add_flag("--copy-states", config.copy_states,
                "the decoder begins with the encoder's final states as they are, not with a layer of them; needs "
                "--direction forward, as sutskever does, which always begins so")
      ->group("Model");
  add("--scorer", config.scorer, "scoring function of the attention")->check(detail::one_of(heed::scorer_names));
  add("--attention", config.attention,
      "global: looks at all words; local-m, local-p: at those around the step or a predicted place; monotonic: goes on "
      "where it stopped")
      ->check(detail::one_of(heed::attention_names));
  add("--window", config.window, "local attention: words to either side that are looked at")
      ->check(CLI::Range(1, 16384));
  add("--longest", config.longest, "location scorer: words of a source that can be looked at")
      ->check(CLI::Range(1, 16384));
  command
      .add_flag("--input-feeding,!--no-input-feeding", config.input_feeding,
                "luong: feed the attentional vector to the next step (on by default)")
      ->group("Model");
  add("--hidden", config.hidden, "size of the recurrent state")->check(CLI::Range(1, 16384));
  add("--embedding", config.embedding, "size of an embedded word")->check(CLI::Range(1, 16384));
  add("--dropout", config.dropout, "share of numbers dropped in training")->check(detail::between(0, 0.99));
}

inline void add_training_options(CLI::App& command, TrainingOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Training")->capture_default_str();
  };
  add("--epochs", options.epochs, "times the data are seen")->check(CLI::Range(1, 100000));
  add("--batch", options.batch, "sentences in a batch")->check(CLI::Range(1, 65536));
  add("--rate", options.rate, "learning rate of Adam, at its highest")->check(detail::between(1e-9, 10));
  add("--schedule", options.schedule, "how the rate changes: linear rises shortly, then falls to zero")
      ->check(CLI::IsMember({"linear", "constant"}));
  add("--clip", options.clip, "largest global norm of the gradient (0: never clipped)")->check(detail::between(0, 1e9));
  add("--label-smoothing", options.label_smoothing, "share of the target spread over all words")
      ->check(detail::between(0, 0.99));
  add("--seed", options.seed, "of the first parameters, the order of the batches and dropout")
      ->check(detail::whole_number);
}

inline void add_search_options(CLI::App& command, heed::SearchOptions& options) {
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->group("Search")->capture_default_str();
  };
  add("--beam", options.beam, "hypotheses kept for each sentence; 1 is greedy")->check(CLI::Range(1, 1000));
  add("--length-penalty", options.length_penalty, "scores are divided by ((5 + words) / 6)^this")
      ->check(detail::between(0, 10));
  add("--max-length", options.maximum_length,
      "steps at most, the end being one (0: twice the source's length and ten more)")
      ->check(CLI::Range(0, 100000));
}

}  // namespace examples
