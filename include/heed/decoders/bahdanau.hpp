#pragma once

#include <heed/attention/attention.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/maxout_readout.hpp>

namespace heed { inline namespace v0_2 {

/// The decoder of Bahdanau, Cho & Bengio 2015 (equations 4 to 6): the *previous* state asks, and the context enters the
/// recurrent cell. The weights of step i are those used to predict word i.
template <Cell C, class ScorerType, Normalizer NormalizerType = Softmax>
using BahdanauDecoder = ContextDecoder<C, Attention<ScorerType, NormalizerType>>;

/// The same with the readout of the paper's appendix. It is the appendix's decoder to the letter if its cell is
/// `GruCell<S, Dynamic, Dynamic, gru_forms::bahdanau>` and its bridge reads the backward half of the summary:
/// `bridge = Bridge<S>({.summary_size = memory, .state_size = state, .first_row = memory / 2})`.
template <Cell C, class ScorerType, Normalizer NormalizerType = Softmax>
using BahdanauMaxoutDecoder = ContextDecoder<C, Attention<ScorerType, NormalizerType>, MaxoutReadout>;

}}  // namespace heed::v0_2
