#pragma once

#include <heed/decoders/decoder.hpp>
#include <heed/kernels/softmax.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/models/loss_options.hpp>

#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Workspace of `feed_sampled_tokens`. Its buffers are empty until the first use.
template <class S>
struct SamplingTape {
  DecoderState<S> state;       ///< decoder state of the sentences that have not ended
  DecoderTape<S> decoder;      ///< workspace of one decoder step
  Buffer<S> words, logits;     ///< embedded words, and the logits of the next words
  std::vector<Index> running;  ///< columns of the sentences that have not ended
};

namespace detail {

/// Draws a word from softmax(scores). Overwrites the scores.
template <class S, class Generator>
Token draw_word(Eigen::Ref<Vector<S>> scores, Generator& random) {
  const SoftmaxColumn<S> softmax(scores.data(), scores.size());
  softmax.exponentials(softmax.largest(), scores.data());
  return static_cast<Token>(random.pick(scores.size(), [&](Index k) { return scores(k); }));
}

}  // namespace detail

/// Scheduled sampling (Bengio et al. 2015): decodes a packed batch of targets step by step and replaces some of the
/// decoder inputs by tokens of the model's output distribution. On entry, `decoder_inputs` holds the reference tokens.
///
///     input_t = y_{t-1} with probability `forcing`, else the sampled token of step t - 1
///
/// for t = 1, 2 ...; input_0, the bos token, is never replaced. `score(features, logits)` is the output layer. The
/// decoder runs without dropout here. If the sampled token is eos before the target ends, eos is the decoder input.
/// `random`, in batch order, draws which steps use a sampled token, and the tokens of `SampledToken::sample`. The
/// choice of tokens is not differentiated: training with these decoder inputs treats them as constants. Throws
/// heed::Error without `random`, and if a size does not match.
template <Decoder D, class Score>
void feed_sampled_tokens(const D& decoder, const Embedding<typename D::Scalar>& target, const Score& score,
                         const PackedBatch& packing, const Memory<typename D::Scalar>& memory, double forcing,
                         SampledToken sampled_token, RandomStreams random, SamplingTape<typename D::Scalar>& tape,
                         std::span<Token> decoder_inputs) {
  require(static_cast<bool>(random), "feed_sampled_tokens: a random number generator is required, got none");
  detail::check_count("feed_sampled_tokens", "decoder_inputs", decoder_inputs.size(),
                      static_cast<std::size_t>(packing.columns()));
  require(target.size() == decoder.word_size(), [&] {
    return "feed_sampled_tokens: the target embedding must have the word size of the decoder, " +
           std::to_string(decoder.word_size()) + ", got " + std::to_string(target.size());
  });
  tape.state.sentences.assign(packing.order().begin(), packing.order().end());
  decoder.start(memory, tape.state, tape.decoder);
  const RandomStreams columns = random.in_order(packing.order());
  for (Index t = 0; t + 1 < packing.steps(); ++t) {
    const Index n = packing.active(t + 1);  // sentences with a step t + 1; the outputs of the others are not used
    if (n < tape.state.columns()) {
      tape.running.resize(static_cast<std::size_t>(n));
      std::iota(tape.running.begin(), tape.running.end(), Index{0});
      tape.state.gather(tape.running);
    }
    tape.words.resize(target.size(), n);
    tape.logits.resize(target.vocabulary(), n);
    target.forward(decoder_inputs.subspan(static_cast<std::size_t>(packing.first(t)), static_cast<std::size_t>(n)),
                   tape.words);
    advance(decoder, tape.words, memory, tape.state, tape.decoder);
    score(tape.decoder.features, tape.logits);
    for (Index i = 0; i < n; ++i) {
      columns.with(i, [&](auto& generator) {
        if (generator.uniform() < forcing) return;
        Index token = 0;
        if (sampled_token == SampledToken::sample) {
          token = detail::draw_word<typename D::Scalar>(tape.logits.col(i), generator);
        } else {
          tape.logits.col(i).maxCoeff(&token);
        }
        detail::at(decoder_inputs, packing.first(t + 1) + i) = static_cast<Token>(token);
      });
    }
  }
}

}}  // namespace heed::v0_2
