#pragma once

#include <heed/core/errors.hpp>

#include <Eigen/Core>

#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <type_traits>

// Size checks. If the sizes are right, a check only compares integers and does not allocate. Messages are built out of
// line.

namespace heed { inline namespace v0_2 { namespace detail {

using Eigen::Index;

/// Element i of a vector, a span or an array. Their indices are unsigned; `Index` is signed.
template <class Elements>
constexpr decltype(auto) at(Elements&& elements, Index i) {
  return elements[static_cast<std::size_t>(i)];
}

inline std::string size_text(Index rows, Index cols) { return std::to_string(rows) + " x " + std::to_string(cols); }

[[noreturn]] inline EIGEN_DONT_INLINE void fail_size(const char* function, const char* name, Index rows, Index cols,
                                                     Index expected_rows, Index expected_cols, const char* note = "",
                                                     const char* advice = "") {
  fail(std::string(function) + ": " + name + " must be " + size_text(expected_rows, expected_cols) + note + ", got " +
       size_text(rows, cols) + advice);
}

/// Throws unless the argument `name` of a function is rows x cols: "Linear.forward: y must be 3 x 2, got 0 x 0".
/// `advice` is appended to the message: "; call prepare(memory) first".
template <class X>
void check_size(const char* function, const char* name, const X& x, Index rows, Index cols, const char* advice = "") {
  if (x.rows() != rows || x.cols() != cols) fail_size(function, name, x.rows(), x.cols(), rows, cols, "", advice);
}

/// Like `check_size`, with a note on the expected size: "LstmCell.step: s must be 16 x 2 (h above c), got 8 x 2".
template <class X>
void check_noted_size(const char* function, const char* name, const X& x, Index rows, Index cols, const char* note) {
  if (x.rows() != rows || x.cols() != cols) fail_size(function, name, x.rows(), x.cols(), rows, cols, note);
}

/// Throws unless x has the size of `like`.
template <class X, class Y>
void check_like(const char* function, const char* name, const X& x, const Y& like, const char* advice = "") {
  check_size(function, name, x, like.rows(), like.cols(), advice);
}

[[noreturn]] inline EIGEN_DONT_INLINE void fail_number(const char* function, const char* name, std::size_t count,
                                                       std::size_t expected, const char* kind,
                                                       const char* advice = "") {
  fail(std::string(function) + ": " + name + " must have " + std::to_string(expected) + " " + kind + ", got " +
       std::to_string(count) + advice);
}

/// Throws unless a span or vector has `expected` elements: "take_step: tokens must have 3 elements, got 2".
inline void check_count(const char* function, const char* name, std::size_t count, std::size_t expected,
                        const char* advice = "") {
  if (count != expected) fail_number(function, name, count, expected, "elements", advice);
}

/// Throws unless `count` is `expected`; `kind` is the unit: "pack_tokens: a sentence must have 3 tokens, got 2".
inline void check_number(const char* function, const char* name, Index count, Index expected, const char* kind) {
  if (count == expected) return;
  fail_number(function, name, static_cast<std::size_t>(count), static_cast<std::size_t>(expected), kind);
}

[[noreturn]] inline EIGEN_DONT_INLINE void fail_index(const char* function, const char* name, Index index, Index end) {
  fail(std::string(function) + ": " + name + " must be in [0, " + std::to_string(end) + "), got " +
       std::to_string(index));
}

/// Throws unless an index is in [0, end).
inline void check_index(const char* function, const char* name, Index index, Index end) {
  if (index < 0 || index >= end) fail_index(function, name, index, end);
}

[[noreturn]] inline EIGEN_DONT_INLINE void fail_room(const char* function, const char* name, Index rows, Index cols,
                                                     Index expected_rows, Index first, Index n, const char* advice) {
  fail(std::string(function) + ": " + name + " must be " + std::to_string(expected_rows) + " x N with room for " +
       std::to_string(n) + " columns from column " + std::to_string(first) + ", got " + size_text(rows, cols) + advice);
}

/// Throws unless a buffer has `rows` rows and contains n columns from column `first`. An earlier call allocates these
/// columns; `advice` names it.
template <class X>
void check_room(const char* function, const char* name, const X& x, Index rows, Index first, Index n,
                const char* advice) {
  if (x.rows() != rows || first < 0 || n < 0 || n > x.cols() || first > x.cols() - n) {
    fail_room(function, name, x.rows(), x.cols(), rows, first, n, advice);
  }
}

/// A size in the options of a constructor.
struct SizeOption {
  const char* name;
  Index value;
  Index minimum = 1;
};

/// Throws unless every size is at least its minimum: "Encoder: hidden_size must be 1 or more, got 0".
inline void check_options(const char* type, std::initializer_list<SizeOption> sizes) {
  for (const SizeOption& size : sizes) {
    require(size.value >= size.minimum, [&] {
      return std::string(type) + ": " + size.name + " must be " + std::to_string(size.minimum) + " or more, got " +
             std::to_string(size.value);
    });
  }
}

/// True if two column-major matrices of the same size share an element. May also be true if only their address ranges
/// overlap and their strides differ.
template <class A, class B>
bool overlap(const A& a, const B& b) {
  if (a.size() == 0 || b.size() == 0) return false;
  const auto end = [](const auto& x) { return x.data() + (x.cols() - 1) * x.outerStride() + x.rows(); };
  const std::less_equal<> before;
  if (before(end(a), b.data()) || before(end(b), a.data())) return false;
  const Index stride = a.outerStride();
  if (a.cols() == 1 || b.outerStride() != stride) return true;
  Index apart = (b.data() - a.data()) % stride;  // both may be row blocks of one larger matrix
  if (apart < 0) apart += stride;
  return apart < a.rows() || stride - apart < a.rows();
}

/// The number of elements of a rows x cols matrix. Throws if a size is negative or the product does not fit in `Index`.
inline Index matrix_size(Index rows, Index cols) {
  constexpr Index half = Index{1} << (4 * sizeof(Index) - 1);
  if (static_cast<std::size_t>(rows | cols) >= static_cast<std::size_t>(half)) {  // no division in the usual case
    require(rows >= 0 && cols >= 0 && (cols == 0 || rows <= std::numeric_limits<Index>::max() / cols), [&] {
      return "Buffer: sizes must be at least 0 and their product must fit in Index, got " + size_text(rows, cols);
    });
  }
  return rows * cols;
}

/// Fails to compile if the scalar of the matrix type X is not S.
template <class S, class X>
constexpr bool check_scalar() {
  constexpr bool same = std::is_same_v<typename X::Scalar, S>;
  static_assert(same,
                "heed does not convert between scalars (such as double and float): pass x.cast<S>(), where S is "
                "the scalar type of the layer");
  return same;
}

/// Throws if `Rows` is fixed and x, whose rows are dynamic, has another number of rows. Eigen checks this only in debug
/// builds.
template <int Rows, class X>
void check_fixed_rows(const X& x) {
  if constexpr (Rows != Eigen::Dynamic && std::remove_cvref_t<X>::RowsAtCompileTime == Eigen::Dynamic) {
    check_size("heed::In or heed::Out", "an argument with a fixed number of rows", x, Rows, x.cols());
  }
}

}}}  // namespace heed::v0_2::detail
