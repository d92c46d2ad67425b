#pragma once

#include <heed/attention/attention.hpp>
#include <heed/decoders/attentional_decoder.hpp>

namespace heed { inline namespace v0_2 {

/// The decoder of Luong, Pham & Manning 2015 (equations 5 and 7, section 3.3): the *current* state asks, and the context
/// meets it after the recurrence. The weights of step i are those used to predict word i. Theirs begins with the final states
/// of the encoder, of LSTMs that read the source reversed: `bridge = Bridge<T>::copying(state, layers)`, `Encoder::reversed`.
template <Cell C, class ScorerType, Normalizer NormalizerType = Softmax>
using LuongDecoder = AttentionalDecoder<C, Attention<ScorerType, NormalizerType>>;

}}  // namespace heed::v0_2
