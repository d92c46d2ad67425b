#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/packed_matrix.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace heed { inline namespace v0_2 {

/// The storage type of a converted model: 16 bits per parameter, for inference.
enum class Precision {
  bfloat16,  ///< the range of float, 8 significant bits
  half       ///< up to 65504, 11 significant bits; magnitudes below 2^-14 (6.1e-5) are stored as 0
};

template <class W>
struct WeightColumns;

/// A learned matrix with an optional packed copy, in the layout that the kernels read fastest.
///
/// Products read the copy if there is one. Every function that gives write access to the values drops the copy. (Do not
/// keep the reference that `edit` returns: writes after the next `prepack` do not change the copy.) `convert` replaces
/// the values by 16-bit values, until new values are assigned. A weight consists of `Gates` matrices of the same size,
/// one above the other. In the copy, the rows of one unit in all gates are close together, because a recurrent step
/// needs their sums at the same time. If `Transposed`, the copy is of the transpose, for weights that are mainly used
/// in products with the transpose.
///
/// A matrix of fixed size that is small enough to be stored inline (`inline_bytes` of core/types.hpp) is equally fast
/// without a copy. It has no copy, and `prepack` and `convert` do nothing. The same is true if the scalar type is
/// neither float nor double. For double, `convert` of a weight does nothing, and `convert` of a model does not compile.
template <class S, int Rows = Dynamic, int Cols = Dynamic, int Gates = 1, bool Transposed = false>
class Weight {
 public:
  using Scalar = S;
  using Values = Parameter<S, Rows, Cols>;        ///< type of the values
  static constexpr int gates = Gates;             ///< number of stacked matrices
  static constexpr bool transposed = Transposed;  ///< true if the copy is of the transpose
  /// True if a weight of this type can have a packed copy.
  static constexpr bool packable = (std::is_same_v<S, float> || std::is_same_v<S, double>)&&(
      Values::RowsAtCompileTime == Dynamic || Values::ColsAtCompileTime == Dynamic);

  /// Creates an empty weight, or zeros if the size is fixed.
  Weight() : Weight(Rows == Dynamic ? 0 : Rows, Cols == Dynamic ? 0 : Cols) {}
  /// Creates a weight of zeros.
  Weight(Index rows, Index cols) : values_(Values::Zero(rows, cols)) {}
  /// Creates a weight with these values.
  template <class Derived>
  explicit Weight(const Eigen::EigenBase<Derived>& values) : values_(values.derived()) {}

  Weight(const Weight&) = default;
  Weight(Weight&&) = default;
  Weight& operator=(Weight&&) = default;
  /// Copies the values, and the packed copy or the 16-bit values if there are any. If memory allocation fails, this
  /// weight is unchanged.
  Weight& operator=(const Weight& other) {
    if (other.is_packed()) return *this = Weight(other);
    return *this = other.values_;
  }
  /// Sets the values, of any size that the type allows. Drops the packed copy or the 16-bit values. If memory
  /// allocation fails, this weight is unchanged.
  template <class Derived>
  Weight& operator=(const Eigen::EigenBase<Derived>& values) {
    values_ = values.derived();
    if constexpr (packable) packed_.clear();
    return *this;
  }

  /// Size of the matrix, before and after `convert`.
  Index rows() const { return is_converted() ? (Transposed ? packed_.cols() : packed_.rows()) : values_.rows(); }
  Index cols() const { return is_converted() ? (Transposed ? packed_.rows() : packed_.cols()) : values_.cols(); }
  Index size() const { return rows() * cols(); }

  /// The values. Throws heed::Error if `convert` has released them.
  const Values& values() const {
    check_values();
    return values_;
  }
  /// One value. Throws heed::Error if `convert` has released the values.
  S operator()(Index i, Index j) const { return values()(i, j); }

  /// Write access to the values. Drops the copy. Do not write to the reference after the next `prepack` or `convert`.
  /// Throws heed::Error if `convert` has released the values.
  Values& edit() {
    check_values();
    drop_copy();
    return values_;
  }

  /// Creates the packed copy if there is none. Allocates if it needs more memory than ever before. If memory allocation
  /// fails, there is no copy.
  void prepack() {
    if constexpr (packable) {
      if (!packed_.has_value()) pack<S>();
    }
  }

  /// Drops the copy that `prepack` created, and keeps its memory for the next copy.
  void drop_copy() noexcept {
    if constexpr (packable) {
      // Writes only if there is a copy: threads may call this concurrently to edit different elements of one weight.
      if (packed_.has_value() && !is_converted()) packed_.clear();
    }
  }

