#pragma once

#include <heed/errors.hpp>

#include <Eigen/Core>

#include <functional>
#include <string>

namespace heed::inline v0_1::detail {

using Eigen::Index;

inline std::string size_text(Index rows, Index cols) { return std::to_string(rows) + " x " + std::to_string(cols); }

[[noreturn]] inline void fail_size(const char* function, const char* name, Index rows, Index cols, Index expected_rows,
                                   Index expected_cols, const char* note = "") {
  fail(std::string(function) + ": " + name + " must be " + size_text(expected_rows, expected_cols) + note + ", got " +
       size_text(rows, cols));
}

/// Throws unless the argument `name` of a function has this size: "Linear.forward: y must be 3 x 2, got 0 x 0". `note`
/// stands behind the expected size.
template <class X>
void check_size(const char* function, const char* name, const X& x, Index rows, Index cols, const char* note = "") {
  if (x.rows() != rows || x.cols() != cols) fail_size(function, name, x.rows(), x.cols(), rows, cols, note);
}

/// Throws unless it has this many rows, and at least this many columns.
template <class X>
void check_columns(const char* function, const char* name, const X& x, Index rows, Index cols) {
  if (x.rows() != rows || x.cols() < cols) {
    fail_size(function, name, x.rows(), x.cols(), rows, cols, " or have more columns");
  }
}

/// Throws unless a list has this many elements (`kind`: what they are).
template <class Count>
void check_count(const char* function, const char* name, Count count, Index expected, const char* kind = "elements") {
  if (static_cast<Index>(count) != expected) {
    fail(std::string(function) + ": " + name + " must have " + std::to_string(expected) + " " + kind + ", got " +
         std::to_string(count));
  }
}

/// Throws unless an index lies in [0, end).
inline void check_index(const char* function, const char* name, Index index, Index end) {
  if (index < 0 || index >= end) {
    fail(std::string(function) + ": " + name + " must be in [0, " + std::to_string(end) + "), got " +
         std::to_string(index));
  }
}

/// Throws unless [first, first + count) lies in [0, end).
inline void check_range(const char* function, Index first, Index count, Index end) {
  if (first < 0 || count < 0 || count > end - first) {
    fail(std::string(function) + ": columns must lie in [0, " + std::to_string(end) + "), got " +
         std::to_string(count) + " columns from " + std::to_string(first) + " on");
  }
}

/// Whether two column-major matrices of the same size share a number.
template <class A, class B>
bool overlap(const A& a, const B& b) {
  if (a.size() == 0 || b.size() == 0) return false;
  const auto end = [](const auto& x) { return x.data() + (x.cols() - 1) * x.outerStride() + x.rows(); };
  const std::less_equal<> before;
  if (before(end(a), b.data()) || before(end(b), a.data())) return false;
  const Index stride = a.outerStride();
  if (a.cols() == 1 || b.outerStride() != stride) return true;
  Index apart =
      (b.data() - a.data()) % stride;  // rows of one matrix that lie between the columns of another are allowed
  if (apart < 0) apart += stride;
  return apart < a.rows() || stride - apart < a.rows();
}

}  // namespace heed::inline v0_1::detail
