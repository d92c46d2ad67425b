#pragma once

#include <heed/kernels/packets.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

/// Weighted sums of columns, and their backward. Their throughput is limited by reading the columns.
///
/// A few columns at a time are added to sums in the first-level cache, and these columns stay in that cache until every
/// query has used them. If the matrix fits in that cache or its columns are short, columns are added one by one to sums
/// in registers. Both methods add in the order of the columns, so a sum has the same bits regardless of other queries.
/// The functions are force-inlined: in a large translation unit, g++ stops inlining when the unit reaches its growth
/// limit, and a function call costs a fifth of the throughput here.
template <class S>
struct WeightedSum {
  /// sums.col(q) += sum_j values.col(j) weights(j, q). If `fresh`, overwrites the sums instead; then there must be at
  /// least one column. If `ahead` is not 0, the data `ahead` elements after each value is read next, so it may be
  /// prefetched.
  EIGEN_ALWAYS_INLINE static void add(Index rows, Index cols, Index queries, Columns<const S> values,
                                      Columns<const S> weights, Columns<S> sums, bool fresh = false, Index ahead = 0) {
    if (rows >= packet_size<S> && (rows <= 8 * packet_size<S> || (rows * cols <= cached<S> && ahead == 0))) {
      for (Index q = 0; q < queries; ++q) add_few(rows, cols, values, weights.col(q), sums.col(q), fresh);
      return;
    }
    for_each_width<8>(cols, [&]<int Cols>(Width<Cols>, Index j) {
      for (Index q = 0; q < queries; ++q) {
        const SumTile<Cols, const S> tile(values.from(j), weights.col(q) + j);
        const Index fetched = q == 0 ? ahead : 0;
        if (fresh && j == 0) {
          sweep(rows, Sum<Cols, true>{tile, sums.col(q), fetched});
        } else {
          sweep(rows, Sum<Cols, false>{tile, sums.col(q), fetched});
        }
      }
    });
  }

  /// d_values.col(j) += sum_q d_sums.col(q) weights(j, q)
  static void backward(Index rows, Index cols, Index queries, Columns<const S> d_sums, Columns<const S> weights,
                       Columns<S> d_values) {
    for_each_width<4>(cols, [&]<int Cols>(Width<Cols>, Index j) {
      for (Index q = 0; q < queries; ++q) {
        sweep(rows, Spread<Cols>{{d_values.from(j), weights.col(q) + j}, d_sums.col(q)});
      }
    });
  }

 private:
  /// `Cols` columns, each with its weight.
  template <int Cols, class T>
  struct SumTile {
    T* column[std::size_t{Cols}];
    Packet<S> weight[std::size_t{Cols}];

