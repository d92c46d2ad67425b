#pragma once

#include <heed/core/scalar.hpp>
#include <heed/kernels/columns.hpp>
#include <heed/kernels/float_exp.hpp>
#include <heed/kernels/numbers.hpp>
#include <heed/kernels/rational_tanh.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace heed { inline namespace v0_2 { namespace detail {

/// Bytes of a cache line.
inline constexpr Index line_bytes = 64;

/// Elements that fit in the first-level cache.
template <class S>
inline constexpr Index cached = 32 * 1024 / Index{sizeof(S)};

/// Prefetches a cache line that is needed soon, at `bytes` after `at`; the address may be invalid. (g++ removes calls
/// of functions that only prefetch, including Eigen's function, unless they are force-inlined.)
EIGEN_ALWAYS_INLINE void prefetch(const void* at, Index bytes = 0) {
  const auto address = reinterpret_cast<std::intptr_t>(at) + bytes;
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(reinterpret_cast<const void*>(address));
#else
  Eigen::internal::prefetch(reinterpret_cast<const float*>(address));
#endif
}

/// Loads and stores whole packets.
template <class S, int Size = Dynamic>
struct WholePacket {
  EIGEN_ALWAYS_INLINE Numbers<S, Size> load(const S* from) const {
    return {Eigen::internal::ploadu<Packet<S, Size>>(from)};
  }
  EIGEN_ALWAYS_INLINE void store(S* to, const Numbers<S, Size>& x) const { store(to, x.packet); }
  EIGEN_ALWAYS_INLINE void store(S* to, const Packet<S, Size>& x) const { Eigen::internal::pstoreu(to, x); }
  EIGEN_ALWAYS_INLINE Numbers<S, Size> constant(S x) const { return Numbers<S, Size>::all(x); }
};

/// Loads and stores the first `count` elements of a packet, where `count` is less than the packet size. A load sets the
/// other elements to `rest`.
template <class S>
struct PartPacket {
  Index count;

  EIGEN_DONT_INLINE Numbers<S> load(const S* from, S rest = S(0)) const {
    S numbers[packet_size<S>];
    Eigen::internal::pstoreu(numbers, Eigen::internal::pset1<Packet<S>>(rest));
    copy<packet_size<S> / 2>(from, numbers);
    return {Eigen::internal::ploadu<Packet<S>>(numbers)};
  }
  EIGEN_ALWAYS_INLINE void store(S* to, const Numbers<S>& x) const { store(to, x.packet); }
  void store(S* to, const Packet<S>& x) const {
    S numbers[packet_size<S>];
    Eigen::internal::pstoreu(numbers, x);
    copy<packet_size<S> / 2>(numbers, to);
  }
  EIGEN_ALWAYS_INLINE Numbers<S> constant(S x) const { return Numbers<S>::all(x); }

 private:
  /// Copies half a packet, then a quarter, and so on, as `count` requires. Each copy is one or two moves.
  template <Index Half>
  void copy(const S* from, S* to) const {
    if constexpr (Half > 0) {
      const Index part = count & Half;
      if (part != 0) std::copy_n(from, Half, to);
      copy<Half / 2>(from + part, to + part);
    }
  }
};

/// Loads packets of which only the last `count` elements are used. The other elements are set to zero, whatever their
/// values are: infinity times zero would be NaN.
template <class S>
class LastOfPacket {
 public:
  explicit LastOfPacket(Index count) {
    namespace ei = Eigen::internal;
    kept_ = ei::pcmp_lt(ei::pset1<Packet<S>>(S(0)), ei::ploadu<Packet<S>>(zeros_and_ones.data() + count));
  }
  Numbers<S> load(const S* from) const { return {Eigen::internal::pand(WholePacket<S>{}.load(from).packet, kept_)}; }

 private:
  static constexpr auto zeros_and_ones = [] {
    std::array<S, 2 * std::size_t{packet_size<S>}> numbers{};
    std::fill(numbers.begin() + packet_size<S>, numbers.end(), S(1));
    return numbers;
  }();

  Packet<S> kept_;  ///< all bits of the elements that are used
};

