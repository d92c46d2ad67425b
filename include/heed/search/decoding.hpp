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

/// Workspace of one decoding step: decoder state, attention weights and logits.
template <class S>
struct StepWorkspace {
  DecoderState<S> state;    ///< state before the step; `take_step` replaces it with the state after the step
  DecoderTape<S> decoder;   ///< attention weights, and the features for the output layer
  Buffer<S> words, logits;  ///< embedded decoder inputs, and logits of the next words (vocabulary x columns)
};

/// Runs one decoding step. Column i of `work.state` gets `tokens[i]` as its decoder input. Overwrites work.state, and
/// fills work.logits (vocabulary x columns) and work.decoder.attention.weights. Does not allocate once the buffers have
/// grown. Throws heed::Error unless there is one token for each column, and each is in the vocabulary.
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

/// Workspace of `search` and `sample`. Use one per thread; its buffers grow but never shrink.
template <class S>
struct SearchWorkspace {
  /// One step: its attention weights, and the candidates that are the columns of the next step.
  struct Step {
    Buffer<S> weights;                      ///< longest source x columns; no rows if weights are not kept
    std::vector<detail::Candidate> chosen;  ///< one candidate for each column of the next step
  };
  /// A finished hypothesis: it ended with eos, or was cut off at the step limit.
  struct Ended {
    double score;            ///< as in `Hypothesis`
    detail::Candidate last;  ///< its last token
    Index step;              ///< step of `last`
    bool complete;           ///< whether `last` is eos
  };
  /// Hypotheses that compete with each other: the beam of a sentence, or a single sample.
  struct Group {
    Index sentence;      ///< index of the sentence in the memory
    Index limit;         ///< maximum number of steps
    Index finished = 0;  ///< finished hypotheses; each still uses one slot of the beam
    Index kept = 0;      ///< how many of these are kept in `ended`
  };

  /// Workspace of a model of an `Ensemble`.
  struct Member {
    Seq2SeqTape<S> tape;    ///< workspace of encoding the sources
    StepWorkspace<S> step;  ///< workspace of the current step
  };

  Seq2SeqTape<S> tape;                    ///< workspace of encoding the sources
  const Memory<S>* memory = nullptr;      ///< memory to attend to: that of `tape`, or one given by the caller
  StepWorkspace<S> step;                  ///< workspace of the current step
  std::vector<Token> tokens;              ///< last token of each column
  std::vector<double> log_probabilities;  ///< log-probability of the hypothesis of each column
  std::vector<Index> group_of;            ///< index in `groups` of each column
  std::vector<Index> columns, spare;      ///< temporary, for `advance_beams`
  std::vector<detail::Candidate> heap;    ///< candidates of one group
  std::vector<Step> steps;                ///< the steps decoded so far
  std::vector<Group> groups;              ///< in the order of their sentences
  std::vector<Ended> ended;               ///< `SearchOptions::best` entries for each group, best first
  Buffer<S> coverage;                     ///< summed attention weights of one hypothesis, for each source word
  std::vector<Token> history;             ///< tokens of one hypothesis, for the `edit` function of `search`
  std::vector<Member> members;            ///< all models of an ensemble except the first
};

