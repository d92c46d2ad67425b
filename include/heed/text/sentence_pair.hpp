#pragma once

#include <heed/core/link.hpp>
#include <heed/text/words.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A source sentence, its translation, and annotations of the pair.
struct SentencePair {
  Words source;                   ///< not empty if it was read from a file
  Words target;                   ///< empty if the pair has no reference
  Links sure;                     ///< links that every annotator would make
  Links possible;                 ///< links that some annotators would make
  std::vector<std::string> tags;  ///< labels of the pair, free text from the file
  std::size_t line = 0;           ///< number of the line in the file, from 1; 0 if it was not read from a file
};

}}  // namespace heed::v0_2
