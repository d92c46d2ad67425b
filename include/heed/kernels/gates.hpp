#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/kernels/walk.hpp>

#include <array>

namespace heed { inline namespace v0_2 { namespace detail {

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
