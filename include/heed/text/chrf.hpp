#pragma once

#include <heed/text/exact_match.hpp>
#include <heed/text/tokenize_13a.hpp>
#include <heed/text/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Writes the n-grams of the characters of a line, without white space, to `ngrams` in sorted order. A byte that is not
/// valid UTF-8 is a character of its own.
inline void sorted_character_ngrams(const std::string& line, std::size_t n, std::vector<std::string_view>& ngrams) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < line.size();) {
    starts.push_back(at);
    at += std::max(utf8_length(std::string_view(line).substr(at)), std::size_t{1});
  }
  starts.push_back(line.size());
  ngrams.clear();
  for (std::size_t i = 0; i + n < starts.size(); ++i) {
    ngrams.push_back(std::string_view(line).substr(starts[i], starts[i + n] - starts[i]));
  }
  std::sort(ngrams.begin(), ngrams.end());
}

/// A line without its white space.
inline std::string without_white_space(const std::string& line) {
  std::string characters;
  for (const std::string& part : split_at_white_space(line)) characters += part;
  return characters;
}

}  // namespace detail

/// Corpus chrF2 in percent, one reference each (Popović 2015, 2016; sacrebleu's `chrF2`): the F score of the n-grams of
/// characters, without white space. Precision and recall are averaged over n = 1 ... 6, and recall has twice the weight
/// of precision.
///
///     5 p r / (4 p + r)        p: mean precision, r: mean recall
///
/// Throws heed::Error if there are no sentences, or if the numbers of hypotheses and references differ.
inline double corpus_chrf(std::span<const std::string> hypotheses, std::span<const std::string> references) {
  detail::require_as_many("corpus_chrf", hypotheses.size(), references.size());
  constexpr std::size_t orders = 6;
  std::array<std::size_t, orders> matches{}, of_hypotheses{}, of_references{};
  std::vector<std::string_view> hypothesis, reference, shared;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    const std::string produced = detail::without_white_space(hypotheses[i]),
                      expected = detail::without_white_space(references[i]);
    for (std::size_t n = 1; n <= orders; ++n) {
      detail::sorted_character_ngrams(produced, n, hypothesis);
      detail::sorted_character_ngrams(expected, n, reference);
      shared.clear();
      std::set_intersection(hypothesis.begin(), hypothesis.end(), reference.begin(), reference.end(),
                            std::back_inserter(shared));
      matches[n - 1] += shared.size();
      if (!reference.empty()) of_hypotheses[n - 1] += hypothesis.size();  // as sacrebleu counts them
      of_references[n - 1] += reference.size();
    }
  }
  double precision = 0, recall = 0, counted = 0;
  for (std::size_t n = 0; n < orders; ++n) {
    if (of_hypotheses[n] == 0 || of_references[n] == 0) continue;
    const auto match = static_cast<double>(matches[n]);
    precision += match / static_cast<double>(of_hypotheses[n]);
    recall += match / static_cast<double>(of_references[n]);
    ++counted;
  }
  if (precision + recall == 0) return 0;
  precision /= counted;
  recall /= counted;
  return 100 * 5 * precision * recall / (4 * precision + recall);
}

}}  // namespace heed::v0_2
