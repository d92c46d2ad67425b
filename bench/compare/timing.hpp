#pragma once

#include "limits.hpp"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <functional>
#include <vector>

namespace compare {

/// Returns seconds since a fixed time.
using Clock = double (*)();

inline double wall_seconds() { return detail::seconds_now(); }

/// Processor time of all threads of this program, which excludes other programs on the same core. For work on one core.
/// On systems without POSIX, the same as `wall_seconds`.
inline double processor_seconds() {
#ifdef __unix__
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
#else
  return wall_seconds();
#endif
}

/// The duration of the measurement of a row.
struct Pace {
  int rounds = 9;         ///< maximum; a row with long calls has fewer, at least three
  double seconds = 0.03;  ///< time for each side in each round, at least one call

  static Pace quick() { return {3, 0.01}; }
};

inline double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  if (numbers.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(numbers.begin(), middle)) / 2;
}

/// Results of each round in seconds: time per call of each side, and the minimum time from the limits of the machine.
struct Rounds {
  std::vector<double> heed, rival, least;
};

namespace detail {

/// The time of `calls` calls in seconds. The compiler must assume that memory is read and changed between two calls.
inline double time(const std::function<void()>& call, int calls, Clock clock) {
  const double begin = clock();
  for (int i = 0; i < calls; ++i) {
    call();
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  return clock() - begin;
}

/// The number of calls that take about `seconds`, at least one.
inline int calls_within(double seconds, const std::function<void()>& call, Clock clock) {
  int calls = 1;
  while (true) {
    const double taken = time(call, calls, clock);
    if (taken >= seconds / 4) return std::max(1, static_cast<int>(calls * seconds / taken));
    calls *= 2;
  }
}

}  // namespace detail

/// An estimate of the seconds per call. It takes a few milliseconds.
inline double seconds_a_call(const std::function<void()>& call, Clock clock = processor_seconds) {
  const int calls = detail::calls_within(0.002, call, clock);
  double best = detail::time(call, calls, clock);
  for (int i = 0; i < 4; ++i) best = std::min(best, detail::time(call, calls, clock));
  return best / calls;
}

/// Measures two calls alternately, so that a drift of the speed of the machine affects both. The side that runs first
/// alternates, too. One call before each measurement is not timed: it loads the caches, which the other side has used.
inline Rounds alternate(const std::function<void()>& heed, const std::function<void()>& rival, const Pace& pace,
                        Clock clock, const std::function<double()>& least) {
  const int heed_calls = detail::calls_within(pace.seconds, heed, clock);
  const int rival_calls = detail::calls_within(pace.seconds, rival, clock);
  const double once = detail::time(heed, 1, clock) + detail::time(rival, 1, clock);
  const int affordable = static_cast<int>(1.5 / (2 * once));  // a measurement of one call takes two calls
  const int rounds = std::clamp(affordable, std::min(3, pace.rounds), pace.rounds);
  Rounds result;
  for (int round = 0; round < rounds; ++round) {
    const auto heed_turn = [&] {
      heed();
      result.heed.push_back(detail::time(heed, heed_calls, clock) / heed_calls);
    };
    const auto rival_turn = [&] {
      rival();
      result.rival.push_back(detail::time(rival, rival_calls, clock) / rival_calls);
    };
    result.least.push_back(least());
    if (round % 2 == 0) {
      heed_turn();
      rival_turn();
    } else {
      rival_turn();
      heed_turn();
    }
  }
  return result;
}

}  // namespace compare
