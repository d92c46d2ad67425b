#pragma once

#include <heed/core/settings.hpp>
#include <heed/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace heed { inline namespace v0_2 {

// What changes in the course of a training, as functions of the update's number n = 0, 1, 2 ...:
//
//     trainer.optimizer.rate = schedule(n);
//     trainer.teacher_forcing = forcing(n);
//
// They have no state, so nothing of them is stored to resume. `PlateauRate` alone has: it follows the dev loss. Each
// throws unless all its settings lie in their ranges.
//
// | member           | meaning                                      |
// |------------------|----------------------------------------------|
// | `operator()(n)`  | its value for update n                       |
// | `peak`           | the highest rate                             |
// | `least`          | the lowest value                             |

namespace detail {

/// The share of the run that is over after n of its updates.
inline double share_done(Index n, double updates) { return std::min(1.0, static_cast<double>(n) / updates); }

/// The share of the peak during a warm-up that takes this share of the run; it begins a thousandth of the run above 0, as
/// an update at the rate 0 would be wasted.
inline double warmed_up(double done, double warm_up) { return (done + 1e-3) / (warm_up + 1e-3); }

/// Throws unless these are the settings of a schedule with a warm-up and an end.
inline void check_schedule(const char* who, double peak, double updates, double warm_up) {
  check_not_negative(who, "peak", peak);
  check_positive(who, "number of updates", updates);
  check_below_one(who, "warm-up", warm_up);
}

}  // namespace detail

/// The same rate always.
struct ConstantRate {
  double peak = 1e-3;

  double operator()(Index) const {
    detail::check_not_negative("ConstantRate", "peak", peak);
    return peak;
  }
};

/// Rises in a line to the peak, falls in a line to 0 at the end of the run.
///
///   d = n / updates        rate = peak (d + 1/1000) / (warm_up + 1/1000)      while d < warm_up
///                          rate = peak (1 - d) / (1 - warm_up)                then
struct LinearRate {
  double peak = 1e-3;
  double updates = 1;     ///< of the whole run
  double warm_up = 0.02;  ///< share of the run, in [0, 1)

  double operator()(Index n) const {
    detail::check_schedule("LinearRate", peak, updates, warm_up);
    const double done = detail::share_done(n, updates);
    return peak * (done < warm_up ? detail::warmed_up(done, warm_up) : (1 - done) / (1 - warm_up));
  }
};

/// The same rise, then half a cosine down to 0 (Loshchilov & Hutter 2017, equation 5, one period).
///
///   rate = peak (1 + cos(pi e)) / 2,  e = (d - warm_up) / (1 - warm_up)
struct CosineRate {
  double peak = 1e-3;
  double updates = 1;     ///< of the whole run
  double warm_up = 0.02;  ///< share of the run, in [0, 1)

  double operator()(Index n) const {
    detail::check_schedule("CosineRate", peak, updates, warm_up);
    const double done = detail::share_done(n, updates);
    if (done < warm_up) return peak * detail::warmed_up(done, warm_up);
    return peak * (1 + std::cos(std::numbers::pi * (done - warm_up) / (1 - warm_up))) / 2;
  }
};

/// Vaswani et al. 2017, equation 3, by its highest value: their size^-0.5 is peak sqrt(warm_up). It knows no end of the run.
///
///   rate = peak min(sqrt(warm_up / s), s / warm_up),  s = n + 1
struct InverseSquareRootRate {
  double peak = 1e-3;
  double warm_up = 4000;  ///< updates, above 0

  double operator()(Index n) const {
    detail::check_not_negative("InverseSquareRootRate", "peak", peak);
    detail::check_positive("InverseSquareRootRate", "warm-up", warm_up);
    const double step = static_cast<double>(n) + 1;
    return peak * std::min(std::sqrt(warm_up / step), step / warm_up);
  }
};

/// Falls by a factor whenever the dev loss has not improved for longer than `patience` (PyTorch's ReduceLROnPlateau with
/// its defaults: better is a loss below (1 - threshold) best, and a rate that would fall by no more than 1e-8 stays). Its
/// members are its state.
struct PlateauRate {
  double rate = 1e-3;                                     ///< of now
  double factor = 0.1, threshold = 1e-4;                  ///< what the rate falls by, and how much better is better
  Index patience = 10;                                    ///< this many losses in a row may be no better
  double best = std::numeric_limits<double>::infinity();  ///< the lowest loss so far
  Index no_better = 0;                                    ///< losses since the best one or the last fall

  double operator()(Index) const {
    detail::check_not_negative("PlateauRate", "rate", rate);
    return rate;
  }

  /// Takes in the next dev loss; one that is not a number is no better than the best.
  void observe(double loss) {
    detail::check_below_one("PlateauRate", "factor", factor);
    detail::check_share("PlateauRate", "threshold", threshold);
    detail::check_not_negative("PlateauRate", "patience", static_cast<double>(patience));
    if (loss < best * (1 - threshold)) {
      best = loss;
      no_better = 0;
    } else if (++no_better > patience) {
      if (rate - rate * factor > 1e-8) rate *= factor;
      no_better = 0;
    }
  }
};

// How often a step is fed the right word, in the course of scheduled sampling (Bengio et al. 2015, section 2.4). A constant
// is a schedule as well.

/// 1 - (1 - least) n / updates: the paper's linear decay with k = 1, which here reaches its least at the end of the run.
struct LinearForcing {
  double least = 0;
  double updates = 1;  ///< of the whole run

  double operator()(Index n) const {
    detail::check_share("LinearForcing", "lowest value", least);
    detail::check_positive("LinearForcing", "number of updates", updates);
    return 1 - (1 - least) * detail::share_done(n, updates);
  }
};

/// max(least, k^n), k < 1.
struct ExponentialForcing {
  double least = 0;
  double k = 0.999;  ///< below 1

  double operator()(Index n) const {
    detail::check_share("ExponentialForcing", "lowest value", least);
    detail::check_below_one("ExponentialForcing", "k", k);
    return std::max(least, std::pow(k, static_cast<double>(n)));
  }
};

/// max(least, k / (k + e^{n/k})), k >= 1: the larger k, the later it falls.
struct InverseSigmoidForcing {
  double least = 0;
  double k = 1000;  ///< 1 or more

  double operator()(Index n) const {
    detail::check_share("InverseSigmoidForcing", "lowest value", least);
    detail::check_setting(std::isfinite(k) && k >= 1, "InverseSigmoidForcing", "k", "finite and 1 or more", k);
    return std::max(least, k / (k + std::exp(static_cast<double>(n) / k)));
  }
};

}}  // namespace heed::v0_2
