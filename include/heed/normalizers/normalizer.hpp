#pragma once

#include <heed/core/checks.hpp>
#include <heed/core/parameters.hpp>

namespace heed { inline namespace v0_2 {

/// Turns the scores of one sentence (T x n) into weights, in place, and gradients back.
///
/// | call                       | meaning                                   |
/// |----------------------------|-------------------------------------------|
/// | `forward(scores)`          | every column of scores becomes weights    |
/// | `backward(weights, d)`     | d: dL/dweights in, dL/dscores out         |
///
/// `backward` throws heed::Error if d does not have the size of the weights.
template <class C>
concept Normalizer = Part<C> && requires(const C& normalizer, const Matrix<double>& weights, Matrix<double>& in_place) {
  normalizer.forward(in_place);
  normalizer.backward(weights, in_place);
};

}}  // namespace heed::v0_2
