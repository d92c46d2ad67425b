#pragma once

#include <heed/kernels/panels.hpp>

#include <array>
#include <numeric>

namespace heed { inline namespace v0_2 { namespace detail {

/// out += W' d for a range of columns of a packed W: the backward of a product, from the same copy of W. Allocates.
///
/// With many columns, a packet contains one row of several columns of d, and the elements of W are used one by one in
/// memory order. For this, d is transposed: its rows are contiguous, in the order of the rows of the packed W. With few
/// columns, a packet contains several rows of one column instead, and its elements are summed at the end.
template <class S, int Gates>
struct PackedBackward {
  using Layout = PanelLayout<S, Gates>;
  using Offsets = std::array<Index, std::size_t{Gates}>;  ///< first row of each gate in d

  template <class D, class O>
  static void add(const PanelColumns& W, const D& d, const Offsets& at, O&& out) {
    if (2 * d.cols() < packet_size<S>) {
      constexpr int most = std::max(1, static_cast<int>(packet_size<S>) / 4);
      for_each_width<most>(d.cols(), [&]<int Cols>(Width<Cols>, Index j) {
        add_few<Cols>(W, d.middleCols(j, Cols), at, out.middleCols(j, Cols));
      });
    } else {
      Index j = 0, left = d.cols();
      for (Index n = 0; left > packet_size<S>; j += n, left -= n) {
        n = std::min(max_blocks * 2 * packet_size<S>, left);
        add_many<2>(W, d.middleCols(j, n), at, out.middleCols(j, n));
      }
      if (left > 0) add_many<1>(W, d.rightCols(left), at, out.rightCols(left));
    }
  }

 private:
  static constexpr Index panel_height = Layout::packets * packet_size<S>;  ///< rows of W in a panel
  static constexpr int max_factors = sum_registers / 2;                    ///< elements of W at a time
  /// Column blocks of d and panels of W at a time. This part of d stays in the cache while W is read.
  static constexpr Index max_blocks = 2, max_panels = std::max(Index{1}, 2048 / panel_height);
  static constexpr Index chunk =
      std::lcm(packet_size<S>, Index{max_factors});  ///< columns of W summed before the result is added to out

  /// A row of d, and the number of rows of its gate from this row on.
  struct Place {
    Index row, left;
  };
  /// The row of d that corresponds to row i of the panels from `panel` on.
  static Place place(Index rows, Index panel, const Offsets& at, Index i) {
    const Index unit = (panel + i / panel_height) * Layout::units + i % Layout::units;
    return {at[static_cast<std::size_t>(i % panel_height / Layout::units)] + unit, rows - unit};
  }

  /// Adds to many columns of out. A block of columns of d is `lanes` packets wide.
  template <int lanes, class D, class O>
  static void add_many(const PanelColumns& W, const D& d, const Offsets& at, O&& out) {
    constexpr Index width = lanes * packet_size<S>;
    const Index panels = Layout::panel_count(W.rows), blocks = (d.cols() + width - 1) / width;
    Matrix<S> turned(width, blocks * std::min(panels, max_panels) * panel_height);
    for (Index panel = 0; panel < panels; panel += max_panels) {
      const Index pieces = std::min(max_panels, panels - panel), depth = pieces * panel_height;
      for (Index b = 0; b < blocks; ++b) {
        turn<lanes>(W.rows, panel, d.middleCols(b * width, std::min(width, d.cols() - b * width)), at,
                    turned.middleCols(b * depth, depth));
      }
      for (Index k = 0; k < out.rows(); k += chunk) {
        const Index n = std::min(chunk, out.rows() - k);
        for (Index b = 0; b < blocks; ++b) {
          Packet<S> sums[std::size_t{chunk * lanes}];
          for (Index i = 0; i < n; i += max_factors) {
            const S* const from =
                Layout::words(W) + (panel * Layout::strips * W.depth + W.first + k + i) * Layout::height;
            const Left<S> left{turned.col(b * depth).data(), width, 0, from + max_factors * Layout::height};
            const Right<S> right{from, 1, Layout::height, pieces * Layout::strips, W.depth * Layout::height};
            with_constant<max_factors>(std::min<Index>(max_factors, n - i), [&](auto factors) {
              Tile<S, lanes, 1, factors>::sum(left, Layout::height, right, sums + i * lanes);
            });
          }
          add_turned<lanes>(sums, out.block(k, b * width, n, std::min(width, d.cols() - b * width)));
        }
      }
    }
  }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // a vector type as template argument; the block only stores it
  using Square = Eigen::internal::PacketBlock<Packet<S>, static_cast<int>(packet_size<S>)>;

