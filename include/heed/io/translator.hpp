#pragma once

#include <heed/io/checkpoint.hpp>
#include <heed/io/fields.hpp>
#include <heed/io/translation_model.hpp>
#include <heed/text/vocabulary.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace heed { inline namespace v0_2 {

/// A model with everything that is needed to use it: its configuration and both vocabularies. One file holds them all.
struct Translator {
  TranslatorConfig config;        ///< what the model was made by
  Vocabulary source, target;      ///< of both languages
  TranslationModel<float> model;  ///< the parameters

  Translator() = default;

  /// An untrained translator. Throws if the configuration is out of range.
  Translator(TranslatorConfig config_, Vocabulary source_, Vocabulary target_)
      : config(std::move(config_)),
        source(std::move(source_)),
        target(std::move(target_)),
        model(make_model<float>(config, source.size(), target.size())) {}
};

namespace detail {

/// Version 2 has every field of the configuration. In version 1 the later ones may be absent.
inline constexpr FormatVersion translator_format{"heed-translator", 2};

/// Calls f(name, member) for every field of a configuration, in the order they are stored.
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

/// The same for fields that came later: in a file of version 1 an absent one has its default.
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

/// Adds a translator to a file in the making: parameters under `model.`, the rest as metadata.
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

/// Writes a translator to one safetensors file; an existing file is replaced only by a whole new one.
inline void save_translator(const std::filesystem::path& path, const Translator& translator) {
  SafetensorsWriter writer;
  save_translator(writer, translator);
  writer.write(path);
}

namespace detail {

/// An untrained translator of the configuration and the vocabularies that a file's metadata describe. Throws at an unknown
/// or invalid field, at an absent one (of the later fields only with `all_fields`), and unless they call for as many
/// parameters as the file is said to hold: what it claims costs no memory before it is checked.
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
    return "the configuration and the vocabularies call for " + field_text(claimed) + " parameters, the file holds " +
           field_text(held);
  });
  return Translator(std::move(config), std::move(source), std::move(target));
}

/// What `read` returns; its errors begin with the file's name, unless exceptions are off.
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

/// Reads a translator. Throws, with the file's name and what is wrong, unless format, configuration, vocabularies and
/// every parameter's name, type, shape and finiteness are right. Metadata keys that begin with `config.` or `vocabulary.`
/// and are not known are errors too.
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

/// The same from a file that must hold a translator and nothing else.
inline Translator load_translator(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  for (const auto& [name, tensor] : file.tensors()) {
    require(name.starts_with("model."), [&, &name = name] {
      return file.name() + ": holds " + detail::in_quotes(name) + ", which is no part of a translation model";
    });
  }
  return load_translator(file);
}

}}  // namespace heed::v0_2
