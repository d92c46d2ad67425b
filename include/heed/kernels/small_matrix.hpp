#pragma once

#include <heed/kernels/tile.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 { namespace detail {

/// Products with a small matrix of fixed size, in which `Gates` matrices of `Units` rows each are stacked. The matrix
/// is read in place, and all row counts are known at compile time.
///
/// A few packets of units are summed at a time, with the sums of all gates in registers: first the whole packets, then
/// smaller packets that divide the remaining units evenly. Even and odd columns of the matrix have separate sums if
/// there are enough registers, because each multiply-add waits for the previous one of the same sum. The columns of the
/// right factor are processed one by one.
template <class S, int Gates, int Units>
class SmallMatrix {
 public:
  /// Calls use(io, k, j, sums) for units k ... of column j of the product, with a packet of sums for every gate.
  template <class Use>
  EIGEN_ALWAYS_INLINE static void multiply(Columns<const S> w, Index depth, Columns<const S> x, Index cols,
                                           const Use& use) {
    for (Index j = 0; j < cols; ++j) add<0>(w, depth, x.col(j), j, use);
  }

 private:
  template <int First, class Use>
  EIGEN_ALWAYS_INLINE static void add(Columns<const S> w, Index depth, const S* x, Index j, const Use& use) {
    using Sums = SumsFrom<First>;
    Sums even, odd;
    const S* column = w.data + First;
    Index k = 0;
    for (; k + 2 <= depth; k += 2, column += 2 * w.stride) {
      even.add(column, x[k]);
      (Sums::together ? even : odd).add(column + w.stride, x[k + 1]);
    }
    if (k < depth) even.add(column, x[k]);
    if constexpr (!Sums::together) even.add(odd);
#pragma GCC unroll 8
    for (int p = 0; p < Sums::packets; ++p) {
      use(typename Sums::Io{}, Index{First + p * Sums::size}, j, GateSums<S, Sums::size>{even.sum[p]});
    }
    if constexpr (First + Sums::units < Units) add<First + Sums::units>(w, depth, x, j, use);
  }

  /// The sums of the units from `First` on, by packet and gate.
  template <int First>
  struct SumsFrom {
    static constexpr int left = Units - First;
    static constexpr int size = packet_size<S, std::min(left, int{packet_size<S>})>;
    static constexpr int most = std::clamp(sum_registers / Gates, 1, 8), groups = (left / size + most - 1) / most;
    static constexpr int packets = (left / size + groups - 1) / groups, units = packets * size;
    static constexpr bool together = 2 * packets * Gates > sum_registers;  ///< even and odd columns share their sums
    using P = Packet<S, size>;
    using Io = WholePacket<S, size>;

    P sum[std::size_t{packets}][std::size_t{Gates}];

    EIGEN_ALWAYS_INLINE SumsFrom() {
#pragma GCC unroll 8
      for (int p = 0; p < packets; ++p) {
#pragma GCC unroll 8
        for (int g = 0; g < Gates; ++g) sum[p][g] = Io{}.constant(S(0)).packet;
      }
    }
    EIGEN_ALWAYS_INLINE void add(const S* column, S x) {
      const P factor = Io{}.constant(x).packet;
#pragma GCC unroll 8
      for (int p = 0; p < packets; ++p) {
#pragma GCC unroll 8
        for (int g = 0; g < Gates; ++g) {
          sum[p][g] = Eigen::internal::pmadd(Io{}.load(column + g * Units + p * size).packet, factor, sum[p][g]);
        }
      }
    }
    EIGEN_ALWAYS_INLINE void add(const SumsFrom& other) {
#pragma GCC unroll 8
      for (int p = 0; p < packets; ++p) {
#pragma GCC unroll 8
        for (int g = 0; g < Gates; ++g) sum[p][g] = Eigen::internal::padd(sum[p][g], other.sum[p][g]);
      }
    }
  };
};

/// True if W is small and of fixed size, and packets divide the rows of each gate evenly. Only for float, because only
/// its tanh works with packets of every size.
template <class W, int Gates>
inline constexpr bool is_small = [] {
  if constexpr (!std::is_same_v<typename W::Scalar, float> || W::IsRowMajor || W::RowsAtCompileTime == Dynamic ||
                W::MaxColsAtCompileTime == Dynamic) {
    return false;
  } else {
    constexpr int units = W::RowsAtCompileTime / Gates;
    return lives_inline<float, W::RowsAtCompileTime, W::MaxColsAtCompileTime> && units % packet_size<float, units> == 0;
  }
}();

}}}  // namespace heed::v0_2::detail
