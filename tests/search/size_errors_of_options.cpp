// Constructor options: every option is applied, and a missing or too small size throws an error that names the size.
#include <heed/cells/gru.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/cho.hpp>
#include <heed/decoders/deep_output.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/decoders/maxout_readout.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/decoders/sutskever.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/models/sentence_classifier.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/convolutional.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace size_errors_of_options_test {

using heed::Index;

using Gru = heed::GruCell<double>;
using Scorer = heed::AdditiveScorer<double>;
using Encoder = heed::Encoder<Gru>;
using Bahdanau = heed::BahdanauDecoder<Gru, Scorer>;
using Luong = heed::LuongDecoder<Gru, Scorer>;
using Plain = heed::PlainDecoder<Gru>;

/// Checks that `make(options)` works, and that with one size less than its minimum it throws an error that names the
/// size.
template <class Options, class Make>
void expect_size_errors(const std::string& type, const Options& options,
                        const std::vector<std::pair<std::string, Index Options::*>>& sizes, const Make& make,
                        Index minimum = 1) {
  EXPECT_EQ(refusal([&] { make(options); }), "accepted") << type;
  for (const auto& [name, size] : sizes) {
    for (const Index value : {minimum - 1, Index{-1}}) {
      Options wrong = options;
      wrong.*size = value;
      EXPECT_EQ(refusal([&] { make(wrong); }),
                type + ": " + name + " must be " + std::to_string(minimum) + " or more, got " + std::to_string(value));
    }
  }
}

constexpr heed::EncoderOptions encoder_options{.input_size = 2, .hidden_size = 4, .layers = 2, .dropout = 0.25};
constexpr heed::ContextDecoderOptions context_options{
    .word_size = 3, .memory_size = 4, .hidden_size = 5, .layers = 2, .feature_size = 6, .dropout = 0.25};
constexpr heed::AttentionalDecoderOptions attentional_options{
    .word_size = 3, .memory_size = 4, .hidden_size = 5, .layers = 2, .feature_size = 6, .dropout = 0.25};
constexpr heed::ChoDecoderOptions cho_options{.word_size = 3,
                                              .memory_size = 4,
                                              .code_size = 7,
                                              .hidden_size = 5,
                                              .layers = 2,
                                              .feature_size = 6,
                                              .dropout = 0.25};
const heed::Attention<Scorer> attention{Scorer(5, 4, 3), {}};

/// Checks that a decoder has the sizes of the options above and that its first cell has `input` input rows.
template <class D>
void expect_sizes_of_decoder(const D& decoder, Index input) {
  EXPECT_EQ(decoder.word_size(), 3);
  EXPECT_EQ(decoder.memory_size(), 4);
  EXPECT_EQ(decoder.feature_size(), 6);
  EXPECT_EQ(decoder.stack.hidden_size(), 5);
  EXPECT_EQ(decoder.stack.layers.size(), 2u);
  EXPECT_EQ(decoder.stack.dropout.rate, 0.25);
  EXPECT_EQ(decoder.stack.bottom().input_size(), input);
}

Gru without_bias(Index input, Index hidden) { return Gru(input, hidden, false); }

TEST(EncoderOptions, ConfigureEncoder) {
  for (const bool both : {false, true}) {
    heed::EncoderOptions options = encoder_options;
    options.bidirectional = both;
    for (const Encoder& encoder : {Encoder(options), Encoder(options, without_bias)}) {
      EXPECT_EQ(encoder.input_size(), 2);
      EXPECT_EQ(encoder.hidden_size(), 4);
      EXPECT_EQ(encoder.directions(), both ? 2 : 1);
      EXPECT_EQ(encoder.layers.size(), 2u);
      EXPECT_EQ(encoder.layers[1].forward.input_size(), both ? 8 : 4);
      EXPECT_EQ(encoder.dropout.rate, 0.25);
    }
    EXPECT_TRUE(Encoder(options).layers[0].forward.has_bias());
    EXPECT_FALSE(Encoder(options, without_bias).layers[0].forward.has_bias());
  }
}

