#pragma once

#include <heed/kernels/packets.hpp>

#include <algorithm>

namespace heed::inline v0_1::detail {

/// out += a b, without allocating, and with every column of out computed in the same way whatever stands beside it.
///
/// out(i, j) is the sum over k in order, a multiply-add each, in registers: `Cols` columns of out by as many packets of
/// rows as there are registers for. Nothing is packed, as a recurrence's products have few columns, and a tile of a's
/// rows stays in the cache while the columns pass.
template <class S>
struct ColumnProduct {
  struct Operand {
    const S* data;
    Index stride;  ///< from column to column
  };

  static constexpr Index registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS;
  static constexpr int most_columns = registers >= 32 ? 8 : 4;

  /// Packets of rows beside `cols` columns: all accumulators, those packets and one factor fit the registers.
  static constexpr int row_packets(int cols) { return std::min(8, static_cast<int>(registers >= 32 ? 24 : 12) / cols); }

  static void add(Index rows, Index depth, Index cols, Operand a, Operand b, S* out, Index out_stride) {
    const Index whole = cols - cols % most_columns;
    add_columns<most_columns>(rows, depth, whole, a, b, out, out_stride);
    add_rest<most_columns - 1>(rows, depth, cols - whole, a, {b.data + whole * b.stride, b.stride},
                               out + whole * out_stride, out_stride);
  }

 private:
  /// The last `cols` columns, fewer than `most_columns`.
  template <int Cols>
  static void add_rest(Index rows, Index depth, Index cols, Operand a, Operand b, S* out, Index out_stride) {
    if constexpr (Cols > 0) {
      if (cols == Cols) {
        add_columns<Cols>(rows, depth, cols, a, b, out, out_stride);
      } else {
        add_rest<Cols - 1>(rows, depth, cols, a, b, out, out_stride);
      }
    }
  }

  /// A multiple of `Cols` columns, all rows.
  template <int Cols>
  static void add_columns(Index rows, Index depth, Index cols, Operand a, Operand b, S* out, Index out_stride) {
    constexpr int tile = row_packets(Cols);
    Index i = 0;
    for (; i + tile * packet_size<S> <= rows; i += tile * packet_size<S>) {
      add_rows<tile, Cols>(depth, cols, {a.data + i, a.stride}, b, out + i, out_stride);
    }
    for (; i + packet_size<S> <= rows; i += packet_size<S>) {
      add_rows<1, Cols>(depth, cols, {a.data + i, a.stride}, b, out + i, out_stride);
    }
    if (i < rows) add_last_rows<Cols>(rows - i, depth, cols, {a.data + i, a.stride}, b, out + i, out_stride);
  }

  template <int Packets, int Cols>
  static void add_rows(Index depth, Index cols, Operand a, Operand b, S* out, Index out_stride) {
    for (Index j = 0; j < cols; j += Cols) {
      tile<Packets, Cols>(WholePacket<S>{}, depth, a, {b.data + j * b.stride, b.stride}, out + j * out_stride,
                          out_stride);
    }
  }

  /// Fewer rows than a packet holds: they are copied, a few columns of a at a time, to where whole packets can be read.
  template <int Cols>
  static void add_last_rows(Index rows, Index depth, Index cols, Operand a, Operand b, S* out, Index out_stride) {
    constexpr Index most = 32;
    S copy[most * packet_size<S>];
    for (Index k = 0; k < depth; k += most) {
      const Index part = std::min(most, depth - k);
      for (Index c = 0; c < part; ++c) {
        for (Index i = 0; i < packet_size<S>; ++i) {
          copy[c * packet_size<S> + i] = i < rows ? a.data[(k + c) * a.stride + i] : S(0);
        }
      }
      for (Index j = 0; j < cols; j += Cols) {
        tile<1, Cols>(PartPacket<S>{rows}, part, {copy, packet_size<S>}, {b.data + j * b.stride + k, b.stride},
                      out + j * out_stride, out_stride);
      }
    }
  }

  template <int Packets, int Cols, class Io>
  static void tile(const Io& io, Index depth, Operand a, Operand b, S* out, Index out_stride) {
    namespace ei = Eigen::internal;
    Packet<S> sum[std::size_t{Cols}][std::size_t{Packets}];
    for (auto& column : sum) {
      for (auto& packet : column) packet = constant(S(0));
    }
    for (Index k = 0; k < depth; ++k) {
      Packet<S> left[std::size_t{Packets}];
      for (int p = 0; p < Packets; ++p) {
        left[p] = ei::ploadu<Packet<S>>(a.data + k * a.stride + p * packet_size<S>);
      }
      for (int j = 0; j < Cols; ++j) {
        const Packet<S> right = constant(b.data[j * b.stride + k]);
        for (int p = 0; p < Packets; ++p) sum[j][p] = ei::pmadd(left[p], right, sum[j][p]);
      }
    }
    for (int j = 0; j < Cols; ++j) {
      for (int p = 0; p < Packets; ++p) {
        S* const to = out + j * out_stride + p * packet_size<S>;
        io.store(to, ei::padd(io.load(to), sum[j][p]));
      }
    }
  }
};

/// sum_k a_k b_k in an order that depends on n alone.
template <class S>
S dot(const S* a, const S* b, Index n) {
  namespace ei = Eigen::internal;
  Packet<S> sum = constant(S(0));
  for_each_packet<S>(n, [&](const auto& io, Index k) { sum = ei::pmadd(io.load(a + k), io.load(b + k), sum); });
  return ei::predux(sum);
}

}  // namespace heed::inline v0_1::detail
