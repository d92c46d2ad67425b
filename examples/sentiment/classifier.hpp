#pragma once

#include <heed/cells/gru.hpp>
#include <heed/io/checkpoint.hpp>
#include <heed/io/fields.hpp>
#include <heed/io/model_size.hpp>
#include <heed/models/sentence_classifier.hpp>
#include <heed/text/vocabulary.hpp>
#include <heed/training/initialization.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>

namespace examples {

using ClassifierModel = heed::SentenceClassifier<heed::Encoder<heed::GruCell<float>>>;

struct ClassifierConfig {
  heed::Index embedding = 100, hidden = 50;
  double dropout = 0.5;
};

/// A model with its configuration, vocabulary and labels. One file stores all of them.
struct Classifier {
  ClassifierConfig config;
  heed::Vocabulary vocabulary;
  heed::Words labels;
  ClassifierModel model;

  Classifier() = default;

  /// An untrained classifier. The alignment size of the attention is the hidden size.
  Classifier(ClassifierConfig config_, heed::Vocabulary vocabulary_, heed::Words labels_)
      : config(config_),
        vocabulary(std::move(vocabulary_)),
        labels(std::move(labels_)),
        model(make_model(config, vocabulary.size(), static_cast<heed::Index>(labels.size()))) {}

  static ClassifierModel make_model(const ClassifierConfig& config, heed::Index words, heed::Index classes) {
    const heed::Encoder<heed::GruCell<float>> encoder(
        {.input_size = config.embedding, .hidden_size = config.hidden, .bidirectional = true});
    return ClassifierModel(
        {.vocabulary = words, .alignment_size = config.hidden, .classes = classes, .dropout = config.dropout}, encoder);
  }
};

namespace detail {

inline constexpr heed::detail::FormatVersion classifier_format{"heed-sentiment", 1, "sentiment model"};

template <class Config, class F>
void for_each_classifier_field(Config& config, const F& f) {
  f("embedding", config.embedding);
  f("hidden", config.hidden);
  f("dropout", config.dropout);
}

/// The number of parameters of a classifier of these sizes, computed without making it: see
/// `heed::detail::polynomial_at`.
inline double classifier_size(const ClassifierConfig& config, heed::Index words, heed::Index classes) {
  const auto count = [](heed::Index hidden, heed::Index embedding, heed::Index some_words, heed::Index some_classes) {
    return heed::parameter_count(Classifier::make_model({embedding, hidden, 0}, some_words, some_classes));
  };
  using heed::detail::SizeOf;
  return heed::detail::polynomial_at(count, SizeOf{config.hidden, 2}, SizeOf{config.embedding, 1}, SizeOf{words, 1},
                                     SizeOf{classes, 1});
}

/// Throws heed::Error unless the labels are printable words without spaces, distinct and sorted as by `labels_of`.
inline void check_labels(const heed::Words& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool word =
        !labels[i].empty() && labels[i].find(' ') == std::string::npos && !heed::detail::first_unprintable(labels[i]);
    heed::require(word && (i == 0 || labels[i - 1] < labels[i]), [&] {
      return "the labels must be distinct words, sorted by bytes, got " +
             heed::detail::in_quotes(heed::join_words(labels));
    });
  }
}

}  // namespace detail

inline void save_classifier(const std::filesystem::path& path, const Classifier& classifier) {
  heed::SafetensorsWriter writer;
  writer.metadata("format", detail::classifier_format.text());
  detail::for_each_classifier_field(classifier.config, [&](const std::string& name, const auto& value) {
    writer.metadata("config." + name, heed::detail::field_text(value));
  });
  writer.metadata("vocabulary", heed::detail::join_lines(classifier.vocabulary.words()));
  writer.metadata("labels", heed::detail::join_lines(classifier.labels));
  heed::save_parameters(writer, classifier.model);
  writer.write(path);
}

/// Loads a classifier. Throws heed::Error, with the file's name, if anything in the file is invalid.
inline Classifier load_classifier(const heed::SafetensorsFile& file) {
  const auto text_at = [&](const std::string& key) -> const std::string& {
    return heed::detail::metadata_at(file, key, "sentiment model");
  };
  heed::detail::read_version(file, detail::classifier_format);
  ClassifierConfig config;
  heed::detail::KeyNames known;
  detail::for_each_classifier_field(config, [&]<class T>(const std::string& name, T& value) {
    known.insert("config." + name);
    const std::string& text = text_at("config." + name);
    const bool read = heed::detail::read_field(text, value) && value >= T(std::is_integral_v<T>) && value <= T(16384);
    heed::require(read,
                  [&] { return file.name() + ": config." + name + " cannot be " + heed::detail::in_quotes(text); });
  });
  heed::detail::refuse_unknown_keys(file, "config.", known);
  try {
    auto vocabulary = heed::Vocabulary::from_words(heed::detail::split_lines(text_at("vocabulary")));
    heed::Words labels = heed::detail::split_lines(text_at("labels"));
    detail::check_labels(labels);
    double held = 0;
    for (const auto& [name, tensor] : file.tensors()) held += static_cast<double>(tensor.data.size()) / sizeof(float);
    const double claimed = detail::classifier_size(config, vocabulary.size(), static_cast<heed::Index>(labels.size()));
    heed::require(claimed == held, [&] {
      return "the sizes, the vocabulary and the labels require " + heed::detail::field_text(claimed) +
             " parameters, the file holds " + heed::detail::field_text(held);
    });
    Classifier classifier(config, std::move(vocabulary), std::move(labels));
    heed::load_parameters(file, classifier.model);
    return classifier;
  } catch (const heed::Error& error) {
    const std::string what = error.what();
    heed::fail(what.find(file.name()) == 0 ? what : file.name() + ": " + what);
  }
}

inline Classifier load_classifier(const std::filesystem::path& path) {
  return load_classifier(heed::SafetensorsFile::read(path));
}

}  // namespace examples
