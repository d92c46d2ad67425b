#pragma once

#include <heed/kernels/packets.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

// The one place where heed names instructions of one vendor. Where they are missing, Eigen's packet function stands.
#if EIGEN_COMP_GNUC && !EIGEN_COMP_CLANG && EIGEN_ARCH_x86_64 && defined(EIGEN_VECTORIZE_FMA)
#define HEED_ASSEMBLER_FMA
#endif

/// sum += a b, the sum staying in its register and a and b being in theirs.
///
/// g++ prefers to read a factor from memory again in every instruction that can take it from there, and a core begins
/// no more loads than multiply-adds; and it lets the sum move to the register of a factor, until some find no room. Both
/// cost a tile a quarter of its speed with AVX2, and neither happens to an instruction that is written down.
template <class S>
EIGEN_ALWAYS_INLINE void accumulate_product(const Packet<S>& a, const Packet<S>& b, Packet<S>& sum) {
#ifdef HEED_ASSEMBLER_FMA
  constexpr bool packed = packet_size < S >> 1;
  if constexpr (packed && std::is_same_v<S, float>) {
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  } else if constexpr (packed && std::is_same_v<S, double>) {
    __asm__("vfmadd231pd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  } else
#endif
    sum = Eigen::internal::pmadd(a, b, sum);
}

#undef HEED_ASSEMBLER_FMA

}}}  // namespace heed::v0_2::detail
