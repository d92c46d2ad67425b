#include <heed/core/random.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/layers/attention_pooling.hpp>
#include <heed/layers/conv2d.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/layer_norm.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/layers/pool2d.hpp>
#include <heed/layers/positional_encoding.hpp>

#include "support/prepacked.hpp"
#include "support/size_errors.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace size_errors_of_layers_test {

using heed::Buffer;
using heed::Index;
using heed::Matrix;
using heed::Token;
using size_errors::Argument;
using size_errors::expect_sizes_are_checked;

const std::vector<Index> two_sentences{0, 2, 5}, other_sentences{0, 1, 4};

TEST(LinearLayer, RejectsWrongSizes) {
  const heed::Linear<double> linear(4, 3);
  const auto packed = prepacked(heed::Linear<float>(4, 3));
  auto grad = linear;
  const Argument x{"x", 4, 2}, y{"y", 3, 2}, d_y{"d_y", 3, 2};
  expect_sizes_are_checked("Linear.forward", {x, y}, [&](auto& m) { linear.forward(m[0], m[1]); });
  expect_sizes_are_checked<float>("Linear.forward", {x, y}, [&](auto& m) { packed.forward(m[0], m[1]); });
  expect_sizes_are_checked("Linear.accumulate", {x, d_y}, [&](auto& m) { linear.accumulate(m[0], m[1], grad); });
  expect_sizes_are_checked("Linear.backward", {d_y, {"d_x", 4, 2}}, [&](auto& m) { linear.backward(m[0], m[1]); });
}

TEST(LinearLayer, RejectsInputAndOutputOfWrongSize) {
  const heed::Linear<float> linear(4, 3);
  Matrix<float> none, y(3, 2);
  EXPECT_EQ(refusal([&] { linear.forward(Matrix<float>::Ones(4, 2), none); }),
            "Linear.forward: y must be 3 x 2, got 0 x 0");
  EXPECT_EQ(refusal([&] { linear.forward(Matrix<float>::Ones(5, 2), y); }),
            "Linear.forward: x must be 4 x 2, got 5 x 2");
}

TEST(LinearLayer, RejectsGradientOfAnotherSize) {
  const heed::Linear<double> linear(4, 3);
  const Matrix<double> x = Matrix<double>::Ones(4, 2), d_y = Matrix<double>::Ones(3, 2);
  const auto message = [&](heed::Linear<double> grad) { return refusal([&] { linear.accumulate(x, d_y, grad); }); };
  EXPECT_EQ(message({5, 3}), "Linear.accumulate: grad.W must be 3 x 4, got 3 x 5");
  EXPECT_EQ(message({4, 3, false}), "Linear.accumulate: grad.b must be 3 x 1, got 0 x 1");
}

