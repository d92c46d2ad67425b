#pragma once

#include <heed/kernels/panels.hpp>

namespace heed::inline v0_1 {

/// Some neighbouring columns of a packed matrix.
template <class T, int Gates>
struct PackedColumns {
  detail::Panels<T, Gates> panels;  ///< of the whole matrix
  Index first, count;               ///< columns first ... first + count of it

  /// Their size.
  Index rows() const { return Gates * panels.rows; }
  Index cols() const { return count; }
};

/// A matrix laid out for products with the same matrix over and over: a copy that is read and never written.
///
///     W = [ r ]   rows of one packet      panel 0 = r0 z0 n0 of column 0, r0 z0 n0 of column 1, ...
///         [ z ]   from every gate      -> panel 1 = r1 z1 n1 of column 0, ...
///         [ n ]   make a panel            (r0: as many rows of r as a packet holds, r1: the next ones)
///
/// A product reads a panel from beginning to end, and the sums of all gates of a unit end in registers together. One
/// matrix alone (`Gates` = 1) has a few packets of neighbouring rows to a panel. Rows beyond the last are zero.
/// T is the scalar, or `Eigen::bfloat16` or `Eigen::half`, two of which share a word: half the bytes to read.
template <class T, int Gates>
class PackedMatrix {
 public:
  using Scalar = scalar_of<T>;

  PackedMatrix() = default;

  /// Packs x, whose rows are those of `Gates` matrices. Allocates if x is larger than any before. Throws, and stays as it
  /// was, if memory runs out, or if T is a 16-bit number and x has one that is not finite or beyond the largest T.
  PackedMatrix& operator=(const Eigen::Ref<const Matrix<Scalar>>& x) {
    eigen_assert(x.rows() % Gates == 0);
    detail::Storage<T>::check(x);
    words_.resize(static_cast<std::size_t>(detail::Panels<T, Gates>::words_for(x.rows(), x.cols())));
    rows_ = x.rows();
    cols_ = x.cols();
    detail::Panels<T, Gates>::pack(x, words_.data());
    return *this;
  }

  /// Stands where a matrix of zeros would: a packed matrix is written by packing alone.
  static PackedMatrix Zero(Index rows, Index cols) {
    PackedMatrix zero;
    zero = Matrix<Scalar>::Zero(rows, cols);
    return zero;
  }

  /// As those of an Eigen matrix.
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index size() const { return rows_ * cols_; }

  /// As those of an Eigen matrix: views that products read.
  PackedColumns<T, Gates> middleCols(Index first, Index count) const {
    return {{words_.data(), rows_ / Gates, cols_}, first, count};
  }
  PackedColumns<T, Gates> leftCols(Index count) const { return middleCols(0, count); }
  PackedColumns<T, Gates> rightCols(Index count) const { return middleCols(cols_ - count, count); }

 private:
  Index rows_ = 0, cols_ = 0;
  detail::Lines<typename detail::Storage<T>::Word> words_;
};

/// A matrix of which only products with the transpose are wanted: it is the transpose that is packed.
template <class T>
class PackedTranspose {
 public:
  using Scalar = scalar_of<T>;

  PackedTranspose() = default;

  /// Packs the transpose of x. Allocates.
  PackedTranspose& operator=(const Eigen::Ref<const Matrix<Scalar>>& x) {
    transpose_ = x.transpose();
    return *this;
  }

  /// Stands where a matrix of zeros would.
  static PackedTranspose Zero(Index rows, Index cols) {
    PackedTranspose zero;
    zero = Matrix<Scalar>::Zero(rows, cols);
    return zero;
  }

  /// Those of x, as of an Eigen matrix; and what is packed.
  Index rows() const { return transpose_.cols(); }
  Index cols() const { return transpose_.rows(); }
  Index size() const { return transpose_.size(); }
  const PackedMatrix<T, 1>& transpose() const { return transpose_; }

 private:
  PackedMatrix<T, 1> transpose_;
};

}  // namespace heed::inline v0_1
