#include <heed/attention/annotations.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace annotations_test {

using heed::Index;
using heed::Matrix;
using heed::Memory;

constexpr heed::Grid grid{2, 3};

TEST(MakeMemory, CopiesFeatureMapsAndComputesTheirMean) {
  heed::Random random(733);
  const Matrix<double> maps = random_matrix(4, 3 * 6, random);
  std::vector<Index> lengths;
  Memory<double> memory;
  heed::make_memory(maps, grid, lengths, memory);
  EXPECT_EQ(memory.sentences(), 3);
  EXPECT_EQ(memory.values, maps);
  for (Index b = 0; b < 3; ++b) {
    EXPECT_EQ(memory.length(b), 6);
    for (Index c = 0; c < 4; ++c) {
      double sum = 0;
      for (Index place = 0; place < 6; ++place) sum += maps(c, 6 * b + place);
      EXPECT_NEAR(memory.summary(c, b), sum / 6, 1e-15);
    }
  }
}

TEST(MakeMemory, BackwardIsTheTranspose) {  // make_memory is linear: <f(x), d> = <x, f'(d)>
  heed::Random random(739);
  const Matrix<double> maps = random_matrix(4, 3 * 6, random);
  std::vector<Index> lengths;
  Memory<double> memory, d_memory;
  heed::make_memory(maps, grid, lengths, memory);
  d_memory.zeros_like(memory);
  d_memory.values = random_matrix(4, 18, random);
  d_memory.summary = random_matrix(4, 3, random);
  heed::Buffer<double> d_maps;
  heed::make_memory_backward(d_memory, d_maps);
  const double forward =
      memory.values.cwiseProduct(d_memory.values).sum() + memory.summary.cwiseProduct(d_memory.summary).sum();
  EXPECT_NEAR(forward, d_maps.cwiseProduct(maps).sum(), 1e-13);
}

TEST(MakeMemory, RejectsPartialImages) {
  std::vector<Index> lengths;
  Memory<float> memory;
  const auto message = [&](Index columns, heed::Grid size) {
    return refusal([&] { heed::make_memory(Matrix<float>::Zero(2, columns), size, lengths, memory); });
  };
  EXPECT_EQ(message(12, grid), "accepted");
  EXPECT_EQ(message(13, grid), "make_memory: maps must contain whole images of 2 x 3 positions, got 13 columns");
  EXPECT_EQ(message(13, {0, 3}), "make_memory: maps must contain whole images of 0 x 3 positions, got 13 columns");
}

}  // namespace annotations_test
