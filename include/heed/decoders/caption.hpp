#pragma once

#include <heed/attention/attention.hpp>
#include <heed/attention/gated.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/deep_output.hpp>

namespace heed { inline namespace v0_2 {

/// The decoder of Xu et al. 2015 (Show, Attend and Tell), its soft attention: Bahdanau's order (the state before the
/// step asks), a gate on the context, the deep output of equation 7. The paper's cell is `LstmCell`, its scorer
/// `AdditiveScorer`, its memory that of attention/annotations.hpp; f_init,h and f_init,c are the upper and the lower rows of the
/// bridge, each tanh(W summary + b). Words have the size of the features.
template <Cell C, class ScorerType, class NormalizerType = Softmax>
using CaptionDecoder = ContextDecoder<C, GatedAttention<Attention<ScorerType, NormalizerType>>, DeepOutput>;

}}  // namespace heed::v0_2
