#pragma once

#include <heed/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A decoded sentence.
template <class S>
struct Hypothesis {
  std::vector<Token> tokens;   ///< without bos and eos
  Buffer<S> weights;           ///< source length x (words, plus eos if complete): attention weights; no rows without
                               ///< attention, or if `SearchOptions::keep_weights` is false
  double log_probability = 0;  ///< sum over all words and eos
  double score = 0;            ///< log_probability divided by the length penalty, plus the coverage penalty
  bool complete = false;       ///< true if it ended with eos, false if it was cut off at the maximum length

  Hypothesis() = default;
  Hypothesis(Hypothesis&&) = default;
  Hypothesis& operator=(Hypothesis&&) = default;
  /// Copies the tokens, the weights and the scores.
  Hypothesis(const Hypothesis& other) : Hypothesis() { *this = other; }
  /// Copies the tokens, the weights and the scores.
  Hypothesis& operator=(const Hypothesis& other) {
    tokens = other.tokens;
    weights.assign(other.weights);
    log_probability = other.log_probability;
    score = other.score;
    complete = other.complete;
    return *this;
  }
};

/// Several hypotheses for each source: best first from `search`, in the order drawn from `sample`.
template <class S>
using Hypotheses = std::vector<std::vector<Hypothesis<S>>>;

/// Lower bound of the coverage of a source word in `coverage_penalty`, so that the logarithm is finite.
inline constexpr double min_coverage = 1e-6;

/// Length penalty ((5 + words) / 6)^alpha: Wu et al. 2016 (arXiv 1609.08144), equation 14.
inline double length_penalty(Index words, double alpha) {
  return std::pow((5.0 + static_cast<double>(words)) / 6.0, alpha);
}

/// Coverage penalty beta sum_j log min(sum_i a_ij, 1): Wu et al. 2016, equation 14. sum_i a_ij, entry j of `coverage`,
/// is the sum of the attention weights of source word j over all steps, including the step of eos. At most 0, and
/// finite: see `min_coverage`.
template <class Derived>
double coverage_penalty(const Eigen::DenseBase<Derived>& coverage, double beta) {
  double sum = 0;
  for (Index j = 0; j < coverage.size(); ++j) {
    sum += std::log(std::clamp(static_cast<double>(coverage.derived()(j)), min_coverage, 1.0));
  }
  return beta * sum;
}

}}  // namespace heed::v0_2
