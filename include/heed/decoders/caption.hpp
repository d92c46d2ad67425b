#pragma once

#include <heed/attention/attention.hpp>
#include <heed/attention/gated.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/deep_output.hpp>

namespace heed { inline namespace v0_2 {

/// The decoder of Xu et al. 2015 (Show, Attend and Tell) with soft attention.
///
/// It has Bahdanau's order (the state before the step is the query), a gate on the context, and the deep output of
/// equation 7. The paper uses `LstmCell`, `AdditiveScorer` and the memory of attention/annotations.hpp. f_init,h and
/// f_init,c are the upper and the lower rows of the bridge, each tanh(W summary + b). word_size must equal
/// feature_size.
template <Cell C, class ScorerType, class NormalizerType = Softmax>
using CaptionDecoder = ContextDecoder<C, GatedAttention<Attention<ScorerType, NormalizerType>>, DeepOutput>;

}}  // namespace heed::v0_2
