#pragma once

#include <heed/core/parameters.hpp>
#include <heed/kernels/packed_matrix.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace heed { inline namespace v0_2 {

/// What the numbers of a converted model are stored as: 16 bits each, for inference.
enum class Precision {
  bfloat16,  ///< the range of float, 8 significant bits
  half       ///< up to 65504, 11 significant bits
};

template <class W>
struct WeightColumns;

/// A learned matrix, plus an optional copy in the layout that the kernels read fastest.
///
/// Products read the copy if there is one. Whatever gives write access to the values drops the copy, so it is never out of
/// date. `convert` replaces the values by numbers of 16 bits until others are assigned. `Gates` matrices of one size are
/// stacked in it, whose sums a recurrent step needs together. If `Transposed`, the products that matter are those with the
/// transpose, and the copy is of that.
///
/// A matrix of fixed size that is small enough to be stored inline is as fast where it lies: it has no copy, and
/// `prepack` and `convert` do nothing. Nor has a matrix of another scalar than float and double.
template <class S, int Rows = Dynamic, int Cols = Dynamic, int Gates = 1, bool Transposed = false>
class Weight {
 public:
  using Scalar = S;
  using Values = Parameter<S, Rows, Cols>;        ///< what the values are stored in
  static constexpr int gates = Gates;             ///< how many matrices are stacked
  static constexpr bool transposed = Transposed;  ///< whether the copy is of the transpose
  /// Whether there can be a copy.
  static constexpr bool packable = (std::is_same_v<S, float> || std::is_same_v<S, double>)&&(
      Values::RowsAtCompileTime == Dynamic || Values::ColsAtCompileTime == Dynamic);

  /// Empty, or zeros of the fixed size.
  Weight() : Weight(Rows == Dynamic ? 0 : Rows, Cols == Dynamic ? 0 : Cols) {}
  /// Zeros.
  Weight(Index rows, Index cols) : values_(Values::Zero(rows, cols)) {}
  /// These values.
  template <class Derived>
  explicit Weight(const Eigen::EigenBase<Derived>& values) : values_(values.derived()) {}

  Weight(const Weight&) = default;
  Weight(Weight&&) = default;
  Weight& operator=(Weight&&) = default;
  /// Takes over the values, and the copy or the 16-bit numbers if there are any. If memory runs out, it stays as it was.
  Weight& operator=(const Weight& other) {
    if (other.is_packed()) return *this = Weight(other);
    return *this = other.values_;
  }
  /// Sets the values, of any size that fits the type; drops the copy or the 16-bit numbers. If memory runs out, it stays as
  /// it was.
  template <class Derived>
  Weight& operator=(const Eigen::EigenBase<Derived>& values) {
    values_ = values.derived();
    if constexpr (packable) packed_.clear();
    return *this;
  }

  /// Its size, in every form.
  Index rows() const { return is_converted() ? (Transposed ? packed_.cols() : packed_.rows()) : values_.rows(); }
  Index cols() const { return is_converted() ? (Transposed ? packed_.rows() : packed_.cols()) : values_.cols(); }
  Index size() const { return rows() * cols(); }

  /// The values. Throws `Error` if `convert` has released them.
  const Values& values() const {
    check_values();
    return values_;
  }
  /// One of them.
  S operator()(Index i, Index j) const { return values()(i, j); }

  /// The values, to be changed. Drops the copy; the reference must not be written to after the next `prepack` or
  /// `convert`. Throws `Error` if `convert` has released them.
  Values& edit() {
    check_values();
    drop_copy();
    return values_;
  }

  /// Makes the copy unless it is there. Allocates if it needs more room than ever before; if memory runs out, there is no
  /// copy.
  void prepack() {
    if constexpr (packable) {
      if (!packed_.has_value()) pack<S>();
    }
  }

  /// Drops the copy that `prepack` made, and keeps its room for the next.
  void drop_copy() noexcept {
    if constexpr (packable) {
      // Threads that edit different numbers of one weight must not write here, so that only the first call does.
      if (packed_.has_value() && !is_converted()) packed_.clear();
    }
  }

  /// Replaces the values, which are floats, by 16-bit numbers that only products read. Does nothing if that was done
  /// before. Throws `Error`, and stays as it was but for the copy, if 16 bits cannot hold a number: half ends at 65504,
  /// bfloat16 where float does, and neither holds infinity or NaN.
  void convert(Precision precision) {
    prepare(precision);
    release();
  }

  /// Whether products read a copy, be it prepacked or converted; and whether `convert` has released the values.
  bool is_packed() const {
    if constexpr (packable) return packed_.has_value();
    return false;
  }
  bool is_converted() const {
    // The values first: threads that prepack a model together ask for sizes while another makes the copy.
    if constexpr (packable) return values_.size() == 0 && packed_.has_value() && packed_.rows() * packed_.cols() > 0;
    return false;
  }

  /// The two halves of `convert`: the first may throw, the second may not and keeps nothing but the 16-bit numbers.
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
  void release() noexcept {
    if constexpr (packable) {
      if (packed_.is_16_bit()) values_ = Values();
    }
  }

  /// Some of its columns, named as Eigen's, as products read them.
  WeightColumns<Weight> middleCols(Index first, Index count) const { return {*this, first, count}; }
  WeightColumns<Weight> leftCols(Index count) const { return {*this, 0, count}; }
  WeightColumns<Weight> rightCols(Index count) const { return {*this, cols() - count, count}; }

  /// The copy, which products read.
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
            "a weight that was converted to 16 bits has no values that could be read or changed: "
            "save or train the model before convert(model, precision)");
  }

  Values values_;
  [[no_unique_address]] std::conditional_t<packable, detail::PackedMatrix<S, Gates>, Nothing> packed_;
};

/// Neighbouring columns first ... first + count of a weight.
template <class W>
struct WeightColumns {
  const W& weight;     ///< the whole weight
  Index first, count;  ///< columns first ... first + count of it

  /// Their size.
  Index rows() const { return weight.rows(); }
  Index cols() const { return count; }
};

namespace detail {

/// The weight that a product reads, and whether it may have a copy; a matrix has none.
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

/// A weight, or some of its columns.
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

/// The values that a product reads where there is no copy. Those of a whole weight keep their fixed size.
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

/// Whether products read a copy.
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
