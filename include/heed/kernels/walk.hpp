#pragma once

#include <heed/core/parameters.hpp>

namespace heed { inline namespace v0_2 {

/// How a product passes over a matrix: from which end, and, where threads share the work, which part of it is done.
struct Walk {
  bool backwards = false;        ///< from the last rows to the first
  Share share = {};              ///< of the rows
  bool save_activations = true;  ///< whether a cell's step leaves in its saved what backward reads, or what it pleases
};

}}  // namespace heed::v0_2