/// Calls f(io, k) for every packet of n elements, where k is the first element of the packet. `io` loads and stores the
/// packet; the last packet may be partial.
///
/// Every element is computed with the same packet arithmetic, at any address. Eigen's loops use scalar arithmetic
/// before the first aligned address and after the last whole packet, and its last bit can differ. Then the result of a
/// sentence would depend on the position of its column in the batch. If n is known at compile time as `Size`, the
/// remainder is processed in smaller packets, if they divide it evenly.
template <class S, int Size = Dynamic, class F>
void for_each_packet(Index n, const F& f) {
  constexpr int rest = Size == Dynamic ? 0 : Size % packet_size<S>, smaller = rest == 0 ? 1 : packet_size<S, rest>;
  Index k = 0;
  for (; k + packet_size<S> <= n; k += packet_size<S>) f(WholePacket<S>{}, k);
  if constexpr (smaller > 1 && rest % smaller == 0) {
    for (; k < n; k += smaller) f(WholePacket<S, smaller>{}, k);
  } else if (k < n) {
    f(PartPacket<S>{n - k}, k);
  }
}

template <int Size>
struct Width {};

/// Calls use(Width<Size>{}, i) for groups of `Size` of the items i ... n - 1, where i is the first item of the group.
/// Then does the same with half the size for the remaining items, and so on.
///
/// It is force-inlined, so the captures of `use` stay in registers. Otherwise they are loaded again after every store
/// of a packet, which could have changed them. These loads took a third of the time of a short sum.
template <int Size, class Use>
EIGEN_ALWAYS_INLINE void for_each_width(Index n, const Use& use, Index i = 0) {
  for (; i + Size <= n; i += Size) use(Width<Size>{}, i);
  if constexpr (Size > 1) for_each_width<Size / 2>(n, use, i);
}

/// Applies f to each element, for functions without a packet version.
template <class S, class F>
Packet<S> one_by_one(const Packet<S>& x, const F& f) {
  S numbers[packet_size<S>];
  Eigen::internal::pstoreu(numbers, x);
  for (S& number : numbers) number = f(number);
  return Eigen::internal::ploadu<Packet<S>>(numbers);
}

template <class S>
Packet<S> constant(S x) {
  return Eigen::internal::pset1<Packet<S>>(x);
}

template <class S, class P>
P tanh_of(const P& x) {
  if constexpr (std::is_same_v<S, float>) {
    return rational_tanh(x);
  } else if constexpr (Eigen::internal::packet_traits<S>::HasTanh) {
    return Eigen::internal::ptanh(x);
  } else {
    return one_by_one<S>(x, [](const S& number) {
      using std::tanh;
      return S(tanh(number));
    });
  }
}

template <class S>
Packet<S> exp_of(const Packet<S>& x) {
  if constexpr (std::is_same_v<S, float> && packet_size < S >> 1) {
    return exp_of_floats(x);
  } else if constexpr (Eigen::internal::packet_traits<S>::HasExp) {
    return Eigen::internal::pexp(x);
  } else {
    return one_by_one<S>(x, [](const S& number) {
      using std::exp;
      return S(exp(number));
    });
  }
}

/// Returns x with 0 instead of every element below `least`.
template <class S>
Packet<S> zero_below(const Packet<S>& x, S least) {
  namespace ei = Eigen::internal;
  if constexpr (packet_size<S> == 1) {
    return x < least ? S(0) : x;
  } else {
    return ei::pandnot(x, ei::pcmp_lt(x, constant(least)));
  }
}

/// e^x for x <= 0, but exactly 0 if e^x is below the smallest normal floating-point value. NaN stays NaN. For positive
/// x the result is unspecified.
template <class S, class P>
P exp_of_nonpositive(const P& x) {
  namespace ei = Eigen::internal;
  if constexpr (packet_size<S> == 1) {
    return zero_below<S>(exp_of<S>(x), S(Limits<S>::min()));
  } else if constexpr (std::is_same_v<S, float>) {
    return exp_of_nonpositive_floats(x);
  } else {  // limits x to the bound first, because arithmetic on subnormal results is slow
    const P bound = constant(S(-708.3964));
    return ei::pandnot(exp_of<S>(ei::pmax(x, bound)), ei::pcmp_lt(x, bound));
  }
}

