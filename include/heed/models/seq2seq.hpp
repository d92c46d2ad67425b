#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/losses/guided_alignment.hpp>
#include <heed/models/loss_options.hpp>
#include <heed/models/output_layer.hpp>
#include <heed/models/scheduled_sampling.hpp>
#include <heed/models/token_batch.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Options of a `Seq2Seq` besides its encoder and decoder.
struct Seq2SeqOptions {
  Index source_vocabulary = 0;     ///< size of the source vocabulary, special symbols included; 1 or more
  Index target_vocabulary = 0;     ///< size of the target vocabulary, special symbols included; 1 or more
  double dropout = 0;              ///< dropout rate of the embedded words, and of the features before the output layer
  double memory_dropout = 0;       ///< dropout rate of the encoder outputs in the memory
  bool tied_embeddings = false;    ///< true: the output layer uses the table of the target embedding
  bool shared_embeddings = false;  ///< true: the source words use it, too; needs `tied_embeddings`
};

/// Workspace of a `Seq2Seq`. Use one per thread; its buffers grow but never shrink.
template <class S>
struct Seq2SeqTape {
  TokenBatch<S> source, target;  ///< the sources, and the decoder inputs
  std::vector<Token> labels;     ///< labels of the decoder inputs (the next words), packed
  EncoderTape<S> encoder;        ///< workspace of the encoder
  Buffer<S> d_outputs;           ///< gradient of the encoder outputs
  Memory<S> memory, d_memory;    ///< memory that the decoder attends to, and its gradient
  Buffer<S> memory_mask;         ///< dropout mask of the memory's values
  SamplingTape<S> sampling;      ///< workspace of scheduled sampling
  DecoderState<S> state;         ///< decoder state after the last step
  DecoderTape<S> decoder;        ///< workspace of all decoder steps
  OutputTape<S> output;          ///< workspace of the output layer

  /// Attention weights of the step that predicts word t of a target: one per source word, none if the decoder has no
  /// attention. p is the position of the target in `target.packing` (longest first). The last word is eos. Throws
  /// heed::Error if there is no such word.
  auto weights(Index t, Index p) const {
    require(p >= 0 && p < target.packing.sentences() && t >= 0 && t < target.packing.length(p), [&] {
      return "Seq2SeqTape.weights: there is no word " + std::to_string(t) + " in target " + std::to_string(p) +
             ", the batch has " + std::to_string(target.packing.sentences()) + " targets";
    });
    const Index rows = decoder.attention.weights.rows() == 0 ? 0 : memory.length(target.packing.sentence(p));
    return decoder.attention.weights.col(target.packing.column(t, p)).head(rows);
  }
};

/// Sequence-to-sequence model: embeds and encodes the source, decodes the target, and computes the logits of each next
/// word.
///
///     source -> encoder -> memory -> decoder <- target        logits = output(features)
///
/// With shared embeddings (three-way weight tying: Press & Wolf 2017; Vaswani et al. 2017, section 3.4) the only table
/// is that of `target`: for source words, target words and the output layer. `source` is then empty.
template <class EncoderType, Decoder DecoderType>
struct Seq2Seq {
  using Scalar = typename EncoderType::Scalar;
  using S = Scalar;
  using Tape = Seq2SeqTape<S>;
  using Source = std::span<const Token>;  ///< the source tokens of one item of a batch
  using Target = std::span<const Token>;  ///< its target tokens, without bos and eos

  Embedding<S> source;        ///< embedding of the source words; empty if the embeddings are shared
  EncoderType encoder;        ///< computes the memory
  Embedding<S> target;        ///< embedding of the target words
  DecoderType decoder;        ///< computes the features, the inputs of the output layer
  OutputLayer<S> output;      ///< computes the logits; may be tied to `target`
  Dropout<S> dropout;         ///< applied to the embedded words and to the features before the output layer
  Dropout<S> memory_dropout;  ///< applied to the values of the memory, before the keys are computed

  Seq2Seq() = default;

