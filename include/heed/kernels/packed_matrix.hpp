#pragma once

#include <heed/kernels/packed_backward.hpp>
#include <heed/kernels/panels.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace heed { inline namespace v0_2 { namespace detail {

/// The kernels for a packed matrix whose elements are stored as T.
template <class T, int Gates>
inline constexpr PanelKernels<scalar_of<T>> panel_kernels = {
    Storage<T>::per_word,
    PanelLayout<T, Gates>::max_panels,
    PanelLayout<T, Gates>::max_columns,
    PanelLayout<T, Gates>::held,
    &PanelLayout<T, Gates>::sum_column,
    &PanelLayout<T, Gates>::sum_columns,
    [](const PanelColumns& w, const Eigen::Ref<const Matrix<scalar_of<T>>>& d, const Index* at,
       Eigen::Ref<Matrix<scalar_of<T>>> out) {
      if constexpr (std::is_same_v<T, scalar_of<T>>) {
        typename PackedBackward<T, Gates>::Offsets offsets;
        std::copy_n(at, Gates, offsets.begin());
        PackedBackward<T, Gates>::add(w, d, offsets, out);
      } else {
        fail("a model that was converted to 16-bit weights is for inference only: it has no gradients");
      }
    }};

/// A read-only copy of a matrix, in a layout for repeated products with this matrix.
///
///     W = [ r ]   rows of one packet      panel 0 = r0 z0 n0 of column 0, r0 z0 n0 of column 1, ...
///         [ z ]   from every gate      -> panel 1 = r1 z1 n1 of column 0, ...
///         [ n ]   make a panel            (r0: the first packet of rows of r, r1: the next packet)
///
/// A product reads a panel from beginning to end, and the sums of all gates of a unit are in registers at the same
/// time. If `Gates` = 1, a panel contains a few packets of neighbouring rows. The last panel is padded with rows of
/// zeros. Elements are stored as the scalar S or in 16 bits. Two 16-bit elements share a word, which halves the memory
/// traffic.
template <class S, int Gates>
class PackedMatrix {
 public:
  /// Creates an object that holds no matrix.
  PackedMatrix() = default;
  PackedMatrix(const PackedMatrix& other) { *this = other; }
  PackedMatrix(PackedMatrix&& other) noexcept { *this = std::move(other); }
  /// If memory allocation fails, the object holds no matrix.
  PackedMatrix& operator=(const PackedMatrix& other) {
    if (this == &other) return *this;
    clear();
    if (!other.has_value()) return *this;
    room_ = other.room_;
    rows_ = other.rows_;
    cols_ = other.cols_;
    kernels_ = other.kernels_;
    return *this;
  }
  PackedMatrix& operator=(PackedMatrix&& other) noexcept {
    room_ = std::exchange(other.room_, {});
    rows_ = other.rows_;
    cols_ = other.cols_;
    kernels_ = std::exchange(other.kernels_, nullptr);
    return *this;
  }

  /// Packs x, in which `Gates` matrices are stacked. Stores each element as a T: S, or `Eigen::bfloat16` or
  /// `Eigen::half` if S is float. Allocates if it needs more memory than ever before. Throws if memory allocation
  /// fails, or if T has 16 bits and x has an element that is not finite or exceeds the largest T. After an exception,
  /// the object holds no matrix.
  template <class T = S>
  void pack(const Eigen::Ref<const Matrix<S>>& x) {
    eigen_assert(x.rows() % Gates == 0);
    clear();
    Storage<T>::check(x);
    using Word = typename Storage<T>::Word;
    if (Storage<T>::per_word > 1) Lines<std::byte>().swap(room_);  // frees the memory of the full-precision copy
    room_.resize(static_cast<std::size_t>(PanelLayout<T, Gates>::words_for(x.rows(), x.cols())) * sizeof(Word));
    PanelLayout<T, Gates>::pack(x, reinterpret_cast<Word*>(room_.data()));
    rows_ = x.rows();
    cols_ = x.cols();
    kernels_ = &panel_kernels<T, Gates>;
  }

  /// Removes the matrix and keeps the memory for the next one.
  void clear() { kernels_ = nullptr; }

  /// True if the object holds a matrix.
  bool has_value() const { return kernels_ != nullptr; }
  /// True if the elements have 16 bits.
  bool is_16_bit() const { return has_value() && kernels_->parts > 1; }

  /// Size of the packed matrix.
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }

  /// W x, where W is the `count` columns of the matrix from column `first` on. Calls use(io, k, j, sums) for units k
  /// ... of column j, with a packet of sums for every gate. `io` loads and stores a packet, or only the units that
  /// remain.
  template <class X, class Use>
  void multiply(Index first, Index count, const X& x, const Walk& walk, const Use& use) const {
    PanelProduct<S, Gates>::multiply(*kernels_, columns(first, count), {x.data(), 1, x.colStride()}, x.cols(), walk,
                                     use);
  }

  /// out += W' d, where W is the same range of columns and the rows of gate g in d begin at at[g]. Allocates. Throws
  /// heed::Error if the elements have 16 bits.
  template <class D, class O>
  void backward(Index first, Index count, const D& d, const std::array<Index, std::size_t{Gates}>& at, O&& out) const {
    kernels_->backward(columns(first, count), d, at.data(), out);
  }

 private:
  PanelColumns columns(Index first, Index count) const { return {room_.data(), rows_ / Gates, cols_, first, count}; }

  Index rows_ = 0, cols_ = 0;
  Lines<std::byte> room_;
  const PanelKernels<S>* kernels_ = nullptr;  ///< nullptr: no matrix
};

}}}  // namespace heed::v0_2::detail
