#pragma once

#include "support/output.hpp"
#include "translate/decoding_options.hpp"
#include "translate/evaluation.hpp"
#include "translate/loaded_models.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace examples {

/// `translate evaluate`: evaluates a model on sentence pairs.
struct EvaluateCommand {
  std::vector<std::string> models;
  std::string weights{weight_names.front()};
  PairFiles data;
  DecodingOptions how;
  int threads = default_threads();
  bool json = false;

  void add_to(CLI::App& command) {
    add_models(command, models);
    add_pair_files(command, data, "", "pairs to evaluate on");
    add_links(command, data);
    add_max_words(command, data.max_words)->group("Data");
    add_decoding_options(command, how);
    add_weights(command, weights);
    add_threads(command, threads);
    command.add_flag("--json", json, "print the scores as one line of JSON");
  }

  int execute() {
    end_on_closed_output();
    how.search.keep_weights = false;
    if (!data.given()) throw CLI::RequiredError("--pairs, or --source and --target,");
    check(how);
    LoadedModels loaded(models, how);
    data.tokenize_for(loaded.first());
    const auto pairs = data.read();
    loaded.prepare(weights);
    how.others = loaded.others();
    const Evaluation scores = evaluate(loaded.first(), pairs, how, threads);
    if (json) {
      nlohmann::ordered_json line;
      line["sentences"] = pairs.size();
      line["bleu"] = scores.bleu;
      line["chrf"] = scores.chrf;
      line["exact_match"] = scores.exact_match;
      line["word_error_rate"] = scores.word_error_rate;
      if (scores.perplexity) line["perplexity"] = *scores.perplexity;
      line["seconds"] = scores.seconds;
      if (scores.alignment.error_rate) line["aer"] = *scores.alignment.error_rate;
      if (scores.alignment.precision) line["alignment_precision"] = *scores.alignment.precision;
      if (scores.alignment.recall) line["alignment_recall"] = *scores.alignment.recall;
      if (scores.alignment.crossing) line["crossing"] = *scores.alignment.crossing;
      std::cout << line.dump() << '\n';
    } else {
      print(pairs.size(), scores);
    }
    return 0;
  }

  /// Prints the scores as text.
  static void print(std::size_t sentences, const Evaluation& scores) {
    std::cout << "sentences    " << sentences << "\nexact match  " << two_decimals(scores.exact_match)
              << " %\nword errors  " << two_decimals(scores.word_error_rate) << " %\nBLEU         "
              << two_decimals(scores.bleu) << "\nchrF         " << two_decimals(scores.chrf) << '\n';
    if (scores.perplexity) std::cout << "perplexity   " << two_decimals(*scores.perplexity) << '\n';
    if (scores.alignment.error_rate) std::cout << "alignment    " << alignment_text(scores.alignment) << '\n';
    std::cout << "search       " << two_decimals(scores.seconds) << " s\n";
  }
};

}  // namespace examples
