#pragma once

#include "sentiment/options.hpp"
#include "support/files.hpp"

#include <heed/io/word_weights.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace examples {

/// Whether standard output is a terminal that shows colours.
inline bool can_colour() {
  const char *const term = std::getenv("TERM"), *const no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb" &&
         (no_colour == nullptr || *no_colour == '\0');
}

/// A sentence with its verdict, as it is shown and drawn.
inline heed::WeightedWords shown(const heed::Words& words, const Verdict& verdict, const heed::Words& labels) {
  const std::size_t best = verdict.best();
  return {labels[best] + ' ' + detail::formatted("%.2f", verdict.probabilities[best]), words, verdict.weights};
}

/// `sentiment run`: labels standard input, line by line.
struct SentimentRunCommand {
  std::string model, picture;
  heed::ReadOptions read{.max_words_option = "--max-words"};

  void add_to(CLI::App& command) {
    command.add_option("--model", model, "the model to label with")->required();
    add_max_words(command, read.max_words);
    command.add_option("--picture", picture, "draw all lines, each word as dark as its weight (SVG)");
  }

  int execute() const {
    check_outputs({{"model", model}, standard_input()}, {{"--picture", picture}});
    const Classifier classifier = load_classifier(model);
    const bool colour = can_colour();
    heed::LineReader reader(std::cin, "standard input", read);
    std::vector<heed::WeightedWords> lines;
    while (reader.next()) {
      const heed::Words words = heed::detail::read_words(reader, reader.text(), "the line", read);
      const auto verdict = classify(classifier.model, {classifier.vocabulary.encode(words)}).front();
      auto line = shown(words, verdict, classifier.labels);
      std::cout << line.label << '\t' << heed::word_weights_text(line, colour) << '\n' << std::flush;
      heed::require(std::cout.good(), [] { return std::string("standard output cannot be written to"); });
      if (!picture.empty()) lines.push_back(std::move(line));
    }
    heed::require(std::ferror(stdin) == 0, [] { return std::string("standard input cannot be read"); });
    if (!picture.empty()) write_text_file(picture, heed::word_weights_svg(lines, "What each word had to say"));
    return 0;
  }
};

}  // namespace examples
