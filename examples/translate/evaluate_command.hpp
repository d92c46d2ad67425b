#pragma once

#include "support/output.hpp"
#include "translate/decoding_options.hpp"
#include "translate/evaluation.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace examples {

/// `translate evaluate`: evaluates a model on sentence pairs.
struct EvaluateCommand {
  std::string model, weights{weight_names.front()};
  PairFiles data;
  DecodingOptions how;
  int threads = default_threads();
  bool json = false;

  void add_to(CLI::App& command) {
    command.add_option("--model", model, "model file")->required();
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
    heed::Translator translator = heed::Translator::load(std::filesystem::path(model));
    if (how.hard) harden(translator, model);
    check(how, translator.config, model);
    data.tokenize_for(translator.config);
    const auto pairs = data.read();
    prepare_weights(translator.model, weights, model);
    const Evaluation scores = evaluate(translator, pairs, how, threads);
    if (json) {
      nlohmann::ordered_json line;
      line["sentences"] = pairs.size();
      line["bleu"] = scores.bleu;
      line["chrf"] = scores.chrf;
      line["exact_match"] = scores.exact_match;
      line["word_error_rate"] = scores.word_error_rate;
      line["perplexity"] = scores.perplexity;
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
              << two_decimals(scores.bleu) << "\nchrF         " << two_decimals(scores.chrf) << "\nperplexity   "
              << two_decimals(scores.perplexity) << '\n';
    if (scores.alignment.error_rate) std::cout << "alignment    " << alignment_text(scores.alignment) << '\n';
    std::cout << "search       " << two_decimals(scores.seconds) << " s\n";
  }
};

}  // namespace examples
