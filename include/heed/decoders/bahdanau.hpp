#pragma once

#include <heed/decoders/context_decoder.hpp>

namespace heed::inline v0_1 {

/// The decoder of Bahdanau, Cho & Bengio 2015 (equations 4 to 6): the *previous* state asks, and the context enters the
/// recurrent cell. The weights of step i are those used to predict word i.
template <Cell C, Scorer ScorerType, class NormalizerType = Softmax>
using BahdanauDecoder = ContextDecoder<C, Attention<ScorerType, NormalizerType>>;

}  // namespace heed::inline v0_1
