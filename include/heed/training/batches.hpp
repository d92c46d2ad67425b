#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/random.hpp>
#include <heed/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Shuffles the items 0 ... n - 1, sorts them by (target, source) length within pools of `pool` items, splits each pool
/// into batches, and shuffles the batches. `fits(size, words, length)` is true if an item of `length` target words
/// fits into a batch that has `size` items and `words` target words.
template <class Fits>
std::vector<std::vector<Index>> split_into_batches(const std::vector<Index>& source_lengths,
                                                   const std::vector<Index>& target_lengths, std::size_t pool,
                                                   Random& random, const Fits& fits) {
  std::vector<Index> order(source_lengths.size());
  std::iota(order.begin(), order.end(), Index{0});
  random.shuffle(order);
  const auto key = [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    return std::pair(target_lengths[at], source_lengths[at]);
  };
  std::vector<std::vector<Index>> batches;
  for (std::size_t begin = 0; begin < order.size(); begin += pool) {
    const std::span<Index> items = std::span(order).subspan(begin, std::min(pool, order.size() - begin));
    std::stable_sort(items.begin(), items.end(), [&](Index a, Index b) { return key(a) < key(b); });
    Index words = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Index length = at(target_lengths, items[i]);
      if (i == 0 || !fits(std::ssize(batches.back()), words, length)) {
        batches.emplace_back();
        words = 0;
      }
      batches.back().push_back(items[i]);
      words += length;
    }
  }
  random.shuffle(batches);
  return batches;
}

inline void check_batches(const char* function, const char* size_name, Index size,
                          const std::vector<Index>& source_lengths, const std::vector<Index>& target_lengths,
                          Index pool) {
  const auto check = [&](const char* name, Index value) {
    require(value >= 1,
            [&] { return std::string(function) + ": " + name + " must be at least 1, got " + std::to_string(value); });
  };
  check(size_name, size);
  check("pool", pool);
  require(source_lengths.size() == target_lengths.size(), [&] {
    return std::string(function) + ": there must be one target length per source length, got " +
           std::to_string(source_lengths.size()) + " source lengths and " + std::to_string(target_lengths.size()) +
           " target lengths";
  });
}

}  // namespace detail

/// Splits the items 0 ... n - 1 into batches of items with similar lengths. It shuffles the items, sorts them by
/// (target, source) length within pools of `pool` batches, splits the pools into batches of at most `batch` items, and
/// shuffles the batches. If all sentences of a batch have the same length, every step processes all of them, which is
/// fastest.
inline std::vector<std::vector<Index>> make_batches(const std::vector<Index>& source_lengths,
                                                    const std::vector<Index>& target_lengths, Index batch,
                                                    Random& random, Index pool = 32) {
  detail::check_batches("make_batches", "batch", batch, source_lengths, target_lengths, pool);
  const Index all = std::max(std::ssize(source_lengths), std::ptrdiff_t{1});
  const Index items = batch > all / pool ? all : batch * pool;  // the product could overflow
  return detail::split_into_batches(source_lengths, target_lengths, static_cast<std::size_t>(items), random,
                                    [&](Index size, Index, Index) { return size < batch; });
}

/// Splits the items 0 ... n - 1 into batches of items with similar lengths, as `make_batches` does, but a batch has at
/// most `words` target words, or a single item. All updates then have about the same number of words: short sentences
/// form large batches. A pool has about as many items as `pool` batches.
inline std::vector<std::vector<Index>> make_word_batches(const std::vector<Index>& source_lengths,
                                                         const std::vector<Index>& target_lengths, Index words,
                                                         Random& random, Index pool = 32) {
  detail::check_batches("make_word_batches", "words", words, source_lengths, target_lengths, pool);
  const double all = std::accumulate(target_lengths.begin(), target_lengths.end(), 0.0);
  const double mean = std::max(all / std::max(static_cast<double>(target_lengths.size()), 1.0), 1.0);
  const double items = std::clamp(static_cast<double>(words) / mean * static_cast<double>(pool), 1.0, 1e9);
  return detail::split_into_batches(source_lengths, target_lengths, static_cast<std::size_t>(items), random,
                                    [&](Index, Index held, Index length) { return held + length <= words; });
}

}}  // namespace heed::v0_2
