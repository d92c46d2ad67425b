#pragma once

#include <Eigen/Core>

#ifdef __unix__
#include <unistd.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

/// The peak speeds of the machine, which the comparison measures, and the minimum time of a workload.
namespace compare {

/// A part of a workload. Its minimum time is the maximum of the time for its arithmetic and the time for its reads.
struct Phase {
  double flops = 0;   ///< floating-point operations of the products, 2 per multiply-add
  double bytes = 0;   ///< bytes read in one pass
  double passes = 1;  ///< number of passes
};

/// Phases that run one after another: a recurrence cannot start before its inputs are projected.
using Work = std::vector<Phase>;

/// The speed of repeated reads of an array that fits into this level of the memory hierarchy.
struct Level {
  std::string name;
  double bytes = 0;      ///< size of the array
  double bandwidth = 0;  ///< bytes per second
};

namespace detail {

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

using Packet = Eigen::internal::packet_traits<float>::type;
inline constexpr std::size_t packet_size = Eigen::internal::packet_traits<float>::size;

/// Receives the result of a probe, so that the compiler cannot remove the probe.
inline volatile float sink = 0;
/// Read at run time, so that the compiler cannot evaluate the probe.
inline volatile float half = 0.5f;

/// Number of chains of dependent multiply-adds: enough to keep all units busy, and few enough for the registers.
inline constexpr std::size_t chains = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 24 : 12;
inline constexpr int links = 4096;

/// Floating-point operations of one call of `multiply_and_add`.
inline constexpr double flops_of_probe = 2.0 * links * static_cast<double>(chains * packet_size);

template <std::size_t... C>
void multiply_and_add(std::index_sequence<C...>) {
  namespace ei = Eigen::internal;
  const float given = half;
  const Packet factor = ei::pset1<Packet>(given), term = ei::pset1<Packet>(given);
  Packet sum[] = {ei::pset1<Packet>(static_cast<float>(C))...};
  for (int i = 0; i < links; ++i) ((sum[C] = ei::pmadd(sum[C], factor, term)), ...);
  sink = ((ei::predux(sum[C])) + ...);
}

/// Sums n floats from an aligned address `passes` times. n is a multiple of the floats in sizeof...(C) packets. The
/// array is read as `Streams` parts in parallel: one is fastest for the L1 cache, several for the other levels.
template <std::size_t Streams, std::size_t... C>
void read(const float* from, std::size_t n, int passes, std::index_sequence<C...>) {
  namespace ei = Eigen::internal;
  constexpr std::size_t stride = sizeof...(C) / Streams * packet_size;
  Packet sum[] = {(static_cast<void>(C), ei::pset1<Packet>(0.0f))...};
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t i = 0; i < n / Streams; i += stride) {
      ((sum[C] =
            ei::padd(sum[C], ei::pload<Packet>(from + C % Streams * (n / Streams) + i + C / Streams * packet_size))),
       ...);
    }
  }
  sink = ((ei::predux(sum[C])) + ...);
}

/// The size of a cache as reported by the system, or `otherwise`.
inline double cache_bytes([[maybe_unused]] int level, double otherwise) {
#ifdef _SC_LEVEL1_DCACHE_SIZE
  const long bytes = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
  if (bytes > 0) return static_cast<double>(bytes);
#endif
  return otherwise;
}

}  // namespace detail

/// Measures the speed of multiply-adds, and of reads from each level of the memory hierarchy, on the current core.
///
/// The speeds of a shared machine drift, so a comparison measures them again in every round (`sample`).
class Limits {
 public:
  Limits() : array_(Array::Ones(whole_array)) {
    for (int i = 0; i < 20; ++i) peak_ = std::max(peak_, probe_peak());
    levels_ = {{"L1", l1_ / 2}, {"L2", l2_ / 2}, {"L3", 8 * l2_}, {"memory", bytes_of(whole_array)}};
    for (Level& level : levels_) level.bandwidth = probe_reading(level.bytes);
  }

  /// Floating-point operations per second. A multiply-add counts as two.
  double peak() const { return peak_; }
  const std::vector<Level>& levels() const { return levels_; }

  /// Measures again the speeds that limit this work, in a few milliseconds. Returns its minimum time in seconds.
  ///
  /// The model assumes that data that fits into L1 and L2 stays there between passes. (Passes in alternating directions
  /// achieve this.) The rest is read at the speed of an array of its size. Cores have equal shares and separate caches.
  double sample(const Work& work, int cores = 1) const {
    const double peak = probe_peak(), l1_bandwidth = probe_reading(l1_ / 2), l2_bandwidth = probe_reading(l2_ / 2);
    double total = 0;
    for (const Phase& phase : work) {
      const double bytes = phase.bytes / cores, in_l1 = std::min(bytes, l1_), in_l2 = std::min(bytes - in_l1, l2_);
      const double beyond = bytes - in_l1 - in_l2;
      double pass = in_l1 / l1_bandwidth + in_l2 / l2_bandwidth;
      if (beyond > 0) pass += beyond / probe_reading(std::max(beyond, 2 * l2_));
      total += std::max(phase.flops / cores / peak, phase.passes * pass);
    }
    return total;
  }

 private:
  using Array = Eigen::ArrayXf;

  static constexpr Eigen::Index whole_array = Eigen::Index{64} << 20;

  static double bytes_of(Eigen::Index count) { return 4 * static_cast<double>(count); }

  /// The minimum time of a few short runs, in seconds: delays of a run are not a limit of the machine.
  template <class Run>
  static double fastest(int runs, const Run& run) {
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < runs; ++i) {
      const double begin = detail::seconds_now();
      run();
      best = std::min(best, detail::seconds_now() - begin);
    }
    return best;
  }

  static double probe_peak() {
    return detail::flops_of_probe /
           fastest(8, [] { detail::multiply_and_add(std::make_index_sequence<detail::chains>{}); });
  }

  /// The speed of repeated reads of an array of this size, in bytes per second.
  double probe_reading(double bytes) const {
    constexpr auto sums = std::make_index_sequence<8>{};
    constexpr std::size_t stretch = sums.size() * detail::packet_size;
    const auto whole = static_cast<std::size_t>(whole_array);
    const std::size_t count = std::min(static_cast<std::size_t>(bytes / 4) / stretch * stretch, whole);
    const int passes = std::max(1, static_cast<int>(4e6 / bytes));
    const double seconds = fastest(bytes > 64e6 ? 3 : 6, [&] {
      if (bytes <= l1_) {
        detail::read<1>(array_.data(), count, passes, sums);
      } else {
        detail::read<4>(array_.data(), count, passes, sums);
      }
    });
    return passes * 4 * static_cast<double>(count) / seconds;
  }

  const double l1_ = detail::cache_bytes(1, 32e3), l2_ = detail::cache_bytes(2, 1e6);
  Array array_;
  std::vector<Level> levels_;
  double peak_ = 0;
};

}  // namespace compare
