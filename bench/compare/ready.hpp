#pragma once

#include "../random_parts.hpp"

#include <heed/models/prepack.hpp>

#include <string>

/// Functions for heed's side of the comparisons, which runs heed as a user does.
namespace compare {

using bench::Index, bench::Matrix, bench::Vector;
using bench::random_matrix, bench::randomize, bench::randomize_parameters;

/// The type in which heed stores the weights. The rivals always use float32.
enum class Stored { float32, bfloat16, half };

inline std::string name_of(Stored stored) {
  return stored == Stored::float32 ? "float32" : stored == Stored::bfloat16 ? "bfloat16" : "half";
}

/// Returns a part for inference: prepacked, or converted.
template <heed::Part P>
P ready(P part, Stored stored = Stored::float32) {
  if (stored == Stored::float32) {
    heed::prepack(part);
  } else {
    heed::convert(part, stored == Stored::half ? heed::Precision::half : heed::Precision::bfloat16);
  }
  return part;
}

}  // namespace compare
