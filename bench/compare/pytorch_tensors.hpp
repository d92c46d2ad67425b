#pragma once

#include "ready.hpp"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace compare {

/// Views of heed's matrices, not copies. A column-major matrix is the row-major tensor of its transpose.
inline at::Tensor transposed_view(const Matrix& x) {
  return at::from_blob(const_cast<float*>(x.data()), {x.cols(), x.rows()});
}
inline at::Tensor view(const Vector& x) { return at::from_blob(const_cast<float*>(x.data()), {x.size()}); }

/// A copy of the matrix in PyTorch's layout, row-major.
inline at::Tensor row_by_row(const Matrix& x) { return transposed_view(x).t().contiguous(); }

/// The words as a tensor of `rows` rows.
inline at::Tensor words_in_rows(const std::vector<std::int64_t>& numbers, std::int64_t rows) {
  return at::tensor(numbers).view({rows, -1});
}

}  // namespace compare
