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

/// One way to continue: the column it continues, the word, and the log-probability of the whole.
struct Candidate {
  double log_probability;
  Index column;
  Token token;
};

/// Which of the symbols, `symbols::unk` to `symbols::eos`, must not be proposed.
using Banned = std::array<bool, 3>;
inline bool is_banned(const Banned& banned, Index word) {
  return word <= symbols::eos && banned[static_cast<std::size_t>(word)];
}

/// Orders candidates best first; ties go to the earlier column, then the smaller word, so that results are
/// reproducible.
inline bool better(const Candidate& a, const Candidate& b) {
  if (a.log_probability != b.log_probability) return a.log_probability > b.log_probability;
  return a.column != b.column ? a.column < b.column : a.token < b.token;
}

/// The log-probability of the sentence so far minus the log-sum-exp of `logits` (one column): plus the logit of a word, it
/// is the log-probability of the sentence that the word continues. Throws if a logit is NaN or +inf, or all are -inf;
/// the message begins with `where()`.
template <class S, class Where>
double logit_offset(const S* logits, Index vocabulary, double log_probability, const Where& where) {
  const SoftmaxColumn<S> softmax(logits, vocabulary);
  const S most = softmax.largest();
  const double highest = static_cast<double>(most), total = static_cast<double>(softmax.sum_of_exponentials(most));
  require(std::isfinite(highest) && std::isfinite(total), [&] {  // the maximum may pass over a NaN, the sum cannot
    const bool none = std::all_of(logits, logits + vocabulary, [](const S& logit) { return is_excluded(logit); });
    return where() + (none ? ": the scores of all words are -inf, there is none left to propose"
                           : ": the model's scores are not finite (NaN or +inf)");
  });
  return log_probability - highest - std::log(total);
}

/// Keeps the `room` best candidates of the words that `logits` (one column) proposes, those of a score of -inf excluded.
/// The heap's front is its worst.
template <class S, class Where>
void add_candidates(const Eigen::Ref<const Vector<S>>& logits, double log_probability, Index column,
                    const Banned& banned, std::size_t room, std::vector<Candidate>& heap, const Where& where) {
  const double base = logit_offset(logits.data(), logits.size(), log_probability, where);
  constexpr Index block = 64;
  for (Index first = 0; first < logits.size(); first += block) {
    const Index end = std::min(first + block, logits.size());
    // Where not even the likeliest word is better than the worst that is kept, none is: of two equal ones the first is.
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
