#pragma once

#include <heed/kernels/softmax.hpp>
#include <heed/seq2seq.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace heed::inline v0_1 {

struct SearchOptions {
  Index beam = 1;               ///< hypotheses kept for each sentence; 1 is greedy search
  double length_penalty = 0.6;  ///< alpha of Wu et al. 2016, section 7: scores are divided by ((5 + words) / 6)^alpha
  Index maximum_length = 0;     ///< steps at most, the end symbol being one; 0: twice the source and ten more
  bool narrow_memory = false;   ///< look back at bfloat16: faster for long sources in large batches (`Memory::narrow`)
};

/// A sentence that search found.
template <class S>
struct Hypothesis {
  std::vector<Token> tokens;   ///< without begin and end symbol
  Buffer<S> weights;           ///< source length x (words, and the end symbol if complete): the alignment
  double log_probability = 0;  ///< of all words and the end symbol
  double score = 0;            ///< log_probability divided by the length penalty
  bool complete = false;       ///< whether it ended with the end symbol, not at the maximum length
};

/// Everything a search writes. One per thread; it only grows.
template <class S>
struct SearchWorkspace {
  /// One way to continue: the column it continues, the word, and the log-probability of the whole.
  struct Candidate {
    double log_probability;
    Index column;
    Token token;
  };
  /// A step of the search: what was looked at, and where each column of the next step came from.
  struct Step {
    Buffer<S> weights;
    std::vector<Candidate> chosen;
  };
  /// The best hypothesis of a sentence that ended so far.
  struct Best {
    double score;
    Candidate last;
    Index step;      ///< of `last`
    bool complete;   ///< whether `last` is the end symbol
    Index finished;  ///< places of the beam held by hypotheses that ended
  };

  Seq2SeqTape<S> tape;
  DecoderState<S> state;
  DecoderTape<S> decoder;
  Buffer<S> words, logits;
  std::vector<Token> tokens;
  std::vector<double> log_probabilities;
  std::vector<Index> columns;
  std::vector<Candidate> heap;
  std::vector<Step> steps;
  std::vector<Best> best;
};

namespace detail {

/// ((5 + words) / 6)^alpha: Wu et al. 2016, equation 14.
inline double length_penalty(Index words, double alpha) {
  return std::pow((5.0 + static_cast<double>(words)) / 6.0, alpha);
}

/// Orders candidates best first; ties go to the earlier column, then the smaller word, so that results are
/// reproducible.
template <class Candidate>
bool better(const Candidate& a, const Candidate& b) {
  if (a.log_probability != b.log_probability) return a.log_probability > b.log_probability;
  return a.column != b.column ? a.column < b.column : a.token < b.token;
}

/// Keeps the `room` best candidates of the words that `logits` (one column) proposes. The heap's front is its worst.
template <class S, class Candidate>
void offer(const Eigen::Ref<const Vector<S>>& logits, double log_probability, Index column, std::size_t room,
           std::vector<Candidate>& heap) {
  const SoftmaxColumn<S> softmax(logits.data(), logits.size());
  const S most = softmax.largest();
  const double highest = static_cast<double>(most), total = static_cast<double>(softmax.sum_of_exponentials(most));
  // The maximum may pass over a NaN, the sum cannot.
  require(std::isfinite(highest) && std::isfinite(total),
          [] { return std::string("search: the model's scores are not finite"); });
  const double base = log_probability - highest - std::log(total);
  constexpr Index block = 64;
  for (Index first = 0; first < logits.size(); first += block) {
    const Index end = std::min(first + block, logits.size());
    // Where not even the likeliest word is better than the worst that is kept, none is: of two equal ones the first is.
    const double likeliest = base + static_cast<double>(logits.segment(first, end - first).maxCoeff());
    if (heap.size() == room && likeliest <= heap.front().log_probability) continue;
    for (Index k = first; k < end; ++k) {
      const Candidate candidate{base + static_cast<double>(logits(k)), column, static_cast<Token>(k)};
      if (k == symbols::begin || (heap.size() == room && !better(candidate, heap.front()))) continue;
      if (heap.size() == room) {
        std::pop_heap(heap.begin(), heap.end(), better<Candidate>);
        heap.pop_back();
      }
      heap.push_back(candidate);
      std::push_heap(heap.begin(), heap.end(), better<Candidate>);
    }
  }
}

/// Follows the chosen candidates back from where the best hypothesis ended.
template <class S>
void trace_back(const SearchWorkspace<S>& work, const typename SearchWorkspace<S>::Best& best, Index source_length,
                Hypothesis<S>& result) {
  result.log_probability = best.last.log_probability;
  result.score = best.score;
  result.complete = best.complete;
  const Index words = best.step + (best.complete ? 0 : 1);
  const Index rows = std::min(source_length, work.steps.front().weights.rows());  // none where nothing looks back
  result.tokens.resize(static_cast<std::size_t>(words));
  result.weights.resize(rows, best.step + 1);
  auto candidate = best.last;
  for (Index i = best.step; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    if (i < words) result.tokens[at] = candidate.token;
    result.weights.col(i) = work.steps[at].weights.col(candidate.column).head(rows);
    if (i > 0) candidate = work.steps[at - 1].chosen[static_cast<std::size_t>(candidate.column)];
  }
}

}  // namespace detail

