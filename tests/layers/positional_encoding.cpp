#include <heed/layers/positional_encoding.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace positional_encoding_test {

using heed::Buffer;
using heed::Index;
using heed::Matrix;
using heed::PackedBatch;
using Encoding = heed::PositionalEncoding<double>;

/// Row `row` of step t: the two equations of section 3.5 of Vaswani et al. 2017.
long double expected_at(Index row, Index t, Index size) {
  const long double i = static_cast<long double>(row / 2), d = static_cast<long double>(size);
  const long double angle = static_cast<long double>(t) / std::pow(10000.0L, 2 * i / d);
  return row % 2 == 0 ? std::sin(angle) : std::cos(angle);
}

TEST(PositionalEncoding, MatchesSection35OfPaper) {
  for (const Index size : {1, 2, 7, 64}) {
    Buffer<double> table;
    Matrix<double> x = Matrix<double>::Constant(size, 50, 3);
    Encoding::forward(std::vector<Index>{0, 50}, x, table);
    Matrix<long double> expected(size, 50);
    for (Index t = 0; t < 50; ++t) {
      for (Index row = 0; row < size; ++row) expected(row, t) = 3 + expected_at(row, t, size);
    }
    EXPECT_LE(difference(x, expected), 1e-14) << size;
  }
}

TEST(PositionalEncoding, CountsStepsPerSentence) {
  const std::vector<Index> lengths{3, 1, 5}, starts{0, 3, 4, 9};
  const PackedBatch packing(lengths);
  heed::Random random(419);
  Matrix<double> adjacent = random_matrix(6, 9, random), packed(6, 9);
  for (Index p = 0; p < 3; ++p) {
    for (Index t = 0; t < packing.length(p); ++t) {
      packed.col(packing.column(t, p)) = adjacent.col(starts[static_cast<std::size_t>(packing.sentence(p))] + t);
    }
  }
  Matrix<double> expected = adjacent;
  for (std::size_t b = 0; b < 3; ++b) {
    for (Index t = 0; t < lengths[b]; ++t) {
      for (Index row = 0; row < 6; ++row) {
        expected(row, starts[b] + t) += static_cast<double>(expected_at(row, t, 6));
      }
    }
  }
  Buffer<double> table;
  Encoding::forward(starts, adjacent, table);
  EXPECT_LE(difference(adjacent, expected), 1e-15);
  Encoding::forward(packing, packed, table);
  for (Index p = 0; p < 3; ++p) {
    for (Index t = 0; t < packing.length(p); ++t) {
      EXPECT_EQ(packed.col(packing.column(t, p)),
                adjacent.col(starts[static_cast<std::size_t>(packing.sentence(p))] + t));
    }
  }
}

TEST(PositionalEncoding, ReusedTableMatchesFreshTable) {
  Buffer<double> table;
  for (const auto& [size, length] : {std::pair<Index, Index>{4, 3}, {4, 9}, {4, 2}, {6, 2}, {3, 12}, {4, 9}}) {
    Buffer<double> fresh;
    Matrix<double> x = Matrix<double>::Zero(size, length), expected = x;
    Encoding::forward(std::vector<Index>{0, length}, x, table);
    Encoding::forward(std::vector<Index>{0, length}, expected, fresh);
    EXPECT_EQ(x, expected) << size << " x " << length;
  }
}

TEST(PositionalEncoding, HasNoParameters) { EXPECT_EQ(heed::parameter_count(Encoding()), 0); }

}  // namespace positional_encoding_test