  /// Replaces the values, which are floats, by 16-bit values that only products read. Does nothing if the weight is
  /// already converted. Throws heed::Error if a value exceeds the range (65504 for half, the range of float for
  /// bfloat16) or is infinity or NaN. After an exception, the values are unchanged, but the packed copy is dropped.
  void convert(Precision precision) {
    prepare(precision);
    release();
  }

  /// True if products read a copy, created by `prepack` or `convert`.
  bool is_packed() const {
    if constexpr (packable) return packed_.has_value();
    return false;
  }
  /// True if `convert` has released the values.
  bool is_converted() const {
    // Checks the values first, because another thread may be writing packed_: threads that prepack a model together
    // call size() of all its weights.
    if constexpr (packable) return values_.size() == 0 && packed_.has_value() && packed_.rows() * packed_.cols() > 0;
    return false;
  }

  /// The first step of `convert`: creates the 16-bit copy. May throw.
  void prepare(Precision precision) {
    if constexpr (packable && std::is_same_v<S, float>) {
      if (is_converted()) return;
      if (precision == Precision::half) {
        pack<Eigen::half>();
      } else {
        pack<Eigen::bfloat16>();
      }
    }
  }
  /// The second step of `convert`: releases the values, so that only the 16-bit copy remains.
  void release() noexcept {
    if constexpr (packable) {
      if (packed_.is_16_bit()) values_ = Values();
    }
  }

  /// A range of columns for products. The functions are named like those of an Eigen matrix.
  WeightColumns<Weight> middleCols(Index first, Index count) const { return {*this, first, count}; }
  WeightColumns<Weight> leftCols(Index count) const { return {*this, 0, count}; }
  WeightColumns<Weight> rightCols(Index count) const { return {*this, cols() - count, count}; }

  /// The packed copy, which products read.
  const detail::PackedMatrix<S, Gates>& packed() const { return packed_; }

 private:
  struct Nothing {
    static constexpr Index rows() { return 0; }
    static constexpr Index cols() { return 0; }
  };

  template <class T>
  void pack() {
    if constexpr (Transposed) {
      packed_.template pack<T>(values_.transpose());
    } else {
      packed_.template pack<T>(values_);
    }
  }

  void check_values() const {
    require(!is_converted(),
            "the values of a weight that was converted to 16 bits cannot be read or changed: "
            "save or train the model before convert(model, precision)");
  }

  Values values_;
  [[no_unique_address]] std::conditional_t<packable, detail::PackedMatrix<S, Gates>, Nothing> packed_;
};

/// The columns first ... first + count - 1 of a weight.
template <class W>
struct WeightColumns {
  const W& weight;     ///< the whole weight
  Index first, count;  ///< first column and number of columns

  /// Size of the range.
  Index rows() const { return weight.rows(); }
  Index cols() const { return count; }
};

namespace detail {

/// Traits of the left factor of a product. For a `Weight` or a `WeightColumns`: the type of the weight, and whether it
/// can have a packed copy. For a plain matrix, `packable` is false and there is no `type`.
template <class W>
struct WeightTraits {
  static constexpr bool packable = false;
};
template <class S, int Rows, int Cols, int Gates, bool Transposed>
struct WeightTraits<Weight<S, Rows, Cols, Gates, Transposed>> {
  using type = Weight<S, Rows, Cols, Gates, Transposed>;
  static constexpr bool packable = type::packable;
};
template <class W>
struct WeightTraits<WeightColumns<W>> : WeightTraits<W> {};

/// A weight or a range of its columns.
template <class W>
concept AnyWeight = requires {
  typename WeightTraits<W>::type;
};
template <class W>
concept TransposedWeight = AnyWeight<W> && WeightTraits<W>::type::transposed;

template <class W>
WeightColumns<W> view_of(const W& weight) {
  return weight.leftCols(weight.cols());
}
template <class W>
WeightColumns<W> view_of(const WeightColumns<W>& columns) {
  return columns;
}

/// The values that a product reads if there is no copy. The values of a whole weight keep their fixed size.
template <class W>
decltype(auto) values_of(const W& w) {
  if constexpr (AnyWeight<W>) {
    return (w.values());
  } else {
    return (w);
  }
}
template <class W>
auto values_of(const WeightColumns<W>& w) {
  return w.weight.values().middleCols(w.first, w.count);
}

template <class W>
using ValuesOf = std::remove_cvref_t<decltype(values_of(std::declval<const W&>()))>;

/// True if products read a packed copy.
template <class W>
bool is_packed(const W& w) {
  if constexpr (WeightTraits<W>::packable) {
    return view_of(w).weight.is_packed();
  } else {
    return false;
  }
}

}  // namespace detail

}}  // namespace heed::v0_2
