#pragma once

#include <heed/search/decoding.hpp>

#include <algorithm>
#include <span>
#include <type_traits>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// The default of the parameter `edit` of `search`: the logits of the model are used unchanged.
struct KeepLogits {};

/// Returns the tokens of the hypothesis that column c of step i continues.
template <class S>
std::span<const Token> history_of(SearchWorkspace<S>& work, Index c, Index i) {
  work.history.resize(static_cast<std::size_t>(i));
  if (i > 0) {
    trace_back(work, at(at(work.steps, i - 1).chosen, c), i - 1,
               [&](Index k, const Candidate& candidate) { at(work.history, k) = candidate.token; });
  }
  return work.history;
}

/// Runs a search and leaves the hypotheses in `work`.
template <class Model, class Edit>
void search(const Model& model, const Memory<typename Model::Scalar>& memory, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, const Edit& edit) {
  using S = typename Model::Scalar;
  begin(model, memory, options, 1, work);
  const auto choose = [&](std::size_t g, Index i, Index first, Index end, const Banned& banned, const auto& where) {
    const auto room = static_cast<std::size_t>(options.beam - work.groups[g].finished);
    for (Index c = first; c < end; ++c) {
      if constexpr (!std::is_same_v<Edit, KeepLogits>) {
        edit(work.groups[g].sentence, history_of(work, c, i), Eigen::Ref<Vector<S>>(work.step.logits.col(c)));
      }
      add_candidates<S>(work.step.logits.col(c), at(work.log_probabilities, c), c, banned, room, work.heap, where);
    }
    std::sort(work.heap.begin(), work.heap.end(), better);
  };
  decode_autoregressive(model, options, work, "search", choose);
}

/// Copies the kept hypotheses of each source, or only the best one, to `results`.
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

/// Decodes every source of a batch with greedy search or beam search. results[b] gets the `options.best` best
/// hypotheses of source b, all different, sorted by their scores, best first. It gets fewer if the beam ended with
/// fewer. The score is
///
///     log P(Y | X) / lp(Y) + cp(X, Y)            Wu et al. 2016 (arXiv 1609.08144), equation 14
///
/// with the length penalty lp and the coverage penalty cp of search/hypothesis.hpp. The beam keeps the hypotheses with
/// the largest log-probabilities; the penalties only rank finished hypotheses. A finished hypothesis keeps its slot in
/// the beam. The search of a sentence ends if no slot is left, or if no unfinished hypothesis can get a better score
/// than the worst of the `options.best` best finished ones, whatever the penalties. bos is never proposed. Hypotheses
/// that were cut off at the maximum length are results only if no hypothesis is complete.
///
/// `results` is a `Hypotheses`, or a `std::vector<Hypothesis<S>>`, which gets only the best hypothesis of each source.
///
/// A word with a logit of -inf is excluded, as if the vocabulary had no such word. If only tokens that must not be
/// proposed remain (bos; unk with `ban_unknown`; eos before `minimum_length`), the hypothesis leaves the beam.
///
/// If `edit` is given, edit(b, tokens, logits) is called before a word is chosen for a hypothesis of source b. `tokens`
/// is a std::span with the words of the hypothesis so far, and `logits`, a vector of the vocabulary's size, has the
/// logits of the next word, which it may change: -inf excludes a word. Log-probabilities are those of the changed
/// logits. `edit` is not called for the words of a prefix.
///
///     heed::search(model, sources, options, [](Index, std::span<const Token> tokens, Eigen::Ref<VectorXf> logits) {
///       for (const Token used : tokens) logits(used) = -std::numeric_limits<float>::infinity();
///     });
///
/// Does not allocate once work and results have grown. Throws heed::Error if a source is empty, an option is out of
/// range, a coverage penalty is set but the decoder has no attention, a logit is NaN or +inf, all logits of a
/// hypothesis are -inf, a prefix token has a logit of -inf, or all hypotheses of a sentence leave the beam before one
/// is finished. After an exception results are unchanged or empty.
template <class Model, class Results, class Edit = detail::KeepLogits>
void search(const Model& model, Sentences sources, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, Results& results, const Edit& edit = {}) {
  detail::check(options, sources.size(), model.target.vocabulary(), "search");
  detail::Undo empty([&] { results.clear(); });
  results.resize(sources.size());
  if (!sources.empty()) {
    detail::search(model, detail::encode(model, sources, options, work), options, work, edit);
    detail::extract_hypotheses(work, options, results);
  }
  empty.cancel();
}

/// Returns the hypotheses of every source, best first. Allocates the workspace and the results in every call; to decode
/// many batches, use the overload above.
template <class Model, class Edit = detail::KeepLogits>
Hypotheses<typename Model::Scalar> search(const Model& model, Sentences sources, const SearchOptions& options = {},
                                          const Edit& edit = {}) {
  SearchWorkspace<typename Model::Scalar> work;
  Hypotheses<typename Model::Scalar> results;
  search(model, sources, options, work, results, edit);
  return results;
}

/// Decodes every sentence (or image) of a memory that is already computed, as `search` of sources does. Its keys must
/// be computed too (`model.decoder.prepare`). The model needs the members `decoder`, `target` and `score_words`, as
/// those of `Seq2Seq`.
template <class Model, class Results, class Edit = detail::KeepLogits>
void search(const Model& model, const Memory<typename Model::Scalar>& memory, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, Results& results, const Edit& edit = {}) {
  static_assert(
      requires { model.decoder; }, "search: an Ensemble cannot use a given memory; pass the sources");
  detail::check(options, static_cast<std::size_t>(memory.sentences()), model.target.vocabulary(), "search");
  detail::Undo empty([&] { results.clear(); });
  results.resize(static_cast<std::size_t>(memory.sentences()));
  detail::search(model, memory, options, work, edit);
  detail::extract_hypotheses(work, options, results);
  empty.cancel();
}

}}  // namespace heed::v0_2
