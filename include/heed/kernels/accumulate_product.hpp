#pragma once

#include <heed/kernels/packets.hpp>

namespace heed { inline namespace v0_2 { namespace detail {

// heed uses vendor-specific instructions only here. On other targets it uses Eigen's packet function.
#if EIGEN_COMP_GNUC && !EIGEN_COMP_CLANG && EIGEN_ARCH_x86_64 && defined(EIGEN_VECTORIZE_FMA)
#define HEED_ASSEMBLER_FMA
#endif

/// sum += a b, with all three operands in registers.
///
/// Inline assembly avoids two weaknesses of g++. First, g++ reloads a factor from memory in every instruction that
/// accepts a memory operand, although a core starts no more loads than multiply-adds per cycle. Second, g++ moves the
/// sum to the register of a factor, until there are too few registers. Together they cost a register tile a quarter of
/// its throughput with AVX2.
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
