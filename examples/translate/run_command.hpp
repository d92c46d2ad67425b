#pragma once

#include "support/line_filter.hpp"
#include "translate/loaded_models.hpp"
#include "translate/pictures.hpp"
#include "translate/translation.hpp"

#include <heed/text/corpus.hpp>
#include <heed/text/markup.hpp>

#include <string>
#include <utility>
#include <vector>

namespace examples {

/// `translate run`: translates standard input, line by line.
struct RunCommand {
  std::vector<std::string> models;
  std::string alignment, prefix, weights{weight_names.front()};
  DecodingOptions how;
  ErrorPolicy errors;
  heed::ReadOptions read{.max_words_option = "--max-words"};
  int threads = 1;
  bool show = false, tokens = false, transfer_tags = false;

  void add_to(CLI::App& command) {
    add_models(command, models);
    add_decoding_options(command, how);
    command
        .add_option("--n-best", how.search.best,
                    "translations per line; if more than 1, each is printed on a separate line: the number of the "
                    "source line, the score and the words, separated by tabs")
        ->group("Search")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command
        .add_option("--prefix", prefix,
                    "words that every translation begins with; with subwords, the last word can get more letters")
        ->group("Search");
    add_weights(command, weights);
    add_max_words(command, read.max_words);
    command.add_option(
        "--alignment", alignment,
        "draw the attention weights: FILE.svg for the first line, FILE-2.svg for the second, ...; of several "
        "translations, those of the best");
    add_threads(command, threads);
    add_error_policy(command, errors, "an empty translation");
    command.add_flag("--tokens", tokens, "print the words of the translation separated by spaces, not natural text");
    command.add_flag(
        "--transfer-tags", transfer_tags,
        "copy tags such as <b> to the translation: a word gets the tags of the source word with the largest "
        "attention weight");
    command.add_flag("--show", show, "print the attention weights as block characters to standard error");
  }

  int execute() {
    check(how);
    check_outputs(inputs(), {{"--alignment", alignment}});
    LoadedModels loaded(models, how);
    const heed::Translator& translator = loaded.first();
    require_attention(show || !alignment.empty(), translator.config, models.front(),
                      "--show and --alignment cannot be used");
    how.others = loaded.others();
    how.subwords = !translator.target_subwords.empty();
    how.prefix = read_prefix(prefix, translator, how.search.maximum_length);
    require_attention(transfer_tags, translator.config, models.front(), "--transfer-tags cannot be used");
    how.search.keep_weights = show || transfer_tags || !alignment.empty();
    loaded.prepare(weights);
    std::vector<heed::SampleWorkspace<float>> work(static_cast<std::size_t>(threads));
    LineFilter filter(read);
    filter.program = "translate run";
    filter.threads = threads;
    filter.errors = errors;
    filter.parse = [&](const heed::LineReader& reader) {
      heed::Words words =
          heed::detail::limited_words(reader, reader.text(), "the line", read, [&](std::string_view line) {
            const heed::Tokenizer tokenizer = translator.source_tokenizer();
            return transfer_tags ? heed::split_markup(line, tokenizer).words : tokenizer.split(line);
          });
      const std::size_t count = source_tokens(translator, words);
      if (count > read.max_words) reader.fail(too_many_subwords("the line", count, read.max_words));
      return words;
    };
    filter.keep_text = transfer_tags;
    filter.size = [&](const InputLine& line) {
      return size_of_search(static_cast<heed::Index>(source_tokens(translator, line.words)), how);
    };
    filter.answer = [&](const std::vector<InputLine>& lines, int thread) {
      return answers(lines, translator, work[static_cast<std::size_t>(thread)]);
    };
    filter.placeholder = [&](std::size_t number) { return output_of({}, InputLine{number, {}, {}, {}}, translator); };
    return filter.run();
  }

 private:
  std::vector<NamedFile> inputs() const {
    std::vector<NamedFile> files{standard_input_file()};
    for (const std::string& model : models) files.push_back({"model", model});
    return files;
  }

  std::vector<Answer> answers(const std::vector<InputLine>& lines, const heed::Translator& translator,
                              heed::SampleWorkspace<float>& work) const {
    std::vector<heed::Words> sentences;
    for (const InputLine& line : lines) sentences.push_back(line.words);
    const auto found = translate(translator, sentences, how, work);
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      Answer& answer = answers.emplace_back();
      for (const Translation& translation : found[i]) answer.out += output_of(translation, lines[i], translator);
      answer.err = unknown_words(lines[i], translator);
      const auto& [source, target, looks, score] = found[i].front();
      if (target.empty()) continue;  // there is nothing to draw
      if (show) answer.err += heed::alignment_blocks(looks, source, target) + '\n';
      if (alignment.empty()) continue;
      Picture picture = draw_alignment(alignment, inputs(), lines[i].number, looks, source, target);
      answer.path = std::move(picture.path);
      answer.text = std::move(picture.text);
    }
    return answers;
  }

  /// The number of tokens of a source sentence.
  static std::size_t source_tokens(const heed::Translator& translator, const heed::Words& words) {
    return translator.source_subwords.empty() ? words.size() : translator.split_source(words).pieces.size();
  }

  static std::string unknown_words(const InputLine& line, const heed::Translator& translator) {
    std::string notes;
    const heed::SubwordSentence sentence = translator.split_source(line.words);
    heed::Index noted = -1;  // the last word with a note
    for (std::size_t i = 0; i < sentence.pieces.size(); ++i) {
      const bool same_word = sentence.word_of_piece[i] == noted;
      if (same_word || translator.source.contains(sentence.pieces[i])) continue;
      noted = sentence.word_of_piece[i];
      const std::string& word = line.words[static_cast<std::size_t>(sentence.word_of_piece[i])];
      notes += "note: standard input:" + std::to_string(line.number) + ": unknown " +
               (translator.source_subwords.empty() ? "word " : "characters in ") + heed::detail::in_quotes(word) +
               ", encoded as <unk>\n";
    }
    return notes;
  }

  std::string output_of(const Translation& translation, const InputLine& input,
                        const heed::Translator& translator) const {
    std::string line;
    if (how.search.best > 1) {
      line = std::to_string(input.number) + '\t' + detail::formatted("%.6f", translation.score) + '\t';
    }
    const heed::Tokenizer tokenizer = tokens ? heed::Tokenizer() : translator.target_tokenizer();
    if (!transfer_tags || (translation.weights.rows() == 0 && !translation.target.empty()))
      return line + tokenizer.detokenize(translation.target) + '\n';
    std::vector<heed::Index> positions;
    if (!translation.target.empty()) positions = heed::alignment_from_weights(translation.weights);
    const heed::MarkedWords source = heed::split_markup(input.text, translator.source_tokenizer());
    return line + heed::transfer_markup(source, translation.target, positions, tokenizer) + '\n';
  }
};

}  // namespace examples