TEST(LinearLayer, RejectsWrongSizesIfItsOwnAreFixed) {
  const heed::Linear<double, 4, 3> linear;
  const Matrix<double> x = Matrix<double>::Ones(4, 2), small = Matrix<double>::Ones(3, 2);
  Matrix<double> y(3, 2), large(4, 2);
  EXPECT_EQ(refusal([&] { linear.forward(x, y); }), "accepted");
  EXPECT_EQ(refusal([&] { linear.forward(small, y); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 4 x 2, got 3 x 2");
  EXPECT_EQ(refusal([&] { linear.forward(x, large); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 2, got 4 x 2");
  EXPECT_EQ(refusal([&] { linear.forward(x, y.leftCols(1)); }), "Linear.forward: y must be 3 x 2, got 3 x 1");
}

TEST(EmbeddingLayer, RejectsWrongSizes) {
  const heed::Embedding<double> embedding(4, 10);
  auto grad = embedding;
  const std::vector<Token> tokens{3, 9};
  expect_sizes_are_checked("Embedding.forward", {{"y", 4, 2}}, [&](auto& m) { embedding.forward(tokens, m[0]); });
  expect_sizes_are_checked("Embedding.backward", {{"d_y", 4, 2}},
                           [&](auto& m) { embedding.backward(tokens, m[0], grad); });
  heed::Embedding<double> smaller(4, 9);
  EXPECT_EQ(refusal([&] { embedding.backward(tokens, Matrix<double>::Ones(4, 2), smaller); }),
            "Embedding.backward: grad.table must be 4 x 10, got 4 x 9");
}

TEST(EmbeddingLayer, RejectsTokensOutsideTheVocabulary) {
  const heed::Embedding<float> embedding(4, 10);
  auto grad = embedding;
  Matrix<float> y = Matrix<float>::Zero(4, 2);
  for (const Token token : {10, -1}) {
    const std::vector<Token> tokens{3, token};
    const std::string message = "Embedding: token " + std::to_string(token) + " is outside the vocabulary of 10";
    EXPECT_EQ(refusal([&] { embedding.forward(tokens, y); }), message);
    EXPECT_EQ(refusal([&] { embedding.backward(tokens, y, grad); }), message);
  }
}

TEST(LayerNormLayer, RejectsWrongSizes) {
  const heed::LayerNorm<double> norm(4);
  auto grad = norm;
  const Argument saved{"saved", 5, 2}, d_y{"d_y", 4, 2};
  expect_sizes_are_checked("LayerNorm.forward", {{"x", 4, 2}, {"y", 4, 2}, saved},
                           [&](auto& m) { norm.forward(m[0], m[1], m[2]); });
  expect_sizes_are_checked("LayerNorm.backward", {saved, d_y, {"d_x", 4, 2}},
                           [&](auto& m) { norm.backward(m[0], m[1], m[2]); });
  expect_sizes_are_checked("LayerNorm.accumulate", {saved, d_y}, [&](auto& m) { norm.accumulate(m[0], m[1], grad); });
  heed::LayerNorm<double> without(4, false);
  EXPECT_EQ(refusal([&] { norm.accumulate(Matrix<double>::Ones(5, 2), Matrix<double>::Ones(4, 2), without); }),
            "LayerNorm.accumulate: grad.b must be 4 x 1, got 0 x 1");
}

TEST(DropoutLayer, RejectsWrongSizes) {
  heed::Random random(1);
  const heed::PackedBatch packing(std::vector<Index>{2, 3});
  for (const bool per_sentence : {false, true}) {
    heed::Dropout<double> dropout(0.5);
    dropout.per_sentence = per_sentence;
    const auto any = Argument::like_others;
    const Argument x{"x", 4, 5, any}, mask{"mask", 4, 5, any};
    expect_sizes_are_checked("Dropout.forward", {x, mask},
                             [&](auto& m) { dropout.forward(&random, packing, m[0], m[1]); });
    expect_sizes_are_checked("Dropout.forward", {x, mask},
                             [&](auto& m) { dropout.forward(&random, two_sentences, m[0], m[1]); });
    expect_sizes_are_checked("Dropout.backward", {mask, {"d", 4, 5, any}},
                             [&](auto& m) { dropout.backward(&random, m[0], m[1]); });
    Matrix<double> step = Matrix<double>::Ones(4, 2), all = Matrix<double>::Ones(4, 5), small(3, 5);
    const auto message = [&](Index first, auto& given) {
      return refusal([&] { dropout.forward_step(&random, first, step, given); });
    };
    EXPECT_EQ(message(3, all), "accepted");
    EXPECT_EQ(message(4, all),
              "Dropout.forward_step: mask must be 4 x N with room for 2 columns from column 4, got 4 x 5");
    EXPECT_EQ(message(-1, all),
              "Dropout.forward_step: mask must be 4 x N with room for 2 columns from column -1, got 4 x 5");
    EXPECT_EQ(message(0, small),
              "Dropout.forward_step: mask must be 4 x N with room for 2 columns from column 0, got 3 x 5");
  }
}

TEST(DropoutLayer, NeedsNoMaskInInference) {
  const heed::Dropout<double> dropout(0.5);
  Matrix<double> x = Matrix<double>::Ones(4, 5), none;
  EXPECT_EQ(refusal([&] { dropout.forward(nullptr, x, none); }), "accepted");
  EXPECT_EQ(refusal([&] { dropout.forward_step(nullptr, 3, x, none); }), "accepted");
  EXPECT_EQ(refusal([&] { dropout.backward(nullptr, none, x); }), "accepted");
}

TEST(Conv2dLayer, RejectsWrongSizes) {
  const heed::Conv2d<double> conv(2, 3, {.height = 2, .width = 2});
  auto grad = conv;
  Buffer<double> patches;
  const heed::Grid grid{3, 4};  // positions: 2 x 3
  const Argument x{"x", 2, 24}, d_y{"d_y", 3, 12};
  expect_sizes_are_checked("Conv2d.forward", {x, {"y", 3, 12}},
                           [&](auto& m) { conv.forward(m[0], grid, patches, m[1]); });
  expect_sizes_are_checked("Conv2d.accumulate", {x, d_y},
                           [&](auto& m) { conv.accumulate(m[0], grid, m[1], patches, grad); });
  expect_sizes_are_checked("Conv2d.backward", {d_y, {"d_x", 2, 24}},
                           [&](auto& m) { conv.backward(grid, m[0], patches, m[1]); });
  heed::Conv2d<double> other(2, 3, {.height = 3, .width = 3});
  EXPECT_EQ(
      refusal([&] { conv.accumulate(Matrix<double>::Ones(2, 24), grid, Matrix<double>::Ones(3, 12), patches, other); }),
      "Conv2d.accumulate: grad.W must be 3 x 8, got 3 x 18");
}

TEST(Pool2dLayer, RejectsWrongSizes) {
  const heed::Grid grid{4, 4};  // positions: 2 x 2
  const heed::MaxPool2d<double> max({.height = 2, .width = 2, .stride = 2});
  const heed::AveragePool2d<double> average({.height = 2, .width = 2, .stride = 2});
  const auto any = Argument::like_others;
  const Argument x{"x", 3, 32, any}, y{"y", 3, 8, any}, d_y{"d_y", 3, 8, any}, d_x{"d_x", 3, 32, any};
  expect_sizes_are_checked("MaxPool2d.backward", {x, y, d_y, d_x},
                           [&](auto& m) { max.backward(m[0], grid, m[1], m[2], m[3]); });
  expect_sizes_are_checked("MaxPool2d.forward", {x, y}, [&](auto& m) { max.forward(m[0], grid, m[1]); });
  expect_sizes_are_checked("AveragePool2d.forward", {x, y}, [&](auto& m) { average.forward(m[0], grid, m[1]); });
  expect_sizes_are_checked("AveragePool2d.backward", {d_y, d_x}, [&](auto& m) { average.backward(grid, m[0], m[1]); });
}

TEST(Pool2dLayer, RejectsAssignedPadding) {
  heed::MaxPool2d<double> pool({.height = 2, .width = 2, .stride = 2});
  pool.window.padding = 1;
  Matrix<double> x = Matrix<double>::Ones(1, 4), y(1, 4);
  EXPECT_EQ(refusal([&] { pool.forward(x, {2, 2}, y); }), "Pool2d: window.padding must be 0, got 1");
}

TEST(PositionalEncodingLayer, RejectsWrongColumns) {
  Buffer<double> table;
  Matrix<double> x = Matrix<double>::Zero(4, 4);
  const heed::PackedBatch packing(std::vector<Index>{2, 3});
  using Encoding = heed::PositionalEncoding<double>;
  const std::string message = "PositionalEncoding.forward: x must be 4 x 5, got 4 x 4";
  EXPECT_EQ(refusal([&] { Encoding::forward(packing, x, table); }), message);
  EXPECT_EQ(refusal([&] { Encoding::forward(two_sentences, x, table); }), message);
}

TEST(AttentionPoolingLayer, RejectsWrongSizes) {
  const heed::AttentionPooling<double> pooling(4, 3);
  auto grad = pooling;
  heed::AttentionPoolingTape<double> tape;
  const Argument values{"values", 4, 5};
  expect_sizes_are_checked("AttentionPooling.forward", {values, {"pooled", 4, 2}},
                           [&](auto& m) { pooling.forward(m[0], two_sentences, tape, m[1]); });
  expect_sizes_are_checked("AttentionPooling.backward",
                           {values, {"d_pooled", 4, 2}, {"d_values", 4, 5}, {"tape.z", 3, 5}, {"tape.weights", 5, 1}},
                           [&](auto& m) {
                             tape.z.assign(m[3]);
                             tape.weights.assign(m[4]);
                             pooling.backward(m[0], two_sentences, tape, m[1], grad, m[2]);
                           });
  heed::AttentionPooling<double> other(4, 2);
  Matrix<double> d_values = Matrix<double>::Zero(4, 5);
  tape.z.assign(Matrix<double>::Ones(3, 5));
  tape.weights.assign(Matrix<double>::Ones(5, 1));
  EXPECT_EQ(refusal([&] {
              pooling.backward(Matrix<double>::Ones(4, 5), two_sentences, tape, Matrix<double>::Ones(4, 2), other,
                               d_values);
            }),
            "AttentionPooling.backward: grad.W must be 3 x 4, got 2 x 4");
}

TEST(AttentionPoolingLayer, RejectsOutputOfWrongSize) {
  const heed::AttentionPooling<float> pooling(6, 3);
  heed::AttentionPoolingTape<float> tape;
  Matrix<float> out;
  EXPECT_EQ(refusal([&] {
              pooling.forward(Matrix<float>::Ones(6, 3), std::vector<Index>{0, 2}, tape, out);
            }),
            "AttentionPooling.forward: values must be 6 x 2, got 6 x 3");
  EXPECT_EQ(refusal([&] {
              pooling.forward(Matrix<float>::Ones(6, 2), std::vector<Index>{0, 2}, tape, out);
            }),
            "AttentionPooling.forward: pooled must be 6 x 1, got 0 x 0");
}

TEST(MultiHeadAttentionLayer, RejectsWrongSizes) {
  const heed::MultiHeadAttention<double> attention({.size = 4, .heads = 2});
  auto grad = attention;
  heed::MultiHeadTape<double> tape;
  const Argument x{"x", 4, 5}, h{"h", 4, 4};
  expect_sizes_are_checked("MultiHeadAttention.forward", {x, h, {"y", 4, 5}},
                           [&](auto& m) { attention.forward(m[0], two_sentences, m[1], other_sentences, tape, m[2]); });
  expect_sizes_are_checked("MultiHeadAttention.forward", {x, {"y", 4, 5}},
                           [&](auto& m) { attention.forward(m[0], two_sentences, tape, m[1]); });
  const std::vector<Argument> of_tape{
      {"tape.queries", 4, 5}, {"tape.memory", 8, 4}, {"tape.weights", 3, 10}, {"tape.contexts", 4, 5}};
  const auto fill = [&](const auto& m) {
    tape.queries.assign(m[0]);
    tape.memory.assign(m[1]);
    tape.weights.assign(m[2]);
    tape.contexts.assign(m[3]);
  };
  std::vector<Argument> all = of_tape;
  for (const Argument& argument : {x, h, {"d_y", 4, 5}, {"d_x", 4, 5}, {"d_h", 4, 4}}) all.push_back(argument);
  expect_sizes_are_checked("MultiHeadAttention.backward", all, [&](auto& m) {
    fill(m);
    attention.backward(m[4], two_sentences, m[5], other_sentences, tape, m[6], grad, m[7], m[8]);
  });
  Matrix<double> y(4, 5);
  attention.forward(Matrix<double>::Ones(4, 5), two_sentences, tape, y);
  expect_sizes_are_checked("MultiHeadAttention.mean_weights", {{"mean", 3, 5}},
                           [&](auto& m) { attention.mean_weights(tape, m[0]); });
  heed::MultiHeadAttention<double> without({.size = 4, .heads = 2, .bias = false});
  EXPECT_EQ(refusal([&] {
              Matrix<double> d_x = Matrix<double>::Zero(4, 5);
              attention.backward(Matrix<double>::Ones(4, 5), two_sentences, tape, y, without, d_x);
            }),
            "MultiHeadAttention.backward: grad.b must be 12 x 1, got 0 x 1");
}

TEST(MultiHeadAttentionLayer, RejectsSentencesThatDoNotMatch) {
  const heed::MultiHeadAttention<float> attention({.size = 8, .heads = 2});
  heed::MultiHeadTape<float> tape;
  Matrix<float> y(8, 6);
  EXPECT_EQ(refusal([&] {
              attention.forward(Matrix<float>::Ones(8, 6), std::vector<Index>{0, 4, 7}, tape, y);
            }),
            "MultiHeadAttention.forward: x must be 8 x 7, got 8 x 6");
  EXPECT_EQ(refusal([&] {
              attention.forward(Matrix<float>::Ones(8, 6), std::vector<Index>{0, 6}, Matrix<float>::Ones(8, 6),
                                std::vector<Index>{0, 4, 6}, tape, y);
            }),
            "MultiHeadAttention.forward: memory must have 1 sentences, got 2");
  EXPECT_EQ(refusal([] { heed::MultiHeadAttention<float>({.size = 10, .heads = 4}); }),
            "MultiHeadAttention: heads must be at least 1 and divide size (10), got 4");
  EXPECT_EQ(refusal([] {
              heed::SentenceRanges(std::vector<Index>{1, 4});
            }),
            "SentenceRanges: the first sentence must start in column 0");
}

TEST(TransformerEncoderLayerSizes, RejectsWrongSizes) {
  for (const bool norm_first : {false, true}) {
    heed::Random random(1);
    const heed::TransformerEncoderLayer<double> layer(
        {.size = 4, .heads = 2, .inner_size = 6, .norm_first = norm_first});
    auto grad = layer;
    heed::TransformerEncoderTape<double> tape;
    const Argument x{"x", 4, 5};
    expect_sizes_are_checked("TransformerEncoderLayer.forward", {x, {"y", 4, 5}},
                             [&](auto& m) { layer.forward(m[0], two_sentences, tape, m[1]); });
    expect_sizes_are_checked("TransformerEncoderLayer.backward", {x, {"d_y", 4, 5}, {"d_x", 4, 5}}, [&](auto& m) {
      Matrix<double> y(4, 5);
      layer.forward(Matrix<double>::Ones(4, 5), two_sentences, tape, y);
      layer.backward(m[0], two_sentences, tape, m[1], grad, m[2]);
    });
    Matrix<double> y(4, 4), ones = Matrix<double>::Ones(4, 5), d_x = ones;
    layer.forward(ones.leftCols(4), other_sentences, tape, y);
    EXPECT_EQ(refusal([&] { layer.backward(ones, two_sentences, tape, ones, grad, d_x); }),
              "TransformerEncoderLayer.backward: tape.attention_saved must be 5 x 5, got 5 x 4");
    heed::TransformerEncoderLayer<double> other({.size = 4, .heads = 2, .inner_size = 7, .norm_first = norm_first});
    heed::TransformerEncoderTape<double> wider;
    Matrix<double> out(4, 5);
    other.forward(ones, two_sentences, wider, out);
    EXPECT_EQ(refusal([&] { layer.backward(ones, two_sentences, wider, ones, grad, d_x); }),
              "TransformerEncoderLayer.backward: tape.hidden must be 6 x 5, got 7 x 5");
    layer.forward(ones, two_sentences, tape, out);
    EXPECT_EQ(refusal([&] { layer.backward(ones, two_sentences, tape, ones, other, d_x); }),
              "TransformerEncoderLayer.backward: grad.inner.W must be 6 x 4, got 7 x 4");
  }
}

}  // namespace size_errors_of_layers_test
