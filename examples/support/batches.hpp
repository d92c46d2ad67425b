#pragma once

#include <heed/types.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace examples {

/// The chosen sentences of one side, as a model takes them.
inline std::vector<std::span<const heed::Token>> choose(const std::vector<std::vector<heed::Token>>& sentences,
                                                        const std::vector<heed::Index>& chosen) {
  std::vector<std::span<const heed::Token>> batch;
  for (const heed::Index i : chosen) batch.emplace_back(sentences[static_cast<std::size_t>(i)]);
  return batch;
}

/// Batches in a fixed order by length, for evaluation.
inline std::vector<std::vector<heed::Index>> batches_by_length(const std::vector<heed::Index>& lengths,
                                                               std::size_t batch) {
  std::vector<heed::Index> order(lengths.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<heed::Index>(i);
  std::stable_sort(order.begin(), order.end(), [&](heed::Index a, heed::Index b) {
    return lengths[static_cast<std::size_t>(a)] < lengths[static_cast<std::size_t>(b)];
  });
  std::vector<std::vector<heed::Index>> batches;
  for (std::size_t i = 0; i < order.size(); i += batch) {
    batches.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(i),
                         order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), i + batch)));
  }
  return batches;
}

}  // namespace examples
