#pragma once

#include <heed/attention_penalty.hpp>
#include <heed/decoders/decoder.hpp>
#include <heed/encoder.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/linear.hpp>
#include <heed/loss.hpp>

#include <span>
#include <vector>

namespace heed::inline v0_1 {

/// A batch of sentences, in the order given.
using Sentences = std::span<const std::span<const Token>>;

/// Everything a sequence-to-sequence model writes: one per thread, it only grows.
template <class S>
struct Seq2SeqTape {
  Packing source_packing, target_packing;
  std::vector<Token> source_tokens, fed, wanted;  ///< packed; wanted is fed, one word later
  std::vector<Index> lengths;
  Buffer<S> x, x_mask, d_x;             ///< embedded source words
  Buffer<S> y, y_mask, d_y;             ///< embedded target words
  Buffer<S> shown, shown_mask, logits;  ///< the output layer's input and result, a block of columns at a time
  Buffer<S> d_outputs;
  EncoderTape<S> encoder;
  Memory<S> memory, d_memory;
  DecoderState<S> state;
  DecoderTape<S> decoder;

  /// What was looked at while word t of the sentence in packed target position p was predicted.
  auto weights(Index t, Index p) const {
    const Index rows = decoder.weights.rows() == 0 ? 0 : memory.length(target_packing.sentence(p));
    return decoder.weights.col(target_packing.column(t, p)).head(rows);
  }
};

/// How a batch is trained on.
template <class S>
struct LossOptions {
  S smoothing = S(0);          ///< label smoothing
  S scale = S(1);              ///< the gradient is that of scale * loss
  Random* random = nullptr;    ///< draws the dropout masks; without it there is no dropout
  S coverage = S(0);           ///< how much `coverage_penalty` counts
  S doubly_stochastic = S(0);  ///< how much `doubly_stochastic_penalty` counts
};

/// Sequence to sequence: words are embedded, encoded, decoded, and the output layer scores the next word.
///
///   source -> encoder -> memory -> decoder <- target        logits = output(features)
template <class EncoderType, Decoder DecoderType>
struct Seq2Seq {
  using Stored = StoredOf<EncoderType>;
  using Scalar = typename EncoderType::Scalar;
  using S = Scalar;
  using Tape = Seq2SeqTape<S>;
  using Source = std::span<const Token>;  ///< what is read of one item of a batch
  template <class U>
  using With = Seq2Seq<KeptAs<U, EncoderType>, KeptAs<U, DecoderType>>;

  Embedding<S> source;
  EncoderType encoder;
  Embedding<S> target;
  DecoderType decoder;
  Linear<Stored> output;
  Dropout<S> dropout;  ///< of embedded words, and of the features before the output layer

  Seq2Seq() = default;

  /// Throws if the sizes of the parts do not fit.
  Seq2Seq(Index source_vocabulary, EncoderType encoder_, Index target_vocabulary, DecoderType decoder_,
          double dropout_rate = 0)
      : source(encoder_.input_size(), source_vocabulary),
        encoder(std::move(encoder_)),
        target(decoder_.word_size(), target_vocabulary),
        decoder(std::move(decoder_)),
        output(decoder.feature_size(), target_vocabulary),
        dropout(dropout_rate) {}

  /// Reads a batch of sources: fills tape.memory, keys included.
  void encode(Sentences sources, Tape& tape, Random* random = nullptr) const {
    pack_lengths(sources, 0, tape.lengths, tape.source_packing);
    pack_tokens(sources, tape.source_packing, tape.source_tokens);
    embed(source, tape.source_tokens, random, tape.x, tape.x_mask);
    encoder.forward(tape.x, tape.source_packing, tape.encoder, random);
    make_memory(encoder, tape.source_packing, tape.encoder, tape.lengths, tape.memory);
    decoder.prepare(tape.memory);
  }

  /// The cross-entropy of the targets given the sources, each target followed by the end symbol, summed over all words.
  Sum<S> loss(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options = {}) const {
    forward(sources, targets, tape, options);
    return output_layer(tape, options, nullptr) + penalties(tape, options, false);
  }

  /// The same, and its gradient added to `grad`.
  Sum<S> loss_and_gradient(Sentences sources, Sentences targets, Tape& tape, With<S>& grad,
                           const LossOptions<S>& options = {}) const {
    forward(sources, targets, tape, options);
    const Sum<S> loss = output_layer(tape, options, &grad) + penalties(tape, options, true);
    zero(tape.y, tape.d_y);
    zero(tape.x, tape.d_x);
    tape.d_memory.zeros_like(tape.memory);
    decode_backward(decoder, tape.y, tape.target_packing, tape.memory, tape.state, tape.decoder, grad.decoder, tape.d_y,
                    tape.d_memory, options.random);
    make_memory_backward(encoder, tape.source_packing, tape.d_memory, tape.d_outputs);
    encoder.backward(tape.x, tape.source_packing, tape.encoder, tape.d_outputs, grad.encoder, tape.d_x, options.random,
                     &tape.d_memory.states);
    dropout.backward(options.random, tape.y_mask, tape.d_y);
    dropout.backward(options.random, tape.x_mask, tape.d_x);
    target.backward(tape.fed, tape.d_y, grad.target);
    source.backward(tape.source_tokens, tape.d_x, grad.source);
    return loss;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("source", self.source...);
    visit("encoder", self.encoder...);
    visit("target", self.target...);
    visit("decoder", self.decoder...);
    visit("output", self.output...);
    visit("dropout", self.dropout...);
  }

