#pragma once

#include <heed/core/random_streams.hpp>
#include <heed/core/types.hpp>

namespace heed { inline namespace v0_2 {

/// What a step may be fed in place of the right word.
enum class OwnWord {
  likeliest,  ///< the one the model thought likeliest
  drawn       ///< one drawn from the model's distribution
};

/// How a batch is trained on.
template <class S>
struct LossOptions {
  S smoothing = S(0);          ///< label smoothing
  S scale = S(1);              ///< the gradient is that of scale * loss
  RandomStreams random;        ///< draws the dropout masks, in batch order; without it there is no dropout
  S coverage = S(0);           ///< how much `coverage_loss` counts
  S doubly_stochastic = S(0);  ///< how much `doubly_stochastic_penalty` counts
  /// How often a step is fed the right word; below 1 the others are fed the model's own (scheduled sampling), which
  /// `random` must be there to choose.
  double teacher_forcing = 1;
  OwnWord own_word = OwnWord::likeliest;  ///< which of its own
};

}}  // namespace heed::v0_2