  /// Throws heed::Error if a vocabulary is empty, if the feature size is 0, or if sizes do not match: the encoder's
  /// output size must be the value size of the decoder's memory, and a tied output layer needs features of the size of
  /// an embedded target word. Shared embeddings need a tied output layer, and source and target must have the same
  /// vocabulary size and the same size of an embedded word.
  Seq2Seq(const Seq2SeqOptions& options, EncoderType encoder_, DecoderType decoder_)
      : encoder(std::move(encoder_)),
        decoder(std::move(decoder_)),
        dropout(options.dropout),
        memory_dropout(options.memory_dropout) {
    detail::check_options("Seq2Seq", {{"source_vocabulary", options.source_vocabulary},
                                      {"target_vocabulary", options.target_vocabulary}});
    if (options.shared_embeddings) {
      check_shared(options);
    } else {
      source = Embedding<S>(encoder.input_size(), options.source_vocabulary);
    }
    target = Embedding<S>(decoder.word_size(), options.target_vocabulary);
    target.tied = options.tied_embeddings;
    output = OutputLayer<S>(options.tied_embeddings ? 0 : decoder.feature_size(), options.target_vocabulary);
    require(decoder.feature_size() >= 1, "Seq2Seq: the decoder must have features of size 1 or more, got 0");
    if constexpr (requires { decoder.memory_size(); }) {
      require(encoder.output_size() == decoder.memory_size(), [&] {
        return "Seq2Seq: the encoder's output size must be the decoder's memory size, " +
               std::to_string(decoder.memory_size()) + ", got " + std::to_string(encoder.output_size());
      });
    }
    require(!options.tied_embeddings || decoder.feature_size() == target.size(), [&] {
      return "Seq2Seq: with tied embeddings the decoder's feature size must be its word size, " +
             std::to_string(target.size()) + ", got " + std::to_string(decoder.feature_size());
    });
  }

  /// True if the output layer uses the table of the target embedding.
  bool tied() const { return output.is_tied(); }
  /// True if the source words use the table of the target embedding.
  bool shared() const { return source.vocabulary() == 0; }
  /// The embedding of the source words: `source`, or `target` if the embeddings are shared.
  const Embedding<S>& source_embedding() const { return shared() ? target : source; }

  /// logits = output(features), column by column. Overwrites logits (vocabulary x n). Does not allocate. Throws
  /// heed::Error if a size does not match.
  void score_words(const In<S>& features, Out<S> logits) const { output.forward(target, features, logits); }

  /// Encodes a batch of sources: fills tape.memory, keys included. The encoder saves the activations for backward only
  /// if `save_activations` is true. Throws heed::Error if a source is empty or a token is outside the vocabulary.
  void encode(Sentences sources, Tape& tape, RandomStreams random = nullptr, bool save_activations = false) const {
    detail::check_tokens("Seq2Seq.encode", "source", sources, source_embedding().vocabulary());
    tape.encoder.save_activations = save_activations;
    tape.source.pack(sources);
    tape.source.embed(source_embedding(), dropout, random);
    encoder.forward(tape.source.x, tape.source.packing, tape.encoder, random);
    make_memory(encoder, tape.source.packing, tape.encoder, tape.source.lengths, tape.memory);
    if (random && memory_dropout.rate > 0) {
      tape.memory_mask.resize(tape.memory.values.rows(), tape.memory.values.cols());
    }
    memory_dropout.forward(random, SentenceRanges(tape.memory.starts), tape.memory.values, tape.memory_mask);
    decoder.prepare(tape.memory);
  }

  /// Encodes the sources and decodes the targets with teacher forcing: the decoder inputs are bos and the target, the
  /// labels are the target and eos. Fills tape.labels, tape.decoder.features (the inputs of the output layer) and the
  /// attention weights that `tape.weights` returns. Throws as `loss` does.
  void forward(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options = {}) const {
    check_batch(sources, targets, options);
    encode(sources, tape, options.random, true);
    tape.target.pack_targets(targets, tape.labels);
    if (options.teacher_forcing != 1) sample_words(tape, options);
    tape.target.embed(target, dropout, options.random);
    decode(decoder, tape.target.x, tape.target.packing, tape.memory, tape.state, tape.decoder, options.random);
  }

  /// Returns the cross-entropy (in nats) of the targets given the sources, summed over all target words and eos, plus
  /// the attention losses of `options`. Throws heed::Error as `encode` does, if the numbers of sources and targets
  /// differ, if a target token is outside the vocabulary, and if a target contains `symbols::bos` or `symbols::eos`.
  Sum<S> loss(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options = {}) const {
    forward(sources, targets, tape, options);
    tape.output.drop(tape.decoder.features, tape.target.packing, dropout, options.random);
    return output.loss(target, tape.labels, options.smoothing, options.scale, tape.output) +
           penalties(tape, options, false);
  }

