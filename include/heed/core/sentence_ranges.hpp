#pragma once

#include <heed/core/types.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Which columns belong to which sentence, where each sentence owns one contiguous range, as in a memory: a view of
/// `Memory::starts`, which holds the first column of each and, at its end, the number of all columns. Must not outlive
/// it.
///
/// Sentences whose words stand one after the other need no more than this: what looks at a whole sentence at a time has
/// no use for the order of `PackedBatch`, which is for recurrences.
class SentenceRanges {
 public:
  /// Throws unless starts begins at 0 and every sentence has a column.
  SentenceRanges(std::span<const Index> starts) : starts_(starts) {  // NOLINT: implicit, as starts are what one has
    require(!starts.empty() && starts.front() == 0, "SentenceRanges: the first sentence must start in column 0");
    for (Index b = 0; b < sentences(); ++b) {
      require(length(b) > 0, [&] {
        return "SentenceRanges: sentence " + std::to_string(b) + " goes from column " + std::to_string(start(b)) +
               " to " + std::to_string(start(b + 1)) + ", so it is empty";
      });
    }
  }
  SentenceRanges(const std::vector<Index>& starts)  // NOLINT: implicit, as above
      : SentenceRanges(std::span<const Index>(starts)) {}

  /// How many sentences and columns there are; where each sentence lies, and the longest of their lengths.
  Index sentences() const { return static_cast<Index>(starts_.size()) - 1; }
  Index columns() const { return starts_.back(); }
  Index start(Index b) const { return detail::at(starts_, b); }
  Index length(Index b) const { return start(b + 1) - start(b); }
  Index longest() const {
    Index most = 0;
    for (Index b = 0; b < sentences(); ++b) most = std::max(most, length(b));
    return most;
  }

 private:
  std::span<const Index> starts_;
};

}}  // namespace heed::v0_2
