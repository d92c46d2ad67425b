#pragma once

#include <heed/kernels/packets.hpp>
#include <heed/kernels/walk.hpp>

#include <array>

namespace heed { inline namespace v0_2 { namespace detail {

/// How many bytes further along a walk the rows lie that are fetched: two packets, a line of the cache or two.
template <class S>
Index bytes_ahead(const Walk& walk) {
  constexpr Index two_packets = 2 * packet_size<S> * Index{sizeof(S)};
  return walk.backwards ? -two_packets : two_packets;
}

/// The sums of all gates, each added to the numbers that a saved holds for it: gate g at saved + at[g].
///
/// The columns of a saved lie so far apart that no machine foresees which of their rows come next. If `Prefetch`, those
/// `ahead` bytes from the numbers are fetched meanwhile.
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

/// The numbers that a saved holds for each gate.
template <class S, class Io, std::size_t Count>
EIGEN_ALWAYS_INLINE auto load_gates(const Io& io, const S* saved, const std::array<Index, Count>& at) {
  std::array<decltype(io.load(saved)), Count> gates;
  for (std::size_t g = 0; g < Count; ++g) gates[g] = io.load(saved + at[g]);
  return gates;
}

}}}  // namespace heed::v0_2::detail
