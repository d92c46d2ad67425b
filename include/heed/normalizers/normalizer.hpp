#pragma once

#include <heed/core/checks.hpp>
#include <heed/core/parameters.hpp>

namespace heed { inline namespace v0_2 {

/// A normaliser: replaces the scores of one sentence (T x n, a column per query) by attention weights, in place.
///
/// | call                       | meaning                                                     |
/// |----------------------------|-------------------------------------------------------------|
/// | `forward(scores)`          | replaces every column of scores by weights                  |
/// | `backward(weights, d)`     | d holds dL/dweights on entry and dL/dscores on return       |
///
/// `backward` throws heed::Error if d does not have the size of the weights.
template <class C>
concept Normalizer = Part<C> && requires(const C& normalizer, const Matrix<double>& weights, Matrix<double>& in_place) {
  normalizer.forward(in_place);
  normalizer.backward(weights, in_place);
};

}}  // namespace heed::v0_2
