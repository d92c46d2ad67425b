#pragma once

#include <heed/core/packed_batch.hpp>
#include <heed/core/scalar.hpp>
#include <heed/core/sentence_ranges.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

// Losses of the attention weights of a decoder. `weights` is longest source x N, packed by target: N is the number of
// columns of `targets`, whose sentences are those of `sources` in batch order. Each function returns the loss, summed
// over the sentences, and adds `scale` times its gradient to d_weights. If d_weights has no rows, no gradient is
// computed. The returned loss is not scaled. Throws heed::Error if a size does not fit.

namespace detail {

template <class S>
void check_penalty(const char* function, const In<S>& weights, const PackedBatch& targets,
                   const SentenceRanges& sources, const Out<S>& d_weights) {
  require(targets.sentences() == sources.sentences(), [&] {
    return std::string(function) + ": targets must have " + std::to_string(sources.sentences()) +
           " sentences, as the sources have, got " + std::to_string(targets.sentences());
  });
  check_size(function, "weights", weights, sources.longest(), targets.columns());
  if (d_weights.rows() > 0) check_like(function, "d_weights", d_weights, weights);
}

}  // namespace detail

/// The coverage loss of See, Liu & Manning 2017, equation 12. It penalises attention to source positions that earlier
/// steps attended to.
///
///     sum_t sum_j min(a_tj, c_tj)        c_tj = sum_{t' < t} a_t'j
template <class S>
Sum<S> coverage_loss(const In<S>& weights, const PackedBatch& targets, const SentenceRanges& sources, S scale,
                     Out<S> d_weights) {
  detail::check_penalty("coverage_loss", weights, targets, sources, d_weights);
  Sum<S> loss(0);
  for (Index p = 0; p < targets.sentences(); ++p) {
    const Index steps = targets.length(p);
    for (Index j = 0; j < sources.length(targets.sentence(p)); ++j) {
      S covered(0);
      Index later = 0;  // steps whose minimum is c, a sum that contains all earlier weights
      for (Index t = 0; t < steps; ++t) {
        const S a = weights(j, targets.column(t, p));
        loss += Sum<S>(std::min(a, covered));
        if (!(a < covered)) ++later;
        covered += a;
      }
      covered = S(0);  // computed again in the same order, so that both loops compare the same numbers
      for (Index t = 0; t < steps && d_weights.rows() > 0; ++t) {
        const S a = weights(j, targets.column(t, p));
        const bool again = a < covered;
        if (!again) --later;
        d_weights(j, targets.column(t, p)) += scale * detail::number<S>(later + (again ? 1 : 0));
        covered += a;
      }
    }
  }
  return loss;
}

/// The doubly stochastic penalty of Xu et al. 2015, equation 14. It penalises source positions whose attention weights
/// do not sum to 1 over the steps.
///
///     sum_j (1 - sum_t a_tj)^2
template <class S>
Sum<S> doubly_stochastic_penalty(const In<S>& weights, const PackedBatch& targets, const SentenceRanges& sources,
                                 S scale, Out<S> d_weights) {
  detail::check_penalty("doubly_stochastic_penalty", weights, targets, sources, d_weights);
  Sum<S> loss(0);
  for (Index p = 0; p < targets.sentences(); ++p) {
    const Index steps = targets.length(p);
    for (Index j = 0; j < sources.length(targets.sentence(p)); ++j) {
      S missing(1);
      for (Index t = 0; t < steps; ++t) missing -= weights(j, targets.column(t, p));
      loss += Sum<S>(missing * missing);
      for (Index t = 0; t < steps && d_weights.rows() > 0; ++t) {
        d_weights(j, targets.column(t, p)) -= scale * S(2) * missing;
      }
    }
  }
  return loss;
}

}}  // namespace heed::v0_2
