#pragma once

#include <heed/kernels/softmax.hpp>
#include <heed/kernels/weighted_sum.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace heed { inline namespace v0_2 { namespace detail {

/// Score, softmax and weighted sum in a single pass over the memory.
///
/// First, a block of columns is scored. Then, while it is still in the first-level cache, its columns are summed with
/// the weights e^{score - m}, where m is the highest score so far. If a block raises m, all previous sums and weights
/// are multiplied by e^{old m - new m}. At the end, they are divided by the sum of the weights. While a block is
/// summed, the next block is prefetched, because memory would be idle otherwise. Blocks start at the first column, and
/// every query has its own sums, so results do not depend on other queries or sentences. As in `softmax`, scores of
/// -inf are excluded, and a query whose scores are all -inf gets NaN.
template <class S>
class OnlineSoftmax {
 public:
  /// True if a single pass is faster. A memory that fits in the first-level cache is read twice in less time.
  static bool pays(Index rows, Index cols) { return rows * cols * static_cast<Index>(sizeof(S)) > 40 * 1024; }

  /// Columns in a block. Two blocks fit in the first-level cache, unless the columns are very long.
  static Index block(Index rows) {
    return std::clamp(cached<S> / 2 / std::max<Index>(rows, 1) / 8 * 8, std::max(Index{8}, packet_size<S>), Index{64});
  }

  /// weights = softmax(scores) and sums = values weights, column by column. Overwrites `weights` (cols x n) and `sums`
  /// (rows x n). values(j, width) returns the `width` columns of the memory from column j on. score(j, width, q, count)
  /// is called next; it writes their scores for `count` queries from query q on to the elements of `weights`. `apart`
  /// is the stride between columns of the memory if it is a single matrix; with 0, nothing is prefetched.
  template <class Values, class Score>
  static void run(Index rows, Index cols, Index n, const Values& values, Index apart, Columns<S> weights,
                  Columns<S> sums, const Score& score) {
    std::array<OnlineSoftmax, 16> passes;  // queries that use a block before the next block is read
    const Index together = static_cast<Index>(passes.size());
    for (Index first = 0; first < n; first += together) {
      const Index count = std::min(together, n - first);
      passes.fill({});
      for (Index j = 0; j < cols; j += block(rows)) {
        const Index width = std::min(block(rows), cols - j);
        const Columns<const S> read = values(j, width);
        score(j, width, first, count);
        for (Index q = 0; q < count; ++q) {
          passes[static_cast<std::size_t>(q)].weigh(j, width, weights.col(first + q), rows, sums.col(first + q));
        }
        const bool fetches = j + width < cols && 2 * rows * width <= cached<S>;
        WeightedSum<S>::add(rows, width, count, read, {weights.col(first) + j, weights.stride}, sums.from(first),
                            j == 0, fetches ? width * apart : 0);
      }
      for (Index q = 0; q < count; ++q) {
        const S share = S(1) / passes[static_cast<std::size_t>(q)].total_;
        share_out(weights.col(first + q), cols, share);
        scale(sums.col(first + q), rows, share);
      }
    }
  }

 private:
  /// Replaces the scores of a block, which starts at column j, by weights. Rescales previous results if the block
  /// raises m.
  void weigh(Index j, Index width, S* weights, Index rows, S* sums) {
    const SoftmaxColumn<S> column(weights + j, width);
    const S most = column.largest();
    if (most > highest_) {
      if (j > 0) {
        using std::exp;
        const S shrunk = exp(highest_ - most);
        scale(weights, j, shrunk);
        scale(sums, rows, shrunk);
        total_ *= shrunk;
      }
      highest_ = most;
    }
    // While all scores so far are -inf, their weights are e^{-inf - 0} = 0.
    total_ += column.exponentials(is_excluded(highest_) ? S(0) : highest_, weights + j);
  }

  static void scale(S* x, Index n, S by) {
    const auto factor = Numbers<S>::all(by);
    for_each_packet<S>(n, [&](const auto& io, Index k) { io.store(x + k, io.load(x + k) * factor); });
  }

  /// Multiplies weights by `share`. Results below the smallest normal floating-point value become 0.
  static void share_out(S* weights, Index n, S share) {
    const auto factor = Numbers<S>::all(share);
    for_each_packet<S>(n, [&](const auto& io, Index k) {
      io.store(weights + k, zero_below(io.load(weights + k) * factor, S(Limits<S>::min())));
    });
  }

  S highest_ = -Limits<S>::infinity(), total_ = S(0);
};

}}}  // namespace heed::v0_2::detail
