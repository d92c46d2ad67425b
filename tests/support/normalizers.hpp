#pragma once

#include <heed/normalizers/any_normalizer.hpp>
#include <heed/normalizers/entmax.hpp>
#include <heed/normalizers/softmax.hpp>
#include <heed/normalizers/sparsemax.hpp>
#include <heed/normalizers/temperature.hpp>

#include "support/oracles.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace typed {

/// All normalisers for typed tests. A new one needs one entry here and an oracle below.
using EachNormalizer = testing::Types<heed::Softmax, heed::TemperatureSoftmax, heed::Sparsemax, heed::Entmax15>;

template <class NormalizerType>
NormalizerType make_normalizer() {
  if constexpr (std::is_same_v<NormalizerType, heed::TemperatureSoftmax>) {
    return heed::TemperatureSoftmax(0.7);
  } else {
    return {};
  }
}

}  // namespace typed

/// The weights of one column of scores, computed from the papers' definitions.
namespace oracle {

inline Column normalise(const heed::Softmax&, const Column& scores) { return softmax(scores); }

inline Column normalise(const heed::TemperatureSoftmax& normalizer, Column scores) {
  for (Real& score : scores) score /= static_cast<Real>(normalizer.temperature);
  return softmax(scores);
}

/// [(alpha - 1) z - tau]_+^{1 / (alpha - 1)}, where tau is found by bisection so that the sum is 1.
inline Column entmax(Column z, Real alpha) {
  Real most = z[0];
  for (const Real number : z) most = std::max(most, number);
  for (Real& number : z) number = (alpha - 1) * (number - most);
  const auto weight = [&](Real x, Real tau) { return x > tau ? std::pow(x - tau, 1 / (alpha - 1)) : Real{0}; };
  Real low = -1, high = 0;
  for (int halvings = 0; halvings < 80; ++halvings) {
    const Real middle = (low + high) / 2;
    Real sum = 0;
    for (const Real x : z) sum += weight(x, middle);
    (sum > 1 ? low : high) = middle;
  }
  for (Real& x : z) x = weight(x, low);
  return z;
}

inline Column normalise(const heed::Sparsemax&, const Column& scores) { return entmax(scores, 2); }
inline Column normalise(const heed::Entmax15&, const Column& scores) { return entmax(scores, 1.5L); }

inline Column normalise(const heed::AnyNormalizer& any, const Column& scores) {
  return std::visit([&](const auto& normalizer) { return normalise(normalizer, scores); }, any.normalizer);
}

}  // namespace oracle
