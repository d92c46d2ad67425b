#pragma once

#include <heed/io/translation_model.hpp>

#include "support/numbers.hpp"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Prints a configuration in messages of GoogleTest.
inline void PrintTo(const TranslatorConfig& config, std::ostream* out) {
  *out << config.cell << ' ' << config.decoder << ' ' << config.scorer << (config.input_feeding ? "" : " unfed")
       << (config.reverse_source ? " reversed" : "") << (config.copy_states ? " copying" : "") << ", " << config.layers
       << " layers";
}

}}  // namespace heed::v0_2

namespace heed::test {

/// A batch that owns its tokens.
class Batch {
 public:
  Batch() = default;
  Batch(Batch&&) = default;
  Batch& operator=(Batch&&) = default;
  Batch(const Batch&) = delete;  // the spans of a copy would point into the original
  Batch& operator=(const Batch&) = delete;

  void add(std::vector<Token> source, std::vector<Token> target) {
    words_.push_back(std::move(source));
    sources.push_back(words_.back());
    words_.push_back(std::move(target));
    targets.push_back(words_.back());
  }

  std::size_t size() const { return sources.size(); }

  /// A batch of the sentences at these indices.
  Batch at(const std::vector<std::size_t>& places) const {
    Batch result;
    for (const std::size_t i : places) {
      result.add({sources[i].begin(), sources[i].end()}, {targets[i].begin(), targets[i].end()});
    }
    return result;
  }

  std::vector<std::span<const Token>> sources, targets;

 private:
  std::vector<std::vector<Token>> words_;  // moving a vector does not move its elements
};

/// Random sentences of `shortest` to `longest` tokens without special symbols. The targets are equal to the sources.
inline Batch copy_task(std::size_t sentences, std::uint64_t shortest, std::uint64_t longest, std::uint64_t vocabulary,
                       std::uint64_t seed) {
  Batch batch;
  Random random(seed);
  for (std::size_t i = 0; i < sentences; ++i) {
    std::vector<Token> words(shortest + random.below(longest - shortest + 1));
    for (Token& word : words) word = static_cast<Token>(3 + random.below(vocabulary - 3));
    batch.add(words, words);
  }
  return batch;
}

/// Sentences of different lengths for a vocabulary of at least 5 tokens. One target is empty.
inline Batch ragged_batch() {
  Batch batch;
  batch.add({3, 4, 0}, {4, 3});
  batch.add({4}, {});
  batch.add({3, 3, 4, 4, 3}, {3, 4, 0, 4});
  batch.add({0, 4, 3}, {3});
  return batch;
}

/// All combinations of cells, decoders and the scorers of the two papers, with the given sizes; Luong's decoder with
/// and without input feeding. The first cell is also combined with all other scorers, attention mechanisms and
/// normalisers. Sutskever's decoder has a unidirectional encoder.
inline std::vector<TranslatorConfig> every_combination(const TranslatorConfig& sizes) {
  std::vector<TranslatorConfig> all;
  constexpr std::size_t of_the_papers = 4;
  for (const auto cell : cell_names) {
    for (const auto decoder : decoder_names) {
      for (std::size_t s = 0; s < of_the_papers; ++s) {
        const auto scorer = scorer_names[s];
        for (const bool feeding : {true, false}) {
          if (decoder != "luong" && !feeding) continue;  // the decoder has no input feeding
          TranslatorConfig config = sizes;
          config.cell = cell;
          config.scorer = scorer;
          config.decoder = decoder;
          config.input_feeding = feeding;
          if (!config.attends() && scorer != scorer_names.front()) continue;  // the decoder has no scorer
          if (decoder == "sutskever") config.bidirectional = false;
          all.push_back(config);
        }
      }
    }
  }
  for (const auto decoder : decoder_names) {
    TranslatorConfig config = sizes;
    config.decoder = decoder;
    if (!config.attends()) continue;
    config.window = 1;  // smaller than most sentences, like `longest`
    config.longest = 3;
    for (std::size_t s = of_the_papers; s < scorer_names.size(); ++s) {
      config.scorer = scorer_names[s];
      all.push_back(config);
    }
    config.scorer = scorer_names.front();
    for (std::size_t a = 1; a < attention_names.size(); ++a) {
      config.attention = attention_names[a];
      all.push_back(config);
    }
    config.attention = attention_names.front();
    for (std::size_t n = 1; n < normalizer_names.size(); ++n) {
      config.normalizer = normalizer_names[n];
      all.push_back(config);
    }
  }
  return all;
}

/// Every decoder that can start from the encoder's final states, with `copy_states` and a reversed source.
inline std::vector<TranslatorConfig> every_copy(const TranslatorConfig& sizes) {
  std::vector<TranslatorConfig> all;
  for (TranslatorConfig config : every_combination(sizes)) {
    if (config.scorer != scorer_names.front() || config.attention != attention_names.front()) continue;
    if (config.normalizer != normalizer_names.front()) continue;
    if (config.decoder == "cho" || !config.input_feeding) continue;
    config.copy_states = config.reverse_source = true;
    config.bidirectional = false;
    all.push_back(config);
  }
  return all;
}

/// The choices of a configuration as a part of a test's name: GruLuongDotUnfed.
inline std::string choices(const TranslatorConfig& config) {
  std::string result;
  const auto add = [&](const std::string& word) {
    bool first = true;
    for (const char c : word) {
      if (c != '-') result += first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      first = c == '-';
    }
  };
  add(config.cell);
  add(config.decoder);
  if (config.attends()) add(config.scorer);
  if (config.attention != "global") add(config.attention);
  if (config.normalizer != "softmax") add(config.normalizer);
  if (config.decoder == "luong" && !config.input_feeding) add("unfed");
  return result;
}

/// A model with random parameters, including the biases. Both vocabularies have the same size.
template <class S = double>
TranslationModel<S> random_model(const TranslatorConfig& config, Index vocabulary, std::uint64_t seed,
                                 double reach = 0.7) {
  auto model = make_model<S>(config, vocabulary, vocabulary);
  Random random(seed);
  randomize(model, random, reach);
  return model;
}

/// A random model with shared embeddings, and a model without them that has copies of the table. An embedded word has
/// the hidden size.
inline std::pair<TranslationModel<double>, TranslationModel<double>> shared_and_copied(TranslatorConfig config,
                                                                                       Index vocabulary,
                                                                                       std::uint64_t seed,
                                                                                       double reach = 0.7) {
  config.embedding = config.hidden;
  auto copied = random_model(config, vocabulary, seed, reach);
  config.tied_embeddings = config.shared_embeddings = true;
  auto shared = make_model<double>(config, vocabulary, vocabulary);
  shared.encoder = copied.encoder;
  shared.target = copied.target;
  shared.decoder = copied.decoder;
  shared.output.b = copied.output.b;
  copied.source = copied.target;
  copied.output.W = copied.target.table.transpose();
  return {std::move(shared), std::move(copied)};
}

/// A model with the initial parameters of training.
template <class S = double>
TranslationModel<S> fresh_model(const TranslatorConfig& config, Index vocabulary, std::uint64_t seed) {
  auto model = make_model<S>(config, vocabulary, vocabulary);
  Random random(seed);
  initialize(model, random);
  return model;
}

}  // namespace heed::test