namespace detail {

/// Calls use(i, c) for every step i of a hypothesis, last step first, where c is its candidate in step i. `candidate`
/// is its candidate in the last step, `step`.
template <class S, class Use>
void trace_back(const SearchWorkspace<S>& work, Candidate candidate, Index step, Use&& use) {
  for (Index i = step;; --i) {
    use(i, candidate);
    if (i == 0) return;
    candidate = at(at(work.steps, i - 1).chosen, candidate.column);
  }
}

/// Returns how many rows of the weights belong to a sentence: 0 without attention, or if the weights are not kept.
template <class S>
Index weight_rows(const SearchWorkspace<S>& work, Index sentence) {
  return std::min(work.memory->length(sentence), work.steps.front().weights.rows());
}

/// Copies a finished hypothesis to `result`.
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

/// Scores a hypothesis that finished in step i and keeps it if it is one of the `options.best` best of its group. A
/// hypothesis that was cut off at the step limit is kept only if no hypothesis of the group is complete.
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

/// Returns true if no unfinished hypothesis of a group can become one of the best. `live` is the largest
/// log-probability of the unfinished hypotheses. This gives an upper bound of their scores: log-probabilities only
/// decrease, the length penalty is largest at the step limit, and a coverage penalty never increases a score.
template <class S>
bool is_decided(const SearchWorkspace<S>& work, const SearchOptions& options, std::size_t g, double live) {
  const auto& group = work.groups[g];
  if (group.kept < options.best) return false;
  const auto& worst = work.ended[(g + 1) * static_cast<std::size_t>(options.best) - 1];
  return worst.complete && worst.score >= live / length_penalty(group.limit, options.length_penalty);
}

/// Encodes the sources; in bfloat16 if `options.bfloat16_memory` is set.
template <class Model>
void encode(const Model& model, Sentences sources, const SearchOptions& options,
            Seq2SeqTape<typename Model::Scalar>& tape) {
  model.encode(sources, tape);
  if constexpr (std::is_same_v<typename Model::Scalar, float>) {
    if (options.bfloat16_memory) tape.memory.to_bfloat16();
  } else {
    require(!options.bfloat16_memory, "search: bfloat16_memory needs a model of float");
  }
}

/// Encodes the sources and returns their memory. Calls `model.encode_sources` if there is one, as in `Ensemble`.
template <class Model>
const Memory<typename Model::Scalar>& encode(const Model& model, Sentences sources, const SearchOptions& options,
                                             SearchWorkspace<typename Model::Scalar>& work) {
  if constexpr (requires { model.encode_sources(sources, options, work); }) {
    model.encode_sources(sources, options, work);
  } else {
    encode(model, sources, options, work.tape);
  }
  return work.tape.memory;
}

/// Starts decoding: creates `copies` groups for each sentence of a memory, each with one column whose decoder input is
/// bos.
template <class Model>
void begin(const Model& model, const Memory<typename Model::Scalar>& memory, const SearchOptions& options, Index copies,
           SearchWorkspace<typename Model::Scalar>& work) {
  work.memory = &memory;
  if constexpr (!requires { model.start_search(work); }) work.members.clear();  // left from another search
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
  if constexpr (requires { model.start_search(work); }) {
    model.start_search(work);
  } else {
    model.decoder.start(memory, work.step.state, work.step.decoder);
  }
}

/// Prepares the next step: its column i continues column `chosen[i].column` with the token of `chosen[i]`.
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
  for (auto& member : work.members) member.step.state.gather(work.columns);
}

/// Decodes step by step until all hypotheses have finished. The unfinished hypotheses of all groups are one batch;
/// finished ones leave it.
///
/// In every step i, choose(g, i, first, end, banned, where) fills work.heap with the candidates of group g, best first.
/// The group has the columns first ... end - 1. `banned` defines the tokens that must not be chosen. where() names the
/// sentence and the step, for errors. `choose` is not called for tokens of a prefix. Throws heed::Error, with `who` in
/// the message, if a logit is NaN or +inf, if all logits of a hypothesis are -inf, if a prefix token has a logit of
/// -inf, or if no word can follow and the group has no finished hypothesis.
template <class Model, class Choose>
void decode_autoregressive(const Model& model, const SearchOptions& options,
                           SearchWorkspace<typename Model::Scalar>& work, const char* who, Choose&& choose) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  const bool keep_weights = options.keep_weights || options.coverage_penalty > 0;
  for (Index i = 0; work.step.state.columns() > 0; ++i) {
    const Index n = work.step.state.columns();
    if constexpr (requires { model.take_search_step(work); }) {
      model.take_search_step(work);
    } else {
      take_step(model, work.tokens, *work.memory, work.step);
    }
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
    for (Index first = 0, end = 0; first < n; first = end) {  // columns first ... end - 1 belong to one group, g
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
                [&] { return where() + ": token " + std::to_string(word) + " of the prefix has the logit -inf"; });
        work.heap.push_back({base + static_cast<double>(work.step.logits(word, first)), first, word});
      } else {
        choose(g, i, first, end, banned, where);
        require(!work.heap.empty() || work.groups[g].kept > 0,
                [&] { return where() + ": no word can be chosen, the logits of all allowed words are -inf"; });
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
