#pragma once

#include <heed/kernels/packed_backward.hpp>
#include <heed/kernels/panels.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace heed { inline namespace v0_2 { namespace detail {

/// What reads a packed matrix whose numbers are stored as T.
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

/// A matrix laid out for products with the same matrix over and over: a copy that is read and never written.
///
///     W = [ r ]   rows of one packet      panel 0 = r0 z0 n0 of column 0, r0 z0 n0 of column 1, ...
///         [ z ]   from every gate      -> panel 1 = r1 z1 n1 of column 0, ...
///         [ n ]   make a panel            (r0: as many rows of r as a packet holds, r1: the next ones)
///
/// A product reads a panel from beginning to end, and the sums of all gates of a unit end in registers together. One
/// matrix alone (`Gates` = 1) has a few packets of neighbouring rows to a panel. Rows beyond the last are zero.
/// Numbers are stored as the scalar S, or in 16 bits, two of which share a word: half the bytes to read.
template <class S, int Gates>
class PackedMatrix {
 public:
  /// Holds no matrix.
  PackedMatrix() = default;
  PackedMatrix(const PackedMatrix& other) { *this = other; }
  PackedMatrix(PackedMatrix&& other) noexcept { *this = std::move(other); }
  /// If memory runs out, it holds no matrix.
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

  /// Packs x, whose rows are those of `Gates` matrices, each number as a T: S, or `Eigen::bfloat16` or `Eigen::half` for
  /// float. Allocates if it needs more room than ever before. Throws, and holds no matrix then, if memory runs out, or if
  /// T has 16 bits and x has a number that is not finite or beyond the largest T.
  template <class T = S>
  void pack(const Eigen::Ref<const Matrix<S>>& x) {
    eigen_assert(x.rows() % Gates == 0);
    clear();
    Storage<T>::check(x);
    using Word = typename Storage<T>::Word;
    if (Storage<T>::per_word > 1) Lines<std::byte>().swap(room_);  // the room of the whole numbers is not needed again
    room_.resize(static_cast<std::size_t>(PanelLayout<T, Gates>::words_for(x.rows(), x.cols())) * sizeof(Word));
    PanelLayout<T, Gates>::pack(x, reinterpret_cast<Word*>(room_.data()));
    rows_ = x.rows();
    cols_ = x.cols();
    kernels_ = &panel_kernels<T, Gates>;
  }

  /// Holds no matrix from here on, and keeps its room for the next.
  void clear() { kernels_ = nullptr; }

  /// Whether it holds a matrix.
  bool has_value() const { return kernels_ != nullptr; }
  /// Whether its numbers have 16 bits.
  bool is_16_bit() const { return has_value() && kernels_->parts > 1; }

  /// As those of an Eigen matrix.
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }

  /// Columns first ... first + count of it, W, times x: calls use(io, k, j, sums) for units k ... of column j, with a
  /// packet of sums for every gate; `io` loads and stores as many numbers as there are units left.
  template <class X, class Use>
  void multiply(Index first, Index count, const X& x, const Walk& walk, const Use& use) const {
    PanelProduct<S, Gates>::multiply(*kernels_, columns(first, count), {x.data(), 1, x.colStride()}, x.cols(), walk,
                                     use);
  }

  /// out += W' d, the rows of gate g in d beginning at at[g]. Throws `Error` if the numbers have 16 bits. Allocates.
  template <class D, class O>
  void backward(Index first, Index count, const D& d, const std::array<Index, std::size_t{Gates}>& at, O&& out) const {
    kernels_->backward(columns(first, count), d, at.data(), out);
  }

 private:
  PanelColumns columns(Index first, Index count) const { return {room_.data(), rows_ / Gates, cols_, first, count}; }

  Index rows_ = 0, cols_ = 0;
  Lines<std::byte> room_;
  const PanelKernels<S>* kernels_ = nullptr;  ///< nullptr: it holds no matrix
};

}}}  // namespace heed::v0_2::detail
