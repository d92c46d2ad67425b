#pragma once

#include <heed/kernels/accumulate_product.hpp>
#include <heed/kernels/packets.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 { namespace detail {

/// out = a' b and out += a' b: the dot products of every column of `a` with every column of `b`.
///
/// Used for dot-product scores and for products with the transpose of a column-major matrix. Several columns of `a` are
/// read together for one or a few columns of `b`, so one load serves several multiply-adds. These columns of `a` stay
/// in the cache until all columns of `b` are processed. The order of summation depends only on the size of `a` and on
/// the position of the column in `a`. So a result has the same bits regardless of the other columns of `b`.
template <class S>
class TransposedProduct {
 public:
  static void set(Index depth, Index a_cols, Index b_cols, Columns<const S> a, Columns<const S> b, Columns<S> out) {
    TransposedProduct{depth, b_cols, a, b, out, false}.template run<8>(0, a_cols);
  }
  static void add(Index depth, Index a_cols, Index b_cols, Columns<const S> a, Columns<const S> b, Columns<S> out) {
    TransposedProduct{depth, b_cols, a, b, out, true}.template run<8>(0, a_cols);
  }

 private:
  static constexpr bool many_registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32;

  TransposedProduct(Index depth, Index b_cols, Columns<const S> a, Columns<const S> b, Columns<S> out, bool adds)
      : depth_(depth), b_cols_(b_cols), a_(a), b_(b), out_(out), adds_(adds) {}

  /// Multiplies the columns i ... end - 1 of a by all columns of b, `Cols` columns of a at a time, then fewer at a
  /// time.
  template <int Cols>
  void run(Index i, Index end) const {
    for (; i + Cols <= end; i += Cols) {
      Index j = 0;
      if constexpr (Cols == 8 && many_registers) {
        for (; j + 3 <= b_cols_; j += 3) tile<8, 3, 1>(i, j);
        for (; j + 2 <= b_cols_; j += 2) tile<8, 2, 1>(i, j);
      } else if constexpr (Cols == 8) {
        for (; j + 3 <= b_cols_; j += 3) {
          tile<4, 3, 1>(i, j);
          tile<4, 3, 1>(i + 4, j);
        }
      }
      for (; j < b_cols_; ++j) tile<Cols, 1, 8 / Cols>(i, j);
    }
    if constexpr (Cols > 1) run<Cols == 8 ? 4 : 1>(i, end);
  }

  /// Multiplies `Cols` columns of a from column i on by `Queries` columns of b from column j on. A multiply-add has a
  /// latency of four cycles and a throughput of two per cycle, so there are at least eight sums. Every result has
  /// `Chains` sums, to which packets are added in turn.
  template <int Cols, int Queries, int Chains>
  void tile(Index i, Index j) const {
    constexpr WholePacket<S> whole;
    constexpr int step = std::max(Chains, 4);
    Sums<Cols, Queries> sums[std::size_t{Chains}];
    const S *a[std::size_t{Cols}], *b[std::size_t{Queries}];
#pragma GCC unroll 8
    for (int c = 0; c < Cols; ++c) a[c] = a_.col(i + c);
#pragma GCC unroll 8
    for (int q = 0; q < Queries; ++q) b[q] = b_.col(j + q);
    Index k = 0;
    for (; k + step * packet_size<S> <= depth_; k += step * packet_size<S>) {
#pragma GCC unroll 8
      for (int p = 0; p < step; ++p) sums[p % Chains].add(whole, whole, a, b, k + p * packet_size<S>);
    }
    for (; k + packet_size<S> <= depth_; k += packet_size<S>) sums[0].add(whole, whole, a, b, k);
    if constexpr (packet_size < S >> 1) {
      if (k < depth_ && depth_ < packet_size<S>) {
        const PartPacket<S> part{depth_};
        sums[0].add(part, part, a, b, 0);
      } else if (k < depth_) {  // overlaps elements that are already summed
        const LastOfPacket<S> last(depth_ - k);
        sums[0].add(last, last, a, b, depth_ - packet_size<S>);
      }
    }
#pragma GCC unroll 8
    for (int p = 1; p < Chains; ++p) sums[0].add(sums[p]);
#pragma GCC unroll 8
    for (int q = 0; q < Queries; ++q) {
      S* const to = out_.col(j + q) + i;
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c) {
        const S sum = Eigen::internal::predux(sums[0].sum[c][q]);
        to[c] = adds_ ? to[c] + sum : sum;
      }
    }
  }

  template <int Cols, int Queries>
  struct Sums {
    Packet<S> sum[std::size_t{Cols}][std::size_t{Queries}];

    EIGEN_ALWAYS_INLINE Sums() {
#pragma GCC unroll 8
      for (auto& column : sum) {
#pragma GCC unroll 8
        for (auto& packet : column) packet = constant(S(0));
      }
    }
    template <class FromA, class FromB>
    EIGEN_ALWAYS_INLINE void add(const FromA& from_a, const FromB& from_b, const S* const* a, const S* const* b,
                                 Index k) {
      Packet<S> factor[std::size_t{Queries}];
#pragma GCC unroll 8
      for (int q = 0; q < Queries; ++q) factor[q] = from_b.load(b[q] + k).packet;
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c) {
        const Packet<S> packet = from_a.load(a[c] + k).packet;
#pragma GCC unroll 8
        for (int q = 0; q < Queries; ++q) {
          if constexpr (Queries > 1) {
            accumulate_product<S>(packet, factor[q], sum[c][q]);
          } else {  // a packet that is used once is a memory operand of its instruction
            sum[c][q] = Eigen::internal::pmadd(packet, factor[q], sum[c][q]);
          }
        }
      }
    }
    EIGEN_ALWAYS_INLINE void add(const Sums& other) {
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c) {
#pragma GCC unroll 8
        for (int q = 0; q < Queries; ++q) sum[c][q] = Eigen::internal::padd(sum[c][q], other.sum[c][q]);
      }
    }
  };

  Index depth_, b_cols_;
  Columns<const S> a_, b_;
  Columns<S> out_;
  bool adds_;
};

}}}  // namespace heed::v0_2::detail
