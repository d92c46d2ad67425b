#pragma once

#include <heed/core/settings.hpp>
#include <heed/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace heed { inline namespace v0_2 {

// Schedules: settings that change during training, as functions of the index n = 0, 1, 2 ... of the update.
//
//     trainer.optimizer.rate = schedule(n);
//     trainer.teacher_forcing = forcing(n);
//
// All except `PlateauRate` have no state, so a checkpoint need not store them. `PlateauRate` depends on the dev loss:
// store its members. A schedule throws heed::Error if one of its settings is out of range.
//
// | member           | meaning                                      |
// |------------------|----------------------------------------------|
// | `operator()(n)`  | the value for update n                       |
// | `peak`           | the maximum rate                             |
// | `minimum`        | the minimum value                            |

namespace detail {

/// Fraction of the run that is complete after n of its updates, at most 1.
inline double share_done(Index n, double updates) { return std::min(1.0, static_cast<double>(n) / updates); }

/// Rate during a linear warm-up, as a fraction of the peak. `done` and `warm_up` are fractions of the run. The warm-up
/// starts one thousandth of the run before the first update, since an update at the rate 0 has no effect.
inline double warmed_up(double done, double warm_up) { return (done + 1e-3) / (warm_up + 1e-3); }

/// Throws if a setting of a schedule with a warm-up and an end is out of range.
inline void check_schedule(const char* who, double peak, double updates, double warm_up) {
  check_not_negative(who, "peak", peak);
  check_positive(who, "number of updates", updates);
  check_below_one(who, "warm-up", warm_up);
}

}  // namespace detail

/// Constant rate.
struct ConstantRate {
  double peak = 1e-3;

  double operator()(Index) const {
    detail::check_not_negative("ConstantRate", "peak", peak);
    return peak;
  }
};

/// Linear warm-up to the peak, then linear decay to 0 at the end of the run.
///
///     d = n / updates        rate = peak (d + 1/1000) / (warm_up + 1/1000)      while d < warm_up
///                            rate = peak (1 - d) / (1 - warm_up)                otherwise
struct LinearRate {
  double peak = 1e-3;
  double updates = 1;     ///< number of updates of the whole run: always set it, the rate is 0 from then on
  double warm_up = 0.02;  ///< fraction of the run, in [0, 1)

  double operator()(Index n) const {
    detail::check_schedule("LinearRate", peak, updates, warm_up);
    const double done = detail::share_done(n, updates);
    return peak * (done < warm_up ? detail::warmed_up(done, warm_up) : (1 - done) / (1 - warm_up));
  }
};

/// Linear warm-up as in `LinearRate`, then cosine decay to 0 (Loshchilov & Hutter 2017, equation 5, one period).
///
///     rate = peak (1 + cos(pi e)) / 2,  e = (d - warm_up) / (1 - warm_up),  d = n / updates
struct CosineRate {
  double peak = 1e-3;
  double updates = 1;     ///< number of updates of the whole run: always set it, the rate is 0 from then on
  double warm_up = 0.02;  ///< fraction of the run, in [0, 1)

  double operator()(Index n) const {
    detail::check_schedule("CosineRate", peak, updates, warm_up);
    const double done = detail::share_done(n, updates);
    if (done < warm_up) return peak * detail::warmed_up(done, warm_up);
    return peak * (1 + std::cos(std::numbers::pi * (done - warm_up) / (1 - warm_up))) / 2;
  }
};

/// Inverse square root schedule: Vaswani et al. 2017, equation 3, parametrised by its maximum: d_model^-0.5 of the
/// paper is peak sqrt(warm_up_updates). It does not depend on the length of the run.
///
///     rate = peak min(sqrt(warm_up_updates / s), s / warm_up_updates),  s = n + 1
struct InverseSquareRootRate {
  double peak = 1e-3;
  double warm_up_updates = 4000;  ///< number of updates of the warm-up, above 0

  double operator()(Index n) const {
    detail::check_not_negative("InverseSquareRootRate", "peak", peak);
    detail::check_positive("InverseSquareRootRate", "number of warm-up updates", warm_up_updates);
    const double step = static_cast<double>(n) + 1;
    return peak * std::min(std::sqrt(warm_up_updates / step), step / warm_up_updates);
  }
};

/// Multiplies the rate by `factor` when more than `patience` dev losses in a row are no improvement. This is PyTorch's
/// ReduceLROnPlateau with its defaults: a loss is an improvement if it is below (1 - threshold) best, and the rate is
/// not changed if it would decrease by 1e-8 or less. The members are the complete state.
struct PlateauRate {
  double rate = 1e-3;                                     ///< current rate
  double factor = 0.1, threshold = 1e-4;                  ///< factor of a decrease; minimum relative improvement
  Index patience = 10;                                    ///< losses in a row without improvement that are tolerated
  double best = std::numeric_limits<double>::infinity();  ///< best loss so far
  Index no_better = 0;                                    ///< number of losses since the best one or the last decrease

  double operator()(Index) const {
    detail::check_not_negative("PlateauRate", "rate", rate);
    return rate;
  }

  /// Updates the state by the next dev loss. NaN is no improvement.
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

// Schedules of `teacher_forcing`, the probability of the reference token in scheduled sampling (Bengio et al. 2015,
// section 2.4). It may also be constant.

/// 1 - (1 - minimum) n / updates: the paper's linear decay with k = 1. It reaches `minimum` at the end of the run.
struct LinearForcing {
  double minimum = 0;  ///< the minimum value, in [0, 1]
  double updates = 1;  ///< number of updates of the whole run: always set it, the value is `minimum` from then on

  double operator()(Index n) const {
    detail::check_share("LinearForcing", "minimum", minimum);
    detail::check_positive("LinearForcing", "number of updates", updates);
    return 1 - (1 - minimum) * detail::share_done(n, updates);
  }
};

/// max(minimum, k^n), k < 1: exponential decay.
struct ExponentialForcing {
  double minimum = 0;  ///< the minimum value, in [0, 1]
  double k = 0.999;    ///< factor of the decay per update, in [0, 1)

  double operator()(Index n) const {
    detail::check_share("ExponentialForcing", "minimum", minimum);
    detail::check_below_one("ExponentialForcing", "k", k);
    return std::max(minimum, std::pow(k, static_cast<double>(n)));
  }
};

/// max(minimum, k / (k + e^{n/k})), k >= 1: inverse sigmoid decay. The larger k, the later the decay.
struct InverseSigmoidForcing {
  double minimum = 0;  ///< the minimum value, in [0, 1]
  double k = 1000;     ///< 1 or more

  double operator()(Index n) const {
    detail::check_share("InverseSigmoidForcing", "minimum", minimum);
    detail::check_setting(std::isfinite(k) && k >= 1, "InverseSigmoidForcing", "k", "finite and 1 or more", k);
    return std::max(minimum, k / (k + std::exp(static_cast<double>(n) / k)));
  }
};

}}  // namespace heed::v0_2