TEST(EncoderOptions, ErrorsNameTheSize) {
  using Options = heed::EncoderOptions;
  expect_size_errors(
      "Encoder", encoder_options,
      {{"input_size", &Options::input_size}, {"hidden_size", &Options::hidden_size}, {"layers", &Options::layers}},
      [](const Options& options) { return Encoder(options); });
  EXPECT_EQ(refusal([] { Encoder({.input_size = 3}); }), "Encoder: hidden_size must be 1 or more, got 0");
}

TEST(DecoderOptions, ConfigureDecoder) {
  expect_sizes_of_decoder(Bahdanau(context_options, attention), 3 + 4);
  expect_sizes_of_decoder(Plain(context_options), 3 + 4);
  expect_sizes_of_decoder(Luong(attentional_options, attention), 3 + 6);
  expect_sizes_of_decoder(heed::ChoDecoder<double>(cho_options), 3 + 7);
  EXPECT_EQ(heed::ChoDecoder<double>(cho_options).code.output_size(), 7);
  EXPECT_TRUE(Luong(attentional_options, attention).input_feeding);
  heed::AttentionalDecoderOptions no_feeding = attentional_options;
  no_feeding.input_feeding = false;
  EXPECT_FALSE(Luong(no_feeding, attention).input_feeding);
  expect_sizes_of_decoder(Luong(no_feeding, attention), 3);

  const heed::SutskeverDecoder<Gru> sutskever({.word_size = 3, .hidden_size = 5, .layers = 2, .dropout = 0.25});
  EXPECT_EQ(sutskever.word_size(), 3);
  EXPECT_EQ(sutskever.stack.hidden_size(), 5);
  EXPECT_EQ(sutskever.stack.layers.size(), 2u);
  EXPECT_EQ(sutskever.bridge.layer_count(), 2u);
  EXPECT_EQ(sutskever.stack.dropout.rate, 0.25);
}

TEST(DecoderOptions, FactoryMakesCells) {
  EXPECT_TRUE(Bahdanau(context_options, attention).stack.layers[1].has_bias());
  EXPECT_FALSE(Bahdanau(context_options, attention, without_bias).stack.layers[1].has_bias());
  EXPECT_FALSE(Plain(context_options, {}, without_bias).stack.layers[0].has_bias());
  EXPECT_FALSE(Luong(attentional_options, attention, without_bias).stack.layers[0].has_bias());
  const heed::SutskeverDecoder<Gru> sutskever({.word_size = 3, .hidden_size = 5}, without_bias);
  EXPECT_FALSE(sutskever.stack.layers[0].has_bias());
}

TEST(DecoderOptions, AttentionOfFixedSizeIsOptional) {
  using Fixed = heed::BahdanauDecoder<Gru, heed::AdditiveScorer<double, 5, 4, 3>>;
  EXPECT_EQ(refusal([] { return Fixed(context_options); }), "accepted");
  EXPECT_EQ(refusal([] { return Bahdanau(context_options); }),
            "ContextDecoder: the attention expects queries of size 0 and a memory of size 0, got 5 and 4");
}

TEST(DecoderOptions, ErrorsNameTheSize) {
  using Context = heed::ContextDecoderOptions;
  const std::vector<std::pair<std::string, Index Context::*>> context_sizes{{"word_size", &Context::word_size},
                                                                            {"memory_size", &Context::memory_size},
                                                                            {"hidden_size", &Context::hidden_size},
                                                                            {"layers", &Context::layers},
                                                                            {"feature_size", &Context::feature_size}};
  expect_size_errors("ContextDecoder", context_options, context_sizes,
                     [](const Context& options) { return Bahdanau(options, attention); });
  expect_size_errors("ContextDecoder", context_options, context_sizes,
                     [](const Context& options) { return Plain(options); });
  using Attentional = heed::AttentionalDecoderOptions;
  expect_size_errors("AttentionalDecoder", attentional_options,
                     {{"word_size", &Attentional::word_size},
                      {"memory_size", &Attentional::memory_size},
                      {"hidden_size", &Attentional::hidden_size},
                      {"layers", &Attentional::layers},
                      {"feature_size", &Attentional::feature_size}},
                     [](const Attentional& options) { return Luong(options, attention); });
  using Cho = heed::ChoDecoderOptions;
  expect_size_errors("ChoDecoder", cho_options,
                     {{"word_size", &Cho::word_size},
                      {"memory_size", &Cho::memory_size},
                      {"code_size", &Cho::code_size},
                      {"hidden_size", &Cho::hidden_size},
                      {"layers", &Cho::layers},
                      {"feature_size", &Cho::feature_size}},
                     [](const Cho& options) { return heed::ChoDecoder<double>(options); });
  using Sutskever = heed::SutskeverDecoderOptions;
  expect_size_errors(
      "SutskeverDecoder", Sutskever{.word_size = 3, .hidden_size = 5},
      {{"word_size", &Sutskever::word_size}, {"hidden_size", &Sutskever::hidden_size}, {"layers", &Sutskever::layers}},
      [](const Sutskever& options) { return heed::SutskeverDecoder<Gru>(options); });
}

