#pragma once

#include "sentiment/options.hpp"
#include "support/files.hpp"
#include "support/line_filter.hpp"

#include <heed/io/word_weights.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace examples {

/// True if standard output is a terminal that shows colours.
inline bool can_colour() {
  const char *const term = std::getenv("TERM"), *const no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb" &&
         (no_colour == nullptr || *no_colour == '\0');
}

/// A sentence with its most probable label, the probability and the weights, for the terminal and the picture.
inline heed::WeightedWords shown(const heed::Words& words, const Verdict& verdict, const heed::Words& labels) {
  const std::size_t best = verdict.best();
  return {labels[best] + ' ' + detail::formatted("%.2f", verdict.probabilities[best]), words, verdict.weights};
}

/// `sentiment run`: labels standard input, line by line.
struct SentimentRunCommand {
  std::string model, picture;
  heed::ReadOptions read{.max_words_option = "--max-words"};

  void add_to(CLI::App& command) {
    command.add_option("--model", model, "model file")->required();
    add_max_words(command, read.max_words);
    command.add_option("--picture", picture, "SVG file to draw all lines to; the shade of a word shows its weight");
  }

  int execute() const {
    check_outputs({{"model", model}, standard_input_file()}, {{"--picture", picture}});
    const Classifier classifier = load_classifier(model);
    const bool colour = can_colour();
    std::vector<heed::WeightedWords> drawn;
    LineFilter filter(read);
    filter.program = "sentiment run";
    filter.parse = [this](const heed::LineReader& reader) {
      return heed::detail::read_words(reader, reader.text(), "the line", read);
    };
    filter.answer = [&](const std::vector<InputLine>& lines, int) {
      std::vector<std::vector<heed::Token>> sentences;
      for (const InputLine& line : lines) sentences.push_back(classifier.vocabulary.encode(line.words));
      const auto verdicts = classify(classifier.model, sentences);
      std::vector<Answer> answers;
      std::vector<heed::WeightedWords> results;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        results.push_back(shown(lines[i].words, verdicts[i], classifier.labels));
        answers.emplace_back().out =
            results.back().label + '\t' + heed::word_weights_text(results.back(), colour) + '\n';
      }
      if (!picture.empty()) {
        drawn.reserve(drawn.size() + results.size());  // the move then adds all: failed lines are answered again
        std::move(results.begin(), results.end(), std::back_inserter(drawn));
      }
      return answers;
    };
    filter.finish = [&] {
      if (!picture.empty())
        write_text_file(picture,
                        heed::word_weights_svg(drawn, "Predicted class, its probability, and attention weights"));
    };
    return filter.run();
  }
};

}  // namespace examples
