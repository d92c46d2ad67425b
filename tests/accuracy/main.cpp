// Measures the largest errors of heed's float functions over all 2^32 floats, for the instruction set it is compiled
// for. Returns non-zero if one exceeds the bounds in the comments of kernels/float_exp.hpp, rational_tanh.hpp and
// packets.hpp.

#include <heed/kernels/packets.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using P = heed::detail::Packet<float>;
constexpr std::size_t lanes = heed::detail::packet_size<float>;
constexpr double infinity = std::numeric_limits<double>::infinity();

#ifdef EIGEN_VECTORIZE_FMA
constexpr bool fused = true;
#else
constexpr bool fused = false;
#endif

/// The largest error so far and its argument.
struct Worst {
  double error = 0;
  float x = 0;

  void add(double found, float at) {
    if (!(found <= error)) *this = {std::isnan(found) ? infinity : found, at};
  }
};

/// A documented bound: an error of this kind is at most `limit`.
struct Claim {
  const char* error;
  double limit;
};

/// |y - exact| in units in the last place of a normal float `exact`.
double ulps(float y, double exact) {
  constexpr std::uint64_t exponent = 0x7ff0000000000000U;
  const double power = std::bit_cast<double>(std::bit_cast<std::uint64_t>(exact) & exponent);
  return std::abs(static_cast<double>(y) - exact) / power * 0x1p23;
}

// Accurate enough to measure float errors. Small arguments use the first terms of the Taylor series, which is faster.
double exact_exp(double x) {
  if (std::abs(x) < 0x1p-27) return 1 + x;
  return x > 89 ? infinity : x < -104 ? 0 : std::exp(x);
}
double exact_tanh(double x) {
  if (std::abs(x) < 0x1p-13) return x - x * x * x / 3;
  return std::abs(x) > 20 ? std::copysign(1.0, x) : std::tanh(x);
}
double exact_sigmoid(double x) {
  if (std::abs(x) < 0x1p-27) return 0.5 + x / 4;
  return x > 40 ? 1 : x < -110 ? 0 : 1 / (1 + std::exp(-x));
}

constexpr float lowest = heed::detail::min_exponent;

// Every struct below has a packet function `f`, its exact value and its claims. `errors` returns the error of one
// result for each claim, and 0 if the claim does not apply to x.

struct Exp {
  static constexpr const char* name = "exp";
  static constexpr std::array<Claim, 3> claims = {{{"ulp, from -87.3365 to 88.72", fused ? 0.9 : 1.2},
                                                   {"not in (0, 2^-125] below", 0},
                                                   {"not in [2^127, inf) above", 0}}};
  static P f(const P& x) { return heed::detail::exp_of<float>(x); }
  static double exact(float x) { return exact_exp(x); }
  static std::array<double, 3> errors(float x, float y, double exact) {
    if (x < lowest) return {0, y > 0 && y <= 0x1p-125f ? 0 : infinity, 0};
    if (x > 88.72f) return {0, 0, y >= 0x1p127f && y < HUGE_VALF ? 0 : infinity};
    return {ulps(y, exact), 0, 0};
  }
};

struct ExpOfNonpositive {
  static constexpr const char* name = "exp of x <= 0";
  static constexpr std::array<Claim, 2> claims = {{{"ulp, from -87.3365", fused ? 0.9 : 1.2}, {"not 0 below", 0}}};
  static P f(const P& x) { return heed::detail::exp_of_nonpositive<float>(x); }
  static double exact(float x) { return exact_exp(x); }
  static std::array<double, 2> errors(float x, float y, double exact) {
    if (x < lowest) return {0, std::abs(double{y})};
    return {x <= 0 ? ulps(y, exact) : 0, 0};
  }
};

struct Tanh {
  static constexpr const char* name = "tanh";
  static constexpr std::array<Claim, 3> claims = {
      {{"absolute", fused ? 3.1e-7 : 3.6e-7}, {"relative", fused ? 3.3e-7 : 3.6e-7}, {"beyond +-1", 0}}};
  static P f(const P& x) { return heed::detail::tanh_of<float>(x); }
  static double exact(float x) { return exact_tanh(x); }
  static std::array<double, 3> errors(float, float y, double exact) {
    const double error = std::abs(y - exact);
    return {error, exact == 0 ? error : error / std::abs(exact), std::max(std::abs(double{y}) - 1, 0.0)};
  }
};

