#pragma once

#include <heed/search/decoding.hpp>

#include <algorithm>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Searches, and leaves what was found in `work`.
template <class Model>
void search(const Model& model, const Memory<typename Model::Scalar>& memory, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work) {
  using S = typename Model::Scalar;
  begin(model, memory, options, 1, work);
  const auto choose = [&](std::size_t g, Index first, Index end, const Banned& banned, const auto& where) {
    const auto room = static_cast<std::size_t>(options.beam - work.groups[g].finished);
    for (Index c = first; c < end; ++c) {
      add_candidates<S>(work.step.logits.col(c), at(work.log_probabilities, c), c, banned, room, work.heap, where);
    }
    std::sort(work.heap.begin(), work.heap.end(), better);
  };
  decode_autoregressive(model, options, work, "search", choose);
}

/// Writes down what was found of every source: several of each, or the best alone.
template <class S>
void extract_hypotheses(const SearchWorkspace<S>& work, const SearchOptions& options, Hypotheses<S>& results) {
  for (std::size_t b = 0; b < results.size(); ++b) {
    results[b].resize(static_cast<std::size_t>(work.groups[b].kept));
    for (std::size_t k = 0; k < results[b].size(); ++k) {
      extract_hypothesis(work, work.ended[b * static_cast<std::size_t>(options.best) + k], static_cast<Index>(b),
                         results[b][k]);
    }
  }
}
template <class S>
void extract_hypotheses(const SearchWorkspace<S>& work, const SearchOptions& options,
                        std::vector<Hypothesis<S>>& results) {
  for (std::size_t b = 0; b < results.size(); ++b) {
    extract_hypothesis(work, work.ended[b * static_cast<std::size_t>(options.best)], static_cast<Index>(b), results[b]);
  }
}

}  // namespace detail

/// Finds likely targets for every source of a batch: greedily, or with a beam. results[b] gets the `options.best` best
/// of source b (fewer, where the beam ended with fewer), all different, sorted by their scores
///
///   log P(Y | X) / lp(Y) + cp(X, Y)            Wu et al. 2016 (arXiv 1609.08144), equation 14
///
/// with the length penalty and the coverage penalty of search/hypothesis.hpp. The beam keeps the likeliest; the penalties rank
/// what ended. A hypothesis that ended keeps its place in the beam, so the beam narrows until no place is left, or until
/// no unfinished hypothesis can still overtake the worst that is wanted, whatever the penalties. The begin symbol is
/// never proposed. Those that were cut off at the maximum length are results only where none was completed.
/// `results` holds `Hypotheses`, or a single `Hypothesis` for every source: then the best alone.
/// A word of a score of -inf is excluded, as if the vocabulary had no such word; a hypothesis that no word can continue
/// leaves the beam.
/// Does not allocate once work and results have grown. Throws on an empty source, an option out of range, a coverage
/// penalty for a decoder that looks back at nothing, a score that is NaN or +inf, and a sentence whose hypotheses all
/// left the beam before one ended. After an exception results are unchanged or empty.
template <class Model, class Results>
void search(const Model& model, Sentences sources, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, Results& results) {
  detail::check(options, sources.size(), model.target.vocabulary(), "search");
  detail::Undo empty([&] { results.clear(); });
  results.resize(sources.size());
  if (!sources.empty()) {
    detail::search(model, detail::encode(model, sources, options, work), options, work);
    detail::extract_hypotheses(work, options, results);
  }
  empty.cancel();
}

/// The same for what was read already, be it of sentences or of images: a memory whose keys are there
/// (`model.decoder.prepare`). The model has a `decoder`, and `target` and `score_words` as `Seq2Seq` has them.
template <class Model, class Results>
void search(const Model& model, const Memory<typename Model::Scalar>& memory, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, Results& results) {
  detail::check(options, static_cast<std::size_t>(memory.sentences()), model.target.vocabulary(), "search");
  detail::Undo empty([&] { results.clear(); });
  results.resize(static_cast<std::size_t>(memory.sentences()));
  detail::search(model, memory, options, work);
  detail::extract_hypotheses(work, options, results);
  empty.cancel();
}

}}  // namespace heed::v0_2
