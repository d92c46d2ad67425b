#pragma once

#include <heed/core/packed_batch.hpp>
#include <heed/core/parameters.hpp>
#include <heed/core/sentence_ranges.hpp>

#include <cmath>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// Tells a column where in its sentence it stands, Vaswani et al. 2017, section 3.5. Nothing is learned.
///
///   x_t += p_t        p_t[2i] = sin(t / 10000^(2i / size))        p_t[2i + 1] = cos(t / 10000^(2i / size))
///
/// Rows and steps count from 0. Its backward is the identity. Section 3.4 multiplies word vectors by sqrt(size) before.
/// Throws heed::Error if x does not have the columns of its sentences.
template <class S>
struct PositionalEncoding {
  using Scalar = S;

  /// x (size x columns) += the encoding of each column's step. `table` is kept between calls, by one thread, and for
  /// this alone: a column per step so far. Does not allocate once it has as many as the longest sentence.
  static void forward(const PackedBatch& packing, Out<S> x, Buffer<S>& table) {
    detail::check_size("PositionalEncoding.forward", "x", x, x.rows(), packing.columns());
    grow(x.rows(), packing.steps(), table);
    for (Index t = 0; t < packing.steps(); ++t) {
      x.middleCols(packing.first(t), packing.active(t)).colwise() += table.col(t);
    }
  }

  /// The same where each sentence's columns stand side by side.
  static void forward(const SentenceRanges& sentences, Out<S> x, Buffer<S>& table) {
    detail::check_size("PositionalEncoding.forward", "x", x, x.rows(), sentences.columns());
    grow(x.rows(), sentences.longest(), table);
    for (Index b = 0; b < sentences.sentences(); ++b) {
      x.middleCols(sentences.start(b), sentences.length(b)) += table.leftCols(sentences.length(b));
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}

 private:
  static void grow(Index size, Index steps, Buffer<S>& table) {
    using Real = std::conditional_t<std::is_same_v<S, long double>, long double, double>;
    if (table.rows() == size && table.cols() >= steps) return;
    table.resize(size, steps);
    for (Index i = 0; i < size; i += 2) {
      const Real pace = std::pow(Real(10000), -static_cast<Real>(i) / static_cast<Real>(size));
      for (Index t = 0; t < steps; ++t) {
        const Real angle = static_cast<Real>(t) * pace;
        table(i, t) = static_cast<S>(std::sin(angle));
        if (i + 1 < size) table(i + 1, t) = static_cast<S>(std::cos(angle));
      }
    }
  }
};

}}  // namespace heed::v0_2