struct GateSigmoid {
  static constexpr const char* name = "sigmoid of gates";
  static constexpr std::array<Claim, 2> claims = {{{"absolute", fused ? 1.8e-7 : 2e-7}, {"outside [0, 1]", 0}}};
  static P f(const P& x) { return heed::detail::sigmoid_of<float>(x); }
  static double exact(float x) { return exact_sigmoid(x); }
  static std::array<double, 2> errors(float, float y, double exact) {
    return {std::abs(y - exact), std::max(std::max(-double{y}, double{y} - 1), 0.0)};
  }
};

struct ProbabilitySigmoid {
  static constexpr const char* name = "sigmoid of probabilities";
  static constexpr std::array<Claim, 3> claims = {
      {{"relative, from -87.3365", 2e-7}, {"not 0 below", 0}, {"above 1", 0}}};
  static P f(const P& x) { return heed::detail::probability_of<float>(x); }
  static double exact(float x) { return exact_sigmoid(x); }
  static std::array<double, 3> errors(float x, float y, double exact) {
    if (x < lowest) return {0, std::abs(double{y}), 0};
    return {std::abs(y - exact) / exact, 0, std::max(double{y} - 1, 0.0)};
  }
};

/// Measures F over all floats and prints a line for every claim, and one for NaN. Returns whether all claims hold.
template <class F>
bool check() {
  constexpr std::uint64_t all = std::uint64_t{1} << 32, piece = std::uint64_t{1} << 22;
  constexpr std::size_t claims = F::claims.size();
  std::array<Worst, claims + 1> worst;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    std::array<Worst, claims + 1> found;
    for (std::uint64_t first = 0; (first = next.fetch_add(piece)) < all;) {
      for (std::uint64_t bits = first; bits < first + piece; bits += std::uint64_t{lanes}) {
        float x[lanes], y[lanes];
        for (std::size_t i = 0; i < lanes; ++i) x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits + i));
        Eigen::internal::pstoreu(y, F::f(Eigen::internal::ploadu<P>(x)));
        for (std::size_t i = 0; i < lanes; ++i) {
          if (std::isnan(x[i])) {
            found[claims].add(std::isnan(y[i]) ? 0 : infinity, x[i]);
            continue;
          }
          const auto errors = F::errors(x[i], y[i], F::exact(x[i]));
          for (std::size_t c = 0; c < claims; ++c) found[c].add(errors[c], x[i]);
        }
      }
    }
    const std::lock_guard lock(mutex);
    for (std::size_t c = 0; c <= claims; ++c) worst[c].add(found[c].error, found[c].x);
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  bool hold = true;
  for (std::size_t c = 0; c <= claims; ++c) {
    const Claim claim = c < claims ? F::claims[c] : Claim{"NaN becomes a number", 0};
    const bool holds = worst[c].error <= claim.limit;
    std::printf("%-26s %-30s %-10.3g %-10.4g %-16.9g%s\n", F::name, claim.error, claim.limit, worst[c].error,
                static_cast<double>(worst[c].x), holds ? "" : " EXCEEDED");
    hold = hold && holds;
  }
  std::fflush(stdout);
  return hold;
}

}  // namespace

int main() {
  std::printf("%s, packets of %d floats, %s fused multiply-adds\n", HEED_INSTRUCTION_SET, static_cast<int>(lanes),
              fused ? "with" : "without");
  std::printf("%-26s %-30s %-10s %-10s %s\n", "function", "error", "claim", "measured", "at");
  const bool hold[] = {check<Exp>(), check<ExpOfNonpositive>(), check<Tanh>(), check<GateSigmoid>(),
                       check<ProbabilitySigmoid>()};
  return std::all_of(std::begin(hold), std::end(hold), [](bool holds) { return holds; }) ? 0 : 1;
}
