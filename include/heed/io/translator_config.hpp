#pragma once

#include <heed/core/errors.hpp>
#include <heed/text/tokenizer.hpp>
#include <heed/text/utf8.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace heed { inline namespace v0_2 {

/// Names of the cells of a translation model. In this list and in those below, the first name is the default.
inline constexpr std::array<std::string_view, 7> cell_names = {
    "gru", "lstm", "rnn", "rnn-relu", "gru-reset-before", "layer-norm-gru", "layer-norm-lstm"};
/// Names of the scoring functions.
inline constexpr std::array<std::string_view, 10> scorer_names = {
    "additive",        "dot",      "general",  "concat",       "scaled-dot", "scaled-general",
    "normed-additive", "location", "coverage", "convolutional"};
/// Names of the attention mechanisms.
inline constexpr std::array<std::string_view, 4> attention_names = {"global", "local-m", "local-p", "monotonic"};
/// Names of the decoders.
inline constexpr std::array<std::string_view, 6> decoder_names = {"bahdanau", "luong", "conditional",
                                                                  "plain",    "cho",   "sutskever"};
/// Names of the normalisers of the scores.
inline constexpr std::array<std::string_view, 3> normalizer_names = {"softmax", "sparsemax", "entmax"};

/// Configuration of a translation model: everything except its parameters and vocabularies.
struct TranslatorConfig {
  std::string cell = "gru";            ///< one of `cell_names`
  std::string scorer = "additive";     ///< one of `scorer_names`
  std::string attention = "global";    ///< one of `attention_names`
  std::string normalizer = "softmax";  ///< one of `normalizer_names`; others than softmax need global attention
  std::string decoder = "bahdanau";    ///< one of `decoder_names`
  std::ptrdiff_t layers = 1;           ///< number of layers in the encoder and in the decoder
  std::ptrdiff_t hidden = 128;         ///< hidden size of the decoder; see `encoder_hidden`
  std::ptrdiff_t embedding = 64;       ///< size of a word embedding
  bool bidirectional = true;           ///< whether the encoder has a forward and a backward direction
  bool input_feeding = true;           ///< decoder luong only
  std::ptrdiff_t window = 10;          ///< local attention only: maximum distance from the centre
  std::ptrdiff_t longest = 100;        ///< location scores only: number of source positions that have a score
  std::ptrdiff_t filters = 10;         ///< convolutional scores only: number of filters, 1 to 255
  std::ptrdiff_t filter_width = 15;    ///< convolutional scores only: width of a filter in source words; odd, 1 to 255
  double dropout = 0;                  ///< dropout rate of embeddings, between layers and before the output layer
  double memory_dropout = 0;           ///< dropout rate of the encoder outputs that the decoder gets
  bool reverse_source = false;         ///< whether the encoder starts at the last word of the source
  bool copy_states = false;            ///< whether the decoder starts with copies of the encoder's final states
  bool variational_dropout = false;    ///< whether all steps of a sentence share one dropout mask
  double recurrent_dropout = 0;        ///< dropout rate of h between steps: RNN and LSTM only
  bool tied_embeddings = false;        ///< whether the output layer shares the target embedding table
  bool shared_embeddings = false;      ///< whether the source words share it, too; needs `tied_embeddings`
  std::string source_tokenizer = std::string(tokenizer_names.front());  ///< one of `tokenizer_names`: see `Tokenizer`
  std::string target_tokenizer = std::string(tokenizer_names.front());  ///< one of `tokenizer_names`

  bool operator==(const TranslatorConfig&) const = default;

  /// Returns true if the decoder has an attention mechanism and thus a scorer.
  bool attends() const { return decoder == "bahdanau" || decoder == "luong" || decoder == "conditional"; }

