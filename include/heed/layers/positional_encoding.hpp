#pragma once

#include <heed/core/packed_batch.hpp>
#include <heed/core/parameters.hpp>
#include <heed/core/sentence_ranges.hpp>

#include <cmath>
#include <type_traits>

namespace heed { inline namespace v0_2 {

/// Adds the sinusoidal positional encoding of Vaswani et al. 2017, section 3.5. There are no learned parameters.
///
///     x_t += p_t        p_t[2i] = sin(t / 10000^(2i / size))        p_t[2i + 1] = cos(t / 10000^(2i / size))
///
/// Row and step indices begin at 0. The backward is the identity. The paper first multiplies word vectors by sqrt(size)
/// (section 3.4); this class does not. Throws heed::Error if x does not have one column per step of each sentence.
template <class S>
struct PositionalEncoding {
  using Scalar = S;

  /// x (size x columns) += the encoding of each column's step. `table` caches the encodings, one column per step. Keep
  /// it between calls, use one per thread, and use it for nothing else. Does not allocate once `table` has a column for
  /// every step of the longest sentence.
  static void forward(const PackedBatch& packing, Out<S> x, Buffer<S>& table) {
    detail::check_size("PositionalEncoding.forward", "x", x, x.rows(), packing.columns());
    grow(x.rows(), packing.steps(), table);
    for (Index t = 0; t < packing.steps(); ++t) {
      x.middleCols(packing.first(t), packing.active(t)).colwise() += table.col(t);
    }
  }

  /// `forward` for sentences whose columns are contiguous.
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
