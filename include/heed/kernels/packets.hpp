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

/// Bytes that the cache takes in together.
inline constexpr Index line_bytes = 64;

/// Numbers that the first cache holds.
template <class S>
inline constexpr Index cached = 32 * 1024 / Index{sizeof(S)};

/// Begins to read a line that is wanted soon. (g++ drops calls of functions that do nothing else, Eigen's among them, unless
/// they are inlined at once.) It lies `bytes` behind `at`, where there may be nothing at all.
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

/// Loads and stores the first `count` numbers of a packet, fewer than all; the others are `rest`.
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
  /// By halves, each of which is one move or two.
  template <Index Half>
  void copy(const S* from, S* to) const {
    if constexpr (Half > 0) {
      const Index part = count & Half;
      if (part != 0) std::copy_n(from, Half, to);
      copy<Half / 2>(from + part, to + part);
    }
  }
};

/// Loads packets of which only the last `count` numbers count; those before become zero.
template <class S>
class LastOfPacket {
 public:
  explicit LastOfPacket(Index count) : kept_(WholePacket<S>{}.load(zeros_and_ones.data() + count)) {}
  Numbers<S> load(const S* from) const { return WholePacket<S>{}.load(from) * kept_; }

 private:
  static constexpr auto zeros_and_ones = [] {
    std::array<S, 2 * std::size_t{packet_size<S>}> numbers{};
    std::fill(numbers.begin() + packet_size<S>, numbers.end(), S(1));
    return numbers;
  }();

  Numbers<S> kept_;
};

/// Calls f(io, k) for every packet of n numbers, k being where it begins; `io` loads and stores, the last one in part.
///
/// Every number goes through the same packet arithmetic wherever it lies. Eigen's own loops treat those before the
/// first aligned address and after the last whole packet as scalars, whose last bit can differ: then a sentence's
/// result would depend on where in a batch its column stands.
/// With n known to the compiler as `Size`, what whole packets leave comes in smaller ones, if these divide it evenly.
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

/// Calls use(Width<Size>{}, i) for pieces of so many of n things from i on, then of half as many for the rest, and so on.
/// Inlined, what `use` has captured stays in registers; else it is read again after every store of a packet, which might
/// have changed it: that took a third of the time of a short sum.
template <int Size, class Use>
EIGEN_ALWAYS_INLINE void for_each_width(Index n, const Use& use, Index i = 0) {
  for (; i + Size <= n; i += Size) use(Width<Size>{}, i);
  if constexpr (Size > 1) for_each_width<Size / 2>(n, use, i);
}

/// f of each number, where there is no packet function.
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

/// x, with 0 for every number below `least`.
template <class S>
Packet<S> zero_below(const Packet<S>& x, S least) {
  namespace ei = Eigen::internal;
  if constexpr (packet_size<S> == 1) {
    return x < least ? S(0) : x;
  } else {
    return ei::pandnot(x, ei::pcmp_lt(x, constant(least)));
  }
}

/// e^x of numbers x <= 0, but exactly 0 where that is below the smallest normal number. NaN stays NaN; of positive numbers
/// the result is unspecified.
template <class S, class P>
P exp_of_nonpositive(const P& x) {
  namespace ei = Eigen::internal;
  if constexpr (packet_size<S> == 1) {
    return zero_below<S>(exp_of<S>(x), S(Limits<S>::min()));
  } else if constexpr (std::is_same_v<S, float>) {
    return exp_of_nonpositive_floats(x);
  } else {  // nothing below the bound is exponentiated: the result is dropped, and on its way arithmetic is slow
    const P bound = constant(S(-708.3964));
    return ei::pandnot(exp_of<S>(ei::pmax(x, bound)), ei::pcmp_lt(x, bound));
  }
}

/// The natural logarithm of positive numbers.
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

/// The largest number of a packet.
template <class S>
S largest_of(const Packet<S>& x) {
  if constexpr (packet_size<S> == 1) {
    return x;  // Eigen's own wants scalars whose size is a power of two
  } else {
    return Eigen::internal::predux_max(x);
  }
}

/// 1 / (1 + e^-x) for probabilities: of floats with a relative error of at most 2e-7 down to x = -87.3365, and exactly 0
/// below. NaN stays NaN.
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

/// 1 / (1 + e^-x) for the gates of cells: of floats faster, with an absolute error of at most 1.8e-7 (2e-7 without fused
/// multiply-adds), and 0 below -16.3.
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

// The functions that formulas use, of every number of a packet: see those above.

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

/// Every number of x becomes f of it, a packet at a time, column by column.
template <class X, class F>
void transform(X&& x, const F& f) {
  static_assert(has_solid_columns<X>, "kernels take column-major matrices");
  using S = typename std::remove_reference_t<X>::Scalar;
  for (Index i = 0; i < x.cols(); ++i) {
    S* const column = x.col(i).data();
    for_each_packet<S>(x.rows(), [&](const auto& io, Index k) { io.store(column + k, f(io.load(column + k))); });
  }
}

}}}  // namespace heed::v0_2::detail
