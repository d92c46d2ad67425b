#pragma once

#include <heed/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <type_traits>
#include <vector>

namespace examples {

/// A batch of the chosen sentences of one side, or of their links.
template <class Store>
auto choose(const Store& sentences, const std::vector<heed::Index>& chosen) {
  using Item = std::remove_cvref_t<decltype(*std::begin(sentences[0]))>;
  std::vector<std::span<const Item>> batch;
  for (const heed::Index i : chosen) batch.emplace_back(sentences[static_cast<std::size_t>(i)]);
  return batch;
}

/// The memory that a sentence adds to a batch.
struct SentenceSize {
  heed::Index words = 0;    ///< words of source and target
  heed::Index source = 0;   ///< words of the source alone
  heed::Index weights = 0;  ///< columns of attention weights that are kept, each as long as the longest source
};

/// Limits the memory of a batch: the number of sentences, of words and of kept attention weights. A single sentence of
/// any size is a valid batch.
class BatchLimit {
 public:
  static constexpr heed::Index words = 4096, weights = heed::Index{1} << 24;

  explicit BatchLimit(std::size_t sentences) : sentences_(sentences) {}

  /// Returns true and adds the sentence if it fits into the batch. Otherwise starts the next batch with it.
  bool add(const SentenceSize& size) {
    const heed::Index longest = std::max(longest_, size.source);
    const bool fits = count_ == 0 || (count_ < sentences_ && words_ + size.words <= words &&
                                      (columns_ + size.weights) * longest <= weights);
    if (!fits) *this = BatchLimit(sentences_);
    ++count_;
    words_ += size.words;
    columns_ += size.weights;
    longest_ = std::max(longest_, size.source);
    return fits;
  }

 private:
  std::size_t sentences_, count_ = 0;
  heed::Index words_ = 0, columns_ = 0, longest_ = 0;
};

/// Batches in a fixed order by length, for evaluation. `size_of(i)` is the size of sentence i.
template <class SizeOf>
std::vector<std::vector<heed::Index>> batches_by_length(const std::vector<heed::Index>& lengths, std::size_t batch,
                                                        SizeOf&& size_of) {
  std::vector<heed::Index> order(lengths.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<heed::Index>(i);
  std::stable_sort(order.begin(), order.end(), [&](heed::Index a, heed::Index b) {
    return lengths[static_cast<std::size_t>(a)] < lengths[static_cast<std::size_t>(b)];
  });
  std::vector<std::vector<heed::Index>> batches;
  BatchLimit limit(batch);
  for (const heed::Index i : order) {
    if (!limit.add(size_of(static_cast<std::size_t>(i))) || batches.empty()) batches.emplace_back();
    batches.back().push_back(i);
  }
  return batches;
}

/// Overload for sentences without a target.
inline std::vector<std::vector<heed::Index>> batches_by_length(const std::vector<heed::Index>& lengths,
                                                               std::size_t batch) {
  return batches_by_length(lengths, batch, [&](std::size_t i) { return SentenceSize{lengths[i], lengths[i], 0}; });
}

}  // namespace examples
