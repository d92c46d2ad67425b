#pragma once

#include <heed/kernels/accumulate_product.hpp>
#include <heed/kernels/storage.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// The left factor of a tile: panels, whose packets of words lie side by side in every column.
template <class T>
struct Left {
  const typename Storage<T>::Word* data;
  Index across;                            ///< words from column to column
  Index apart;                             ///< words from panel to panel
  const typename Storage<T>::Word* ahead;  ///< read next, so fetched meanwhile
};

/// The right factor: element (k, j) lies at data[k * down + j * across]. With several pieces of as many rows each, row 0
/// of a piece lies `apart` behind row 0 of the last, and so does what is fetched ahead.
template <class S>
struct Right {
  const S* data;
  Index down, across;
  Index pieces = 1, apart = 0;
};

/// How many packets the registers hold, and how many of these are sums where a tile is as large as can be.
inline constexpr int registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS, sum_registers = registers >= 32 ? 24 : 12;

/// Whether the sums of a tile find room beside what they are made from: packets of the left factor and a number of the right.
/// Where multiplying and adding are two instructions, the first reads its packet from memory, and its product needs room.
constexpr bool fits_registers(int packets, int cols) {
#ifdef EIGEN_VECTORIZE_FMA
  return packets * cols + packets + 1 <= registers;
#else
  return packets * cols + 2 <= registers;
#endif
}

/// The sum over k, in order, of packet p of column k of the left factor times right(k, j): the heart of every product.
/// That of packet p of part i (part 0 of panel 0, part 1 of panel 0, ... of panel 1, ...) goes to
/// sums[(j * parts + i) * apart + p].
///
/// All sums stand in registers. For that the loops over constants must be unrolled, which -O3 does unasked, -O2 not.
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
      for (; k + 2 <= depth; k += 2, at += 2 * right.down) {  // two at a time, as counting takes its turn from adding
        add(word, left.apart, column, at, sum);
        add(word + left.across, left.apart, column, at + right.down, sum);
        if constexpr (Cols > 1) {  // a single column reads on so fast that the machine itself fetches ahead
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

  /// One column of the left factor times one row of the right.
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
