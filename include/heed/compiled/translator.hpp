#pragma once

#include <heed/io/translator_config.hpp>
#include <heed/text/translation.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Compiled library for programs that only need translation. Link heed::translator and include this header, which does
/// not include Eigen. It can be used together with the other headers.
namespace heed { inline namespace v0_2 { namespace compiled {

/// Options of the search for translations.
struct TranslateOptions {
  std::ptrdiff_t beam = 1;            ///< hypotheses kept for each sentence; 1 is greedy search
  std::ptrdiff_t best = 1;            ///< translations per sentence, at most `beam`
  double length_penalty = 0.6;        ///< alpha of Wu et al. 2016 (arXiv 1609.08144), equation 14; 0: no penalty
  std::ptrdiff_t maximum_length = 0;  ///< maximum number of words, `eos` included; 0: 2 * source length + 10
};

/// The number format of the weights during translation.
enum class WeightPrecision { float32, bfloat16, half };

/// Result of a training epoch.
struct Epoch {
  int number;               ///< from 1
  double loss, perplexity;  ///< mean training loss per target word, `eos` included, with dropout; and exp(loss)
};

/// Options of training with Adam. The sentences of a batch have similar lengths.
struct TrainOptions {
  int epochs = 10;                                     ///< passes over the sentence pairs
  std::ptrdiff_t batch_size = 32;                      ///< sentence pairs per update
  double learning_rate = 1e-3;                         ///< learning rate of Adam
  double clip_norm = 5;                                ///< maximum global norm of the gradient; 0: no clipping
  double label_smoothing = 0;                          ///< in [0, 1)
  std::size_t minimum_count = 1;                       ///< rarer words become `<unk>`
  int threads = 1;                                     ///< each thread processes a share of every batch
  std::uint64_t seed = 1;                              ///< seed of the initial weights, the batch order and dropout
  std::function<bool(const Epoch&)> after_epoch = {};  ///< may be empty; training ends if it returns false
};

/// A translation model with its vocabularies. All functions throw heed::Error if an argument or a file is invalid.
///
/// Threads may call the const functions of one translator at the same time.
class Translator {
 public:
  /// Loads a file that `save` or the program translate wrote, and converts its weights to `weights`.
  static Translator load(const std::filesystem::path& path, WeightPrecision weights = WeightPrecision::float32);

  /// Trains a translator on pairs of (source, target), which the tokenizers of the configuration split into words.
  static Translator train(std::span<const std::pair<std::string, std::string>> pairs,
                          const TranslatorConfig& config = {}, const TrainOptions& options = {});

  /// Moves the model. A moved-from translator can only be assigned to or destroyed.
  Translator(Translator&&) noexcept;
  /// Moves the model.
  Translator& operator=(Translator&&) noexcept;
  ~Translator();

  /// Writes the translator to a safetensors file. Throws heed::Error if its weights were converted to 16 bits.
  void save(const std::filesystem::path& path) const;

  /// The configuration of the model.
  const TranslatorConfig& config() const;

  /// Returns the best translation of a line of text. An empty line has an empty translation.
  Translation translate(std::string_view line, const TranslateOptions& options = {}) const;

  /// Returns at most `options.best` translations of each line, best first: fewer if the beam ended with fewer. An empty
  /// line has one empty translation.
  std::vector<std::vector<Translation>> translate(std::span<const std::string> lines,
                                                  const TranslateOptions& options = {}) const;

 private:
  struct Model;
  explicit Translator(std::unique_ptr<Model> model);

  std::unique_ptr<Model> model_;
};

}}}  // namespace heed::v0_2::compiled
