#pragma once

#include "translate/finding_options.hpp"
#include "translate/pictures.hpp"
#include "translate/translation.hpp"

#include <heed/text/corpus.hpp>

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <utility>

namespace examples {

/// `translate run`: translates standard input, line by line.
struct RunCommand {
  std::string model, alignment, prefix, weights{weight_names.front()};
  Finding how;
  heed::ReadOptions read{.max_words_option = "--max-words"};
  bool show = false;

  void add_to(CLI::App& command) {
    command.add_option("--model", model, "the model to translate with")->required();
    add_finding_options(command, how);
    command
        .add_option("--n-best", how.search.best,
                    "translations of each line; more than one are printed each on a line of its own, the number of the "
                    "source line, a score and the words, separated by tabs")
        ->group("Search")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command.add_option("--prefix", prefix, "words that every translation begins with")->group("Search");
    add_weights(command, weights);
    add_max_words(command, read.max_words);
    command.add_option(
        "--alignment", alignment,
        "draw what was looked at, FILE.svg for the first line, FILE-2.svg for the second, ...; of several "
        "translations the first");
    command.add_flag("--show", show, "print what was looked at in block characters, to standard error");
  }

  int execute() {
    check(how);
    check_outputs(inputs(), {{"--alignment", alignment}});
    heed::Translator translator = heed::load_translator(std::filesystem::path(model));
    if (how.hard) harden(translator, model);
    require_attention(show || !alignment.empty(), translator.config, model, "there is no alignment to show");
    check(how, translator.config, model);
    how.prefix = read_prefix(prefix, translator.target, how.search.maximum_length);
    const PackedModel packed(translator.model, weights, model);
    heed::SampleWorkspace<float> work;
    heed::LineReader reader(std::cin, "standard input", read);
    // A person waits for each answer; a file is translated many lines at a time.
    const std::size_t most = isatty(STDIN_FILENO) == 1 ? 1 : 64;
    std::vector<heed::Words> lines;
    std::size_t done = 0;
    const auto flush = [&] {
      const auto batch = std::exchange(lines, {});
      for (const auto& translations : translate(packed, translator, batch, how, work)) answer(translations, ++done);
      std::cout.flush();
      heed::require(std::cout.good(), [] { return std::string("standard output cannot be written to"); });
    };
    try {
      while (reader.next()) {
        lines.push_back(words_of(reader, translator.source));
        if (lines.size() == most) flush();
      }
      heed::require(std::ferror(stdin) == 0, [] { return std::string("standard input cannot be read"); });
    } catch (...) {
      flush();  // what came before the bad line was good
      throw;
    }
    flush();
    return 0;
  }

 private:
  std::vector<NamedFile> inputs() const { return {{"model", model}, standard_input()}; }

  heed::Words words_of(const heed::LineReader& reader, const heed::Vocabulary& vocabulary) const {
    heed::Words words = heed::detail::limited_words(reader, reader.text(), "the line", read);
    for (const auto& word : words) {
      if (vocabulary.contains(word)) continue;
      std::cerr << "note: standard input:" << reader.number() << ": unknown word " << heed::detail::in_quotes(word)
                << ", read as <unk>\n";
    }
    return words;
  }

  void answer(const std::vector<Translation>& translations, std::size_t number) const {
    for (const Translation& translation : translations) {
      if (how.search.best > 1) std::cout << number << '\t' << detail::formatted("%.6f", translation.score) << '\t';
      std::cout << heed::join_words(translation.target) << '\n';
    }
    const auto& [source, target, looks, score] = translations.front();
    if (show && !target.empty()) std::cerr << heed::alignment_blocks(looks, source, target) << '\n';
    if (!alignment.empty()) draw_alignment(alignment, inputs(), number, looks, source, target);
  }
};

}  // namespace examples