  /// Transposes d. Column i of `turned` becomes the row of d that corresponds to row i of the panels from `panel` on,
  /// or zeros if there is no such row.
  template <int lanes, class D, class Turned>
  static void turn(Index rows, Index panel, const D& d, const Offsets& at, Turned&& turned) {
    constexpr Index size = packet_size<S>;
    for (Index i = 0; i < turned.cols(); i += size) {
      const Place from = place(rows, panel, at, i);
      for (Index lane = 0; lane < lanes; ++lane) {
        Square square;
        for (Index c = 0; c < size; ++c) {
          const Index column = lane * size + c, left = column < d.cols() ? from.left : 0;
          square.packet[c] = left > 0 ? load_rows(d.col(column).data() + from.row, left) : constant(S(0));
        }
        Eigen::internal::ptranspose(square);
        for (Index r = 0; r < size; ++r) {
          WholePacket<S>{}.store(turned.col(i + r).data() + lane * size, square.packet[r]);
        }
      }
    }
  }

  /// out(k, c) += element c of the sums for row k. The sums of a row are `lanes` packets.
  template <int lanes, class O>
  static void add_turned(const Packet<S>* sums, O&& out) {
    constexpr Index size = packet_size<S>;
    for (Index k = 0; k < out.rows(); k += size) {
      for (Index lane = 0; lane * size < out.cols(); ++lane) {
        Square square;
        for (Index i = 0; i < size; ++i)
          square.packet[i] = k + i < out.rows() ? sums[(k + i) * lanes + lane] : constant(S(0));
        Eigen::internal::ptranspose(square);
        for (Index c = 0; c < std::min(size, out.cols() - lane * size); ++c) {
          S* const to = out.col(lane * size + c).data() + k;
          const auto add = [&](const auto& io) { io.store(to, io.load(to) + Numbers<S>{square.packet[c]}); };
          if (k + size <= out.rows()) {
            add(WholePacket<S>{});
          } else {
            add(PartPacket<S>{out.rows() - k});
          }
        }
      }
    }
  }
#pragma GCC diagnostic pop

  /// Adds to `Cols` columns of out. W is read once for all of them.
  template <int Cols, class D, class O>
  static void add_few(const PanelColumns& W, const D& d, const Offsets& at, O&& out) {
    Matrix<S> rows(Layout::panel_count(W.rows) * panel_height, Index{Cols});
    for (Index i = 0; i < rows.rows(); i += packet_size<S>) {
      const Place from = place(W.rows, 0, at, i);
      for (Index j = 0; j < Cols; ++j) {
        WholePacket<S>{}.store(rows.col(j).data() + i, load_rows(d.col(j).data() + from.row, from.left));
      }
    }
    for_each_width<registers / 2 / Cols>(out.rows(), [&]<int Factors>(Width<Factors>, Index k) {
      add_columns<Factors, Cols>(W, k, rows, out.middleRows(k, Factors));
    });
  }

  /// out(c, j) += (column first + c of W)' rows.col(j). All `Factors` * `Cols` sums stay in registers.
  template <int Factors, int Cols, class O>
  static void add_columns(const PanelColumns& W, Index first, const Matrix<S>& rows, O&& out) {
    Packet<S> sum[std::size_t{Factors}][std::size_t{Cols}];
    for (auto& sums : sum) std::fill_n(sums, Cols, constant(S(0)));
    Index row = 0;
    for (Index strip = 0; strip < Layout::panel_count(W.rows) * Layout::strips; ++strip) {
      const S* from = Layout::words(W) + (strip * W.depth + W.first + first) * Layout::height;
      for (int p = 0; p < Layout::strip; ++p, from += packet_size<S>, row += packet_size<S>) {
        Packet<S> number[std::size_t{Cols}];
#pragma GCC unroll 4
        for (int j = 0; j < Cols; ++j) number[j] = WholePacket<S>{}.load(rows.col(j).data() + row).packet;
#pragma GCC unroll 16
        for (int c = 0; c < Factors; ++c) {
          const Packet<S> factor = WholePacket<S>{}.load(from + c * Layout::height).packet;
#pragma GCC unroll 4
          for (int j = 0; j < Cols; ++j) sum[c][j] = Eigen::internal::pmadd(factor, number[j], sum[c][j]);
        }
      }
    }
    for (Index c = 0; c < Factors; ++c) {
      for (Index j = 0; j < Cols; ++j) out(c, j) += Eigen::internal::predux(sum[c][j]);
    }
  }
};

}}}  // namespace heed::v0_2::detail
