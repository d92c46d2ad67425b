#pragma once

#include <heed/kernels/tile.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 { namespace detail {

/// out += a b. Does not allocate. Every column of out is computed in the same way, regardless of the other columns.
///
/// Adds to out(i, j) the sum over the first `block` columns of a, in order, then the sum over the next `block` columns,
/// and so on. If b has few columns, a is read in place. If b has many, a panel of a is first copied to a buffer in
/// which its columns are contiguous, because the columns of a large matrix may have addresses that evict each other
/// from the cache.
template <class S>
struct Product {
  /// The start of a matrix or of a block of it.
  template <class X>
  struct Piece {
    X* data;
    Index stride;  ///< elements from column to column

    Piece at(Index i, Index j) const { return {data + i + j * stride, stride}; }
  };
  using From = Piece<const S>;
  using To = Piece<S>;

  static void add(Index rows, Index depth, Index cols, From a, From b, To out) {
    for (Index k = 0; k < depth; k += block) {
      const Index part = std::min(block, depth - k);
      if (cols < worth_copying) {
        add_in_place(rows, part, cols, a.at(0, k), b.at(k, 0), out);
      } else {
        add_copied<3>(rows, part, cols, a.at(0, k), b.at(k, 0), out);
      }
    }
  }

 private:
  static constexpr Index block = 256;
  static constexpr int max_columns = sum_registers / 3;
  static constexpr Index worth_copying = 2 * max_columns;

  static void add_in_place(Index rows, Index depth, Index cols, From a, From b, To out) {
    for_each_column_group(cols, [&](auto width, Index j) {
      const Index whole = add_rows<std::min(8, sum_registers / width), width>(rows, depth, a, b.at(0, j), out.at(0, j));
      if (whole < rows) add_copied<1>(rows - whole, depth, width, a.at(whole, 0), b.at(0, j), out.at(whole, j));
    });
  }

  /// Processes the whole packets of rows, `Packets` at a time, then half as many at a time, and so on. Returns the
  /// number of rows processed.
  template <int Packets, int Cols>
  static Index add_rows(Index rows, Index depth, From a, From b, To out) {
    constexpr Index height = Packets * packet_size<S>;
    Index i = 0;
    for (; i + height <= rows; i += height) tile<Packets, Cols>(depth, height, a.at(i, 0), b, out.at(i, 0));
    if constexpr (Packets > 1) i += add_rows<Packets / 2, Cols>(rows - i, depth, a.at(i, 0), b, out.at(i, 0));
    return i;
  }

  /// Processes panels of `Packets` packets of rows, then panels of one packet. The last panel is padded with zeros.
  template <int Packets>
  static void add_copied(Index rows, Index depth, Index cols, From a, From b, To out) {
    constexpr Index height = Packets * packet_size<S>;
    S panel[static_cast<std::size_t>(block * height)];
    Index i = 0;
    for (; i + height <= rows || (Packets == 1 && i < rows); i += height) {
      const Index left = std::min(height, rows - i);
      for (Index k = 0; k < depth; ++k) {
        for (Index p = 0; p < height; p += packet_size<S>) {
          WholePacket<S>{}.store(panel + k * height + p, left == height ? WholePacket<S>{}.load(a.at(i + p, k).data)
                                                                        : PartPacket<S>{left}.load(a.at(i, k).data));
        }
      }
      for_each_column_group(cols, [&](auto width, Index j) {
        tile<Packets, width>(depth, left, {panel, height}, b.at(0, j), out.at(i, j));
      });
    }
    if constexpr (Packets > 1) {
      if (i < rows) add_copied<1>(rows - i, depth, cols, a.at(i, 0), b, out.at(i, 0));
    }
  }

  /// Divides columns into groups of nearly equal width, at most `max_columns`, and calls f(width, first) for each.
  template <class F>
  static void for_each_column_group(Index cols, const F& f) {
    const Index groups = (cols + max_columns - 1) / max_columns;
    for (Index g = 0, j = 0; g < groups; ++g) {
      const Index width = cols / groups + (g < cols % groups ? 1 : 0);
      with_constant<max_columns>(width, [&](auto constant) { f(constant, j); });
      j += width;
    }
  }

  template <int Packets, int Cols>
  static void tile(Index depth, Index rows, From a, From b, To out) {
    Packet<S> sums[std::size_t{Cols * Packets}];
    Tile<S, Packets, 1, Cols>::sum({a.data, a.stride, 0, a.data}, depth, {b.data, 1, b.stride}, sums);
    for (int c = 0; c < Cols; ++c) {
      for (int p = 0; p < Packets; ++p) {
        S* const to = out.at(p * packet_size<S>, c).data;
        const auto add = [&](const auto& io) { io.store(to, io.load(to) + Numbers<S>{sums[c * Packets + p]}); };
        if (rows == Packets * packet_size<S>) {
          add(WholePacket<S>{});
        } else {
          add(PartPacket<S>{rows});
        }
      }
    }
  }
};

}}}  // namespace heed::v0_2::detail