/// The natural logarithm of positive elements.
template <class S>
Packet<S> log_of(const Packet<S>& x) {
  if constexpr (Eigen::internal::packet_traits<S>::HasLog) {
    return Eigen::internal::plog(x);
  } else {
    return one_by_one<S>(x, [](const S& number) {
      using std::log;
      return S(log(number));
    });
  }
}

/// The largest element of a packet.
template <class S>
S largest_of(const Packet<S>& x) {
  if constexpr (packet_size<S> == 1) {
    return x;  // Eigen's predux_max requires scalars whose size is a power of two
  } else {
    return Eigen::internal::predux_max(x);
  }
}

/// 1 / (1 + e^-x) for probabilities. For floats, the relative error is at most 2e-7 down to x = -87.3365, and the
/// result is exactly 0 below. NaN stays NaN.
template <class S, class P>
P probability_of(const P& x) {
  namespace ei = Eigen::internal;
  const P one = ei::pset1<P>(S(1));
  if constexpr (std::is_same_v<S, float> && packet_size < S >> 1) {
    const P e = exp_of_nonpositive<S>(P(ei::pnegate(ei::pabs(x))));
    return ei::pdiv(ei::pselect(P(ei::pcmp_lt(x, ei::pset1<P>(0.f))), e, one), ei::padd(one, e));
  } else {
    return ei::pdiv(one, ei::padd(one, exp_of<S>(ei::pnegate(x))));
  }
}

/// 1 / (1 + e^-x) for the gates of cells. For floats, it is faster than `probability_of`: the absolute error is at most
/// 1.8e-7 (2e-7 without fused multiply-add), and the result is 0 below x = -16.3.
template <class S, class P>
P sigmoid_of(const P& x) {
  namespace ei = Eigen::internal;
  if constexpr (std::is_same_v<S, float>) {
    const P half = ei::pset1<P>(0.5f);
    return ei::pmadd(half, rational_tanh(P(ei::pmul(half, x))), half);
  } else {
    return probability_of<S>(x);
  }
}

// The functions above as functions of `Numbers`, applied to every element.

template <class S, int Size>
EIGEN_ALWAYS_INLINE Numbers<S, Size> tanh(const Numbers<S, Size>& x) {
  return {tanh_of<S>(x.packet)};
}
template <class S, int Size>
EIGEN_ALWAYS_INLINE Numbers<S, Size> sigmoid(const Numbers<S, Size>& x) {
  return {sigmoid_of<S>(x.packet)};
}
template <class S, int Size>
EIGEN_ALWAYS_INLINE Numbers<S, Size> probability(const Numbers<S, Size>& x) {
  return {probability_of<S>(x.packet)};
}
template <class S, int Size>
EIGEN_ALWAYS_INLINE Numbers<S, Size> log(const Numbers<S, Size>& x) {
  return {log_of<S>(x.packet)};
}
template <class S, int Size>
EIGEN_ALWAYS_INLINE Numbers<S, Size> zero_below(const Numbers<S, Size>& x, const S& least) {
  return {zero_below<S>(x.packet, least)};
}

/// Replaces every element of x by f(element), one packet at a time, column by column.
template <class X, class F>
void transform(X&& x, const F& f) {
  static_assert(has_solid_columns<X>, "kernels take column-major matrices");
  using S = typename std::remove_reference_t<X>::Scalar;
  for (Index i = 0; i < x.cols(); ++i) {
    S* const column = x.col(i).data();
    for_each_packet<S>(x.rows(), [&](const auto& io, Index k) { io.store(column + k, f(io.load(column + k))); });
  }
}

/// Calls f with a packet of each array, packet by packet, and stores the packets of the arrays that are not const. The
/// arrays have n elements of type S.
template <class S, class F, class... Arrays>
void transform_arrays(Index n, const F& f, Arrays*... arrays) {
  for_each_packet<S>(n, [&](const auto& io, Index k) {
    const auto store = [&io](auto* to, const auto& packet) {
      if constexpr (!std::is_const_v<std::remove_pointer_t<decltype(to)>>) io.store(to, packet);
    };
    const auto change = [&](auto... packets) {
      f(packets...);
      (store(arrays + k, packets), ...);
    };
    change(io.load(arrays + k)...);
  });
}

}}}  // namespace heed::v0_2::detail
