#pragma once

#include "translate/evaluation.hpp"
#include "translate/options.hpp"
#include "translate/pictures.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace examples {

/// What the commands that are given pairs of a source and a target have in common.
struct PairsCommand {
  std::string model, weights{weight_names.front()};
  PairFiles data;
  int threads = default_threads();

  void add_to(CLI::App& command, const std::string& what) {
    command.add_option("--model", model, "the model to ask")->required();
    add_pair_files(command, data, "", what);
    add_max_words(command, data.max_words)->group("Data");
    add_weights(command, weights);
    add_threads(command, threads);
  }

  /// Throws unless pairs were named.
  void check() const {
    if (!data.given()) throw CLI::RequiredError("--pairs, or --source and --target,");
  }
};

/// `translate score`: how likely a model finds given targets.
struct ScoreCommand : PairsCommand {
  bool json = false;

  void add_to(CLI::App& command) {
    PairsCommand::add_to(command, "what to score");
    command.add_flag("--json", json, "print one line of JSON about all pairs together");
  }

  int execute() const {
    check();
    const heed::Translator translator = heed::load_translator(std::filesystem::path(model));
    const auto pairs = data.read();
    const EncodedPairs encoded(pairs, translator.source, translator.target);
    const auto scores = score_all(PackedModel(translator.model, weights, model), encoded, threads);
    if (!json) {
      for (const auto& score : scores) {
        std::cout << detail::formatted("%.6f", score.log_probability) << '\t' << score.words.size() << '\t'
                  << detail::formatted("%.6f", heed::perplexity(std::span(&score, 1))) << '\n';
      }
      return 0;
    }
    double log_probability = 0;
    std::size_t words = 0;
    for (const auto& score : scores) {
      log_probability += score.log_probability;
      words += score.words.size();
    }
    nlohmann::ordered_json line;
    line["pairs"] = scores.size();
    line["words"] = words;
    line["log_probability"] = log_probability;
    line["perplexity"] = heed::perplexity(scores);
    std::cout << line.dump() << '\n';
    return 0;
  }
};

/// `translate align`: what a model looks at while it is fed given targets.
struct AlignCommand : PairsCommand {
  std::string alignment;

  void add_to(CLI::App& command) {
    PairsCommand::add_to(command, "what to align");
    command.add_option("--alignment", alignment,
                       "draw what was looked at, FILE.svg for the first pair, FILE-2.svg for the second, ...");
  }

  int execute() const {
    check();
    std::vector<NamedFile> inputs = data.files();
    inputs.push_back({"model", model});
    check_outputs(inputs, {{"--alignment", alignment}});
    const heed::Translator translator = heed::load_translator(std::filesystem::path(model));
    require_attention(true, translator.config, model, "there is no alignment");
    const auto pairs = data.read();
    const EncodedPairs encoded(pairs, translator.source, translator.target);
    const auto looks = align_all(PackedModel(translator.model, weights, model), encoded, threads);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      std::string line;
      const auto sources = heed::alignment_from_weights(looks[i]);
      for (std::size_t j = 0; j < sources.size(); ++j) {
        if (j > 0) line += ' ';
        line += std::to_string(sources[j]) + '-' + std::to_string(j);
      }
      std::cout << line << '\n';
      if (!alignment.empty()) draw_alignment(alignment, inputs, i + 1, looks[i], pairs[i].source, pairs[i].target);
    }
    return 0;
  }
};

}  // namespace examples
