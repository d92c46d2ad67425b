#pragma once

#include <heed/core/checks.hpp>
#include <heed/core/errors.hpp>

#include <Eigen/Core>

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

namespace heed { inline namespace v0_2 {

using Eigen::Dynamic;
using Eigen::Index;

/// The index of a word in a vocabulary.
using Token = std::int32_t;

/// The first three entries of every vocabulary.
namespace symbols {
inline constexpr Token unk = 0;  ///< an unknown word
inline constexpr Token bos = 1;  ///< the start of a sentence: the first decoder input
inline constexpr Token eos = 2;  ///< the end of a sentence
}  // namespace symbols

/// A column-major matrix. Data have one item per column: a step, a sentence, a query or a hypothesis of a beam.
template <class S, int Rows = Dynamic, int Cols = Dynamic>
using Matrix = Eigen::Matrix<S, Rows, Cols>;

/// A matrix with one column.
template <class S, int Rows = Dynamic>
using Vector = Eigen::Matrix<S, Rows, 1>;

namespace detail {

/// An Eigen matrix whose assignment and `resize` have the strong exception guarantee: if memory runs out, the matrix is
/// unchanged. Eigen's own matrix frees its old storage first, and keeps a pointer to it if the new allocation throws.
template <class Plain>
class ExceptionSafeMatrix : public Plain {
 public:
  using Plain::Plain;
  ExceptionSafeMatrix() = default;
  ExceptionSafeMatrix(const ExceptionSafeMatrix&) = default;
  ExceptionSafeMatrix(ExceptionSafeMatrix&&) = default;
  ExceptionSafeMatrix(Plain&& x) : Plain(std::move(x)) {}  // NOLINT: implicit, like the constructor from an expression
  ExceptionSafeMatrix& operator=(ExceptionSafeMatrix&&) = default;
  ExceptionSafeMatrix& operator=(Plain&& x) {
    Plain::operator=(std::move(x));
    return *this;
  }
  ExceptionSafeMatrix& operator=(const ExceptionSafeMatrix& x) { return set(static_cast<const Plain&>(x)); }
  template <class Other>
  ExceptionSafeMatrix& operator=(const Eigen::EigenBase<Other>& x) {
    return set(x.derived());
  }

  /// Like `resize` of an Eigen matrix.
  void resize(Index rows, Index cols) {
    if (rows != this->rows() || cols != this->cols()) Plain::operator=(Plain(rows, cols));
  }
  void resize(Index size) {
    if (size != this->size()) Plain::operator=(Plain(size));
  }

 private:
  template <class X>
  ExceptionSafeMatrix& set(const X& x) {
    if (x.rows() == this->rows() && x.cols() == this->cols()) {
      Plain::operator=(x);
    } else {
      Plain::operator=(Plain(x));
    }
    return *this;
  }
};

/// The product and the sum of sizes that may be `Dynamic`.
constexpr int times(int factor, int size) { return size == Dynamic ? Dynamic : factor * size; }
constexpr int plus(int a, int b) { return a == Dynamic || b == Dynamic ? Dynamic : a + b; }

/// The maximum size in bytes of a fixed-size parameter that is stored inside its part (see `Part`). Larger ones are
/// stored on the heap, so that a part with large fixed sizes does not overflow the stack.
inline constexpr long inline_bytes = 16 * 1024;

template <class S, int Rows, int Cols>
inline constexpr bool lives_inline = Rows == Dynamic || Cols == Dynamic ||
                                     long{Rows} * Cols* static_cast<long>(sizeof(S)) <= inline_bytes;

/// A matrix of these sizes as a member of a part. A matrix of fixed size never allocates.
template <class S, int Rows, int Cols>
using MemberMatrix = std::conditional_t<Rows != Dynamic && Cols != Dynamic, Matrix<S, Rows, Cols>,
                                        ExceptionSafeMatrix<Matrix<S, Rows, Cols>>>;

}  // namespace detail

/// A learned matrix. If it is too large to be stored inline, its number of columns is `Dynamic`, also if `Cols` is
/// fixed.
template <class S, int Rows, int Cols>
using Parameter = detail::MemberMatrix<S, Rows, detail::lives_inline<S, Rows, Cols> ? Cols : Dynamic>;

/// A learned vector.
template <class S, int Rows = Dynamic>
using ParameterVector = detail::MemberMatrix<S, Rows, 1>;

/// The type of an input argument: any Eigen expression with scalar S. A column-major matrix, `Map` or `Block` is not
/// copied.
///
/// A row-major matrix would be copied silently at every call, so it is rejected at compile time. A matrix of another
/// scalar is rejected at compile time, too. Throws heed::Error if `Rows` is fixed and x has another number of rows.
template <class S, int Rows = Dynamic>
class In : public Eigen::Ref<const Matrix<S, Rows, Dynamic>> {
  using Base = Eigen::Ref<const Matrix<S, Rows, Dynamic>>;

