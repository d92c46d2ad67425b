#pragma once

#include <heed/core/errors.hpp>
#include <heed/text/utf8.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace heed { inline namespace v0_2 {

/// The choices a program offers by name. The first of each is the default.
inline constexpr std::array<std::string_view, 7> cell_names = {
    "gru", "lstm", "rnn", "rnn-relu", "gru-reset-before", "layer-norm-gru", "layer-norm-lstm"};
inline constexpr std::array<std::string_view, 10> scorer_names = {
    "additive",        "dot",      "general",  "concat",       "scaled-dot", "scaled-general",
    "normed-additive", "location", "coverage", "convolutional"};
inline constexpr std::array<std::string_view, 4> attention_names = {"global", "local-m", "local-p", "monotonic"};
inline constexpr std::array<std::string_view, 5> decoder_names = {"bahdanau", "luong", "plain", "cho", "sutskever"};
inline constexpr std::array<std::string_view, 3> normalizer_names = {"softmax", "sparsemax", "entmax"};

/// What makes a translation model, apart from its parameters and vocabularies.
struct TranslatorConfig {
  std::string cell = "gru";            ///< one of `cell_names`
  std::string scorer = "additive";     ///< one of `scorer_names`
  std::string attention = "global";    ///< one of `attention_names`
  std::string normalizer = "softmax";  ///< one of `normalizer_names`, of global attention
  std::string decoder = "bahdanau";    ///< one of `decoder_names`
  std::ptrdiff_t layers = 1;           ///< of the encoder and of the decoder
  std::ptrdiff_t hidden = 128;         ///< size of the decoder's state; see `encoder_hidden`
  std::ptrdiff_t embedding = 64;       ///< size of an embedded word
  bool bidirectional = true;           ///< whether the encoder also reads backwards
  bool input_feeding = true;           ///< Luong's decoder only
  std::ptrdiff_t window = 10;          ///< local attention only: how far from its centre it looks
  std::ptrdiff_t longest = 100;        ///< location scores only: the words of a source that can be looked at
  double dropout = 0;                  ///< of embedded words, between layers, and before the output layer
  bool reverse_source = false;         ///< whether the encoder reads each sentence from its end
  bool copy_states = false;            ///< whether the decoder begins with the encoder's final states as they are
  bool variational_dropout = false;    ///< whether a sentence keeps its dropout masks for all of its steps
  double recurrent_dropout = 0;        ///< of the h that a step hands to the next: RNN and LSTM only
  bool tied_embeddings = false;        ///< whether the output layer reads the target's embedding table

  bool operator==(const TranslatorConfig&) const = default;

  /// Whether the decoder looks back at the source; then it has a scorer.
  bool attends() const { return decoder == "bahdanau" || decoder == "luong"; }

  /// The size of one direction of the encoder. Dot products need a memory as large as the query, so with them the two
  /// directions share `hidden`.
  std::ptrdiff_t encoder_hidden() const {
    const bool dot = scorer == "dot" || scorer == "scaled-dot";
    return dot && attends() && bidirectional ? hidden / 2 : hidden;
  }
  /// Rows of a memory: both directions of the encoder.
  std::ptrdiff_t memory_size() const { return (bidirectional ? 2 : 1) * encoder_hidden(); }
  /// What the output layer sees of a step; tied to the embedding, as much as an embedded word.
  std::ptrdiff_t features() const { return tied_embeddings ? embedding : hidden; }

  /// Throws unless every choice exists and every size is in range.
  void check() const {
    check_name("cell", cell, cell_names);
    check_name("scorer", scorer, scorer_names);
    check_name("attention", attention, attention_names);
    check_name("normalizer", normalizer, normalizer_names);
    check_name("decoder", decoder, decoder_names);
    check_range("layers", layers, 1, 16);
    check_range("hidden", hidden, 1, 16384);
    check_range("embedding", embedding, 1, 16384);
    check_range("window", window, 1, 16384);
    check_range("longest", longest, 1, 16384);
    const bool places = scorer == "location" || scorer == "coverage" || scorer == "convolutional";
    require(attention == "global" || normalizer == "softmax",
            [&] { return attention + " attention has weights of its own, not those of " + normalizer; });
    require(attention == "global" || !places, [&] {
      return "the " + scorer + " scorer depends on the place itself, so its attention is global, not " + attention;
    });
    check_share("dropout", dropout);
    check_share("recurrent dropout", recurrent_dropout);
    require(recurrent_dropout == 0 || cell != "gru",
            "recurrent dropout needs the cell lstm or rnn: a gru also carries its state past the product");
    require(encoder_hidden() * (hidden == encoder_hidden() ? 1 : 2) == hidden, [&] {
      return "hidden is " + std::to_string(hidden) +
             ", but a dot product with two directions needs an even size: each direction has half";
    });
    require(!tied_embeddings || decoder != "sutskever" || hidden == embedding, [&] {
      return "the sutskever decoder shows its state itself, so with tied embeddings hidden is as large as embedding, " +
             std::to_string(embedding) + ", not " + std::to_string(hidden);
    });
    require(!copy_states || decoder != "cho", "the cho decoder makes its first state itself");
    require(!bidirectional || (!copy_states && decoder != "sutskever"),
            "a decoder that begins with the encoder's final states needs an encoder of one direction, not of both");
  }

 private:
  static void check_name(std::string_view what, const std::string& given, std::span<const std::string_view> names) {
    std::string all;
    for (const std::string_view name : names) {
      if (given == name) return;
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
    fail(std::string(what) + " is one of " + all + ", not " + detail::in_quotes(given));
  }
  static void check_share(std::string_view what, double given) {
    require(given >= 0 && given < 1,
            [&] { return std::string(what) + " lies in [0, 1), not " + std::to_string(given); });
  }
  static void check_range(std::string_view what, std::ptrdiff_t given, std::ptrdiff_t low, std::ptrdiff_t high) {
    require(given >= low && given <= high, [&] {
      return std::string(what) + " lies between " + std::to_string(low) + " and " + std::to_string(high) + ", not " +
             std::to_string(given);
    });
  }
};

}}  // namespace heed::v0_2
