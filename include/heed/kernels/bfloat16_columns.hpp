#pragma once

#include <heed/kernels/storage.hpp>

#include <algorithm>

namespace heed { inline namespace v0_2 { namespace detail {

/// Columns of floats stored as bfloat16, two elements per 32-bit word. This halves the memory traffic. The caller
/// converts one block of columns at a time back to float, small enough to stay in the first-level cache.
class Bfloat16Columns {
  using Half = Storage<Eigen::bfloat16>;

 public:
  Index rows() const { return rows_; }
  Index cols() const { return words_.cols(); }

  /// Rounds every element of x to bfloat16. Allocates if x is larger than every matrix assigned before.
  template <class X>
  void assign(const X& x) {
    words_.resize(padded(x.rows()) / Half::per_word, x.cols());
    rows_ = x.rows();
    for (Index j = 0; j < x.cols(); ++j) {
      for (Index k = 0; k < rows_; k += pair) {
        float numbers[pair] = {};
        std::copy_n(x.col(j).data() + k, std::min(pair, rows_ - k), numbers);
        Half::fold(numbers, words_.col(j).data() + k / Half::per_word);
      }
    }
  }

  /// Converts `count` columns from column j on to float, into `to`, and returns the columns of `to`. `to` is resized;
  /// its columns have padding after the first rows() elements.
  Columns<const float> unfold(Index j, Index count, Buffer<float>& to) const {
    to.resize(padded(rows_), count);
    for (Index i = 0; i < count; ++i) {
      const auto* word = words_.col(j + i).data();
      float* number = to.col(i).data();
      for (Index k = 0; k < rows_; k += pair, word += packet_size<float>, number += pair) {
        Eigen::internal::pstoreu(number, Half::load(word, 0));
        Eigen::internal::pstoreu(number + packet_size<float>, Half::load(word, 1));
      }
    }
    return {to.data(), to.rows()};
  }

 private:
  static constexpr Index pair = Half::per_word * packet_size<float>;  ///< elements in a packet of words

  static Index padded(Index rows) { return (rows + pair - 1) / pair * pair; }

  Index rows_ = 0;
  Buffer<Half::Word> words_;
};

}}}  // namespace heed::v0_2::detail
