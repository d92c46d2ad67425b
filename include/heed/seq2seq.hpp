#pragma once

#include <heed/attention_penalty.hpp>
#include <heed/decoders/decoder.hpp>
#include <heed/encoder.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/linear.hpp>
#include <heed/loss.hpp>
#include <heed/scheduled_sampling.hpp>

#include <span>
#include <string>
#include <vector>

namespace heed::inline v0_1 {

/// What a `Seq2Seq` has besides its encoder and decoder.
struct Seq2SeqOptions {
  Index source_vocabulary = 0;   ///< words of the source, special symbols included; 1 or more
  Index target_vocabulary = 0;   ///< words of the target, special symbols included; 1 or more
  double dropout = 0;            ///< rate of embedded words, and of the features before the output layer
  bool tied_embeddings = false;  ///< whether the output layer reads the target's embedding table
};

/// A batch of sentences, in the order given.
using Sentences = std::span<const std::span<const Token>>;

/// Everything a sequence-to-sequence model writes: one per thread, it only grows.
template <class S>
struct Seq2SeqTape {
  Packing source_packing, target_packing;         ///< of the batch
  std::vector<Token> source_tokens, fed, wanted;  ///< packed; wanted is fed, one word later
  std::vector<Index> lengths;                     ///< in batch order
  Buffer<S> x, x_mask, d_x;                       ///< embedded source words
  Buffer<S> y, y_mask, d_y;                       ///< embedded target words
  Buffer<S> shown, shown_mask, logits;  ///< the output layer's input and, a block of columns at a time, its result
  Buffer<S> d_outputs;
  EncoderTape<S> encoder;      ///< of the encoder
  Memory<S> memory, d_memory;  ///< what is looked back at, and its gradient
  DecoderState<S> state;       ///< of the decoder, after the last step
  DecoderTape<S> decoder;      ///< of all its steps
  SamplingTape<S> sampling;    ///< of scheduled sampling

  /// What was looked at while word t of the sentence in packed target position p was predicted. Throws if there is none.
  auto weights(Index t, Index p) const {
    require(p >= 0 && p < target_packing.sentences() && t >= 0 && t < target_packing.length(p), [&] {
      return "Seq2SeqTape: there is no word " + std::to_string(t) + " in target " + std::to_string(p) + " of " +
             std::to_string(target_packing.sentences());
    });
    const Index rows = decoder.weights.rows() == 0 ? 0 : memory.length(target_packing.sentence(p));
    return decoder.weights.col(target_packing.column(t, p)).head(rows);
  }
};

/// How a batch is trained on.
template <class S>
struct LossOptions {
  S smoothing = S(0);          ///< label smoothing
  S scale = S(1);              ///< the gradient is that of scale * loss
  RandomStreams random;        ///< draws the dropout masks, in batch order; without it there is no dropout
  S coverage = S(0);           ///< how much `coverage_loss` counts
  S doubly_stochastic = S(0);  ///< how much `doubly_stochastic_penalty` counts
  /// How often a step is fed the right word; below 1 the others are fed the model's own (scheduled sampling), which
  /// `random` must be there to choose.
  double teacher_forcing = 1;
  OwnWord own_word = OwnWord::likeliest;  ///< which of its own
};

/// Sequence to sequence: words are embedded, encoded, decoded, and the output layer scores the next word.
///
///   source -> encoder -> memory -> decoder <- target        logits = output(features) = W features + b
///
/// Where the output layer is tied to the target's embedding (Press & Wolf 2017, Inan et al. 2017), W is its table': the
/// output layer has only b, and the table gathers both gradients.
template <class EncoderType, Decoder DecoderType>
struct Seq2Seq {
  using Scalar = typename EncoderType::Scalar;
  using S = Scalar;
  using Tape = Seq2SeqTape<S>;
  using Source = std::span<const Token>;  ///< what is read of one item of a batch
  using Target = std::span<const Token>;  ///< what is to be made of it

