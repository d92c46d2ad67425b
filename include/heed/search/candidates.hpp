#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/types.hpp>
#include <heed/kernels/softmax.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 { namespace detail {

/// A candidate continuation: the column of the hypothesis that it continues, the next word, and the log-probability of
/// the continued hypothesis.
struct Candidate {
  double log_probability;
  Index column;
  Token token;
};

/// For each of the tokens unk, bos and eos: true if it must not be proposed. The index is the token.
using Banned = std::array<bool, 3>;
inline bool is_banned(const Banned& banned, Index word) {
  return word <= symbols::eos && banned[static_cast<std::size_t>(word)];
}

/// Orders candidates from best to worst. Of equally probable candidates the one with the smaller column, then the
/// smaller token is better, so that results are reproducible.
inline bool better(const Candidate& a, const Candidate& b) {
  if (a.log_probability != b.log_probability) return a.log_probability > b.log_probability;
  return a.column != b.column ? a.column < b.column : a.token < b.token;
}

/// Returns the log-probability of a hypothesis minus the logsumexp of `logits` (one column). This plus the logit of a
/// word is the log-probability of the hypothesis continued by that word. Throws heed::Error if a logit is NaN or +inf,
/// or if all are -inf; the message begins with `where()`.
template <class S, class Where>
double logit_offset(const S* logits, Index vocabulary, double log_probability, const Where& where) {
  const SoftmaxColumn<S> softmax(logits, vocabulary);
  const S most = softmax.largest();
  const double highest = static_cast<double>(most), total = static_cast<double>(softmax.sum_of_exponentials(most));
  require(std::isfinite(highest) && std::isfinite(total), [&] {  // the maximum may ignore a NaN, the sum does not
    const bool none = std::all_of(logits, logits + vocabulary, [](const S& logit) { return is_excluded(logit); });
    return where() + (none ? ": the logits of all words are -inf, no word can be chosen"
                           : ": the model's logits are not finite (NaN or +inf)");
  });
  return log_probability - highest - std::log(total);
}

/// Adds the candidates of one column of `logits` to `heap`, which keeps the `room` best candidates of all columns so
/// far. Banned words and words with a logit of -inf are excluded. The front of the heap is its worst candidate. Throws
/// as `logit_offset` does.
template <class S, class Where>
void add_candidates(const Eigen::Ref<const Vector<S>>& logits, double log_probability, Index column,
                    const Banned& banned, std::size_t room, std::vector<Candidate>& heap, const Where& where) {
  const double base = logit_offset(logits.data(), logits.size(), log_probability, where);
  constexpr Index block = 64;
  for (Index first = 0; first < logits.size(); first += block) {
    const Index end = std::min(first + block, logits.size());
    // Skip the block if its most probable word is not better than the worst candidate kept; the earlier one wins a tie.
    const double likeliest = base + static_cast<double>(logits.segment(first, end - first).maxCoeff());
    if (heap.size() == room && likeliest <= heap.front().log_probability) continue;
    for (Index k = first; k < end; ++k) {
      const Candidate candidate{base + static_cast<double>(logits(k)), column, static_cast<Token>(k)};
      if (is_banned(banned, k)) continue;
      if (heap.size() == room ? !better(candidate, heap.front()) : is_excluded(logits(k))) continue;
      if (heap.size() == room) {
        std::pop_heap(heap.begin(), heap.end(), better);
        heap.pop_back();
      }
      heap.push_back(candidate);
      std::push_heap(heap.begin(), heap.end(), better);
    }
  }
}

}}}  // namespace heed::v0_2::detail
