#pragma once

#include <heed/models/prepack.hpp>

/// A prepacked copy of a layer.
template <heed::Part P>
P prepacked(P part) {
  heed::prepack(part);
  return part;
}

/// A copy of a layer converted to 16-bit weights.
template <heed::Part P>
P converted(P part, heed::Precision precision) {
  heed::convert(part, precision);
  return part;
}
