#pragma once

#include <heed/kernels/panels.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 { namespace detail {

/// out += a b', the sum of the outer products of the columns of two matrices. It computes the gradient of a weight
/// matrix from all steps at once. Allocates.
///
/// Both factors are copied, so that register tiles read contiguous memory. A block of b is copied to strips of a few
/// rows, stored column by column. a is copied one panel of rows at a time; the panel stays in the cache while all
/// strips of the block are read.
template <class S>
struct OuterProduct {
  template <class A, class B, class O>
  static void add(const A& a, const B& b, O&& out) {
    add_columns(const_map_of(a), const_map_of(b), map_of(out));
  }

 private:
  static constexpr int packets = 3;
  static constexpr int max_columns = sum_registers / packets;
  static constexpr Index height = packets * packet_size<S>;
  static constexpr Index max_depth = 512;  ///< columns summed before the result is added to out
  static constexpr Index max_rows = 512;   ///< rows of a block of b, which stays in the second-level cache

  static void add_columns(const ConstMapOf<S>& a, const ConstMapOf<S>& b, MapOf<S> out) {
    eigen_assert(a.cols() == b.cols() && a.rows() == out.rows() && b.rows() == out.cols());
    const Index deepest = std::min(max_depth, a.cols()), longest = std::min(max_rows, b.rows());
    Matrix<S> panel(height, deepest), strips(max_columns, (longest + max_columns - 1) / max_columns * deepest);
    for (Index k = 0; k < a.cols(); k += max_depth) {
      const Index depth = std::min(max_depth, a.cols() - k);
      for (Index j = 0; j < b.rows(); j += max_rows) {
        const Index rows = std::min(max_rows, b.rows() - j);
        cut(b.block(j, k, rows, depth), strips);
        for (Index i = 0; i < a.rows(); i += height) {
          const Index left = std::min(height, a.rows() - i);
          for (Index c = 0; c < depth; ++c) {
            for (int p = 0; p < packets; ++p) {
              const Index at = p * packet_size<S>;
              WholePacket<S>{}.store(panel.col(c).data() + at, load_rows(a.col(k + c).data() + i + at, left - at));
            }
          }
          add_panel(panel, strips, depth, out.block(i, j, left, rows));
        }
      }
    }
  }

  /// Copies b to strips: column s * b.cols() + k of `strips` contains rows s * max_columns ... of column k of b.
  template <class B>
  static void cut(const B& b, Matrix<S>& strips) {
    for (Index s = 0; s * max_columns < b.rows(); ++s) {
      const Index rows = std::min<Index>(max_columns, b.rows() - s * max_columns);
      for (Index k = 0; k < b.cols(); ++k) {
        const S* const from = b.col(k).data() + s * max_columns;
        S* const to = strips.col(s * b.cols() + k).data();
        if (rows == max_columns) {
          for (int r = 0; r < max_columns; ++r) to[r] = from[r];
        } else {
          for (Index r = 0; r < rows; ++r) to[r] = from[r];
        }
      }
    }
  }

  template <class O>
  static void add_panel(const Matrix<S>& panel, const Matrix<S>& strips, Index depth, O&& out) {
    for (Index j = 0; j < out.cols(); j += max_columns) {
      const Index cols = std::min<Index>(max_columns, out.cols() - j);
      for (Index c = 0; c < cols; ++c) {  // out arrives while the sums are computed
        for (Index i = 0; i < out.rows(); i += packet_size<S>) prefetch(out.col(j + c).data() + i);
      }
      Packet<S> sums[std::size_t{max_columns * packets}];
      const Left<S> left{panel.data(), height, 0, panel.data()};
      const Right<S> right{strips.data() + j * depth, max_columns, 1};
      with_constant<max_columns>(cols, [&](auto width) { Tile<S, packets, 1, width>::sum(left, depth, right, sums); });
      for (Index c = 0; c < cols; ++c) {
        for (int p = 0; p < packets; ++p) {
          const Index left_rows = out.rows() - p * packet_size<S>;
          S* const to = out.col(j + c).data() + p * packet_size<S>;
          const auto add = [&](const auto& io) { io.store(to, io.load(to) + Numbers<S>{sums[c * packets + p]}); };
          if (left_rows >= packet_size<S>) {
            add(WholePacket<S>{});
          } else if (left_rows > 0) {
            add(PartPacket<S>{left_rows});
          }
        }
      }
    }
  }
};

}}}  // namespace heed::v0_2::detail
