// Sizes of 0: a layer or cell computes finite results or throws heed::Error. Eigen's assertions and the sanitizers must
// not report an error.
#include <heed/attention/attention.hpp>
#include <heed/cells/gru.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/layers/conv2d.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/layer_norm.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/layers/pool2d.hpp>
#include <heed/layers/positional_encoding.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

namespace zero_sizes_test {

using heed::Index;
using heed::Matrix;

template <class At>
struct ZeroSizedCell : testing::Test {};
TYPED_TEST_SUITE(ZeroSizedCell, typed::EachCell);

template <class At>
struct ZeroSizedScorer : testing::Test {};
TYPED_TEST_SUITE(ZeroSizedScorer, typed::EachScorer);

Matrix<float> random(Index rows, Index cols) {
  heed::Random numbers(1);
  return random_matrix<float>(rows, cols, numbers);
}

/// All lists of `count` sizes that are 0 or 2.
std::vector<std::vector<Index>> sizes(std::size_t count) {
  std::vector<std::vector<Index>> all{{}};
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::vector<Index>> longer;
    for (auto some : all) {
      some.push_back(0);
      longer.push_back(some);
      some.back() = 2;
      longer.push_back(some);
    }
    all = longer;
  }
  return all;
}

/// Calls use(sizes...) for all these lists. It may throw heed::Error, but nothing else.
template <std::size_t Count, class Use>
void with_all_sizes(const Use& use) {
  for (const auto& some : sizes(Count)) {
    std::string text;
    for (const Index size : some) text += std::to_string(size) + ' ';
    SCOPED_TRACE("sizes " + text);
    const std::string message = refusal([&] {
      [&]<std::size_t... I>(std::index_sequence<I...>) { use(some[I]...); }
      (std::make_index_sequence<Count>());
    });
    EXPECT_GT(message.size(), 5u);
  }
}

TYPED_TEST(ZeroSizedCell, RunsForwardAndBackwardOrThrows) {
  using Make = typename TypeParam::template Make<float>;
  with_all_sizes<3>([](Index input, Index hidden, Index n) {
    if constexpr (requires { Make::Part::context; }) {
      if (input == 0) return;  // its context is a part of the input
    }
    auto cell = Make::sized(input, hidden);
    heed::Random numbers(2);
    randomize(cell, numbers);
    auto grad = zeros_like(cell);
    const Matrix<float> x = random(input, n), before = random(cell.state_size(), n);
    Matrix<float> saved(cell.saved_size(), n), state(cell.state_size(), n),
        d_state = random(cell.state_size(), n), d_a(cell.gradient_size(), n), d_x = Matrix<float>::Zero(input, n);
    cell.project(x, saved);
    cell.step(saved, before, state);
    EXPECT_TRUE(state.allFinite());
    cell.step_backward(saved, before, d_state, d_a);
    cell.project_backward(d_a, 0, d_x);
    cell.accumulate(x, 0, d_a, grad);
    cell.accumulate_recurrent(before, d_a, grad);
    EXPECT_TRUE(d_x.allFinite() && all_finite(grad));
  });
}

TYPED_TEST(ZeroSizedScorer, AttendsOrThrows) {
  using Make = typename TypeParam::template Make<float>;
  using Scorer = typename Make::Part;
  with_all_sizes<4>([](Index query, Index memory, Index alignment, Index n) {
    auto scorer = [&] {
      if constexpr (std::is_same_v<Scorer, heed::ConvolutionalScorer<float>>) {
        return Scorer(
            {.query_size = query, .memory_size = memory, .alignment_size = alignment, .filters = 3, .width = 7});
      } else if constexpr (std::is_constructible_v<Scorer, Index, Index, Index>) {
        return Scorer(query, memory, alignment);
      } else if constexpr (std::is_constructible_v<Scorer, Index, Index>) {
        return Scorer(query, memory);
      } else {
        return Scorer(memory);
      }
    }();
    heed::Random numbers(2);
    randomize(scorer, numbers);
    const Matrix<float> queries = random(scorer.query_size(), n), values = random(scorer.memory_size(), 3);
    const auto [context, weights] = heed::attend(scorer, queries, values);
    EXPECT_TRUE(context.allFinite() && weights.allFinite());

    const heed::Attention<Scorer> attention{scorer, {}};
    heed::Memory<float> one, d_one;
    one.resize(scorer.memory_size(), std::vector<Index>{3});
    one.values = values;
    heed::AttentionTape<float> tape;
    heed::Buffer<float> carry;
    auto grad = zeros_like(attention);
    const std::vector<Index> sentences(static_cast<std::size_t>(n), 0);
    Matrix<float> d_queries = Matrix<float>::Zero(queries.rows(), n);
    attention.prepare(one);
    start_attention(attention, one, sentences, carry);
    begin_attention(attention, one, n, tape);
    attention.forward(queries, one, sentences, carry, tape, 0, nullptr);
    d_one.zeros_like(one);
    begin_attention_backward(n, tape);
    tape.d_weights.resize(0, n);
    attention.backward(one, sentences, tape, 0, grad, d_queries, d_one);
    attention.finish_backward(queries, one, tape, grad, d_one);
    EXPECT_TRUE(d_queries.allFinite() && all_finite(grad));
  });
}

