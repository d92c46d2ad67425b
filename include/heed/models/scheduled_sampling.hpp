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

/// Everything scheduled sampling writes. Empty until it is first used.
template <class S>
struct SamplingTape {
  DecoderState<S> state;       ///< of the sentences still running
  DecoderTape<S> decoder;      ///< of a step
  Buffer<S> words, logits;     ///< embedded words, and the scores of those to come
  std::vector<Index> running;  ///< which sentences go on
};

namespace detail {

/// A word by the softmax of its scores, which are overwritten.
template <class S, class Generator>
Token draw_word(Eigen::Ref<Vector<S>> scores, Generator& random) {
  const SoftmaxColumn<S> softmax(scores.data(), scores.size());
  softmax.exponentials(softmax.largest(), scores.data());
  return static_cast<Token>(random.pick(scores.size(), [&](Index k) { return scores(k); }));
}

}  // namespace detail

/// Scheduled sampling (Bengio et al. 2015): decodes a packed batch of targets word by word and overwrites words of `decoder_inputs`,
/// which holds the right ones, by the model's own:
///
///   fed_t = y_{t-1} with probability `forcing`, else what the model says at step t - 1 after fed_0 ... fed_{t-1}
///
/// for t = 1, 2 ...; fed_0, the begin symbol, stays. `score(features, logits)` is the output layer. The words are chosen
/// without dropout of the decoder; a model that says the end symbol too early is decoder_inputs it. Which steps are decoder_inputs what is drawn
/// from `random`, in batch order. Who then trains on `decoder_inputs` has the loss of this choice and its gradient: none flows
/// through the choice. Throws without `random`, and if sizes do not fit.
template <Decoder D, class Score>
void feed_sampled_tokens(const D& decoder, const Embedding<typename D::Scalar>& target, const Score& score,
                         const PackedBatch& packing, const Memory<typename D::Scalar>& memory, double forcing,
                         SampledToken sampled_token, RandomStreams random, SamplingTape<typename D::Scalar>& tape,
                         std::span<Token> decoder_inputs) {
  require(static_cast<bool>(random), "feed_sampled_tokens: expected random numbers, got none");
  detail::check_count("feed_sampled_tokens", "decoder_inputs", decoder_inputs.size(),
                      static_cast<std::size_t>(packing.columns()));
  require(target.size() == decoder.word_size(), [&] {
    return "feed_sampled_tokens: the target's embedded words must have size " + std::to_string(decoder.word_size()) +
           ", the decoder's, got " + std::to_string(target.size());
  });
  tape.state.sentences.assign(packing.order().begin(), packing.order().end());
  decoder.start(memory, tape.state, tape.decoder);
  const RandomStreams columns = random.in_order(packing.order());
  for (Index t = 0; t + 1 < packing.steps(); ++t) {
    const Index n = packing.active(t + 1);  // those with a next step: nobody asks what the others would say
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
