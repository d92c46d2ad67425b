#pragma once

#include <heed/io/translator_config.hpp>

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

/// heed as a compiled library, for programs that only translate: link heed::translator, and this header, which includes
/// no Eigen, is all that such a program compiles. It can be used together with the other headers.
namespace heed { inline namespace v0_2 { namespace compiled {

/// A translation of a sentence.
struct Translation {
  std::string text;                       ///< its words, separated by spaces
  double log_probability = 0;             ///< of its words and the end symbol
  double score = 0;                       ///< what translations are ranked by: see `TranslateOptions::length_penalty`
  std::vector<std::ptrdiff_t> alignment;  ///< for each of its words the source word with the largest attention weight,
                                          ///< from 0; empty if the decoder has no attention
};

/// How translations are searched for.
struct TranslateOptions {
  std::ptrdiff_t beam = 1;            ///< hypotheses kept for each sentence; 1 is greedy search
  std::ptrdiff_t best = 1;            ///< translations wanted of each sentence, no more than `beam`
  double length_penalty = 0.6;        ///< alpha of Wu et al. 2016 (arXiv 1609.08144), equation 14; 0 is none
  std::ptrdiff_t maximum_length = 0;  ///< words at most, the end symbol being one; 0: twice the source and ten more
};

/// The number format of the weights during translation.
enum class WeightPrecision { float32, bfloat16, half };

/// An epoch that was trained.
struct Epoch {
  int number;               ///< from 1
  double loss, perplexity;  ///< mean cross-entropy of a target word, end symbols included; e to that power
};

/// How a translator is trained: Adam, batches of sentences of about the same length.
struct TrainOptions {
  int epochs = 10;                                     ///< passes over the pairs
  std::ptrdiff_t batch_size = 32;                      ///< sentence pairs an update
  double learning_rate = 1e-3;                         ///< of Adam
  double clip_norm = 5;                                ///< largest norm of the gradient; 0: never clipped
  double label_smoothing = 0;                          ///< in [0, 1)
  std::size_t minimum_count = 1;                       ///< rarer words are unknown
  int threads = 1;                                     ///< each takes a share of every batch
  std::uint64_t seed = 1;                              ///< of the initial weights, the order of the batches and dropout
  std::function<bool(const Epoch&)> after_epoch = {};  ///< may be empty; training ends where it returns false
};

/// A translation model with its vocabularies. Throws `Error`, from all functions, on what it cannot use.
///
/// A const translator may be shared by threads, each with its own calls.
class Translator {
 public:
  /// Reads the file that `save`, or the program translate, wrote.
  static Translator load(const std::filesystem::path& path, WeightPrecision weights = WeightPrecision::float32);

  /// Trains one on pairs of (source, target), words separated by spaces.
  static Translator train(std::span<const std::pair<std::string, std::string>> pairs,
                          const TranslatorConfig& config = {}, const TrainOptions& options = {});

  /// Moves the model; what it was moved from can only be assigned to.
  Translator(Translator&&) noexcept;
  /// Moves the model.
  Translator& operator=(Translator&&) noexcept;
  ~Translator();

  /// Writes it to a safetensors file. Throws if its weights were converted to 16 bits.
  void save(const std::filesystem::path& path) const;

  /// The configuration it was created with.
  const TranslatorConfig& config() const;

  /// The best translation of a line, words separated by spaces; an empty line has an empty one.
  std::string translate(std::string_view line, const TranslateOptions& options = {}) const;

  /// The `options.best` best translations of each line, the best first.
  std::vector<std::vector<Translation>> translate(std::span<const std::string> lines,
                                                  const TranslateOptions& options = {}) const;

 private:
  struct Model;
  explicit Translator(std::unique_ptr<Model> model);

  std::unique_ptr<Model> model_;
};

}}}  // namespace heed::v0_2::compiled