  /// Returns the same loss as `loss`. Adds the gradient of options.scale * loss to grad.
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
    memory_dropout.backward(random, tape.memory_mask, tape.d_memory.values);            // was: memory_dropout
    make_memory_backward(encoder, tape.source.packing, tape.d_memory, tape.d_outputs);  // was: make_memory
    encoder.backward(tape.source.x, tape.source.packing, tape.encoder, tape.d_outputs, grad.encoder, tape.source.d_x,
                     random, &tape.d_memory.states);  // was: encoder
    Embedding<S>& grad_source = shared() ? grad.target : grad.source;
    tape.source.backward(source_embedding(), dropout, random, grad_source);  // was: source.embed
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
    visit("memory_dropout", self.memory_dropout...);
  }

  /// Maximum number of columns of logits that are computed at a time.
  static constexpr Index output_block = OutputLayer<S>::block;

 private:
  /// Makes the checks of the constructor for shared embeddings.
  void check_shared(const Seq2SeqOptions& options) const {
    require(options.tied_embeddings, "Seq2Seq: with shared embeddings tied_embeddings must be true, got false");
    require(options.source_vocabulary == options.target_vocabulary, [&] {
      return "Seq2Seq: with shared embeddings the source vocabulary must have the size of the target vocabulary, " +
             std::to_string(options.target_vocabulary) + ", got " + std::to_string(options.source_vocabulary);
    });
    require(encoder.input_size() == decoder.word_size(), [&] {
      return "Seq2Seq: with shared embeddings the encoder's input size must be the decoder's word size, " +
             std::to_string(decoder.word_size()) + ", got " + std::to_string(encoder.input_size());
    });
  }

  /// Makes the checks of `forward` that `encode` does not make.
  void check_batch(Sentences sources, Sentences targets, const LossOptions<S>& options) const {
    require(sources.size() == targets.size(), [&] {
      return "Seq2Seq: there must be one target per source, got " + std::to_string(sources.size()) + " sources and " +
             std::to_string(targets.size()) + " targets";
    });
    detail::check_target_tokens("Seq2Seq.forward", "target", targets, target.vocabulary());
    const double forcing = options.teacher_forcing;
    require(forcing == 1 || (forcing >= 0 && forcing < 1 && options.random), [&] {
      return "Seq2Seq: teacher_forcing must be in [0, 1], and below 1 it needs a random number generator, got " +
             std::to_string(forcing) + (options.random ? "" : " without a generator");
    });
    require(options.guided_alignment == S(0) || options.links.size() == sources.size(), [&] {
      return "Seq2Seq: guided_alignment needs the links of every pair, got those of " +
             std::to_string(options.links.size()) + " pairs for " + std::to_string(sources.size()) + " sources";
    });
  }

  /// Scheduled sampling: replaces some of the decoder inputs by sampled tokens.
  void sample_words(Tape& tape, const LossOptions<S>& options) const {
    const auto score = [this](const In<S>& features, Out<S> logits) { score_words(features, logits); };
    feed_sampled_tokens(decoder, target, score, tape.target.packing, tape.memory, options.teacher_forcing,
                        options.sampled_token, options.random, tape.sampling, tape.target.tokens);
  }

  /// Zeroes the gradients that the backward pass adds to.
  static void begin_backward(Tape& tape) {
    tape.decoder.d_features.resize(tape.decoder.features.rows(), tape.decoder.features.cols());
    tape.decoder.d_features.setZero();
    tape.target.begin_backward();
    tape.source.begin_backward();
    tape.d_memory.zeros_like(tape.memory);
  }

  /// Returns the weighted sum of the attention losses. If `backward`, writes their gradient to
  /// tape.decoder.attention.d_weights; otherwise, or if no attention loss is used, d_weights has no rows.
  static Sum<S> penalties(Tape& tape, const LossOptions<S>& options, bool backward) {
    const auto& weights = tape.decoder.attention.weights;
    auto& d_weights = tape.decoder.attention.d_weights;
    const bool some = options.coverage != S(0) || options.doubly_stochastic != S(0) || options.guided_alignment != S(0);
    d_weights.resize(some && backward ? weights.rows() : 0, weights.cols());
    d_weights.setZero();
    if (!some || weights.rows() == 0) return Sum<S>(0);
    const SentenceRanges sources(tape.memory.starts);
    const PackedBatch& targets = tape.target.packing;
    const auto counted = [](S by, const auto& penalty) { return by == S(0) ? Sum<S>(0) : Sum<S>(by) * penalty(by); };
    return counted(options.coverage,
                   [&](S by) { return coverage_loss<S>(weights, targets, sources, by * options.scale, d_weights); }) +
           counted(options.doubly_stochastic,
                   [&](S by) {
                     return doubly_stochastic_penalty<S>(weights, targets, sources, by * options.scale, d_weights);
                   }) +
           counted(options.guided_alignment, [&](S by) {
             return guided_alignment_loss<S>(weights, targets, sources, options.links, by * options.scale, d_weights);
           });
  }
};

}}  // namespace heed::v0_2