/// Finds a likely target for every source of a batch: greedily, or with a beam.
///
/// All hypotheses of all sentences are one batch; those that ended leave it. A hypothesis that ended keeps its place in
/// the beam, so the beam narrows until no place is left, or until no unfinished hypothesis can still overtake the best
/// finished one, whatever the length penalty. The begin symbol is never proposed.
/// Throws on an option out of range and a model whose scores are not finite.
///
/// `memory` holds what was read of each source, keys included; the model has a `decoder`, and `target` and `output` as
/// `Seq2Seq` has them.
template <class Model>
void search(const Model& model, const Memory<typename Model::Scalar>& memory, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, std::vector<Hypothesis<typename Model::Scalar>>& results) {
  using S = typename Model::Scalar;
  using Candidate = typename SearchWorkspace<S>::Candidate;
  require(options.beam >= 1, [&] { return "search: a beam holds 1 or more, not " + std::to_string(options.beam); });
  require(options.length_penalty >= 0 && std::isfinite(options.length_penalty),
          [&] { return "search: the length penalty is 0 or more, not " + std::to_string(options.length_penalty); });
  require(options.maximum_length >= 0, [&] {
    return "search: the maximum length is 0 (automatic) or more, not " + std::to_string(options.maximum_length);
  });
  const auto sources = static_cast<std::size_t>(memory.sentences());
  results.resize(sources);
  const auto limit = [&](Index b) {
    return options.maximum_length > 0 ? options.maximum_length : 2 * memory.length(b) + 10;
  };
  constexpr double none = -std::numeric_limits<double>::infinity();

  work.best.assign(sources, {none, {none, 0, symbols::end}, 0, false, 0});
  work.tokens.assign(sources, symbols::begin);
  work.log_probabilities.assign(sources, 0.0);
  work.state.sentences.clear();
  for (Index b = 0; b < memory.sentences(); ++b) work.state.sentences.push_back(b);
  model.decoder.start(memory, work.state, work.decoder);

  for (Index i = 0; work.state.columns() > 0; ++i) {
    const Index n = work.state.columns();
    work.words.resize(model.target.size(), n);
    work.logits.resize(model.output.output_size(), n);
    model.target.forward(work.tokens, work.words);
    advance(model.decoder, work.words, memory, work.state, work.decoder);
    model.output.forward(work.decoder.features, work.logits);

    if (static_cast<std::size_t>(i) == work.steps.size()) work.steps.emplace_back();
    auto& step = work.steps[static_cast<std::size_t>(i)];
    step.weights.assign(work.decoder.weights);
    step.chosen.clear();
    for (Index first = 0, end = 0; first < n; first = end) {  // columns first ... end belong to one sentence, b
      const Index b = work.state.sentences[static_cast<std::size_t>(first)];
      while (end < n && work.state.sentences[static_cast<std::size_t>(end)] == b) ++end;
      auto& best = work.best[static_cast<std::size_t>(b)];
      work.heap.clear();
      for (Index c = first; c < end; ++c) {
        detail::offer<S>(work.logits.col(c), work.log_probabilities[static_cast<std::size_t>(c)], c,
                         static_cast<std::size_t>(options.beam - best.finished), work.heap);
      }
      std::sort(work.heap.begin(), work.heap.end(), detail::better<Candidate>);

      const std::size_t already_chosen = step.chosen.size();
      double live = none;
      for (const Candidate& candidate : work.heap) {
        const bool complete = candidate.token == symbols::end;
        if (!complete && i + 1 < limit(b)) {
          live = std::max(live, candidate.log_probability);
          step.chosen.push_back(candidate);
          continue;
        }
        ++best.finished;
        const Index words = complete ? i : i + 1;
        const double score = candidate.log_probability / detail::length_penalty(words, options.length_penalty);
        // A hypothesis that was cut off at the limit counts only where none was completed.
        const bool wins = complete == best.complete ? score > best.score : complete;
        if (wins) best = {score, candidate, i, complete, best.finished};
      }
      const double reachable = live / detail::length_penalty(limit(b), options.length_penalty);
      if (best.complete && best.score >= reachable) step.chosen.resize(already_chosen);
    }

    work.columns.clear();
    work.tokens.clear();
    work.log_probabilities.clear();
    for (const Candidate& candidate : step.chosen) {
      work.columns.push_back(candidate.column);
      work.tokens.push_back(candidate.token);
      work.log_probabilities.push_back(candidate.log_probability);
    }
    work.state.gather(work.columns);
  }

  for (std::size_t b = 0; b < sources; ++b) {
    detail::trace_back(work, work.best[b], memory.length(static_cast<Index>(b)), results[b]);
  }
}

/// The same for sources that the model reads first. Throws on an empty source, too.
template <class Model>
void search(const Model& model, Sentences sources, const SearchOptions& options,
            SearchWorkspace<typename Model::Scalar>& work, std::vector<Hypothesis<typename Model::Scalar>>& results) {
  if (sources.empty()) return results.clear();
  model.encode(sources, work.tape);
  if constexpr (std::is_same_v<typename Model::Scalar, float>) {
    if (options.narrow_memory) work.tape.memory.narrow();
  } else {
    require(!options.narrow_memory, [] { return std::string("search: only a memory of floats can be narrow"); });
  }
  search(model, work.tape.memory, options, work, results);
}

}  // namespace heed::inline v0_1
