#pragma once

#include "translate/decoding_options.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace examples {

/// The translators in the files of --model. Several translators decode together, as an ensemble.
class LoadedModels {
 public:
  /// Loads the files and makes the attention hard if `how.hard` is set. Throws heed::Error if a file is invalid, if the
  /// translators have different vocabularies or tokenizers, or if an option does not fit a translator.
  LoadedModels(const std::vector<std::string>& files, const DecodingOptions& how) : files_(files) {
    for (const std::string& file : files) {
      heed::Translator& next = translators_.emplace_back(heed::Translator::load(std::filesystem::path(file)));
      if (how.hard) harden(next, file);
      check(how, next.config, file);
      const heed::Translator& first = translators_.front();
      heed::require(same_tokens(next, first) && next.config.source_tokenizer == first.config.source_tokenizer &&
                        next.config.target_tokenizer == first.config.target_tokenizer,
                    [&] { return file + ": has other vocabularies, subwords or tokenizers than " + files.front(); });
    }
  }

  const heed::Translator& first() const { return translators_.front(); }

  /// Converts the weights: see `prepare_weights`.
  void prepare(std::string_view weights) {
    for (std::size_t i = 0; i < files_.size(); ++i) prepare_weights(translators_[i].model, weights, files_[i]);
  }

  /// All models except the first.
  std::vector<const Model*> others() const {
    std::vector<const Model*> models;
    for (std::size_t i = 1; i < translators_.size(); ++i) models.push_back(&translators_[i].model);
    return models;
  }

 private:
  std::vector<std::string> files_;
  std::vector<heed::Translator> translators_;
};

/// Adds --model for commands that accept an ensemble.
inline void add_models(CLI::App& command, std::vector<std::string>& files) {
  command
      .add_option("--model", files,
                  "model file; several files (at most 100) form an ensemble: the probability of a word is its mean "
                  "over the models")
      ->required()
      ->expected(1, 100);
}

}  // namespace examples
