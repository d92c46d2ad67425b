#pragma once

#include <heed/text/alignment.hpp>
#include <heed/text/vocabulary.hpp>

#include <span>
#include <string>

namespace heed { inline namespace v0_2 {

/// Returns the words of a hypothesis, with every `symbols::unk` replaced by a source word: the one with the largest
/// attention weight in that step, the first of several equal ones.
///
/// Luong, Sutskever, Le, Vinyals & Zaremba 2015 and Jean, Cho, Memisevic & Bengio 2015 copy unknown words in this way;
/// here attention weights replace their alignments.
///
/// weights: source words x target words, with or without a column for `eos`. Throws heed::Error if the sizes do not
/// match.
template <class Derived>
Words replace_unknown(std::span<const Token> tokens, const Vocabulary& vocabulary, std::span<const std::string> source,
                      const Eigen::DenseBase<Derived>& weights) {
  const auto words = static_cast<Index>(tokens.size());
  require(
      weights.rows() == static_cast<Index>(source.size()) && (weights.cols() == words || weights.cols() == words + 1),
      [&] {
        return "replace_unknown: expected weights of " + std::to_string(source.size()) + " x " + std::to_string(words) +
               ", or one more column, got " + std::to_string(weights.rows()) + " x " + std::to_string(weights.cols());
      });
  Words result;
  for (Index i = 0; i < words; ++i) {
    const Token token = detail::at(tokens, i);
    const bool known = token != symbols::unk;
    result.push_back(known ? vocabulary.word(token)
                           : detail::at(source, alignment_from_weights(weights.col(i)).front()));
  }
  return result;
}

}}  // namespace heed::v0_2
