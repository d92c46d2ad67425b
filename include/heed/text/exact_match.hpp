#pragma once

#include <heed/core/errors.hpp>

#include <cstddef>
#include <string>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Throws unless the numbers of hypotheses and references are equal and at least 1.
inline void require_as_many(const char* score, std::size_t hypotheses, std::size_t references) {
  require(hypotheses == references, [&] {
    return std::string(score) + ": " + std::to_string(hypotheses) + " hypotheses cannot be compared with " +
           std::to_string(references) + " references";
  });
  require(hypotheses > 0, [&] { return std::string(score) + ": expected at least one sentence, got none"; });
}

}  // namespace detail

/// Returns the percentage of sentences that equal their reference.
///
/// A sentence is a sequence of words or of tokens. Throws heed::Error if there are no sentences, or if the numbers of
/// hypotheses and references differ.
template <class Sentences>
double exact_match(const Sentences& hypotheses, const Sentences& references) {
  detail::require_as_many("exact_match", hypotheses.size(), references.size());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) equal += hypotheses[i] == references[i];
  return 100 * static_cast<double>(equal) / static_cast<double>(hypotheses.size());
}

}}  // namespace heed::v0_2
