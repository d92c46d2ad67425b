#pragma once

#include <heed/core/types.hpp>
#include <heed/text/words.hpp>

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// That a source word and a target word belong together; both are counted from 0.
struct Link {
  Index source = 0;  ///< the source word's place
  Index target = 0;  ///< the target word's place

  friend auto operator<=>(const Link&, const Link&) = default;
};

/// An alignment.
using Links = std::vector<Link>;

/// A sentence, its translation, and what is known about the two.
struct SentencePair {
  Words source;                   ///< never empty where it was read from a file
  Words target;                   ///< empty where the pair has no reference
  Links sure;                     ///< alignments every annotator would make
  Links possible;                 ///< alignments some annotator might make
  std::vector<std::string> tags;  ///< whatever a file says of the pair
  std::size_t line = 0;           ///< where it was read, from 1
};

}}  // namespace heed::v0_2
