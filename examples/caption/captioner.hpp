#pragma once

#include <heed/attention/annotations.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/decoders/caption.hpp>
#include <heed/encoders/image_encoder.hpp>
#include <heed/losses/attention_penalty.hpp>
#include <heed/models/seq2seq.hpp>
#include <heed/models/token_batch.hpp>
#include <heed/scorers/additive.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace examples {

/// The buffers that a captioner writes. One per thread; they only grow.
template <class S>
struct CaptionerTape {
  heed::Buffer<S> x;  ///< channels x (pixels * images)
  heed::ImageEncoderTape<S> encoder;
  heed::Memory<S> memory, d_memory;
  std::vector<heed::Index> lengths;  ///< number of annotations of each image
  heed::TokenBatch<S> target;        ///< decoder inputs
  std::vector<heed::Token> labels;   ///< the decoder inputs, shifted by one step
  heed::Buffer<S> logits;            ///< vocabulary x columns of the target
  heed::DecoderState<S> state;
  heed::DecoderTape<S> decoder;
};

/// Show, Attend and Tell (Xu et al. 2015): a convolutional network encodes an image, and a decoder that attends to the
/// positions of its feature map generates the caption. This is the counterpart of `heed::Seq2Seq` for images; heed's
/// trainer and search accept it.
template <class S>
struct Captioner {
  using Scalar = S;
  using Tape = CaptionerTape<S>;
  using Source = std::span<const S>;            ///< the pixels of an image, channels x pixels
  using Target = std::span<const heed::Token>;  ///< its caption
  using Decoder = heed::CaptionDecoder<heed::LstmCell<S>, heed::AdditiveScorer<S>>;

  heed::ImageEncoder<S> encoder;
  heed::Embedding<S> target;
  Decoder decoder;
  heed::Linear<S> output;             ///< L_o
  heed::Index height = 0, width = 0;  ///< size of an image

  heed::Grid grid() const { return {height, width}; }
  /// The grid of the feature map, whose positions are the annotations.
  heed::Grid places() const { return encoder.positions(grid()); }

  /// Encodes a batch of images: fills tape.memory, keys included. Throws heed::Error if an image has another size.
  void encode(std::span<const Source> images, Tape& tape) const {
    const heed::Index size = encoder.input_size() * grid().places();
    tape.x.resize(encoder.input_size(), grid().places() * static_cast<heed::Index>(images.size()));
    S* to = tape.x.data();
    for (const Source image : images) {
      heed::require(static_cast<heed::Index>(image.size()) == size, [&] {
        return "Captioner: an image must have " + std::to_string(size) + " values, got " + std::to_string(image.size());
      });
      to = std::copy(image.begin(), image.end(), to);
    }
    encoder.forward(tape.x, grid(), tape.encoder);
    make_memory(tape.encoder.outputs(), places(), tape.lengths, tape.memory);
    decoder.prepare(tape.memory);
  }

  /// logits = L_o features. Search calls it.
  void score_words(const heed::In<S>& features, heed::Out<S> logits) const { output.forward(features, logits); }

  /// Teacher forcing: encodes the images and decodes their captions, each followed by eos. Fills tape.decoder, weights
  /// and gates included. `random` draws the dropout of the contexts in training.
  void decode(std::span<const Source> images, heed::Sentences captions, Tape& tape,
              heed::RandomStreams random = nullptr) const {
    encode(images, tape);
    tape.target.pack_targets(captions, tape.labels);
    tape.target.embed(target, {}, nullptr);
    heed::decode(decoder, tape.target.x, tape.target.packing, tape.memory, tape.state, tape.decoder, random);
  }

  /// Returns the cross-entropy of the captions, summed over all words, plus the weighted doubly stochastic penalty
  /// (equation 14). Adds options.scale times the gradient to `grad`.
  double loss_and_gradient(std::span<const Source> images, heed::Sentences captions, Tape& tape, Captioner& grad,
                           const heed::LossOptions<S>& options = {}) const {
    decode(images, captions, tape, options.random);
    auto& steps = tape.decoder;
    tape.logits.resize(output.output_size(), steps.features.cols());
    score_words(steps.features, tape.logits);
    double loss = heed::softmax_cross_entropy<S>(tape.logits, tape.labels, options.smoothing, options.scale);
    zero(steps.features, steps.d_features);
    output.accumulate(steps.features, tape.logits, grad.output);
    output.backward(tape.logits, steps.d_features);
    zero(steps.attention.weights, steps.attention.d_weights);
    loss += static_cast<double>(options.doubly_stochastic) *
            heed::doubly_stochastic_penalty<S>(steps.attention.weights, tape.target.packing, tape.memory.starts,
                                               options.doubly_stochastic * options.scale, steps.attention.d_weights);
    tape.target.begin_backward();
    tape.d_memory.zeros_like(tape.memory);
    heed::decode_backward(decoder, tape.target.x, tape.target.packing, tape.memory, tape.state, steps, grad.decoder,
                          tape.target.d_x, tape.d_memory, options.random);
    tape.target.backward(target, {}, nullptr, grad.target);
    make_memory_backward(tape.d_memory, tape.encoder.d_outputs());
    encoder.backward(tape.x, tape.encoder, grad.encoder);
    return loss;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("encoder", self.encoder...);
    visit("target", self.target...);
    visit("decoder", self.decoder...);
    visit("output", self.output...);
    visit("height", self.height...);
    visit("width", self.width...);
  }

 private:
  static void zero(const heed::Buffer<S>& like, heed::Buffer<S>& d) {
    d.resize(like.rows(), like.cols());
    d.setZero();
  }
};

}  // namespace examples