TEST(ZeroSizes, Encoder) {
  with_all_sizes<4>([](Index input, Index hidden, Index layers, Index n) {
    const heed::Encoder<heed::GruCell<float>> encoder(
        {.input_size = input, .hidden_size = hidden, .layers = layers, .bidirectional = true});
    const Matrix<float> x = random(input, n);
    heed::EncoderTape<float> tape;
    const heed::PackedBatch packing(std::vector<Index>(static_cast<std::size_t>(n), 1));
    encoder.forward(x, packing, tape);
    heed::Memory<float> memory;
    std::vector<Index> lengths;
    make_memory(encoder, packing, tape, lengths, memory);
    auto grad = zeros_like(encoder);
    const Matrix<float> d_outputs = random(encoder.output_size(), n);
    Matrix<float> d_x = Matrix<float>::Zero(input, n);
    encoder.backward(x, packing, tape, d_outputs, grad, d_x);
    EXPECT_TRUE(tape.outputs().allFinite() && d_x.allFinite() && all_finite(grad));
  });
}

TEST(ZeroSizes, Linear) {
  with_all_sizes<3>([](Index input, Index output, Index n) {
    heed::Linear<float> part(input, output), grad(input, output);
    Matrix<float> x = random(input, n), y(output, n), d_x = Matrix<float>::Zero(input, n);
    part.forward(x, y);
    EXPECT_TRUE(y.isZero());
    part.accumulate(x, y, grad);
    part.backward(y, d_x);
    EXPECT_TRUE(d_x.isZero());
  });
}

TEST(ZeroSizes, LayerNorm) {
  with_all_sizes<2>([](Index size, Index n) {
    heed::LayerNorm<float> part(size), grad(size);
    Matrix<float> x = random(size, n), y(size, n), saved(part.saved_size(), n), d_x = Matrix<float>::Zero(size, n);
    part.forward(x, y, saved);
    part.backward(saved, y, d_x);
    part.accumulate(saved, y, grad);
    EXPECT_TRUE(y.allFinite() && d_x.allFinite() && all_finite(grad));
  });
}

TEST(ZeroSizes, Embedding) {
  with_all_sizes<2>([](Index size, Index vocabulary) {
    const heed::Embedding<float> part(size, vocabulary);
    Matrix<float> y(size, 0);
    part.forward({}, y);
    const std::vector<heed::Token> token{1};
    y.resize(size, 1);
    const std::string message = refusal([&] { part.forward(token, y); });
    EXPECT_EQ(message, vocabulary > 0 ? "accepted" : "Embedding: token 1 is outside the vocabulary of 0");
  });
}

TEST(ZeroSizes, Conv2d) {
  with_all_sizes<3>([](Index channels, Index output, Index images) {
    const heed::Grid grid{3, 3};
    heed::Conv2d<float> part(channels, output, {.height = 2, .width = 2, .padding = 1}),
        grad(channels, output, {.height = 2, .width = 2, .padding = 1});
    const Matrix<float> x = random(channels, 9 * images);
    Matrix<float> y(output, 16 * images), d_x = Matrix<float>::Zero(channels, x.cols());
    heed::Buffer<float> patches;
    EXPECT_EQ(part.input_size(), channels);
    part.forward(x, grid, patches, y);
    EXPECT_TRUE(y.isZero());
    part.accumulate(x, grid, y, patches, grad);
    part.backward(grid, y, patches, d_x);
    EXPECT_TRUE(d_x.isZero());
  });
  heed::Conv2d<float> part(2, 2, {.height = 2, .width = 2});
  heed::Buffer<float> patches;
  Matrix<float> y(2, 0);
  EXPECT_NE(refusal([&] { part.forward(Matrix<float>(2, 0), heed::Grid{0, 3}, patches, y); }), "accepted");
  EXPECT_NE(refusal([&] { heed::Conv2d<float>(2, 2, {.height = 0, .width = 2}); }), "accepted");
  EXPECT_NE(refusal([&] { heed::Conv2d<float>(2, 2, {.height = 2, .width = 2, .stride = 0}); }), "accepted");
}

