#pragma once

#include <heed/decoding.hpp>

#include <algorithm>
#include <vector>

namespace heed::inline v0_1 {

namespace detail {

/// Searches, and leaves what was found in `work`.
template <class Model>
void search(const Model& model, Sentences sources, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work) {
  using S = typename Model::Scalar;
  check(options, sources, model.target.vocabulary(), "search");
  if (sources.empty()) return;
  begin(model, sources, options, 1, work);
  decode_freely(model, options, work, [&](std::size_t g, Index first, Index end, const Banned& banned) {
    const auto room = static_cast<std::size_t>(options.beam - work.groups[g].finished);
    for (Index c = first; c < end; ++c) {
      offer<S>(work.step.logits.col(c), work.log_probabilities[static_cast<std::size_t>(c)], c, banned, room,
               work.heap);
    }
    std::sort(work.heap.begin(), work.heap.end(), better);
  });
}

}  // namespace detail

/// Finds likely targets for every source of a batch: greedily, or with a beam. results[b] gets the `options.best` best
/// of source b (fewer, where the beam ended with fewer), all different, sorted by their scores
///
///   log P(Y | X) / lp(Y) + cp(X, Y)            Wu et al. 2016 (arXiv 1609.08144), equation 14
///
/// with the length penalty and the coverage penalty of hypothesis.hpp. The beam keeps the likeliest; the penalties rank
/// what ended. A hypothesis that ended keeps its place in the beam, so the beam narrows until no place is left, or until
/// no unfinished hypothesis can still overtake the worst that is wanted, whatever the penalties. The begin symbol is
/// never proposed. Those that were cut off at the maximum length are results only where none was completed.
/// Does not allocate once work and results have grown. Throws on an empty source, an option out of range, a coverage
/// penalty for a decoder that looks back at nothing, and a model whose scores are not finite.
template <class Model>
void search(const Model& model, Sentences sources, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, Hypotheses<typename Model::Scalar>& results) {
  detail::search(model, sources, options, work);
  results.resize(sources.size());
  for (std::size_t b = 0; b < sources.size(); ++b) {
    results[b].resize(static_cast<std::size_t>(work.groups[b].kept));
    for (std::size_t k = 0; k < results[b].size(); ++k) {
      detail::report(work, work.ended[b * static_cast<std::size_t>(options.best) + k], static_cast<Index>(b),
                     results[b][k]);
    }
  }
}

/// The same, of which results[b] gets the best of source b alone.
template <class Model>
void search(const Model& model, Sentences sources, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, std::vector<Hypothesis<typename Model::Scalar>>& results) {
  detail::search(model, sources, options, work);
  results.resize(sources.size());
  for (std::size_t b = 0; b < sources.size(); ++b) {
    detail::report(work, work.ended[b * static_cast<std::size_t>(options.best)], static_cast<Index>(b), results[b]);
  }
}

}  // namespace heed::inline v0_1
