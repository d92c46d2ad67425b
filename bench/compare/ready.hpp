#pragma once

#include "../random_parts.hpp"

#include <heed/pack.hpp>

#include <utility>

/// heed's side of every comparison, in the form in which a user would run it.
namespace compare {

using bench::Index, bench::Matrix, bench::Vector;
using bench::random_matrix, bench::randomize, bench::randomize_parameters;

/// A part made ready for inference: packed once, each weight kept as a `Weight`.
template <class Weight = float, heed::Part P>
auto ready(const P& part) {
  return heed::pack<Weight>(part);
}
template <class P, class Weight = float>
using Ready = decltype(ready<Weight>(std::declval<const P&>()));

}  // namespace compare
