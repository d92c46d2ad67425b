#pragma once

#include <heed/attention/attention.hpp>
#include <heed/decoders/attentional_decoder.hpp>

namespace heed { inline namespace v0_2 {

/// The decoder of Luong, Pham & Manning 2015 (equations 5 and 7, section 3.3): the *current* state is the query, and
/// the context is combined with it after the recurrence. The weights of step i are the ones that are used to predict
/// word i.
///
/// In the paper the initial states are the final states of an LSTM encoder that encodes the source in reverse order:
///
///     encoder.reversed = true;
///     decoder.bridge = heed::Bridge<float>::copying(2 * hidden_size, layers);  // h above c
template <Cell C, class ScorerType, Normalizer NormalizerType = Softmax>
using LuongDecoder = AttentionalDecoder<C, Attention<ScorerType, NormalizerType>>;

}}  // namespace heed::v0_2
