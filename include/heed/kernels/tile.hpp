#pragma once

#include <heed/kernels/accumulate_product.hpp>
#include <heed/kernels/storage.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// The left factor of a register tile: panels. In every column of a panel, the packets of words are contiguous.
template <class T>
struct Left {
  const typename Storage<T>::Word* data;
  Index across;                            ///< words from column to column
  Index apart;                             ///< words from panel to panel
  const typename Storage<T>::Word* ahead;  ///< data to prefetch, because it is read next
};

/// The right factor: element (k, j) is at data[k * down + j * across]. It may have several pieces of the same number of
/// rows. Then row 0 of a piece is `apart` elements after row 0 of the previous piece, and the prefetched data likewise.
template <class S>
struct Right {
  const S* data;
  Index down, across;
  Index pieces = 1, apart = 0;
};

/// Number of packet registers, and number of registers that contain sums in the largest register tile.
inline constexpr int registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS, sum_registers = registers >= 32 ? 24 : 12;

/// True if the sums of a tile fit in the registers together with the operands: packets of the left factor and one
/// broadcast element of the right factor. Without fused multiply-add, the multiplication reads its packet from memory,
/// and its product needs a register.
constexpr bool fits_registers(int packets, int cols) {
#ifdef EIGEN_VECTORIZE_FMA
  return packets * cols + packets + 1 <= registers;
#else
  return packets * cols + 2 <= registers;
#endif
}

/// A register tile: the sum over k, in order, of packet p of column k of the left factor times right(k, j). It is the
/// inner loop of `Product`, `OuterProduct`, `PanelProduct` and `PackedBackward`. The sum for packet p of part i (part 0
/// of panel 0, part 1 of panel 0, ..., part 0 of panel 1, ...) is written to sums[(j * parts + i) * apart + p].
///
/// All sums stay in registers. For this, the loops with constant bounds must be unrolled. -O3 unrolls them by default,
/// -O2 only with the pragmas.
template <class T, int Packets, int Panels, int Cols>
struct Tile {
  using S = scalar_of<T>;
  static constexpr int parts = Panels * Storage<T>::per_word, all = parts * Packets;

  EIGEN_DONT_INLINE static void sum(const Left<T>& left, Index depth, const Right<S>& right, Packet<S>* sums,
                                    Index apart = Packets) {
    Packet<S> sum[std::size_t{Cols}][std::size_t{all}];
#pragma GCC unroll 16
    for (int j = 0; j < Cols; ++j) {
#pragma GCC unroll 16
      for (int p = 0; p < all; ++p) sum[j][p] = constant(S(0));
    }
    const auto* word = left.data;
    for (Index piece = 0; piece < right.pieces; ++piece) {
      [[maybe_unused]] const auto* ahead = left.ahead + piece * right.apart;
      const S* column[std::size_t{Cols}];
#pragma GCC unroll 16
      for (int j = 0; j < Cols; ++j) column[j] = right.data + piece * right.apart + j * right.across;
      Index k = 0, at = 0;
      for (; k + 2 <= depth; k += 2, at += 2 * right.down) {  // unrolled: loop counters compete with multiply-adds
        add(word, left.apart, column, at, sum);
        add(word + left.across, left.apart, column, at + right.down, sum);
        if constexpr (Cols > 1) {  // for a single column, the hardware prefetcher is sufficient
          prefetch(ahead);
          prefetch(ahead + packet_size<S>);
          ahead += 2 * packet_size<S>;
        }
        word += 2 * left.across;
      }
      if (k < depth) {
        add(word, left.apart, column, at, sum);
        word += left.across;
      }
    }
#pragma GCC unroll 16
    for (int j = 0; j < Cols; ++j) {
#pragma GCC unroll 16
      for (int p = 0; p < all; ++p) sums[(j * parts + p / Packets) * apart + p % Packets] = sum[j][p];
    }
  }

 private:
  using Sum = Packet<S>[std::size_t{Cols}][std::size_t{all}];

  /// Adds one column of the left factor times one row of the right factor.
  EIGEN_ALWAYS_INLINE static void add(const typename Storage<T>::Word* word, Index apart, const S* const* column,
                                      Index at, Sum& sum) {
    Packet<S> packet[std::size_t{all}];
#pragma GCC unroll 16
    for (int p = 0; p < all; ++p) {
      constexpr int per_word = Storage<T>::per_word;
      const auto* const from = word + p / (per_word * Packets) * apart + p % Packets * packet_size<S>;
      packet[p] = Storage<T>::load(from, p / Packets % per_word);
    }
#pragma GCC unroll 16
    for (int j = 0; j < Cols; ++j) {
      const Packet<S> factor = constant(column[j][at]);
#pragma GCC unroll 16
      for (int p = 0; p < all; ++p) accumulate_product<S>(packet[p], factor, sum[j][p]);
    }
  }
};

/// Calls f(integral_constant n) for n in [1, Most].
template <int Most, class F>
void with_constant(Index n, const F& f) {
  if constexpr (Most > 1) {
    if (n < Most) return with_constant<Most - 1>(n, f);
  }
  f(std::integral_constant<int, Most>{});
}

}}}  // namespace heed::v0_2::detail
