#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

namespace heed::inline v0_1 {

/// The same numbers on every compiler and machine.
///
/// The standard's engines are portable; its distributions and `std::shuffle` are not, so these few are our own.
class Random {
 public:
  /// Independent streams come from different `stream` values (an epoch, an update, a thread), so that nothing has to be
  /// stored to resume.
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : engine_(mix(seed ^ mix(stream))) {}

  /// 64 random bits.
  std::uint64_t bits() { return engine_(); }

  /// Uniform on [0, 1), with 53 random bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

  /// Uniform on [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Normal with mean 0 and deviation 1 (Box & Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  /// Uniform on 0 .. bound - 1, without bias: the few values above the last whole multiple of `bound` are drawn again.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t excess = (0 - bound) % bound;
    std::uint64_t x = bits();
    while (x < excess) x = bits();
    return x % bound;
  }

  /// One of 0 .. n - 1, each as often as its odds say: where the sum of the odds, taken in order, passes a uniform share
  /// of their total. `odds_of(i)` is of any type that counts.
  template <class Index, class OddsOf>
  Index pick(Index n, const OddsOf& odds_of) {
    using Odds = std::remove_cvref_t<decltype(odds_of(n))>;
    Odds total(0), sum(0);
    for (Index i = 0; i < n; ++i) total += odds_of(i);
    const Odds passed = total * Odds(uniform());
    Index likely = 0;
    for (Index i = 0; i < n; ++i) {
      const Odds odds = odds_of(i);
      sum += odds;
      if (odds > Odds(0)) likely = i;  // where rounding keeps the sum below the total, the last that has a chance
      if (sum > passed) break;
    }
    return likely;
  }

  /// Every order equally likely (Fisher & Yates).
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  /// The finaliser of SplitMix64: neighbouring seeds give unrelated states.
  static std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  std::mt19937_64 engine_;
};

}  // namespace heed::inline v0_1
