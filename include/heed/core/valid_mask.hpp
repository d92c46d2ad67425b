#pragma once

#include <heed/core/scalar.hpp>
#include <heed/core/types.hpp>

#include <string>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// The memory columns that a query may attend to. True means valid. False excludes the column: its weight is exactly 0.
/// Corresponds to PyTorch's `key_padding_mask` and `attn_mask`, where true has the opposite meaning. A
/// default-constructed mask excludes nothing.
///
/// It is a view: the booleans must outlive the call that the mask is passed to.
class ValidMask {
 public:
  ValidMask() = default;

  /// One mask for all queries: a vector with one boolean for each memory column of all sentences.
  template <class X>
  static ValidMask of_memory(const Eigen::DenseBase<X>& valid) {
    static_assert(X::IsVectorAtCompileTime, "ValidMask::of_memory takes a vector, one boolean for each memory column");
    check_type<X>();
    return ValidMask(valid.derived().data(), valid.size(), 1, 0);
  }

  /// One mask for each query: a column-major matrix, longest sentence x queries. Row j is the j-th memory column of the
  /// query's sentence. For a shorter sentence, only its first rows are used.
  template <class X>
  static ValidMask of_queries(const Eigen::DenseBase<X>& valid) {
    static_assert(!X::IsRowMajor || X::IsVectorAtCompileTime, "ValidMask::of_queries takes a column-major matrix");
    check_type<X>();
    return ValidMask(valid.derived().data(), valid.rows(), valid.cols(), valid.derived().outerStride());
  }

  // A temporary would not outlive the mask.
  template <class X>
  static ValidMask of_memory(const Eigen::PlainObjectBase<X>&& valid) = delete;
  template <class X>
  static ValidMask of_queries(const Eigen::PlainObjectBase<X>&& valid) = delete;

  /// Whether booleans are given; if not, all columns are valid.
  bool is_given() const { return is_given_; }

  /// Throws heed::Error unless the mask fits n queries and a memory of `columns` columns, whose longest sentence has
  /// `longest` columns. The message begins with `function`.
  void check(const char* function, Index columns, Index longest, Index n) const {
    if (!is_given_) return;
    const Index rows = stride_ == 0 ? columns : longest, cols = stride_ == 0 ? 1 : n;
    if (rows_ != rows || cols_ != cols) detail::fail_size(function, "the mask", rows_, cols_, rows, cols);
  }

  /// Whether query i may attend to the j-th memory column of its sentence, which begins at column `start`.
  bool operator()(Index j, Index i, Index start) const {
    return !is_given_ || (stride_ == 0 ? data_[start + j] : data_[i * stride_ + j]);
  }

  /// Sets the scores of excluded columns to -inf. `scores` is length of one sentence x queries; its column 0 is query
  /// `first`, and `start` is the first memory column of the sentence. Throws heed::Error if all memory columns of a
  /// query are excluded. The message begins with `function`.
  template <class Scores>
  void exclude(const char* function, Index start, Index first, Scores&& scores) const {
    using S = typename std::remove_reference_t<Scores>::Scalar;
    for (Index i = 0; is_given_ && i < scores.cols(); ++i) {
      bool any = false;
      for (Index j = 0; j < scores.rows(); ++j) {
        const bool valid = (*this)(j, first + i, start);
        any = any || valid;
        if (!valid) scores(j, i) = S(-detail::Limits<S>::infinity());
      }
      require(any, [&] {
        return function + (": the mask excludes all memory columns of query " + std::to_string(first + i)) +
               ", there is nothing to attend to";
      });
    }
  }

 private:
  ValidMask(const bool* data, Index rows, Index cols, Index stride)
      : data_(data), rows_(rows), cols_(cols), stride_(stride), is_given_(true) {}

  template <class X>
  static constexpr void check_type() {
    static_assert(std::is_same_v<typename X::Scalar, bool>, "ValidMask takes booleans");
    static_assert(X::InnerStrideAtCompileTime == 1, "ValidMask takes contiguous booleans (inner stride 1)");
  }

  const bool* data_ = nullptr;
  Index rows_ = 0, cols_ = 0, stride_ = 0;  ///< stride 0: one boolean for each memory column
  bool is_given_ = false;
};

}}  // namespace heed::v0_2
