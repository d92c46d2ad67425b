#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/losses/attention_penalty.hpp>
#include <heed/models/loss_options.hpp>
#include <heed/models/output_layer.hpp>
#include <heed/models/scheduled_sampling.hpp>
#include <heed/models/token_batch.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// What a `Seq2Seq` has besides its encoder and decoder.
struct Seq2SeqOptions {
  Index source_vocabulary = 0;   ///< words of the source, special symbols included; 1 or more
  Index target_vocabulary = 0;   ///< words of the target, special symbols included; 1 or more
  double dropout = 0;            ///< rate of embedded words, and of the features before the output layer
  bool tied_embeddings = false;  ///< whether the output layer reads the target's embedding table
};

/// Everything a sequence-to-sequence model writes: one per thread, it only grows.
template <class S>
struct Seq2SeqTape {
  TokenBatch<S> source, target;  ///< the sources, and the decoder's inputs
  std::vector<Token> labels;     ///< of the decoder's inputs, packed: the next words
  EncoderTape<S> encoder;        ///< of the encoder
  Buffer<S> d_outputs;           ///< gradient of its outputs
  Memory<S> memory, d_memory;    ///< what the decoder attends to, and its gradient
  SamplingTape<S> sampling;      ///< of scheduled sampling
  DecoderState<S> state;         ///< of the decoder, after the last step
  DecoderTape<S> decoder;        ///< of all its steps
  OutputTape<S> output;          ///< of the output layer

  /// What was looked at while word t of the sentence in packed target position p was predicted. Throws if there is none.
  auto weights(Index t, Index p) const {
    require(p >= 0 && p < target.packing.sentences() && t >= 0 && t < target.packing.length(p), [&] {
      return "Seq2SeqTape: there is no word " + std::to_string(t) + " in target " + std::to_string(p) + " of " +
             std::to_string(target.packing.sentences());
    });
    const Index rows = decoder.attention.weights.rows() == 0 ? 0 : memory.length(target.packing.sentence(p));
    return decoder.attention.weights.col(target.packing.column(t, p)).head(rows);
  }
};

/// Sequence to sequence: words are embedded, encoded, decoded, and the output layer scores the next word.
///
///   source -> encoder -> memory -> decoder <- target        logits = output(features)
template <class EncoderType, Decoder DecoderType>
struct Seq2Seq {
  using Scalar = typename EncoderType::Scalar;
  using S = Scalar;
  using Tape = Seq2SeqTape<S>;
  using Source = std::span<const Token>;  ///< what is read of one item of a batch
  using Target = std::span<const Token>;  ///< what is to be made of it

  Embedding<S> source;    ///< of source words
  EncoderType encoder;    ///< makes the memory
  Embedding<S> target;    ///< of target words
  DecoderType decoder;    ///< makes features
  OutputLayer<S> output;  ///< scores words; it may be tied to `target`
  Dropout<S> dropout;     ///< of embedded words, and of the features before the output layer

  Seq2Seq() = default;

  /// Throws if a vocabulary or the features are empty or the sizes of the parts do not fit: the encoder's outputs must be
  /// as large as the values of the decoder's memory, and a tied output layer needs features as large as an embedded word.
  Seq2Seq(const Seq2SeqOptions& options, EncoderType encoder_, DecoderType decoder_)
      : encoder(std::move(encoder_)), decoder(std::move(decoder_)), dropout(options.dropout) {
    detail::check_options("Seq2Seq", {{"source_vocabulary", options.source_vocabulary},
                                      {"target_vocabulary", options.target_vocabulary}});
    source = Embedding<S>(encoder.input_size(), options.source_vocabulary);
    target = Embedding<S>(decoder.word_size(), options.target_vocabulary);
    output = OutputLayer<S>(options.tied_embeddings ? 0 : decoder.feature_size(), options.target_vocabulary);
    require(decoder.feature_size() >= 1, "Seq2Seq: the decoder must have features of size 1 or more, got 0");
    if constexpr (requires { decoder.memory_size(); }) {
      require(encoder.output_size() == decoder.memory_size(), [&] {
        return "Seq2Seq: the encoder's output size must be the decoder's memory size, " +
               std::to_string(decoder.memory_size()) + ", got " + std::to_string(encoder.output_size());
      });
    }
    require(!options.tied_embeddings || decoder.feature_size() == target.size(), [&] {
      return "Seq2Seq: a tied output layer needs features of the size of an embedded word, " +
             std::to_string(target.size()) + ", not " + std::to_string(decoder.feature_size());
    });
  }

  /// Whether the output layer reads the target's embedding table.
  bool tied() const { return output.is_tied(); }

  /// logits = output(features), a column each; overwritten. Does not allocate. Throws if the sizes do not fit.
  void score_words(const In<S>& features, Out<S> logits) const { output.forward(target, features, logits); }

  /// Reads a batch of sources: fills tape.memory, keys included. What the encoder's backward reads only if it `keeps` it.
  /// Throws on an empty source and on a token outside the vocabulary.
  void encode(Sentences sources, Tape& tape, RandomStreams random = nullptr, bool save_activations = false) const {
    detail::check_tokens("Seq2Seq.encode", "source", sources, source.vocabulary());
    tape.encoder.save_activations = save_activations;
    tape.source.pack(sources);
    tape.source.embed(source, dropout, random);
    encoder.forward(tape.source.x, tape.source.packing, tape.encoder, random);
    make_memory(encoder, tape.source.packing, tape.encoder, tape.source.lengths, tape.memory);
    decoder.prepare(tape.memory);
  }

