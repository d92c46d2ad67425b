#pragma once

#include "support/files.hpp"
#include "translate/packed_model.hpp"

#include <heed/io/alignment_picture.hpp>
#include <heed/text/line_reader.hpp>

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace examples {

/// A sentence, its translation, and what was looked at for each word of it.
struct Translation {
  heed::Words source, target;
  heed::Matrix<float> weights;  ///< source x target; without rows where the decoder looks at nothing
};

/// Translates sentences together. An empty one stays empty.
template <class Model>
std::vector<Translation> translate(const Model& model, const heed::Translator& translator,
                                   std::vector<heed::Words> sentences, const heed::SearchOptions& options,
                                   heed::SearchWorkspace<float>& work) {
  std::vector<Translation> translations(sentences.size());
  std::vector<std::vector<heed::Token>> tokens;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    translations[i].source = std::move(sentences[i]);
    if (translations[i].source.empty()) continue;
    tokens.push_back(translator.source.encode(translations[i].source));
    places.push_back(i);
  }
  const std::vector<std::span<const heed::Token>> batch(tokens.begin(), tokens.end());
  std::vector<heed::Hypothesis<float>> found;
  search(model, batch, options, work, found);
  for (std::size_t k = 0; k < found.size(); ++k) {
    Translation& translation = translations[places[k]];
    for (const heed::Token token : found[k].tokens) translation.target.push_back(translator.target.word(token));
    translation.weights = found[k].weights.leftCols(static_cast<heed::Index>(found[k].tokens.size()));
  }
  return translations;
}

/// `translate run`: translates standard input, line by line.
struct RunCommand {
  std::string model, alignment, weights{weight_names.front()};
  heed::SearchOptions search;
  std::size_t max_words = 1000;
  bool show = false;

  void add_to(CLI::App& command) {
    command.add_option("--model", model, "the model to translate with")->required();
    add_search_options(command, search);
    add_weights(command, weights);
    command.add_option("--max-words", max_words, "a longer line is an error")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str();
    command.add_option("--alignment", alignment,
                       "draw what was looked at, FILE.svg for the first line, FILE-2.svg for the second, ...");
    command.add_flag("--show", show, "print what was looked at in block characters, to standard error");
  }

  int execute() const {
    const heed::Translator translator = heed::load_translator(std::filesystem::path(model));
    heed::require(!(show || !alignment.empty()) || translator.config.attends(), [&] {
      return model + " has a " + translator.config.decoder +
             " decoder, which looks back at nothing: there is no alignment to show";
    });
    const PackedModel packed(translator.model, weights);
    heed::SearchWorkspace<float> work;
    heed::LineReader reader(std::cin, "standard input");
    // A person waits for each answer; a file is translated many lines at a time.
    const std::size_t most = isatty(STDIN_FILENO) == 1 ? 1 : 64;
    std::vector<heed::Words> lines;
    std::size_t done = 0;
    const auto flush = [&] {
      for (const auto& translation : translate(packed, translator, std::move(lines), search, work))
        answer(translation, ++done);
      std::cout.flush();
      heed::require(std::cout.good(), [] { return std::string("standard output cannot be written to"); });
      lines.clear();
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
  heed::Words words_of(const heed::LineReader& reader, const heed::Vocabulary& vocabulary) const {
    heed::Words words = heed::split_words(reader.text());
    if (words.size() > max_words) {
      reader.fail("a line of " + std::to_string(words.size()) + " words, more than --max-words " +
                  std::to_string(max_words));
    }
    for (const auto& word : words) {
      if (vocabulary.contains(word)) continue;
      std::cerr << "note: standard input:" << reader.number() << ": unknown word " << heed::detail::in_quotes(word)
                << ", read as <unk>\n";
    }
    return words;
  }

  void answer(const Translation& translation, std::size_t number) const {
    std::cout << heed::join_words(translation.target) << '\n';
    if (translation.target.empty()) return;
    if (show) {
      std::cerr << heed::alignment_blocks(translation.weights, translation.source, translation.target) << '\n';
    }
    if (!alignment.empty()) {
      write_text_file(numbered(alignment, number),
                      heed::alignment_svg(translation.weights, translation.source, translation.target, ""));
    }
  }

  static std::filesystem::path numbered(std::filesystem::path path, std::size_t number) {
    if (number == 1) return path;
    const std::string extension = path.extension().string();
    return path.replace_extension().concat("-" + std::to_string(number)).concat(extension);
  }
};

}  // namespace examples
