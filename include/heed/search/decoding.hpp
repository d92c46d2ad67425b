#pragma once

#include <heed/models/seq2seq.hpp>
#include <heed/search/candidates.hpp>
#include <heed/search/hypothesis.hpp>
#include <heed/search/search_options.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace heed { inline namespace v0_2 {

/// What a decoding step writes: the states it leaves, what was looked at, the scores of the next word.
template <class S>
struct StepWorkspace {
  DecoderState<S> state;    ///< before the step, then after it
  DecoderTape<S> decoder;   ///< what was looked at, and what the output layer saw
  Buffer<S> words, logits;  ///< the embedded words, and the scores of those to come
};

/// Feeds every column of `work.state` its word: fills work.logits (vocabulary x columns) and work.decoder.attention.weights. Does
/// not allocate once the buffers have grown. Throws unless there is a token for every column, in the vocabulary.
template <class Model>
void take_step(const Model& model, std::span<const Token> tokens, const Memory<typename Model::Scalar>& memory,
               StepWorkspace<typename Model::Scalar>& work) {
  detail::check_count("take_step", "tokens", tokens.size(), work.state.sentences.size());
  work.words.resize(model.target.size(), work.state.columns());
  work.logits.resize(model.target.vocabulary(), work.state.columns());
  model.target.forward(tokens, work.words);
  advance(model.decoder, work.words, memory, work.state, work.decoder);
  model.score_words(work.decoder.features, work.logits);
}

/// Everything that `search` or `sample` writes. One per thread; it only grows.
template <class S>
struct SearchWorkspace {
  /// A step: what was looked at, and where each column of the next step came from.
  struct Step {
    Buffer<S> weights;                      ///< longest source x columns; no rows if they are not kept
    std::vector<detail::Candidate> chosen;  ///< the columns of the next step
  };
  /// A hypothesis that ended.
  struct Ended {
    double score;            ///< as in `Hypothesis`
    detail::Candidate last;  ///< its last word
    Index step;              ///< of `last`
    bool complete;           ///< whether `last` is the end symbol
  };
  /// Hypotheses that compete with each other: the beam of a sentence, or a single sample.
  struct Group {
    Index sentence;      ///< of the memory
    Index limit;         ///< steps at most
    Index finished = 0;  ///< places of the beam held by hypotheses that ended
    Index kept = 0;      ///< how many of those are kept, as the best
  };

  Seq2SeqTape<S> tape;                    ///< of reading the sources
  const Memory<S>* memory = nullptr;      ///< what is looked back at: that of the tape, or one made elsewhere
  StepWorkspace<S> step;                  ///< the step at work
  std::vector<Token> tokens;              ///< of each column the last word,
  std::vector<double> log_probabilities;  ///< the log-probability of all words,
  std::vector<Index> group_of;            ///< and its place in `groups`
  std::vector<Index> columns, spare;      ///< which columns go on
  std::vector<detail::Candidate> heap;    ///< how a group goes on
  std::vector<Step> steps;                ///< all so far
  std::vector<Group> groups;              ///< in the order of their sentences
  std::vector<Ended> ended;               ///< for every group as many places as hypotheses are wanted, the best first
  Buffer<S> coverage;                     ///< by one hypothesis, at each source word
};

