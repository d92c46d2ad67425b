#include "support/allocation_counter.hpp"

#include <heed/attention/annotations.hpp>
#include <heed/encoders/image_encoder.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/layers/positional_encoding.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace layers_test {

using heed::Index;
using heed::Matrix;
using heed::test::steady_allocations;

const std::vector<Index> queries{0, 20, 27, 28, 40}, memory{0, 33, 34, 60, 70};

/// Calls use(size, x) for the size of the demo and for a larger size.
template <class Use>
void for_each_size(const Use& use) {
  heed::Random random(1);
  for (const Index size : {128, 512}) {
    SCOPED_TRACE("size " + std::to_string(size));
    use(size, random_matrix<float>(size, queries.back(), random));
  }
}

TEST(MultiHeadAttention, ForwardDoesNotAllocate) {
  heed::Random random(2);
  for_each_size([&](Index size, const Matrix<float>& x) {
    const Matrix<float> h = random_matrix<float>(size, memory.back(), random);
    for (const bool causal : {false, true}) {
      heed::MultiHeadAttention<float> attention({.size = size, .heads = 8, .causal = causal});
      randomize(attention, random);
      heed::MultiHeadTape<float> tape;
      Matrix<float> y(size, x.cols()), weights(20, x.cols());
      EXPECT_EQ(steady_allocations([&] { attention.forward(x, queries, tape, y); }), 0);
      EXPECT_EQ(heed::test::allocations([&] { attention.mean_weights(tape, weights); }), 0);
      if (causal) continue;
      EXPECT_EQ(steady_allocations([&] { attention.forward(x, queries, h, memory, tape, y); }), 0);
    }
  });
}

TEST(TransformerEncoderLayer, ForwardDoesNotAllocate) {
  heed::Random random(3);
  for_each_size([&](Index size, const Matrix<float>& x) {
    for (const bool norm_first : {false, true}) {
      heed::TransformerEncoderLayer<float> layer(
          {.size = size, .heads = 8, .inner_size = 2 * size, .dropout = 0.1f, .norm_first = norm_first});
      randomize(layer, random);
      heed::TransformerEncoderTape<float> tape;
      Matrix<float> y(size, x.cols());
      EXPECT_EQ(steady_allocations([&] { layer.forward(x, queries, tape, y); }), 0);
      EXPECT_EQ(steady_allocations([&] { layer.forward(x, queries, tape, y, &random); }), 0);
    }
  });
}

TEST(AttentionPooling, ForwardDoesNotAllocate) {
  heed::Random random(4);
  for_each_size([&](Index size, const Matrix<float>& x) {
    heed::AttentionPooling<float> pooling(size, size);
    randomize(pooling, random);
    heed::AttentionPoolingTape<float> tape;
    Matrix<float> pooled(size, 4);
    EXPECT_EQ(steady_allocations([&] { pooling.forward(x, queries, tape, pooled); }), 0);
  });
}

TEST(ImageEncoder, ForwardDoesNotAllocate) {
  heed::Random random(5);
  const heed::Grid grid{28, 28};
  using Stage = heed::ImageStage<float>;
  heed::ImageEncoder<float> encoder(
      {Stage{heed::Conv2d<float>(3, 16, {.height = 3, .width = 3, .padding = 1}),
             heed::MaxPool2d<float>(heed::Window{.height = 2, .width = 2, .stride = 2})},
       Stage{heed::Conv2d<float>(16, 96, {.height = 5, .width = 5, .padding = 2}),
             heed::MaxPool2d<float>(heed::Window{.height = 2, .width = 2, .stride = 2})}});
  randomize(encoder, random);
  const Matrix<float> images = random_matrix<float>(3, 4 * grid.places(), random);
  heed::ImageEncoderTape<float> tape;
  heed::Memory<float> annotations;
  std::vector<Index> lengths;
  EXPECT_EQ(steady_allocations([&] {
              encoder.forward(images, grid, tape);
              heed::make_memory(tape.outputs(), encoder.positions(grid), lengths, annotations);
            }),
            0);
  const heed::AveragePool2d<float> pool(heed::Window{.height = 28, .width = 28});
  Matrix<float> means(3, 4);
  EXPECT_EQ(heed::test::allocations([&] { pool.forward(images, grid, means); }), 0);
}

TEST(PositionalEncoding, DoesNotAllocateAfterTheFirstCall) {
  const heed::PackedBatch packing(std::vector<Index>{20, 7, 1, 12});
  for_each_size([&](Index size, const Matrix<float>& x) {
    Matrix<float> y = x;
    heed::Buffer<float> table;
    EXPECT_EQ(steady_allocations([&] { heed::PositionalEncoding<float>::forward(queries, y, table); }), 0);
    EXPECT_EQ(steady_allocations([&] { heed::PositionalEncoding<float>::forward(packing, y, table); }), 0);
    EXPECT_EQ(y.rows(), size);
  });
}

}  // namespace layers_test
