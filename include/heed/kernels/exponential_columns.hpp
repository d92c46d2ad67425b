#pragma once

#include <heed/kernels/packets.hpp>

#include <algorithm>
#include <type_traits>

namespace heed { inline namespace v0_2 { namespace detail {

/// Columns x stored as e^{2x}. With them, tanh(q + k) costs one multiply-add and a share of a division:
///
///     tanh(q + k) = 1 - 2 / (1 + e^{2q} e^{2k})
///
/// A column of `size` elements occupies `rows(size)` rows: the elements, zeros up to a whole packet, and one more
/// packet whose first element is a flag. Flag 0: the column contains exponentials. Flag 1: the column is plain, that
/// is, it contains x itself, because an element is outside +-`reach`, where e^{2x} or its inverse is not a normal
/// floating-point value, or because the caller of `make` requests it. For scalar types without packets, nothing is
/// appended and every column is plain.
template <class S>
struct ExponentialColumns {
  static constexpr bool possible = std::is_same_v<S, float> || std::is_same_v<S, double>;

  static constexpr double reach = sizeof(S) == 4 ? 43 : 350;

  static Index padded(Index size) { return (size + packet_size<S> - 1) / packet_size<S> * packet_size<S>; }
  static Index rows(Index size) { return possible ? padded(size) + packet_size<S> : size; }

  static bool plain(Index size, const S* column) { return !possible || column[padded(size)] != S(0); }

  /// Writes the column for the `size` elements of x; `x` and `column` may be the same address. The column is plain if
  /// an element is outside +-`reach` or NaN, or if `hold` is true.
  static void make(Index size, const S* x, S* column, bool hold = false) {
    if (x != column) std::copy(x, x + size, column);
    if constexpr (possible) {
      std::fill(column + size, column + rows(size), S(0));
      hold = hold || !within(padded(size), column, S(reach));
      column[padded(size)] = hold ? S(1) : S(0);
      if (hold) return;
      for (Index k = 0; k < size; k += packet_size<S>) {
        const Packet<S> numbers = Eigen::internal::ploadu<Packet<S>>(column + k);
        Eigen::internal::pstoreu(column + k, exp_of<S>(Eigen::internal::padd(numbers, numbers)));
      }
    }
  }

  /// True if all n elements of x are in [-most, most] and none is NaN.
  static bool within(Index n, const S* x, S most) {
    namespace ei = Eigen::internal;
    const Packet<S> zero = constant(S(0));
    Packet<S> largest = zero, odd = zero;
    const auto add = [&](const Packet<S>& numbers) {
      largest = ei::pmax(largest, ei::pabs(numbers));
      odd = ei::pmadd(numbers, zero, odd);  // infinity and NaN times zero are NaN
    };
    Index k = 0;
    for (; k + packet_size<S> <= n; k += packet_size<S>) add(ei::ploadu<Packet<S>>(x + k));
    if (k < n) add(PartPacket<S>{n - k}.load(x + k).packet);
    return largest_of<S>(largest) <= most && ei::predux(odd) == S(0);
  }

  /// 1 + e^{2q} e^{2k} from both exponentials, limited to `cap`, so that the product of four denominators is finite.
  /// Beyond the cap, tanh equals 1 to the last bit.
  static Packet<S> denominator(const Packet<S>& q, const Packet<S>& k) {
    return Eigen::internal::pmin(Eigen::internal::pmadd(q, k, constant(S(1))), constant(S(cap)));
  }

  /// Limit for the numerators of a shared division: the common numerator of four quotients is then finite, too.
  static constexpr double moderate = 1e9;

 private:
  static constexpr double cap = sizeof(S) == 4 ? 0x1p30 : 0x1p60;
};

}}}  // namespace heed::v0_2::detail
