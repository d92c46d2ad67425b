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
/// An unknown word, the first decoder input of a sentence, and the end of a sentence.
inline constexpr Token unk = 0, bos = 1, eos = 2;
}  // namespace symbols

/// Column-major throughout: a column is whatever you have many of (steps, sentences, queries, beams).
template <class S, int Rows = Dynamic, int Cols = Dynamic>
using Matrix = Eigen::Matrix<S, Rows, Cols>;

/// A matrix of one column.
template <class S, int Rows = Dynamic>
using Vector = Eigen::Matrix<S, Rows, 1>;

namespace detail {

/// An Eigen matrix whose assignment and `resize` have the strong exception guarantee: if memory runs out, it stays as
/// it was. Eigen frees the old numbers first, and keeps a pointer to them when the allocation of the new ones throws.
template <class Plain>
class ExceptionSafeMatrix : public Plain {
 public:
  using Plain::Plain;
  ExceptionSafeMatrix() = default;
  ExceptionSafeMatrix(const ExceptionSafeMatrix&) = default;
  ExceptionSafeMatrix(ExceptionSafeMatrix&&) = default;
  ExceptionSafeMatrix(Plain&& x) : Plain(std::move(x)) {}  // NOLINT: implicit, as the copy of an expression is
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

  /// As those of an Eigen matrix.
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

/// Product and sum of sizes that may be `Dynamic`.
constexpr int times(int factor, int size) { return size == Dynamic ? Dynamic : factor * size; }
constexpr int plus(int a, int b) { return a == Dynamic || b == Dynamic ? Dynamic : a + b; }

/// Parameters up to this many bytes live inside their part; larger ones go to the heap, so that a part with large fixed
/// sizes does not overflow the stack of whoever declares it there.
inline constexpr long inline_bytes = 16 * 1024;

template <class S, int Rows, int Cols>
inline constexpr bool lives_inline = Rows == Dynamic || Cols == Dynamic ||
                                     long{Rows} * Cols* static_cast<long>(sizeof(S)) <= inline_bytes;

/// A matrix of these sizes as a member of a part; one of fixed size never allocates.
template <class S, int Rows, int Cols>
using MemberMatrix = std::conditional_t<Rows != Dynamic && Cols != Dynamic, Matrix<S, Rows, Cols>,
                                        ExceptionSafeMatrix<Matrix<S, Rows, Cols>>>;

}  // namespace detail

/// A matrix of learned numbers, whose fixed sizes stay known to the compiler while they are small enough to be stored
/// inline.
template <class S, int Rows, int Cols>
using Parameter = detail::MemberMatrix<S, Rows, detail::lives_inline<S, Rows, Cols> ? Cols : Dynamic>;

/// A vector of learned numbers.
template <class S, int Rows = Dynamic>
using ParameterVector = detail::MemberMatrix<S, Rows, 1>;

/// How a matrix comes in: any Eigen expression of that scalar; a column-major matrix, `Map` or `Block` without a copy.
///
/// A row-major matrix would be copied at every call without a word, so it is refused at compile time, as is a matrix of
/// another scalar. Throws `Error` if `Rows` is fixed and x has another number of rows.
template <class S, int Rows = Dynamic>
class In : public Eigen::Ref<const Matrix<S, Rows, Dynamic>> {
  using Base = Eigen::Ref<const Matrix<S, Rows, Dynamic>>;

 public:
  /// Binds x; copies what is no column-major matrix in memory, such as a sum.
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

/// How a matrix goes out: written in place, never resized. A column-major matrix, `Map` or `Block` that can be written.
/// Throws `Error` if `Rows` is fixed and x has another number of rows.
template <class S, int Rows = Dynamic>
class Out : public Eigen::Ref<Matrix<S, Rows, Dynamic>> {
  using Base = Eigen::Ref<Matrix<S, Rows, Dynamic>>;
  using Nothing = Eigen::Map<Matrix<S, Rows, Dynamic>>;

 public:
  /// Binds x.
  template <class X>
  requires(!std::is_same_v<std::remove_cvref_t<X>, Out> && std::is_constructible_v<Base, X>) Out(X&& x)
      : Base((detail::check_fixed_rows<Rows>(x), std::forward<X>(x))) {}  // NOLINT: implicit, as above
  /// A matrix of another scalar: refused at compile time.
  template <class Derived>
  requires(!std::is_same_v<typename Derived::Scalar, S>) Out(const Eigen::DenseBase<Derived>&)
      : Base(Nothing(nullptr, Rows == Dynamic ? 0 : Rows, 0)) {  // NOLINT: implicit, as above
    detail::check_scalar<S, Derived>();
  }
  Out(const Out&) = default;

  /// Assigns coefficients; the sizes must agree.
  using Base::operator=;
  Out& operator=(const Out& x) {
    Base::operator=(x);
    return *this;
  }
};

/// A matrix that only grows: `resize` allocates when more room is needed than ever before, and never gives room back.
///
/// It is a `Map` over storage of its own, so it reads, writes and binds like any Eigen matrix. Contents are undefined
/// after `resize`. Movable, not copyable: workspaces are made, not copied.
template <class S, int Rows = Dynamic>
class Buffer : public Eigen::Map<Matrix<S, Rows, Dynamic>> {
  using Base = Eigen::Map<Matrix<S, Rows, Dynamic>>;

 public:
  /// No columns, and no room.
  Buffer() : Base(nullptr, Rows == Dynamic ? 0 : Rows, 0) {}
  /// Takes over the room of another.
  Buffer(Buffer&& other) noexcept : Buffer() { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  /// Assigns coefficients, as a `Map` does. Throws `Error` unless the sizes agree.
  template <class Derived>
  Buffer& operator=(const Eigen::DenseBase<Derived>& x) {
    if constexpr (detail::check_scalar<S, Derived>()) {
      detail::check_size("Buffer.operator=", "x", x, this->rows(), this->cols());
      Base::operator=(x.derived());
    }
    return *this;
  }

  /// Takes on the size and the coefficients of x.
  template <class Derived>
  void assign(const Eigen::MatrixBase<Derived>& x) {
    if constexpr (detail::check_scalar<S, Derived>()) {
      resize(x.rows(), x.cols());
      Base::operator=(x.derived());
    }
  }

  /// Makes it rows x cols. Allocates only beyond the largest size so far, and frees the old numbers first. Throws
  /// `Error` if a size is negative, rows * cols overflows or the rows are fixed at another number, and stays as it was;
  /// throws std::bad_alloc if there is not enough memory, and is empty then.
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
