#pragma once

#include <heed/core/link.hpp>
#include <heed/core/random_streams.hpp>
#include <heed/core/sentences.hpp>
#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 {

/// How scheduled sampling picks a token from the model's distribution.
enum class SampledToken {
  argmax,  ///< the most probable token
  sample   ///< a random token, drawn from the distribution
};

/// Options of the loss and its gradient.
template <class S>
struct LossOptions {
  S smoothing = S(0);          ///< label smoothing
  S scale = S(1);              ///< the gradient is that of scale * loss
  RandomStreams random = {};   ///< generators of dropout masks and sampled tokens, in batch order; empty: no dropout
  S coverage = S(0);           ///< weight of `coverage_loss`
  S doubly_stochastic = S(0);  ///< weight of `doubly_stochastic_penalty`
  S guided_alignment = S(0);   ///< weight of `guided_alignment_loss`, which needs `links`
  Sequences<Link> links = {};  ///< word links of each pair, in batch order; a pair may have none
  /// Probability that a decoder input is the reference token; otherwise it is a sampled token (scheduled sampling,
  /// which needs `random` if this is below 1).
  double teacher_forcing = 1;
  SampledToken sampled_token = SampledToken::argmax;  ///< how sampled tokens are picked
};

}}  // namespace heed::v0_2