 public:
  /// Binds x. An expression that is not a column-major matrix in memory, such as a sum, is evaluated into a copy.
  template <class Derived>
  In(const Eigen::DenseBase<Derived>& x)
      : Base(checked(x.derived())) {  // NOLINT: implicit, so that any expression binds
    static_assert(!Derived::IsRowMajor || Derived::IsVectorAtCompileTime,
                  "heed takes column-major matrices (a column is one item); a row-major one would be copied silently: "
                  "pass x.transpose() of your row-major data, or copy it once yourself");
  }

 private:
  template <class X>
  static decltype(auto) checked(const X& x) {
    if constexpr (detail::check_scalar<S, X>()) {
      detail::check_fixed_rows<Rows>(x);
      return (x);
    } else {
      return Matrix<S, Rows, Dynamic>();  // one error is enough
    }
  }
};

/// The type of an output argument: a writable column-major matrix, `Map` or `Block`. It is written in place and never
/// resized. Throws heed::Error if `Rows` is fixed and x has another number of rows.
template <class S, int Rows = Dynamic>
class Out : public Eigen::Ref<Matrix<S, Rows, Dynamic>> {
  using Base = Eigen::Ref<Matrix<S, Rows, Dynamic>>;
  using Nothing = Eigen::Map<Matrix<S, Rows, Dynamic>>;

 public:
  /// Binds x.
  template <class X>
  requires(!std::is_same_v<std::remove_cvref_t<X>, Out> && std::is_constructible_v<Base, X>) Out(X&& x)
      : Base((detail::check_fixed_rows<Rows>(x), std::forward<X>(x))) {}  // NOLINT: implicit, as above
  /// Rejects a matrix of another scalar at compile time.
  template <class Derived>
  requires(!std::is_same_v<typename Derived::Scalar, S>) Out(const Eigen::DenseBase<Derived>&)
      : Base(Nothing(nullptr, Rows == Dynamic ? 0 : Rows, 0)) {  // NOLINT: implicit, as above
    detail::check_scalar<S, Derived>();
  }
  Out(const Out&) = default;

  /// Assigns the coefficients; the sizes must be equal.
  using Base::operator=;
  Out& operator=(const Out& x) {
    Base::operator=(x);
    return *this;
  }
};

/// A matrix whose storage never shrinks: `resize` allocates only if it needs more elements than ever before.
///
/// It is a `Map` over storage that it owns, so it can be used like any Eigen matrix. The contents are undefined after
/// `resize`. It is movable, but not copyable, because workspaces are never copied.
template <class S, int Rows = Dynamic>
class Buffer : public Eigen::Map<Matrix<S, Rows, Dynamic>> {
  using Base = Eigen::Map<Matrix<S, Rows, Dynamic>>;

 public:
  /// An empty buffer: no columns and no storage.
  Buffer() : Base(nullptr, Rows == Dynamic ? 0 : Rows, 0) {}
  /// Takes over the storage of another buffer.
  Buffer(Buffer&& other) noexcept : Buffer() { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  /// Assigns the coefficients, like a `Map`. Throws heed::Error if the sizes differ.
  template <class Derived>
  Buffer& operator=(const Eigen::DenseBase<Derived>& x) {
    if constexpr (detail::check_scalar<S, Derived>()) {
      detail::check_size("Buffer.operator=", "x", x, this->rows(), this->cols());
      Base::operator=(x.derived());
    }
    return *this;
  }

  /// Resizes to the size of x and copies its coefficients.
  template <class Derived>
  void assign(const Eigen::MatrixBase<Derived>& x) {
    if constexpr (detail::check_scalar<S, Derived>()) {
      resize(x.rows(), x.cols());
      Base::operator=(x.derived());
    }
  }

  /// Resizes to rows x cols. Allocates only if this is larger than every earlier size, and frees the old storage first.
  /// Throws heed::Error if a size is negative, if rows * cols overflows, or if the rows are fixed at another number;
  /// the buffer is unchanged then. Throws std::bad_alloc if there is not enough memory; the buffer is empty then.
  void resize(Index rows, Index cols) {
    const Index size = detail::matrix_size(rows, cols);
    if (Rows != Dynamic && rows != Rows) detail::fail_size("Buffer.resize", "the buffer", rows, cols, Rows, cols);
    if (size > storage_.size()) grow(size);
    view(rows, cols);
  }

 private:
  void grow(Index size) {
    view(Rows == Dynamic ? 0 : Rows, 0, nullptr);
    Vector<S>().swap(storage_);
    Vector<S>(size).swap(storage_);
  }
  void view(Index rows, Index cols) { view(rows, cols, storage_.data()); }
  void view(Index rows, Index cols, S* data) { ::new (static_cast<Base*>(this)) Base(data, rows, cols); }
  void swap(Buffer& other) noexcept {
    const Index rows = this->rows(), cols = this->cols();
    const Index other_rows = other.rows(), other_cols = other.cols();
    storage_.swap(other.storage_);
    view(other_rows, other_cols);
    other.view(rows, cols);
  }

  Vector<S> storage_;
};

}}  // namespace heed::v0_2