TEST(ZeroSizes, DefaultConv2d) {
  heed::Conv2d<float> part;
  heed::Buffer<float> patches;
  Matrix<float> y(2, 4);
  EXPECT_EQ(part.input_size(), 0);
  EXPECT_NE(refusal([&] { part.forward(random(2, 4), heed::Grid{2, 2}, patches, y); }), "accepted");
}

TEST(ZeroSizes, Pool2d) {
  with_all_sizes<2>([](Index channels, Index images) {
    const heed::Grid grid{2, 2};
    const heed::MaxPool2d<float> maximum(heed::Window{.height = 2, .width = 2, .stride = 2});
    const heed::AveragePool2d<float> mean(heed::Window{.height = 2, .width = 2, .stride = 2});
    const Matrix<float> x = random(channels, 4 * images);
    Matrix<float> y(channels, images), d_x = Matrix<float>::Zero(channels, x.cols());
    maximum.forward(x, grid, y);
    maximum.backward(x, grid, y, y, d_x);
    mean.forward(x, grid, y);
    mean.backward(grid, y, d_x);
    EXPECT_TRUE(y.allFinite() && d_x.allFinite());
  });
  const heed::MaxPool2d<float> maximum(heed::Window{.height = 2, .width = 2, .stride = 2});
  Matrix<float> y(2, 0);
  EXPECT_NE(refusal([&] { maximum.forward(Matrix<float>(2, 0), heed::Grid{0, 0}, y); }), "accepted");
}

TEST(ZeroSizes, AttentionPooling) {
  with_all_sizes<3>([](Index size, Index alignment, Index sentences) {
    heed::AttentionPooling<float> part(size, alignment), grad(size, alignment);
    heed::AttentionPoolingTape<float> tape;
    std::vector<Index> starts{0};
    for (Index b = 0; b < sentences; ++b) starts.push_back(starts.back() + 2);
    const Matrix<float> x = random(size, starts.back());
    Matrix<float> y(size, sentences), d_x = Matrix<float>::Zero(size, x.cols());
    part.forward(x, starts, tape, y);
    part.backward(x, starts, tape, y, grad, d_x);
    EXPECT_TRUE(y.allFinite() && d_x.allFinite() && all_finite(grad));
  });
}

TEST(ZeroSizes, TransformerEncoderLayer) {
  with_all_sizes<4>([](Index size, Index heads, Index inner, Index sentences) {
    heed::TransformerEncoderLayer<float> part({.size = size, .heads = heads, .inner_size = inner}), grad = part;
    typename heed::TransformerEncoderLayer<float>::Tape tape;
    std::vector<Index> starts{0};
    for (Index b = 0; b < sentences; ++b) starts.push_back(starts.back() + 2);
    const Matrix<float> x = random(size, starts.back());
    Matrix<float> y(size, x.cols()), d_x = Matrix<float>::Zero(size, x.cols());
    heed::Buffer<float> table;
    heed::PositionalEncoding<float>::forward(heed::SentenceRanges(starts), y, table);
    part.forward(x, starts, tape, y);
    part.backward(x, starts, tape, y, grad, d_x);
    EXPECT_TRUE(y.allFinite() && d_x.allFinite() && all_finite(grad));
  });
}

TEST(ZeroSizes, DefaultPartsThrowWhenUsed) {
  const heed::Encoder<heed::GruCell<float>> encoder;
  heed::EncoderTape<float> tape;
  const heed::PackedBatch packing(std::vector<Index>{1});
  EXPECT_EQ(refusal([&] { encoder.forward(random(2, 1), packing, tape); }),
            "Encoder: there are no layers; construct it with sizes, or assign an encoder to it");
  EXPECT_EQ(refusal([&] { encoder.input_size(); }), refusal([&] { encoder.output_size(); }));
  EXPECT_EQ(refusal([&] { tape.outputs(); }), "EncoderTape: there are no outputs before Encoder::forward");
}

TEST(ZeroSizes, EmptyBatchesAndSentences) {
  heed::Memory<float> memory;
  EXPECT_EQ(memory.sentences(), 0);
  EXPECT_EQ(memory.longest(), 0);
  memory.resize(3, {});
  EXPECT_EQ(memory.sentences(), 0);
  EXPECT_NE(refusal([&] { memory.resize(3, std::vector<Index>{2, 0}); }), "accepted");
  EXPECT_EQ(memory.sentences(), 0);
  EXPECT_NE(refusal([&] { memory.resize(-1, std::vector<Index>{2}); }), "accepted");
  heed::PackedBatch packing;
  packing.assign({});
  EXPECT_EQ(packing.columns(), 0);
  EXPECT_NE(refusal([&] { packing.assign(std::vector<Index>{2, 0}); }), "accepted");
}

}  // namespace zero_sizes_test
