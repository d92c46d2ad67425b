#pragma once

#include <heed/io/checkpoint.hpp>
#include <heed/io/fields.hpp>
#include <heed/io/subwords.hpp>
#include <heed/io/translation_model.hpp>
#include <heed/search/search.hpp>
#include <heed/text/alignment.hpp>
#include <heed/text/translation.hpp>
#include <heed/text/vocabulary.hpp>

#include <concepts>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A translation model with its configuration and the vocabularies of both languages. One safetensors file stores all
/// of them. Threads may call the const functions of one translator at the same time.
struct Translator {
  TranslatorConfig config;                    ///< configuration of the model
  Vocabulary source, target;                  ///< vocabularies of both languages
  Subwords source_subwords, target_subwords;  ///< split the words into the pieces that the vocabularies hold
  TranslationModel<float> model;              ///< the model with its parameters

  Translator() = default;

  /// Creates an untrained translator. Throws heed::Error if the configuration is invalid, or if it has shared
  /// embeddings and the vocabularies differ.
  Translator(TranslatorConfig config_, Vocabulary source_, Vocabulary target_)
      : config(std::move(config_)),
        source(std::move(source_)),
        target(std::move(target_)),
        model(make_model<float>(config, source.size(), target.size())) {
    require(!config.shared_embeddings || source == target,
            "Translator: with shared embeddings the vocabularies must be equal, got different words");
  }

  /// Creates an untrained translator whose tokens are subwords. Without a model on one side, the vocabulary of this
  /// side holds words. Throws heed::Error as above, and if a vocabulary is not that of its subwords.
  Translator(TranslatorConfig config_, Vocabulary source_, Vocabulary target_, Subwords source_subwords_,
             Subwords target_subwords_)
      : Translator(std::move(config_), std::move(source_), std::move(target_)) {
    source_subwords = std::move(source_subwords_);
    target_subwords = std::move(target_subwords_);
    const auto check = [](const char* side, const Subwords& subwords, const Vocabulary& vocabulary) {
      require(subwords.empty() || subwords.vocabulary() == vocabulary,
              [&] { return std::string("the ") + side + " vocabulary does not hold the pieces of its subwords"; });
    };
    check("source", source_subwords, source);
    check("target", target_subwords, target);
  }

  /// Loads a translator from a file. `prepack(translator.model)` makes translation faster.
  ///
  /// Throws heed::Error, with the file's name and the problem, if the format, the configuration or a vocabulary is
  /// invalid, if a parameter has a wrong name, type or shape or a value that is not finite, if a metadata key that
  /// begins with `config.` or `vocabulary.` is unknown, or if the file has subwords and this is a build without
  /// SentencePiece. The overload for a path also throws if a tensor is neither below `model.` nor that of subwords.
  static Translator load(const std::filesystem::path& path);
  static Translator load(const SafetensorsFile& file);

  /// Writes the translator to one file. An existing file is replaced only after the new one is complete. The overload
  /// for a writer adds the parameters under `model.`, subwords as the bytes `subwords.source` and `subwords.target`,
  /// and everything else as metadata. Throws heed::Error if the file cannot be written or the weights were converted to
  /// 16 bits.
  void save(const std::filesystem::path& path) const;
  void save(SafetensorsWriter& writer) const;

  /// The tokenizer of the source language and of the target language.
  Tokenizer source_tokenizer() const { return Tokenizer(config.source_tokenizer); }
  Tokenizer target_tokenizer() const { return Tokenizer(config.target_tokenizer); }

  /// Splits source words into pieces. `words` is the result of `source_tokenizer().split(line)`; the words are
  /// converted to the form of the vocabulary.
  SubwordSentence split_source(Words words) const {
    const Tokenizer tokenizer = source_tokenizer();
    for (std::string& word : words) word = tokenizer.normalize(word);
    return source_subwords.split(std::move(words));
  }

  /// Converts source words to tokens: the ids of their pieces. `words` is as in `split_source`.
  std::vector<Token> encode(const Words& words) const { return source.encode(split_source(words).pieces); }