 private:
  /// Columns of logits made at a time: they stay in the second-level cache until their gradient is taken.
  static constexpr Index output_block = 256;

  void forward(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options) const {
    require(sources.size() == targets.size(), [&] {
      return "Seq2Seq: " + std::to_string(sources.size()) + " sources for " + std::to_string(targets.size()) +
             " targets";
    });
    encode(sources, tape, options.random);
    pack_lengths(targets, 1, tape.lengths, tape.target_packing);
    tape.fed.resize(static_cast<std::size_t>(tape.target_packing.columns()));
    tape.wanted.resize(tape.fed.size());
    for (Index p = 0; p < tape.target_packing.sentences(); ++p) {
      const auto words = targets[static_cast<std::size_t>(tape.target_packing.sentence(p))];
      for (Index t = 0; t < tape.target_packing.length(p); ++t) {
        const auto column = static_cast<std::size_t>(tape.target_packing.column(t, p)),
                   at = static_cast<std::size_t>(t);
        tape.fed[column] = t == 0 ? symbols::begin : words[at - 1];
        tape.wanted[column] = at == words.size() ? symbols::end : words[at];
      }
    }
    embed(target, tape.fed, options.random, tape.y, tape.y_mask);
    decode(decoder, tape.y, tape.target_packing, tape.memory, tape.state, tape.decoder, options.random);
  }

  /// logits = output(dropout(features)) and their loss; unless `grad` is null also its gradient, down to
  /// tape.decoder.d_features.
  template <class Grad>
  Sum<S> output_layer(Tape& tape, const LossOptions<S>& options, Grad grad) const {
    constexpr bool backward = !std::is_null_pointer_v<Grad>;
    const Index columns = tape.decoder.features.cols();
    if constexpr (backward) zero(tape.decoder.features, tape.decoder.d_features);
    Sum<S> loss(0);
    for (Index i = 0; i < columns; i += output_block) {
      const Index n = std::min(output_block, columns - i);
      tape.shown.resize(output.input_size(), n);
      tape.shown_mask.resize(output.input_size(), n);
      tape.logits.resize(output.output_size(), n);
      tape.shown = tape.decoder.features.middleCols(i, n);
      dropout.forward(options.random, tape.shown, tape.shown_mask);
      output.forward(tape.shown, tape.logits);
      const auto wanted =
          std::span<const Token>(tape.wanted).subspan(static_cast<std::size_t>(i), static_cast<std::size_t>(n));
      loss += softmax_cross_entropy<S>(tape.logits, wanted, options.smoothing, options.scale);
      if constexpr (backward) {
        auto d_features = tape.decoder.d_features.middleCols(i, n);
        output.accumulate(tape.shown, tape.logits, grad->output);
        output.backward(tape.logits, d_features);
        dropout.backward(options.random, tape.shown_mask, d_features);
      }
    }
    return loss;
  }

  /// The losses of where was looked; their gradient goes to tape.decoder.d_weights, which has no rows without.
  static Sum<S> penalties(Tape& tape, const LossOptions<S>& options, bool backward) {
    const auto& weights = tape.decoder.weights;
    auto& d_weights = tape.decoder.d_weights;
    const bool some = options.coverage != S(0) || options.doubly_stochastic != S(0);
    d_weights.resize(some && backward ? weights.rows() : 0, weights.cols());
    d_weights.setZero();
    if (!some || weights.rows() == 0) return Sum<S>(0);
    const SentenceRanges sources(tape.memory.starts);
    const Sum<S> again = coverage_penalty<S>(weights, tape.target_packing, sources, options.coverage * options.scale,
                                             d_weights),
                 missed = doubly_stochastic_penalty<S>(weights, tape.target_packing, sources,
                                                       options.doubly_stochastic * options.scale, d_weights);
    return Sum<S>(options.coverage) * again + Sum<S>(options.doubly_stochastic) * missed;
  }

  void embed(const Embedding<S>& words, const std::vector<Token>& tokens, Random* random, Buffer<S>& x,
             Buffer<S>& mask) const {
    x.resize(words.size(), static_cast<Index>(tokens.size()));
    mask.resize(x.rows(), x.cols());
    words.forward(tokens, x);
    dropout.forward(random, x, mask);
  }

  static void pack_lengths(Sentences sentences, Index extra, std::vector<Index>& lengths, Packing& packing) {
    lengths.clear();
    for (const auto& sentence : sentences) lengths.push_back(static_cast<Index>(sentence.size()) + extra);
    packing.assign(lengths);
  }

  static void zero(const Buffer<S>& like, Buffer<S>& d) {
    d.resize(like.rows(), like.cols());
    d.setZero();
  }
};

}  // namespace heed::inline v0_1
