#pragma once

#include <heed/text/exact_match.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// The Levenshtein distance: the minimum number of substitutions, deletions and insertions that make one sentence equal
/// to another.
inline std::size_t edit_distance(const Words& a, const Words& b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances of the first i words of a to the first j words of b
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitution, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace detail

/// Word error rate in percent: the edit distances of all hypotheses to their references, divided by the number of words
/// of the references. It can exceed 100. With phonemes or characters as words it is the phoneme or character error
/// rate.
///
/// Throws heed::Error if there are no sentences or no reference words, or if the numbers of hypotheses and references
/// differ.
inline double word_error_rate(std::span<const Words> hypotheses, std::span<const Words> references) {
  detail::require_as_many("word_error_rate", hypotheses.size(), references.size());
  std::size_t errors = 0, words = 0;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    errors += detail::edit_distance(hypotheses[i], references[i]);
    words += references[i].size();
  }
  require(words > 0, "word_error_rate: the references have no words");
  return 100 * static_cast<double>(errors) / static_cast<double>(words);
}

}}  // namespace heed::v0_2
