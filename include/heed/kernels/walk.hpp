#pragma once

#include <heed/core/parameters.hpp>

namespace heed { inline namespace v0_2 {

/// The order in which a product reads the rows of a matrix, and the share of the rows that it computes if threads share
/// the work.
struct Walk {
  bool backwards = false;        ///< from the last rows to the first rows
  Share share = {};              ///< share of the rows
  bool save_activations = true;  ///< save activations for backward; if false, a cell's step leaves `saved` unspecified
};

}}  // namespace heed::v0_2
