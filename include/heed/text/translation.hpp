#pragma once

#include <heed/text/words.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A translation of a sentence.
struct Translation {
  std::string text;                       ///< its words as text: see `Tokenizer::detokenize`
  Words source, words;                    ///< the words of the sentence and those of its translation
  double log_probability = 0;             ///< log-probability of the words and `eos`
  double score = 0;                       ///< ranks translations: log-probability with length and coverage penalties
  std::vector<std::ptrdiff_t> alignment;  ///< for each word the source word with the largest attention weight,
                                          ///< counted from 0; empty if the decoder has no attention
};

}}  // namespace heed::v0_2