  /// Joins target tokens to words.
  SubwordSentence join_target(std::span<const Token> tokens) const {
    Words pieces;
    for (const Token token : tokens) pieces.push_back(target.word(token));
    return target_subwords.join(std::move(pieces));
  }

  /// Returns the best translation of a line of text. An empty line has an empty translation.
  /// Throws heed::Error as `search` does, or if `options.prefixes` is set.
  template <std::convertible_to<std::string_view> Line>
  Translation translate(const Line& line, const SearchOptions& options = {}) const {
    const std::string_view lines[] = {line};
    return std::move(translate(lines, options).front().front());
  }

  /// Returns at most `options.best` translations of each line, best first: fewer if the beam ended with fewer. An empty
  /// line has one empty translation.
  template <class Lines>
  requires(!std::convertible_to<Lines, std::string_view>) std::vector<std::vector<Translation>> translate(
      const Lines& lines, const SearchOptions& options = {})
  const {
    require(options.prefixes.empty(), "Translator.translate: prefixes are not supported; call search");
    constexpr std::size_t lines_together = 64;
    std::vector<std::vector<Translation>> translations;
    std::vector<std::vector<Token>> sources;
    std::vector<std::size_t> places;
    const Tokenizer tokenizer = source_tokenizer();
    SearchWorkspace<float> work;
    Hypotheses<float> found;
    const auto translate_sources = [&] {
      search(model, Sentences(sources), options, work, found);
      for (std::size_t k = 0; k < found.size(); ++k) {
        auto& of_line = translations[places[k]];
        const Words words = std::move(of_line.front().source);
        of_line.clear();
        for (const auto& hypothesis : found[k]) of_line.push_back(translation(hypothesis, words));
      }
      sources.clear();
      places.clear();
    };
    for (const auto& line : lines) {
      Translation& first = translations.emplace_back().emplace_back();
      first.source = tokenizer.split(line);
      if (first.source.empty()) continue;
      sources.push_back(encode(first.source));
      places.push_back(translations.size() - 1);
      if (sources.size() == lines_together) translate_sources();
    }
    translate_sources();
    return translations;
  }

 private:
  Translation translation(const Hypothesis<float>& hypothesis, const Words& source_words) const {
    Translation result;
    result.source = source_words;
    SubwordSentence found = join_target(hypothesis.tokens);
    if (hypothesis.weights.rows() > 0) {
      result.alignment = alignment_from_weights(
          weights_of_words(hypothesis.weights, split_source(source_words).word_of_piece, found.word_of_piece));
    }
    result.words = std::move(found.words);
    result.text = target_tokenizer().detokenize(result.words);
    result.log_probability = hypothesis.log_probability;
    result.score = hypothesis.score;
    return result;
  }
};

namespace detail {

inline constexpr FormatVersion translator_format{"heed-translator", 4};

/// Calls f(name, member, version) for every configuration field. Files of this version and of later versions have the
/// field. In older files it may be missing, and then has its default.
template <class Config, class F>
void for_each_field(Config& config, const F& f) {
  f("cell", config.cell, 1);
  f("scorer", config.scorer, 1);
  f("decoder", config.decoder, 1);
  f("layers", config.layers, 1);
  f("hidden", config.hidden, 1);
  f("embedding", config.embedding, 1);
  f("bidirectional", config.bidirectional, 1);
  f("input_feeding", config.input_feeding, 1);
  f("dropout", config.dropout, 1);
  f("attention", config.attention, 2);
  f("normalizer", config.normalizer, 2);
  f("window", config.window, 2);
  f("longest", config.longest, 2);
  f("reverse_source", config.reverse_source, 2);
  f("copy_states", config.copy_states, 2);
  f("variational_dropout", config.variational_dropout, 2);
  f("recurrent_dropout", config.recurrent_dropout, 2);
  f("tied_embeddings", config.tied_embeddings, 2);
  f("filters", config.filters, 3);
  f("filter_width", config.filter_width, 3);
  f("source_tokenizer", config.source_tokenizer, 3);
  f("target_tokenizer", config.target_tokenizer, 3);
  f("memory_dropout", config.memory_dropout, 4);
  f("shared_embeddings", config.shared_embeddings, 4);
}

}  // namespace detail

