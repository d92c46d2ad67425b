#pragma once

#include <heed/core/link.hpp>
#include <heed/core/sentences.hpp>
#include <heed/losses/attention_penalty.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Guided alignment loss: the cross-entropy between given word links and the attention weights (Chen, Matusov, Khadivi
/// & Peter 2016). It trains the attention weights of a decoder to match the links.
///
///     - sum_t sum_j l_tj log(a_tj + 1e-6)        l_tj = 1 / n_t for the n_t source words linked to target word t
///
/// a_tj is the weight of source word j at target word t; l_tj is 0 for words without a link. Target words without links
/// do not contribute. The constant keeps the loss and its gradient finite if a weight is 0. The step of eos counts as a
/// target word that may have links. Allocates one counter per target word.
///
/// Shapes, `scale` and `d_weights` are those of the losses in attention_penalty.hpp; `links` has the links of each
/// sentence in batch order. Throws heed::Error if a size does not fit, or if a link points outside of its pair.
template <class S>
Sum<S> guided_alignment_loss(const In<S>& weights, const PackedBatch& targets, const SentenceRanges& sources,
                             Sequences<Link> links, S scale, Out<S> d_weights) {
  detail::check_penalty("guided_alignment_loss", weights, targets, sources, d_weights);
  require(std::ssize(links) == targets.sentences(), [&] {
    return "guided_alignment_loss: links must have " + std::to_string(targets.sentences()) +
           " sentences, as the targets have, got " + std::to_string(links.size());
  });
  const S floor = detail::number<S>(1e-6);
  Sum<S> loss(0);
  std::vector<Index> counts;  // n_t
  for (Index p = 0; p < targets.sentences(); ++p) {
    const Index b = targets.sentence(p);
    const std::span<const Link> of_pair = links[static_cast<std::size_t>(b)];
    counts.assign(static_cast<std::size_t>(targets.length(p)), 0);
    for (const Link& link : of_pair) {
      require(
          link.source >= 0 && link.source < sources.length(b) && link.target >= 0 && link.target < targets.length(p),
          [&] {
            return "guided_alignment_loss: link " + std::to_string(link.source) + "-" + std::to_string(link.target) +
                   " points outside of pair " + std::to_string(b) + ", which has " + std::to_string(sources.length(b)) +
                   " source and " + std::to_string(targets.length(p)) + " target positions";
          });
      ++detail::at(counts, link.target);
    }
    for (const Link& link : of_pair) {
      const Index column = targets.column(link.target, p);
      const S share = S(1) / detail::number<S>(detail::at(counts, link.target));
      const S a = weights(link.source, column) + floor;
      using std::log;
      loss -= Sum<S>(share * log(a));
      if (d_weights.rows() > 0) d_weights(link.source, column) -= scale * share / a;
    }
  }
  return loss;
}

}}  // namespace heed::v0_2