  /// Teacher forcing: feeds the decoder the targets, one word late. Fills tape.labels (each target and the end symbol),
  /// tape.decoder.features, of which the output layer is to predict them, and what `tape.weights` reads. Throws as `loss`.
  void forward(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options = {}) const {
    check_batch(sources, targets, options);
    encode(sources, tape, options.random, true);
    tape.target.pack_targets(targets, tape.labels);
    if (options.teacher_forcing != 1) sample_words(tape, options);
    tape.target.embed(target, dropout, options.random);
    decode(decoder, tape.target.x, tape.target.packing, tape.memory, tape.state, tape.decoder, options.random);
  }

  /// The cross-entropy of the targets given the sources, each target followed by the end symbol, summed over all words.
  /// Throws unless there are as many targets as sources, on what `encode` throws on, on a target's token outside the
  /// vocabulary, and if a target holds `symbols::bos` or `symbols::eos`.
  Sum<S> loss(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options = {}) const {
    forward(sources, targets, tape, options);
    tape.output.drop(tape.decoder.features, tape.target.packing, dropout, options.random);
    return output.loss(target, tape.labels, options.smoothing, options.scale, tape.output) +
           penalties(tape, options, false);
  }

  /// The same, and its gradient added to `grad`.
  Sum<S> loss_and_gradient(Sentences sources, Sentences targets, Tape& tape, Seq2Seq& grad,
                           const LossOptions<S>& options = {}) const {
    const RandomStreams random = options.random;
    forward(sources, targets, tape, options);
    tape.output.drop(tape.decoder.features, tape.target.packing, dropout, random);
    begin_backward(tape);
    const Sum<S> loss = output.loss_and_gradient(target, tape.labels, options.smoothing, options.scale, tape.output,
                                                 grad.output, grad.target, tape.decoder.d_features) +
                        penalties(tape, options, true);
    dropout.backward(random, tape.output.mask, tape.decoder.d_features);  // was: output.drop
    decode_backward(decoder, tape.target.x, tape.target.packing, tape.memory, tape.state, tape.decoder, grad.decoder,
                    tape.target.d_x, tape.d_memory, random);                            // was: decode
    tape.target.backward(target, dropout, random, grad.target);                         // was: target.embed
    make_memory_backward(encoder, tape.source.packing, tape.d_memory, tape.d_outputs);  // was: make_memory
    encoder.backward(tape.source.x, tape.source.packing, tape.encoder, tape.d_outputs, grad.encoder, tape.source.d_x,
                     random, &tape.d_memory.states);             // was: encoder
    tape.source.backward(source, dropout, random, grad.source);  // was: source.embed
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

  /// Columns of logits made at a time.
  static constexpr Index output_block = OutputLayer<S>::block;

 private:
  /// Throws as `forward` does, but on what `encode` throws on.
  void check_batch(Sentences sources, Sentences targets, const LossOptions<S>& options) const {
    require(sources.size() == targets.size(), [&] {
      return "Seq2Seq: " + std::to_string(sources.size()) + " sources for " + std::to_string(targets.size()) +
             " targets";
    });
    detail::check_target_tokens("Seq2Seq.forward", "target", targets, target.vocabulary());
    const double forcing = options.teacher_forcing;
    require(forcing == 1 || (forcing >= 0 && forcing < 1 && options.random), [&] {
      return "Seq2Seq: teacher forcing lies in [0, 1] and below 1 needs random numbers, not " +
             std::to_string(forcing) + (options.random ? "" : " without");
    });
  }

  /// Scheduled sampling: replaces some of the decoder's inputs by words of the model.
  void sample_words(Tape& tape, const LossOptions<S>& options) const {
    const auto score = [this](const In<S>& features, Out<S> logits) { score_words(features, logits); };
    feed_sampled_tokens(decoder, target, score, tape.target.packing, tape.memory, options.teacher_forcing,
                        options.sampled_token, options.random, tape.sampling, tape.target.tokens);
  }

  /// Makes the gradients that the backward pass adds to zero.
  static void begin_backward(Tape& tape) {
    tape.decoder.d_features.resize(tape.decoder.features.rows(), tape.decoder.features.cols());
    tape.decoder.d_features.setZero();
    tape.target.begin_backward();
    tape.source.begin_backward();
    tape.d_memory.zeros_like(tape.memory);
  }

  /// The losses of where was looked; their gradient goes to tape.decoder.attention.d_weights, which has no rows without.
  static Sum<S> penalties(Tape& tape, const LossOptions<S>& options, bool backward) {
    const auto& weights = tape.decoder.attention.weights;
    auto& d_weights = tape.decoder.attention.d_weights;
    const bool some = options.coverage != S(0) || options.doubly_stochastic != S(0);
    d_weights.resize(some && backward ? weights.rows() : 0, weights.cols());
    d_weights.setZero();
    if (!some || weights.rows() == 0) return Sum<S>(0);
    const SentenceRanges sources(tape.memory.starts);
    const auto counted = [&](const auto& penalty, S by) {
      if (by == S(0)) return Sum<S>(0);
      return Sum<S>(Sum<S>(by) * penalty(weights, tape.target.packing, sources, by * options.scale, d_weights));
    };
    return counted(coverage_loss<S>, options.coverage) +
           counted(doubly_stochastic_penalty<S>, options.doubly_stochastic);
  }
};

}}  // namespace heed::v0_2
