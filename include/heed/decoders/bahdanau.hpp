#pragma once

#include <heed/attention/attention.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/decoders/maxout_readout.hpp>

namespace heed { inline namespace v0_2 {

/// The decoder of Bahdanau, Cho & Bengio 2015 (equations 4 to 6): the *previous* state is the query, and the context is
/// an input of the recurrent cell. The weights of step i are the ones that are used to predict word i.
template <Cell C, class ScorerType, Normalizer NormalizerType = Softmax>
using BahdanauDecoder = ContextDecoder<C, Attention<ScorerType, NormalizerType>>;

/// `BahdanauDecoder` with the readout of the paper's appendix. Apart from biases it matches the appendix if it has one
/// layer, an `AdditiveScorer`, `Softmax` and the cell `GruCell<S, Dynamic, Dynamic, gru_forms::bahdanau>`, and its
/// bridge uses only the backward half of the summary:
///
///     decoder.bridge = heed::Bridge<float>(
///         {.summary_size = memory_size, .state_size = hidden_size, .first_row = memory_size / 2});
template <Cell C, class ScorerType, Normalizer NormalizerType = Softmax>
using BahdanauMaxoutDecoder = ContextDecoder<C, Attention<ScorerType, NormalizerType>, MaxoutReadout>;

}}  // namespace heed::v0_2
