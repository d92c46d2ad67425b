#pragma once

#include <heed/core/errors.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// SplitMix64 (Steele, Lea & Flood 2014): a random engine with a state of 8 bytes. Seeding only stores the seed.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  /// The next 64 random bits.
  std::uint64_t operator()() { return mix(std::exchange(state_, state_ + increment)); }

  /// The output function of the engine: consecutive arguments give unrelated results.
  static std::uint64_t mix(std::uint64_t x) {
    x += increment;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

 private:
  static constexpr std::uint64_t increment = 0x9e3779b97f4a7c15u;

  std::uint64_t state_;
};

/// A random number generator with the same results on every compiler and machine: integers, `uniform()` and the order
/// of `shuffle` to the bit, `normal` and `uniform(low, high)` up to rounding.
///
/// The engines of the standard library are portable. Its distributions and `std::shuffle` are not, so this class has
/// its own.
template <class Engine>
class BasicRandom {
 public:
  /// Different `stream` values (an epoch, an update, a sentence) give independent streams, so that training can resume
  /// without a stored generator state.
  explicit BasicRandom(std::uint64_t seed, std::uint64_t stream = 0)
      : engine_(SplitMix64::mix(seed ^ SplitMix64::mix(stream))) {}

  /// 64 random bits.
  std::uint64_t bits() { return engine_(); }

  /// Uniform on [0, 1), with 53 random bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

  /// Uniform on [low, high), up to rounding: the result can be `high`.
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Normal with mean 0 and standard deviation 1 (Box & Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  /// Uniform on 0 .. bound - 1, without bias: the lowest 2^64 mod `bound` values are drawn again.
  /// Throws heed::Error if `bound` is 0.
  std::uint64_t below(std::uint64_t bound) {
    require(bound > 0, "Random.below: the bound must be at least 1, got 0");
    const std::uint64_t excess = (0 - bound) % bound;
    std::uint64_t x = bits();
    while (x < excess) x = bits();
    return x % bound;
  }

  /// An index from 0 .. n - 1 with probability `odds_of(i)` / total: the first index at which the cumulative sum of the
  /// odds exceeds a uniform fraction of their total. `odds_of` may return any scalar type (core/scalar.hpp).
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
      if (odds > Odds(0)) likely = i;  // if the sum is rounded down: the last index with odds above 0
      if (sum > passed) break;
    }
    return likely;
  }

  /// Shuffles `items`; every order is equally likely (Fisher & Yates).
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  Engine engine_;
};

/// A generator for long sequences: initial parameters, the order of the batches.
using Random = BasicRandom<std::mt19937_64>;

/// A generator for many short sequences: one for every sentence of a batch (core/random_streams.hpp).
using RandomStream = BasicRandom<SplitMix64>;

}}  // namespace heed::v0_2
