#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/kernels/walk.hpp>

#include <array>
#include <type_traits>

namespace heed { inline namespace v0_2 { namespace detail {

/// A packet in memory: reading it loads the packet, assigning to it stores one. A named variable (`auto x = units[0]`)
/// would load at each use, after later stores; so only temporary objects can be read and assigned to.
template <class Value, class Io, class S>
class PacketInMemory {
 public:
  EIGEN_ALWAYS_INLINE PacketInMemory(const Io& io, S* at) : io_(io), at_(at) {}
  PacketInMemory(const PacketInMemory&) = delete;
  EIGEN_ALWAYS_INLINE operator Value() const&& { return io_.load(at_); }
  EIGEN_ALWAYS_INLINE void operator=(const Value& x) && { io_.store(at_, x); }

 private:
  Io io_;
  S* at_;
};

/// Returns the packet of a vector from element k on; zeros if the vector is empty: a bias that a part does not have.
template <class Io, class V>
EIGEN_ALWAYS_INLINE auto packet_or_zeros(const Io& io, const V& vector, Index k) {
  return vector.size() > 0 ? io.load(vector.data() + k) : io.constant(typename V::Scalar(0));
}

/// A packet of units in one column of a matrix that consists of blocks with one row per unit: units[2 * H] is the
/// packet of these units in the block that begins at row 2 H. It can be assigned to, unless the matrix is const.
template <class Io, class S>
class UnitsInColumn {
 public:
  EIGEN_ALWAYS_INLINE UnitsInColumn(const Io& io, S* at) : io_(io), at_(at) {}

  EIGEN_ALWAYS_INLINE auto operator[](Index row) const {
    if constexpr (std::is_const_v<S>) {
      return io_.load(at_ + row);
    } else {
      return PacketInMemory<decltype(io_.load(at_)), Io, S>(io_, at_ + row);
    }
  }

 private:
  Io io_;
  S* at_;
};

/// A packet of units of one sentence: units(matrix) are these units in the column of the sentence. Call it for all
/// matrices before the first assignment. The compiler assumes that an assigned packet may overlap anything, also the
/// addresses of the matrices, and would load these again.
template <class Io>
struct Units {
  Io io;         ///< loads and stores a packet, whole or partial: `WholePacket` or `PartPacket` (kernels/packets.hpp)
  Index first;   ///< the first unit of the packet
  Index column;  ///< the column of the sentence

  template <class M>
  EIGEN_ALWAYS_INLINE auto operator()(M&& matrix) const {
    return UnitsInColumn(io, matrix.col(column).data() + first);
  }
  /// The parameters of these units in a vector with the same blocks, from `row` on; zeros if it is empty.
  template <class V>
  EIGEN_ALWAYS_INLINE auto parameters(const V& vector, Index row) const {
    return packet_or_zeros(io, vector, row + first);
  }
};
template <class Io>
Units(Io, Index, Index) -> Units<Io>;

/// Calls f(units) for every packet of n units of a column.
template <class S, class F>
void for_each_units(Index n, Index column, const F& f) {
  for_each_packet<S>(n, [&](const auto& io, Index k) { f(Units{io, k, column}); });
}

/// Prefetch distance in bytes, in the direction of the walk: two packets, which are one or two cache lines with AVX2 or
/// AVX-512.
template <class S>
Index bytes_ahead(const Walk& walk) {
  constexpr Index two_packets = 2 * packet_size<S> * Index{sizeof(S)};
  return walk.backwards ? -two_packets : two_packets;
}

/// Returns, for each gate, the sum of `sums` and the packet that is stored for it: gate g at saved + at[g].
///
/// The columns of `saved` are too far apart for the hardware prefetcher. If `Prefetch`, the rows `ahead` bytes from the
/// loaded packets are prefetched.
template <bool Prefetch, class S, class Io, class Sums, std::size_t Count>
EIGEN_ALWAYS_INLINE auto add_to_gates(const Io& io, const S* saved, const std::array<Index, Count>& at, Sums sums,
                                      [[maybe_unused]] Index ahead) {
  std::array<decltype(io.load(saved)), Count> gates;
  for (std::size_t g = 0; g < Count; ++g) {
    if constexpr (Prefetch) prefetch(saved + at[g], ahead);
    gates[g] = io.load(saved + at[g]) + sums[g];
  }
  return gates;
}

/// Loads the packet that is stored for each gate: gate g at saved + at[g].
template <class S, class Io, std::size_t Count>
EIGEN_ALWAYS_INLINE auto load_gates(const Io& io, const S* saved, const std::array<Index, Count>& at) {
  std::array<decltype(io.load(saved)), Count> gates;
  for (std::size_t g = 0; g < Count; ++g) gates[g] = io.load(saved + at[g]);
  return gates;
}

}}}  // namespace heed::v0_2::detail