namespace detail {

/// Calls use(i, candidate) for every step of a hypothesis, the last one first.
template <class S, class Use>
void trace_back(const SearchWorkspace<S>& work, Candidate candidate, Index step, Use&& use) {
  for (Index i = step;; --i) {
    use(i, candidate);
    if (i == 0) return;
    candidate = at(at(work.steps, i - 1).chosen, candidate.column);
  }
}

/// Which rows of the weights belong to a sentence: none where nothing looks back, or if the weights are not kept.
template <class S>
Index weight_rows(const SearchWorkspace<S>& work, Index sentence) {
  return std::min(work.memory->length(sentence), work.steps.front().weights.rows());
}

/// Writes down a hypothesis that ended.
template <class S>
void extract_hypothesis(const SearchWorkspace<S>& work, const typename SearchWorkspace<S>::Ended& ended, Index sentence,
                        Hypothesis<S>& result) {
  result.log_probability = ended.last.log_probability;
  result.score = ended.score;
  result.complete = ended.complete;
  const Index words = ended.step + (ended.complete ? 0 : 1), rows = weight_rows(work, sentence);
  result.tokens.resize(static_cast<std::size_t>(words));
  result.weights.resize(rows, ended.step + 1);
  trace_back(work, ended.last, ended.step, [&](Index i, const Candidate& candidate) {
    if (i < words) at(result.tokens, i) = candidate.token;
    result.weights.col(i) = at(work.steps, i).weights.col(candidate.column).head(rows);
  });
}

/// Scores a hypothesis that ended in step i and keeps it if it is one of the `options.best` best of its group. One that
/// was cut off at the limit counts only where none was completed.
template <class S>
void finish(SearchWorkspace<S>& work, const SearchOptions& options, std::size_t g, const Candidate& last, Index i) {
  auto& group = work.groups[g];
  ++group.finished;
  const bool complete = last.token == symbols::eos;
  double score = last.log_probability / length_penalty(complete ? i : i + 1, options.length_penalty);
  if (options.coverage_penalty > 0) {
    const Index rows = weight_rows(work, group.sentence);
    work.coverage.resize(rows, 1);
    work.coverage.setZero();
    trace_back(work, last, i, [&](Index k, const Candidate& candidate) {
      work.coverage += at(work.steps, k).weights.col(candidate.column).head(rows);
    });
    score += coverage_penalty(work.coverage, options.coverage_penalty);
  }
  auto* const best = &work.ended[g * static_cast<std::size_t>(options.best)];
  if (group.kept > 0 && best->complete != complete) {
    if (!complete) return;
    group.kept = 0;
  }
  Index k = group.kept;
  if (k == options.best) {
    if (score <= best[--k].score) return;
  } else {
    ++group.kept;
  }
  for (; k > 0 && score > best[k - 1].score; --k) best[k] = best[k - 1];
  best[k] = {score, last, i, complete};
}

/// Whether no unfinished hypothesis of a group, the likeliest with the log-probability `live`, can still become one of
/// the best. It can only grow less likely, its length penalty is largest at the limit, and a coverage penalty is never a
/// gain.
template <class S>
bool is_decided(const SearchWorkspace<S>& work, const SearchOptions& options, std::size_t g, double live) {
  const auto& group = work.groups[g];
  if (group.kept < options.best) return false;
  const auto& worst = work.ended[(g + 1) * static_cast<std::size_t>(options.best) - 1];
  return worst.complete && worst.score >= live / length_penalty(group.limit, options.length_penalty);
}

/// Encodes the sources.
template <class Model>
const Memory<typename Model::Scalar>& encode(const Model& model, Sentences sources, const SearchOptions& options,
                                             SearchWorkspace<typename Model::Scalar>& work) {
  using S = typename Model::Scalar;
  model.encode(sources, work.tape);
  if constexpr (std::is_same_v<S, float>) {
    if (options.bfloat16_memory) work.tape.memory.to_bfloat16();
  } else {
    require(!options.bfloat16_memory, "search: bfloat16_memory needs a model of float");
  }
  return work.tape.memory;
}

/// Makes `copies` groups of each sentence of a memory, of one column.
template <class Model>
void begin(const Model& model, const Memory<typename Model::Scalar>& memory, const SearchOptions& options, Index copies,
           SearchWorkspace<typename Model::Scalar>& work) {
  work.memory = &memory;
  work.groups.clear();
  work.group_of.clear();
  work.step.state.sentences.clear();
  for (Index b = 0; b < memory.sentences(); ++b) {
    for (Index k = 0; k < copies; ++k) {
      work.group_of.push_back(static_cast<Index>(work.groups.size()));
      work.groups.push_back({b, step_limit(options, b, memory.length(b))});
      work.step.state.sentences.push_back(b);
    }
  }
  work.ended.resize(work.groups.size() * static_cast<std::size_t>(options.best));
  work.tokens.assign(work.groups.size(), symbols::bos);
  work.log_probabilities.assign(work.groups.size(), 0.0);
  model.decoder.start(memory, work.step.state, work.step.decoder);
}

/// Column i of the next step continues column `chosen[i].column` with its word.
template <class S>
void advance_beams(const std::vector<Candidate>& chosen, SearchWorkspace<S>& work) {
  work.columns.clear();
  work.tokens.clear();
  work.log_probabilities.clear();
  work.spare.swap(work.group_of);
  work.group_of.clear();
  for (const Candidate& candidate : chosen) {
    work.columns.push_back(candidate.column);
    work.tokens.push_back(candidate.token);
    work.log_probabilities.push_back(candidate.log_probability);
    work.group_of.push_back(at(work.spare, candidate.column));
  }
  work.step.state.gather(work.columns);
}

/// Decodes without a reference. All hypotheses of all groups are one batch; those that ended leave it.
///
/// In every step, choose(g, first, end, banned, where) fills work.heap with how group g goes on, the best first: it holds
/// the columns first ... end; where() is the sentence and step, for errors. A prefix is no choice. Throws, in the name of
/// `who`, if the scores are not finite or no word can follow, unless the group has a hypothesis that ended.
template <class Model, class Choose>
void decode_autoregressive(const Model& model, const SearchOptions& options,
                           SearchWorkspace<typename Model::Scalar>& work, const char* who, Choose&& choose) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  const bool keep_weights = options.keep_weights || options.coverage_penalty > 0;
  for (Index i = 0; work.step.state.columns() > 0; ++i) {
    const Index n = work.step.state.columns();
    take_step(model, work.tokens, *work.memory, work.step);
    require(i > 0 || options.coverage_penalty == 0 || work.step.decoder.attention.weights.rows() > 0,
            "search: a coverage penalty needs attention, but the decoder has none");
    if (static_cast<std::size_t>(i) == work.steps.size()) work.steps.emplace_back();
    auto& step = at(work.steps, i);
    if (keep_weights) {
      step.weights.assign(work.step.decoder.attention.weights);
    } else {
      step.weights.resize(0, n);
    }
    step.chosen.clear();
    const Banned banned{options.ban_unknown, true, i + 1 < options.minimum_length};
    for (Index first = 0, end = 0; first < n; first = end) {  // columns first ... end belong to one group, g
      const auto g = static_cast<std::size_t>(work.group_of[static_cast<std::size_t>(first)]);
      while (end < n && at(work.group_of, end) == static_cast<Index>(g)) ++end;
      const auto where = [&] {
        return who + (": sentence " + std::to_string(work.groups[g].sentence)) + ", step " + std::to_string(i);
      };
      const auto prefix = prefix_of(options, work.groups[g].sentence);
      work.heap.clear();
      if (i < static_cast<Index>(prefix.size())) {
        const Token word = at(prefix, i);
        const double base = logit_offset(work.step.logits.col(first).data(), work.step.logits.rows(),
                                         at(work.log_probabilities, first), where);
        require(!is_excluded(work.step.logits(word, first)),
                [&] { return where() + ": token " + std::to_string(word) + " of the prefix has a score of -inf"; });
        work.heap.push_back({base + static_cast<double>(work.step.logits(word, first)), first, word});
      } else {
        choose(g, first, end, banned, where);
        require(!work.heap.empty() || work.groups[g].kept > 0,
                [&] { return where() + ": no word can follow, the scores of all that are not banned are -inf"; });
      }
      const std::size_t already_chosen = step.chosen.size();
      double live = none;
      for (const Candidate& candidate : work.heap) {
        if (candidate.token == symbols::eos || i + 1 == work.groups[g].limit) {
          finish(work, options, g, candidate, i);
        } else {
          live = std::max(live, candidate.log_probability);
          step.chosen.push_back(candidate);
        }
      }
      if (is_decided(work, options, g, live)) step.chosen.resize(already_chosen);
    }
    advance_beams(step.chosen, work);
  }
}

}  // namespace detail

}}  // namespace heed::v0_2