TEST(StackOptions, ErrorsNameTheSize) {
  using Options = heed::StackOptions;
  const Options options{.input_size = 3, .hidden_size = 4, .layers = 2, .dropout = 0.25};
  expect_size_errors(
      "Stack", options,
      {{"input_size", &Options::input_size}, {"hidden_size", &Options::hidden_size}, {"layers", &Options::layers}},
      [](const Options& some) { return heed::Stack<Gru>(some); });
  EXPECT_EQ(heed::Stack<Gru>(options).dropout.rate, 0.25);
}

TEST(BridgeOptions, ErrorsNameTheSize) {
  using Options = heed::BridgeOptions;
  const Options options{.summary_size = 4, .state_size = 3, .layers = 2, .first_row = 3};
  expect_size_errors(
      "Bridge", options,
      {{"summary_size", &Options::summary_size}, {"state_size", &Options::state_size}, {"layers", &Options::layers}},
      [](const Options& some) { return heed::Bridge<double>(some); });
  EXPECT_EQ(refusal([] { heed::Bridge<double>({.summary_size = 4, .state_size = 3, .first_row = 4}); }),
            "Bridge: first_row must be in [0, 4), got 4");
}

TEST(ReadoutOptions, ErrorsNameTheSize) {
  using Options = heed::ReadoutOptions;
  const Options options{.hidden_size = 3, .context_size = 4, .word_size = 5, .feature_size = 5};
  const std::vector<std::pair<std::string, Index Options::*>> sizes{{"hidden_size", &Options::hidden_size},
                                                                    {"context_size", &Options::context_size},
                                                                    {"word_size", &Options::word_size},
                                                                    {"feature_size", &Options::feature_size}};
  expect_size_errors("Readout", options, sizes, [](const Options& some) { return heed::Readout<double>(some); });
  expect_size_errors("MaxoutReadout", options, sizes,
                     [](const Options& some) { return heed::MaxoutReadout<double>(some); });
  expect_size_errors("DeepOutput", options, sizes, [](const Options& some) { return heed::DeepOutput<double>(some); });
}

TEST(MultiHeadAttentionOptions, ConfigureLayer) {
  using Options = heed::MultiHeadAttentionOptions;
  using Layer = heed::MultiHeadAttention<double>;
  const Layer layer({.size = 6, .heads = 3});
  EXPECT_EQ(layer.size(), 6);
  EXPECT_EQ(layer.heads, 3);
  EXPECT_FALSE(layer.causal);
  EXPECT_TRUE(Layer({.size = 6, .causal = true}).causal);
  EXPECT_EQ(layer.b.size(), 18);
  EXPECT_EQ(layer.b_out.size(), 6);
  const Layer without({.size = 6, .bias = false});
  EXPECT_EQ(without.b.size() + without.b_out.size(), 0);
  EXPECT_EQ(without.W.rows(), 18);
  EXPECT_TRUE(without.W.isZero() && without.W_out.isZero());
  EXPECT_EQ(heed::MultiHeadAttention<double>().size(), 0);
  const heed::MultiHeadAttention<double, 6> fixed;
  EXPECT_EQ(fixed.size(), 6);
  EXPECT_TRUE(fixed.W.isZero() && fixed.W_out.isZero());
  expect_size_errors("MultiHeadAttention", Options{.size = 6, .heads = 2}, {{"size", &Options::size}},
                     [](const Options& options) { return Layer(options); });
}