    EIGEN_ALWAYS_INLINE SumTile(Columns<T> columns, const S* weights) {
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c) {
        column[c] = columns.col(c);
        weight[c] = constant(weights[c]);
      }
    }
  };

  /// Adds all columns to a few packets of rows at a time. A partial last packet is shifted back to be a whole packet,
  /// as in `sweep`.
  EIGEN_ALWAYS_INLINE static void add_few(Index rows, Index cols, Columns<const S> values, const S* weights, S* sums,
                                          bool fresh) {
    if (rows % packet_size<S> == 0) return add_few_whole(rows, cols, values, weights, sums, fresh);
    const Index last = rows - packet_size<S>;
    Packet<S> end[1];
    few_sums<1>(last, cols, values, weights, sums, fresh, end);
    add_few_whole(rows, cols, values, weights, sums, fresh);
    Eigen::internal::pstoreu(sums + last, end[0]);
  }
  EIGEN_ALWAYS_INLINE static void add_few_whole(Index rows, Index cols, Columns<const S> values, const S* weights,
                                                S* sums, bool fresh) {
    for_each_width<8>(rows / packet_size<S>, [&]<int Packets>(Width<Packets>, Index first) {
      const Index k = first * packet_size<S>;
      Packet<S> sum[std::size_t{Packets}];
      few_sums<Packets>(k, cols, values, weights, sums, fresh, sum);
#pragma GCC unroll 8
      for (int p = 0; p < Packets; ++p) Eigen::internal::pstoreu(sums + k + p * packet_size<S>, sum[p]);
    });
  }
  template <int Packets>
  EIGEN_ALWAYS_INLINE static void few_sums(Index k, Index cols, Columns<const S> values, const S* weights,
                                           const S* sums, bool fresh, Packet<S> (&sum)[std::size_t{Packets}]) {
    namespace ei = Eigen::internal;
#pragma GCC unroll 8
    for (int p = 0; p < Packets; ++p) {
      sum[p] = fresh ? constant(S(0)) : ei::ploadu<Packet<S>>(sums + k + p * packet_size<S>);
    }
    for (Index j = 0; j < cols; ++j) {
      const Packet<S> weight = constant(weights[j]);
      const S* const value = values.col(j) + k;
#pragma GCC unroll 8
      for (int p = 0; p < Packets; ++p) {
        sum[p] = ei::pmadd(ei::ploadu<Packet<S>>(value + p * packet_size<S>), weight, sum[p]);
      }
    }
  }

  /// Forward for a packet of rows: the result is the sums plus the weighted columns of the tile.
  template <int Cols, bool Fresh>
  struct Sum {
    static constexpr int results = 1;
    SumTile<Cols, const S> tile;
    S* sums;
    Index ahead;

    EIGEN_ALWAYS_INLINE void fetch(Index k) const {
      if (ahead == 0) return;
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c) prefetch(tile.column[c] + k + ahead);
    }
    template <class Io>
    EIGEN_ALWAYS_INLINE void compute(const Io& io, Index k, Packet<S>* result) const {
      Packet<S> sum = Fresh ? constant(S(0)) : io.load(sums + k).packet;
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c)
        sum = Eigen::internal::pmadd(io.load(tile.column[c] + k).packet, tile.weight[c], sum);
      *result = sum;
    }
    template <class Io>
    EIGEN_ALWAYS_INLINE void store(const Io& io, Index k, const Packet<S>* result) const {
      io.store(sums + k, *result);
    }
  };

  /// Backward for a packet of rows: the results are the columns of the tile plus their gradients.
  template <int Cols>
  struct Spread {
    static constexpr int results = Cols;
    SumTile<Cols, S> tile;
    const S* d_sums;

    EIGEN_ALWAYS_INLINE void fetch(Index) const {}
    template <class Io>
    EIGEN_ALWAYS_INLINE void compute(const Io& io, Index k, Packet<S>* result) const {
      const Packet<S> d_sum = io.load(d_sums + k).packet;
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c) {
        result[c] = Eigen::internal::pmadd(d_sum, tile.weight[c], io.load(tile.column[c] + k).packet);
      }
    }
    template <class Io>
    EIGEN_ALWAYS_INLINE void store(const Io& io, Index k, const Packet<S>* result) const {
#pragma GCC unroll 8
      for (int c = 0; c < Cols; ++c) io.store(tile.column[c] + k, result[c]);
    }
  };

  /// Processes all rows of a tile. A partial last packet is shifted back to be a whole packet, so it overlaps the
  /// previous packet. It is computed first, from the original values, and stored last.
  template <class Pass>
  EIGEN_ALWAYS_INLINE static void sweep(Index rows, const Pass& pass) {
    constexpr WholePacket<S> whole;
    Packet<S> result[std::size_t{Pass::results}];
    if (rows < packet_size<S>) {
      const PartPacket<S> part{rows};
      pass.compute(part, 0, result);
      pass.store(part, 0, result);
    } else if (rows % packet_size<S> == 0) {
      sweep_whole(rows, pass);
    } else {
      pass.compute(whole, rows - packet_size<S>, result);
      sweep_whole(rows, pass);
      pass.store(whole, rows - packet_size<S>, result);
    }
  }
  /// Processes the whole packets. Unrolled by two packets, which are one or two cache lines with AVX2 or AVX-512, so
  /// addresses are updated half as often.
  template <class Pass>
  EIGEN_ALWAYS_INLINE static void sweep_whole(Index rows, const Pass& pass) {
    constexpr WholePacket<S> whole;
    Packet<S> result[std::size_t{Pass::results}];
    Index k = 0;
    for (; k + 2 * packet_size<S> <= rows; k += 2 * packet_size<S>) {
      pass.fetch(k);
      if constexpr (packet_size<S> * Index{sizeof(S)} >= line_bytes) pass.fetch(k + packet_size<S>);
      pass.compute(whole, k, result);
      pass.store(whole, k, result);
      pass.compute(whole, k + packet_size<S>, result);
      pass.store(whole, k + packet_size<S>, result);
    }
    if (k + packet_size<S> <= rows) {
      pass.compute(whole, k, result);
      pass.store(whole, k, result);
    }
  }
};

}}}  // namespace heed::v0_2::detail
