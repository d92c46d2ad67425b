#pragma once

#include <heed/encoders/encoder.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/layers/linear.hpp>
#include <heed/losses/cross_entropy.hpp>
#include <heed/models/loss_options.hpp>
#include <heed/models/token_batch.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Options of a `SentenceClassifier` besides its encoder.
struct SentenceClassifierOptions {
  Index vocabulary = 0;      ///< number of words, special symbols included; 1 or more
  Index alignment_size = 0;  ///< rows of the tanh layer that scores a word for the pooling; 1 or more
  Index classes = 0;         ///< number of classes; 2 or more
  double dropout = 0;        ///< dropout rate of the embedded words, and of the pooled vector
};

/// Workspace of a `SentenceClassifier`. Use one per thread; its buffers grow but never shrink.
template <class S>
struct SentenceClassifierTape {
  TokenBatch<S> words;                      ///< the sentences
  EncoderTape<S> encoder;                   ///< workspace of the encoder
  Memory<S> memory, d_memory;               ///< encoder states, and their gradient
  AttentionPoolingTape<S> pooling;          ///< workspace of the pooling
  Buffer<S> pooled, pooled_mask, d_pooled;  ///< size x sentences, in batch order
  Buffer<S> logits;                         ///< classes x sentences; `loss` overwrites them by their gradient
  Buffer<S> d_outputs;

  /// Attention weights of sentence b, one per word; they sum to 1. Throws heed::Error if there is no sentence b.
  auto weights(Index b) const {
    require(b >= 0 && b < memory.sentences(), [&] {
      return "SentenceClassifierTape.weights: sentence must be in [0, " + std::to_string(memory.sentences()) +
             "), got " + std::to_string(b);
    });
    return pooling.weights.col(0).segment(memory.start(b), memory.length(b));
  }
};

/// Classifies sentences by attention pooling over encoder states: the word level of Yang et al. 2016, with an encoder
/// of any cell. `SentenceClassifierTape::weights` returns the attention weights of a sentence.
///
///     words -> encoder -> states h        pooled = sum_j weights_j h_j        logits = output(pooled)
template <class EncoderType>
struct SentenceClassifier {
  using Scalar = typename EncoderType::Scalar;
  using S = Scalar;
  using Tape = SentenceClassifierTape<S>;
  using Source = std::span<const Token>;  ///< the tokens of one sentence of a batch
  using Target = Token;                   ///< its class

  Embedding<S> words;           ///< embedding of the words
  EncoderType encoder;          ///< encodes the words of a sentence
  AttentionPooling<S> pooling;  ///< attention pooling of the encoder states
  Linear<S> output;             ///< computes one logit per class
  Dropout<S> dropout;           ///< applied to the embedded words and to the pooled vector

  SentenceClassifier() = default;

  /// Throws heed::Error unless vocabulary and alignment_size are 1 or more and classes is 2 or more.
  SentenceClassifier(const SentenceClassifierOptions& options, EncoderType encoder_)
      : encoder(std::move(encoder_)), dropout(options.dropout) {
    detail::check_options("SentenceClassifier", {{"vocabulary", options.vocabulary},
                                                 {"alignment_size", options.alignment_size},
                                                 {"classes", options.classes, 2}});
    words = Embedding<S>(encoder.input_size(), options.vocabulary);
    pooling = AttentionPooling<S>(encoder.output_size(), options.alignment_size);
    output = Linear<S>(encoder.output_size(), options.classes);
  }

  /// Number of classes.
  Index classes() const { return output.output_size(); }

  /// Computes tape.logits and the attention weights that tape.weights(b) returns. Dropout is applied only if `random`
  /// is given (training). Throws heed::Error if a sentence is empty or a token is outside the vocabulary. Does not
  /// allocate once the tape has grown.
  void forward(Sentences sentences, Tape& tape, RandomStreams random = nullptr) const {
    detail::check_tokens("SentenceClassifier.forward", "sentence", sentences, words.vocabulary());
    tape.words.pack(sentences);
    tape.words.embed(words, dropout, random);
    encoder.forward(tape.words.x, tape.words.packing, tape.encoder, random);
    make_memory(encoder, tape.words.packing, tape.encoder, tape.words.lengths, tape.memory);
    tape.pooled.resize(pooling.size(), tape.words.packing.sentences());
    tape.pooled_mask.resize(tape.pooled.rows(), tape.pooled.cols());
    pooling.forward(tape.memory.values, tape.memory.starts, tape.pooling, tape.pooled);
    dropout.forward(random, tape.pooled, tape.pooled_mask);
    tape.logits.resize(classes(), tape.pooled.cols());
    output.forward(tape.pooled, tape.logits);
  }

  /// Returns the cross-entropy of the labels, summed over the sentences. Each sentence has one label, a class index
  /// from 0. Overwrites tape.logits by the gradient of options.scale * loss. Throws as `forward` does, if the number of
  /// labels is not the number of sentences, and if a label is not a class.
  double loss(Sentences sentences, std::span<const Token> labels, Tape& tape,
              const LossOptions<S>& options = {}) const {
    detail::check_count("SentenceClassifier.loss", "labels", labels.size(), sentences.size());
    for (const Token label : labels) {
      require(label >= 0 && label < classes(), [&] {
        return "SentenceClassifier.loss: label " + std::to_string(label) + " must be 0 to " +
               std::to_string(classes() - 1);
      });
    }
    forward(sentences, tape, options.random);
    return softmax_cross_entropy<S>(tape.logits, labels, options.smoothing, options.scale);
  }

  /// Returns the same loss as `loss`. Adds the gradient of options.scale * loss to grad.
  double loss_and_gradient(Sentences sentences, std::span<const Token> labels, Tape& tape, SentenceClassifier& grad,
                           const LossOptions<S>& options = {}) const {
    const double loss = this->loss(sentences, labels, tape, options);
    const Buffer<S>& d_logits = tape.logits;
    tape.d_pooled.resize(tape.pooled.rows(), tape.pooled.cols());
    tape.d_pooled.setZero();
    tape.d_memory.zeros_like(tape.memory);
    tape.words.begin_backward();
    output.accumulate(tape.pooled, d_logits, grad.output);                  // was: logits = output(pooled)
    output.backward(d_logits, tape.d_pooled);                               // was: logits = output(pooled)
    dropout.backward(options.random, tape.pooled_mask, tape.d_pooled);      // was: dropout of pooled
    pooling.backward(tape.memory.values, tape.memory.starts, tape.pooling,  // was: pooled
                     tape.d_pooled, grad.pooling, tape.d_memory.values);
    make_memory_backward(encoder, tape.words.packing, tape.d_memory, tape.d_outputs);  // was: memory
    encoder.backward(tape.words.x, tape.words.packing, tape.encoder, tape.d_outputs, grad.encoder, tape.words.d_x,
                     options.random);                                 // was: encoder
    tape.words.backward(words, dropout, options.random, grad.words);  // was: embed
    return loss;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("words", self.words...);
    visit("encoder", self.encoder...);
    visit("pooling", self.pooling...);
    visit("output", self.output...);
    visit("dropout", self.dropout...);
  }
};

}}  // namespace heed::v0_2