inline void Translator::save(SafetensorsWriter& writer) const {
  writer.metadata("format", detail::translator_format.text());
  detail::for_each_field(config, [&](const std::string& name, const auto& value, int) {
    writer.metadata("config." + name, detail::field_text(value));
  });
  writer.metadata("vocabulary.source", detail::join_lines(source.words()));
  writer.metadata("vocabulary.target", detail::join_lines(target.words()));
  save_parameters(writer, model, "model");
  detail::save_subwords(writer, detail::source_subwords_name, source_subwords);
  detail::save_subwords(writer, detail::target_subwords_name, target_subwords);
}

inline void Translator::save(const std::filesystem::path& path) const {
  SafetensorsWriter writer;
  save(writer);
  writer.write(path);
}

namespace detail {

/// Creates an untrained translator with the configuration and the vocabularies in a file's metadata. `held` is the
/// number of parameters in the file.
///
/// Throws if a field is unknown, invalid or missing, or if the model would not have `held` parameters. All checks are
/// made before the model is allocated. `version` is that of the file's format.
inline Translator described_translator(const SafetensorsFile& file, double held, int version) {
  TranslatorConfig config;
  KeyNames known;
  for_each_field(config, [&](const std::string& name, auto& value, int since) {
    const std::string key = "config." + name;
    known.insert(key);
    if (version < since && !file.metadata().contains(key)) return;
    const std::string& text = metadata_at(file, key);
    require(read_field(text, value), [&] { return file.name() + ": " + key + " cannot be " + in_quotes(text); });
  });
  refuse_unknown_keys(file, "config.", known);
  refuse_unknown_keys(file, "vocabulary.", {"vocabulary.source", "vocabulary.target"});
  const auto vocabulary = [&](const std::string& side) {
    return Vocabulary::from_words(split_lines(metadata_at(file, "vocabulary." + side)));
  };
  config.check();
  Vocabulary source = vocabulary("source"), target = vocabulary("target");
  const double claimed = model_size(config, source.size(), target.size());
  require(claimed == held, [&] {
    return "the configuration and the vocabularies need " + field_text(claimed) + " parameters, but the file has " +
           field_text(held);
  });
  return Translator(std::move(config), std::move(source), std::move(target), load_subwords(file, source_subwords_name),
                    load_subwords(file, target_subwords_name));
}

/// Calls `read` and returns its result. Its error messages begin with the file's name, unless exceptions are disabled.
template <class Read>
auto naming([[maybe_unused]] const SafetensorsFile& file, const Read& read) {
#if defined(__cpp_exceptions)
  try {
    return read();
  } catch (const Error& error) {
    const std::string what = error.what();
    fail(what.find(file.name()) == 0 ? what : file.name() + ": " + what);
  }
#else
  return read();
#endif
}

}  // namespace detail

inline Translator Translator::load(const SafetensorsFile& file) {
  const int version = detail::read_version(file, detail::translator_format);
  return detail::naming(file, [&] {
    double held = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      if (name.starts_with("model.")) held += static_cast<double>(tensor.data.size()) / sizeof(float);
    }
    Translator translator = detail::described_translator(file, held, version);
    load_parameters(file, translator.model, "model");
    return translator;
  });
}

inline Translator Translator::load(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  for (const auto& [name, tensor] : file.tensors()) {
    const bool subwords = name == detail::source_subwords_name || name == detail::target_subwords_name;
    require(name.starts_with("model.") || subwords, [&, &name = name] {
      return file.name() + ": tensor " + detail::in_quotes(name) + " does not belong to a translation model";
    });
  }
  return load(file);
}

}}  // namespace heed::v0_2
