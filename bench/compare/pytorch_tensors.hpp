#pragma once

#include "ready.hpp"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace compare {

/// heed's numbers where they lie. A column-major matrix is the row-major tensor of its transpose.
inline at::Tensor transposed_view(const Matrix& x) {
  return at::from_blob(const_cast<float*>(x.data()), {x.cols(), x.rows()});
}
inline at::Tensor view(const Vector& x) { return at::from_blob(const_cast<float*>(x.data()), {x.size()}); }

/// The same matrix in PyTorch's own order, row by row.
inline at::Tensor row_by_row(const Matrix& x) { return transposed_view(x).t().contiguous(); }

/// An array of rows x (numbers / rows) of words.
inline at::Tensor words_in_rows(const std::vector<std::int64_t>& numbers, std::int64_t rows) {
  return at::tensor(numbers).view({rows, -1});
}

}  // namespace compare
