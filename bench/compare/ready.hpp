#pragma once

#include "../random_parts.hpp"

#include <heed/models/prepack.hpp>

#include <string>

/// heed's side of every comparison, in the form in which a user would run it.
namespace compare {

using bench::Index, bench::Matrix, bench::Vector;
using bench::random_matrix, bench::randomize, bench::randomize_parameters;

/// How heed stores the weights. A rival's are always float32.
enum class Stored { float32, bfloat16, half };

inline std::string name_of(Stored stored) {
  return stored == Stored::float32 ? "float32" : stored == Stored::bfloat16 ? "bfloat16" : "half";
}

/// A part made ready for inference: prepacked or converted once.
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