TEST(TransformerEncoderLayerOptions, ConfigureLayer) {
  using Options = heed::TransformerEncoderLayerOptions;
  using Layer = heed::TransformerEncoderLayer<double>;
  const Options options{.size = 6, .heads = 3, .inner_size = 5, .dropout = 0.25};
  const Layer layer(options);
  EXPECT_EQ(layer.size(), 6);
  EXPECT_EQ(layer.attention.heads, 3);
  EXPECT_EQ(layer.inner.output_size(), 5);
  EXPECT_EQ(layer.dropout.rate, 0.25);
  EXPECT_FALSE(layer.norm_first);
  EXPECT_TRUE(Layer({.size = 6, .inner_size = 5, .norm_first = true}).norm_first);
  const auto biases = [](const Layer& some) {
    return some.attention.b.size() + some.attention.b_out.size() + some.attention_norm.b.size() + some.inner.b.size() +
           some.outer.b.size() + some.feed_forward_norm.b.size();
  };
  EXPECT_EQ(biases(layer), 18 + 6 + 6 + 5 + 6 + 6);
  EXPECT_EQ(biases(Layer({.size = 6, .inner_size = 5, .bias = false})), 0);
  expect_size_errors("TransformerEncoderLayer", options,
                     {{"size", &Options::size}, {"inner_size", &Options::inner_size}},
                     [](const Options& some) { return Layer(some); });
}

TEST(ConvolutionalScorerOptions, ConfigureScorer) {
  using Convolutional = heed::ConvolutionalScorer<double>;
  const Convolutional scorer({.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 2, .width = 7});
  EXPECT_EQ(scorer.query_size(), 3);
  EXPECT_EQ(scorer.memory_size(), 4);
  EXPECT_EQ(scorer.v.size(), 5);
  EXPECT_EQ(scorer.F.rows(), 2);
  EXPECT_EQ(scorer.F.cols(), 7);
  EXPECT_EQ(refusal([] { Convolutional({.query_size = 3, .memory_size = 4}); }),
            "ConvolutionalScorer: the alignment size must be 1 or more, got 0");
}

TEST(Seq2SeqOptions, ConfigureModel) {
  const Encoder encoder({.input_size = 2, .hidden_size = 4});
  const Plain decoder({.word_size = 3, .memory_size = 4, .hidden_size = 5, .feature_size = 3});
  const heed::Seq2Seq model({.source_vocabulary = 7, .target_vocabulary = 8, .dropout = 0.25}, encoder, decoder);
  EXPECT_EQ(model.source.vocabulary(), 7);
  EXPECT_EQ(model.target.vocabulary(), 8);
  EXPECT_EQ(model.output.output_size(), 8);
  EXPECT_EQ(model.dropout.rate, 0.25);
  EXPECT_FALSE(model.tied());
  const heed::Seq2Seq tied({.source_vocabulary = 7, .target_vocabulary = 8, .tied_embeddings = true}, encoder, decoder);
  EXPECT_TRUE(tied.tied());
  EXPECT_FALSE(model.shared() || tied.shared());
  using Options = heed::Seq2SeqOptions;
  expect_size_errors(
      "Seq2Seq", Options{.source_vocabulary = 7, .target_vocabulary = 8},
      {{"source_vocabulary", &Options::source_vocabulary}, {"target_vocabulary", &Options::target_vocabulary}},
      [&](const Options& options) { return heed::Seq2Seq(options, encoder, decoder); });
}

TEST(SentenceClassifierOptions, ConfigureClassifier) {
  const Encoder encoder({.input_size = 2, .hidden_size = 4});
  using Options = heed::SentenceClassifierOptions;
  const Options options{.vocabulary = 7, .alignment_size = 3, .classes = 5, .dropout = 0.25};
  const auto make = [&](const Options& some) { return heed::SentenceClassifier(some, encoder); };
  EXPECT_EQ(make(options).words.vocabulary(), 7);
  EXPECT_EQ(make(options).pooling.W.rows(), 3);
  EXPECT_EQ(make(options).classes(), 5);
  EXPECT_EQ(make(options).dropout.rate, 0.25);
  expect_size_errors("SentenceClassifier", options,
                     {{"vocabulary", &Options::vocabulary}, {"alignment_size", &Options::alignment_size}}, make);
  expect_size_errors("SentenceClassifier", options, {{"classes", &Options::classes}}, make, 2);
}

}  // namespace size_errors_of_options_test