  /// Returns the hidden size of one direction of the encoder. Dot scorers need a memory of the query's size, so with
  /// them each of two directions has `hidden` / 2.
  std::ptrdiff_t encoder_hidden() const {
    const bool dot = scorer == "dot" || scorer == "scaled-dot";
    return dot && attends() && bidirectional ? hidden / 2 : hidden;
  }
  /// Returns the rows of the memory: the hidden sizes of all directions of the encoder.
  std::ptrdiff_t memory_size() const { return (bidirectional ? 2 : 1) * encoder_hidden(); }
  /// Returns the input size of the output layer: `embedding` with tied embeddings, else `hidden`.
  std::ptrdiff_t features() const { return tied_embeddings ? embedding : hidden; }

  /// Throws heed::Error if a name does not exist, a value is out of range, or two settings exclude each other.
  void check() const {
    check_name("cell", cell, cell_names);
    check_name("scorer", scorer, scorer_names);
    check_name("attention", attention, attention_names);
    check_name("normalizer", normalizer, normalizer_names);
    check_name("decoder", decoder, decoder_names);
    check_name("source_tokenizer", source_tokenizer, tokenizer_names);
    check_name("target_tokenizer", target_tokenizer, tokenizer_names);
    check_range("layers", layers, 1, 16);
    check_range("hidden", hidden, 1, 16384);
    check_range("embedding", embedding, 1, 16384);
    check_range("window", window, 1, 16384);
    check_range("longest", longest, 1, 16384);
    check_range("filters", filters, 1, 255);
    check_range("filter_width", filter_width, 1, 255);
    require(filter_width % 2 == 1, [&] { return "filter_width must be odd, got " + std::to_string(filter_width); });
    const bool places = scorer == "location" || scorer == "coverage" || scorer == "convolutional";
    require(attention == "global" || normalizer == "softmax",
            [&] { return "the " + attention + " attention needs the normalizer softmax, got " + normalizer; });
    require(attention == "global" || !places, [&] {
      return "the " + scorer + " scorer depends on the position, so it needs global attention, got " + attention;
    });
    check_share("dropout", dropout);
    check_share("memory dropout", memory_dropout);
    check_share("recurrent dropout", recurrent_dropout);
    require(recurrent_dropout == 0 || cell == "lstm" || cell == "layer-norm-lstm" || cell.starts_with("rnn"),
            [&] { return "recurrent dropout needs the cell lstm, layer-norm-lstm, rnn or rnn-relu, got " + cell; });
    require(encoder_hidden() * (hidden == encoder_hidden() ? 1 : 2) == hidden, [&] {
      return "hidden must be even with a dot scorer and a bidirectional encoder, got " + std::to_string(hidden);
    });
    require(!tied_embeddings || decoder != "sutskever" || hidden == embedding, [&] {
      return "with tied embeddings and the sutskever decoder, hidden must equal embedding, " +
             std::to_string(embedding) + ", got " + std::to_string(hidden);
    });
    require(!shared_embeddings || tied_embeddings, "with shared embeddings tied_embeddings must be true, got false");
    require(!copy_states || decoder != "cho", "the cho decoder does not support copy_states");
    require(!bidirectional || (!copy_states && decoder != "sutskever"),
            "copy_states and the sutskever decoder need a unidirectional encoder");
  }

 private:
  static void check_name(std::string_view what, const std::string& given, std::span<const std::string_view> names) {
    std::string all;
    for (const std::string_view name : names) {
      if (given == name) return;
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
    fail(std::string(what) + " must be one of " + all + ", got " + detail::in_quotes(given));
  }
  static void check_share(std::string_view what, double given) {
    require(given >= 0 && given < 1,
            [&] { return std::string(what) + " must be in [0, 1), got " + std::to_string(given); });
  }
  static void check_range(std::string_view what, std::ptrdiff_t given, std::ptrdiff_t low, std::ptrdiff_t high) {
    require(given >= low && given <= high, [&] {
      return std::string(what) + " must be from " + std::to_string(low) + " to " + std::to_string(high) + ", got " +
             std::to_string(given);
    });
  }
};

}}  // namespace heed::v0_2
