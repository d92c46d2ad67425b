#pragma once

#include <heed/core/types.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The range of columns of each sentence, if the columns of a sentence are contiguous, as in a memory. A view of
/// `Memory::starts`, which holds the first column of each sentence, followed by the number of all columns. Must not
/// outlive it.
///
/// Layers that process a whole sentence at a time, such as attention, use this order. Recurrences use the time-major
/// order of `PackedBatch`.
class SentenceRanges {
 public:
  /// Throws heed::Error unless `starts` begins with 0 and every sentence has at least one column.
  SentenceRanges(std::span<const Index> starts) : starts_(starts) {  // NOLINT: implicit, to accept any span
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

  /// The number of sentences and of columns; the first column and the length of sentence b; the longest length.
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
