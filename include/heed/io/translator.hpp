#pragma once

#include <heed/io/checkpoint.hpp>
#include <heed/io/fields.hpp>
#include <heed/io/translation_model.hpp>
#include <heed/text/vocabulary.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace heed { inline namespace v0_2 {

/// A translation model with its configuration and both vocabularies. One file stores all of them.
struct Translator {
  TranslatorConfig config;        ///< configuration of the model
  Vocabulary source, target;      ///< vocabularies of both languages
  TranslationModel<float> model;  ///< the model with its parameters

  Translator() = default;

  /// Creates an untrained translator. Throws heed::Error if the configuration is invalid.
  Translator(TranslatorConfig config_, Vocabulary source_, Vocabulary target_)
      : config(std::move(config_)),
        source(std::move(source_)),
        target(std::move(target_)),
        model(make_model<float>(config, source.size(), target.size())) {}
};

namespace detail {

/// Files of version 2 have every field of the configuration. In files of version 1 those of `for_each_later_field` may
/// be missing.
inline constexpr FormatVersion translator_format{"heed-translator", 2};

/// Calls f(name, member) for every configuration field that files of all versions have.
template <class Config, class F>
void for_each_field(Config& config, const F& f) {
  f("cell", config.cell);
  f("scorer", config.scorer);
  f("decoder", config.decoder);
  f("layers", config.layers);
  f("hidden", config.hidden);
  f("embedding", config.embedding);
  f("bidirectional", config.bidirectional);
  f("input_feeding", config.input_feeding);
  f("dropout", config.dropout);
}

/// Calls f(name, member) for every configuration field that a file of version 1 may lack. A missing field has its
/// default.
template <class Config, class F>
void for_each_later_field(Config& config, const F& f) {
  f("attention", config.attention);
  f("normalizer", config.normalizer);
  f("window", config.window);
  f("longest", config.longest);
  f("reverse_source", config.reverse_source);
  f("copy_states", config.copy_states);
  f("variational_dropout", config.variational_dropout);
  f("recurrent_dropout", config.recurrent_dropout);
  f("tied_embeddings", config.tied_embeddings);
}

}  // namespace detail

/// Adds a translator to a file: the parameters under `model.`, everything else as metadata.
inline void save_translator(SafetensorsWriter& writer, const Translator& translator) {
  writer.metadata("format", detail::translator_format.text());
  const auto write = [&](const std::string& name, const auto& value) {
    writer.metadata("config." + name, detail::field_text(value));
  };
  detail::for_each_field(translator.config, write);
  detail::for_each_later_field(translator.config, write);
  writer.metadata("vocabulary.source", detail::join_lines(translator.source.words()));
  writer.metadata("vocabulary.target", detail::join_lines(translator.target.words()));
  save_parameters(writer, translator.model, "model");
}

/// Writes a translator to one safetensors file. An existing file is replaced only by a complete one.
inline void save_translator(const std::filesystem::path& path, const Translator& translator) {
  SafetensorsWriter writer;
  save_translator(writer, translator);
  writer.write(path);
}

namespace detail {

/// Creates an untrained translator with the configuration and the vocabularies in a file's metadata. `held` is the
/// number of parameters in the file.
///
/// Throws if a field is unknown, invalid or missing (a later field: only with `all_fields`), or if the model would not
/// have `held` parameters. This is checked before the model is allocated.
inline Translator described_translator(const SafetensorsFile& file, double held, bool all_fields) {
  TranslatorConfig config;
  KeyNames known;
  const auto read = [&](const std::string& name, auto& value) {
    known.insert("config." + name);
    const std::string& text = metadata_at(file, "config." + name);
    require(read_field(text, value),
            [&] { return file.name() + ": config." + name + " cannot be " + in_quotes(text); });
  };
  for_each_field(config, read);
  for_each_later_field(config, [&](const std::string& name, auto& value) {
    if (all_fields || file.metadata().contains("config." + name)) read(name, value);
    known.insert("config." + name);
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
  return Translator(std::move(config), std::move(source), std::move(target));
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

/// Loads a translator from a file.
///
/// Throws heed::Error, with the file's name and the problem, if the format, the configuration or a vocabulary is
/// invalid, if a parameter has a wrong name, type or shape or a value that is not finite, or if a metadata key that
/// begins with `config.` or `vocabulary.` is unknown.
inline Translator load_translator(const SafetensorsFile& file) {
  const int version = detail::read_version(file, detail::translator_format);
  return detail::naming(file, [&] {
    double held = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      if (name.starts_with("model.")) held += static_cast<double>(tensor.data.size()) / sizeof(float);
    }
    Translator translator = detail::described_translator(file, held, version >= 2);
    load_parameters(file, translator.model, "model");
    return translator;
  });
}

/// Loads a translator from a file. Throws as the overload above, and if the file holds other tensors.
inline Translator load_translator(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  for (const auto& [name, tensor] : file.tensors()) {
    require(name.starts_with("model."), [&, &name = name] {
      return file.name() + ": tensor " + detail::in_quotes(name) + " does not belong to a translation model";
    });
  }
  return load_translator(file);
}

}}  // namespace heed::v0_2