  Embedding<S> source;  ///< of source words
  EncoderType encoder;  ///< makes the memory
  Embedding<S> target;  ///< of target words
  DecoderType decoder;  ///< makes features
  Linear<S> output;     ///< scores words; with no columns where it is tied
  Dropout<S> dropout;   ///< of embedded words, and of the features before the output layer

  Seq2Seq() = default;

  /// Throws if a vocabulary or the features are empty or the sizes of the parts do not fit: the encoder's outputs must be
  /// as large as the values of the decoder's memory, and a tied output layer needs features as large as an embedded word.
  Seq2Seq(const Seq2SeqOptions& options, EncoderType encoder_, DecoderType decoder_)
      : encoder(std::move(encoder_)), decoder(std::move(decoder_)), dropout(options.dropout) {
    detail::check_options("Seq2Seq", {{"source_vocabulary", options.source_vocabulary},
                                      {"target_vocabulary", options.target_vocabulary}});
    source = Embedding<S>(encoder.input_size(), options.source_vocabulary);
    target = Embedding<S>(decoder.word_size(), options.target_vocabulary);
    output = Linear<S>(options.tied_embeddings ? 0 : decoder.feature_size(), options.target_vocabulary);
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
  bool tied() const { return output.input_size() == 0; }

  /// logits = output(features), a column each; overwritten. Does not allocate. Throws if the sizes do not fit.
  void score_words(const In<S>& features, Out<S> logits) const {
    detail::check_size("Seq2Seq.score_words", "features", features, tied() ? target.size() : output.input_size(),
                       features.cols());
    detail::check_size("Seq2Seq.score_words", "logits", logits, target.vocabulary(), features.cols());
    if (!tied()) return output.forward(features, logits);
    logits.colwise() = output.b;
    add_product(target.table.transpose(), features, logits);
  }

  /// Reads a batch of sources: fills tape.memory, keys included. What the encoder's backward reads only if it `keeps` it.
  /// Throws on an empty source and on a token outside the vocabulary.
  void encode(Sentences sources, Tape& tape, RandomStreams random = nullptr, bool keeps = false) const {
    detail::check_tokens("Seq2Seq.encode", "source", sources, source.vocabulary());
    tape.encoder.keeps = keeps;
    pack_lengths(sources, 0, tape.lengths, tape.source_packing);
    pack_tokens(sources, tape.source_packing, tape.source_tokens);
    embed(source, tape.source_tokens, tape.source_packing, random, tape.x, tape.x_mask);
    encoder.forward(tape.x, tape.source_packing, tape.encoder, random);
    make_memory(encoder, tape.source_packing, tape.encoder, tape.lengths, tape.memory);
    decoder.prepare(tape.memory);
  }

  /// The cross-entropy of the targets given the sources, each target followed by the end symbol, summed over all words.
  /// Throws unless there are as many targets as sources, on what `encode` throws on, on a target's token outside the
  /// vocabulary, and if a target holds `symbols::begin` or `symbols::end`.
  Sum<S> loss(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options = {}) const {
    forward(sources, targets, tape, options);
    return output_loss(tape, options, nullptr) + penalties(tape, options, false);
  }

  /// The same, and its gradient added to `grad`.
  Sum<S> loss_and_gradient(Sentences sources, Sentences targets, Tape& tape, Seq2Seq& grad,
                           const LossOptions<S>& options = {}) const {
    forward(sources, targets, tape, options);
    const Sum<S> loss = output_loss(tape, options, &grad) + penalties(tape, options, true);
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

  /// Columns of logits made at a time: they stay in the second-level cache until they have been used.
  static constexpr Index output_block = 256;

  /// Teacher forcing: feeds the decoder the targets, one word late. Fills tape.wanted (each target and the end symbol),
  /// tape.decoder.features, of which the output layer is to predict it, and what `tape.weights` reads. Throws as `loss`.
  void forward(Sentences sources, Sentences targets, Tape& tape, const LossOptions<S>& options = {}) const {
    require(sources.size() == targets.size(), [&] {
      return "Seq2Seq: " + std::to_string(sources.size()) + " sources for " + std::to_string(targets.size()) +
             " targets";
    });
    detail::check_target_tokens("Seq2Seq.forward", "target", targets, target.vocabulary());
    const bool samples = options.teacher_forcing != 1;
    require(!samples || (options.teacher_forcing >= 0 && options.teacher_forcing < 1 && options.random), [&] {
      return "Seq2Seq: teacher forcing lies in [0, 1] and below 1 needs random numbers, not " +
             std::to_string(options.teacher_forcing) + (options.random ? "" : " without");
    });
    encode(sources, tape, options.random, true);
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
    if (samples) {
      const auto score = [this](const In<S>& features, Out<S> logits) { score_words(features, logits); };
      feed_own_words(decoder, target, score, tape.target_packing, tape.memory, options.teacher_forcing,
                     options.own_word, options.random, tape.sampling, tape.fed);
    }
    embed(target, tape.fed, tape.target_packing, options.random, tape.y, tape.y_mask);
    decode(decoder, tape.y, tape.target_packing, tape.memory, tape.state, tape.decoder, options.random);
  }

 private:
  /// The loss of output(dropout(features)); unless `grad` is null also its gradient, down to
  /// tape.decoder.d_features.
  template <class Grad>
  Sum<S> output_loss(Tape& tape, const LossOptions<S>& options, Grad grad) const {
    constexpr bool backward = !std::is_null_pointer_v<Grad>;
    const Index columns = tape.decoder.features.cols();
    if constexpr (backward) zero(tape.decoder.features, tape.decoder.d_features);
    tape.shown.assign(tape.decoder.features);
    tape.shown_mask.resize(tape.shown.rows(), columns);
    dropout.forward(options.random, tape.target_packing, tape.shown, tape.shown_mask);
    Sum<S> loss(0);
    for (Index i = 0; i < columns; i += output_block) {
      const Index n = std::min(output_block, columns - i);
      const auto shown = tape.shown.middleCols(i, n);
      tape.logits.resize(target.vocabulary(), n);
      score_words(shown, tape.logits);
      const auto wanted =
          std::span<const Token>(tape.wanted).subspan(static_cast<std::size_t>(i), static_cast<std::size_t>(n));
      loss += softmax_cross_entropy<S>(tape.logits, wanted, options.smoothing, options.scale);
      if constexpr (backward) score_words_backward(shown, tape.logits, *grad, tape.decoder.d_features.middleCols(i, n));
    }
    if constexpr (backward) dropout.backward(options.random, tape.shown_mask, tape.decoder.d_features);
    return loss;
  }

  /// Backward of `score_words`: adds to grad and d_features.
  void score_words_backward(const In<S>& features, const In<S>& d_logits, Seq2Seq& grad, Out<S> d_features) const {
    if (!tied()) {
      output.accumulate(features, d_logits, grad.output);
      output.backward(d_logits, d_features);
      return;
    }
    grad.output.b += d_logits.rowwise().sum();                             // was: + b
    add_outer_product(features, d_logits, grad.target.table);              // was: table' features
    add_product_backward(target.table.transpose(), d_logits, d_features);  // was: table' features
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
    const auto counted = [&](const auto& penalty, S by) {
      if (by == S(0)) return Sum<S>(0);
      return Sum<S>(Sum<S>(by) * penalty(weights, tape.target_packing, sources, by * options.scale, d_weights));
    };
    return counted(coverage_loss<S>, options.coverage) +
           counted(doubly_stochastic_penalty<S>, options.doubly_stochastic);
  }

  void embed(const Embedding<S>& words, const std::vector<Token>& tokens, const Packing& packing, RandomStreams random,
             Buffer<S>& x, Buffer<S>& mask) const {
    x.resize(words.size(), static_cast<Index>(tokens.size()));
    mask.resize(x.rows(), x.cols());
    words.forward(tokens, x);
    dropout.forward(random, packing, x, mask);
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
