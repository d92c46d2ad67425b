#pragma once

#include "support/output.hpp"
#include "translate/evaluation.hpp"
#include "translate/options.hpp"
#include "translate/pictures.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace examples {

/// The options and functions that `translate score` and `translate align` share.
struct PairsCommand {
  std::string model, weights{weight_names.front()};
  PairFiles data;
  ErrorPolicy errors;
  int threads = default_threads();

  void add_to(CLI::App& command, const std::string& what) {
    command.add_option("--model", model, "model file")->required();
    add_pair_files(command, data, "", what);
    add_max_words(command, data.max_words)->group("Data");
    add_weights(command, weights);
    add_threads(command, threads);
    add_error_policy(command, errors, "an empty line");
  }

  /// Loads the model and prepares it for inference. Throws if no data file is given.
  heed::Translator load() {
    if (!data.given()) throw CLI::RequiredError("--pairs, or --source and --target,");
    heed::Translator translator = heed::Translator::load(std::filesystem::path(model));
    data.tokenize_for(translator);
    prepare_weights(translator.model, weights, model);
    return translator;
  }

  /// Reads the pairs. Throws at an invalid line unless --on-error is skip.
  ValidPairs read() const {
    end_on_closed_output();
    if (errors.skips()) {
      if (!data.links.empty()) throw CLI::ValidationError("--links", "cannot be used with --on-error skip");
      return read_valid(data);
    }
    ValidPairs all{data.read(), 0};
    all.lines = all.pairs.size();
    return all;
  }

  /// Calls print(i) for every pair i and prints an empty line for every line that was skipped.
  template <class Print>
  static void for_each_line(const ValidPairs& input, Print&& print) {
    std::size_t i = 0;
    for (std::size_t line = 1; line <= input.lines; ++line) {
      if (i < input.pairs.size() && input.pairs[i].line == line) {
        print(i++);
      } else {
        std::cout << '\n';
      }
    }
  }

  int exit_code(std::string_view program, const ValidPairs& input) const {
    return errors.finish(program, input.lines - input.pairs.size(), input.lines);
  }
};

/// `translate score`: prints the log-probabilities of given targets.
struct ScoreCommand : PairsCommand {
  bool json = false;

  void add_to(CLI::App& command) {
    PairsCommand::add_to(command, "pairs to score");
    command.add_flag("--json", json, "print one line of JSON with the totals of all pairs");
  }

  int execute() {
    const heed::Translator translator = load();
    const ValidPairs input = read();
    const EncodedPairs encoded(input.pairs, translator);
    const auto scores = score_all(translator.model, encoded, threads);
    if (!json) {
      for_each_line(input, [&](std::size_t i) {
        std::cout << detail::formatted("%.6f", scores[i].log_probability) << '\t' << scores[i].words.size() << '\t'
                  << detail::formatted("%.6f", heed::perplexity(std::span(&scores[i], 1))) << '\n';
      });
      return exit_code("translate score", input);
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
    if (scores.empty()) {
      line["perplexity"] = nullptr;  // every line was skipped
    } else {
      line["perplexity"] = heed::perplexity(scores);
    }
    if (errors.skips()) line["skipped"] = input.lines - input.pairs.size();
    std::cout << line.dump() << '\n';
    return exit_code("translate score", input);
  }
};

/// `translate align`: prints the alignments of given pairs, from the attention weights under teacher forcing, and their
/// agreement with the links of the pairs.
struct AlignCommand : PairsCommand {
  std::string alignment;

  void add_to(CLI::App& command) {
    PairsCommand::add_to(command, "pairs to align");
    add_links(command, data);
    command.add_option("--alignment", alignment,
                       "draw the attention weights: FILE.svg for the first pair, FILE-2.svg for the second, ...");
  }

  int execute() {
    std::vector<NamedFile> inputs = data.files();
    inputs.push_back({"model", model});
    check_outputs(inputs, {{"--alignment", alignment}});
    const heed::Translator translator = load();
    require_attention(true, translator.config, model, "it gives no alignment");
    const ValidPairs input = read();
    const auto& pairs = input.pairs;
    const EncodedPairs encoded(pairs, translator);
    std::vector<std::vector<heed::Index>> alignments(pairs.size());
    std::vector<heed::Matrix<float>> matrices(alignment.empty() ? 0 : pairs.size());
    for_each_alignment(translator, pairs, encoded, threads, [&](std::size_t i, const heed::Matrix<float>& matrix) {
      alignments[i] = heed::alignment_from_weights(matrix);
      if (!alignment.empty()) matrices[i] = matrix;
    });
    for_each_line(input, [&](std::size_t i) {
      std::cout << links_text(alignments[i]) << '\n';
      if (alignment.empty() || pairs[i].target.empty()) return;
      const auto picture =
          draw_alignment(alignment, inputs, pairs[i].line, matrices[i], pairs[i].source, pairs[i].target);
      write_text_file(picture.path, picture.text);
    });
    const std::string scores = alignment_text(score_alignments(pairs, alignments));
    if (!scores.empty()) std::cerr << "translate align: " << scores << '\n';
    return exit_code("translate align", input);
  }

 private:
  static std::string links_text(const std::vector<heed::Index>& sources) {
    std::string text;
    for (std::size_t j = 0; j < sources.size(); ++j) {
      if (j > 0) text += ' ';
      text += std::to_string(sources[j]) + '-' + std::to_string(j);
    }
    return text;
  }
};

}  // namespace examples
