#pragma once

#include <heed/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A sentence that was found.
template <class S>
struct Hypothesis {
  std::vector<Token> tokens;   ///< without begin and end symbol
  Buffer<S> weights;           ///< source length x (words, and the end symbol if complete): the alignment; no rows
                               ///< without attention or with `SearchOptions::keep_weights` false
  double log_probability = 0;  ///< of all words and the end symbol
  double score = 0;            ///< log_probability divided by the length penalty, and the coverage penalty added
  bool complete = false;       ///< whether it ended with the end symbol, not at the maximum length
};

/// Several of every source, the best first.
template <class S>
using Hypotheses = std::vector<std::vector<Hypothesis<S>>>;

/// A source word that was looked at less than this in a whole sentence counts as looked at this much.
inline constexpr double min_coverage = 1e-6;

/// ((5 + words) / 6)^alpha: Wu et al. 2016 (arXiv 1609.08144), equation 14.
inline double length_penalty(Index words, double alpha) {
  return std::pow((5.0 + static_cast<double>(words)) / 6.0, alpha);
}

/// beta sum_j log min(sum_i a_ij, 1): Wu et al. 2016, equation 14, where sum_i a_ij, entry j of `coverage`, is how much
/// source word j was looked at by all steps together, that of the end symbol included. Never more than 0, and finite:
/// see `min_coverage`.
template <class Derived>
double coverage_penalty(const Eigen::DenseBase<Derived>& coverage, double beta) {
  double sum = 0;
  for (Index j = 0; j < coverage.size(); ++j) {
    sum += std::log(std::clamp(static_cast<double>(coverage.derived()(j)), min_coverage, 1.0));
  }
  return beta * sum;
}

}}  // namespace heed::v0_2
