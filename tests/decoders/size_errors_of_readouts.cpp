#include <heed/core/packed_batch.hpp>
#include <heed/decoders/deep_output.hpp>
#include <heed/decoders/maxout_readout.hpp>
#include <heed/decoders/readout.hpp>
#include <heed/layers/activations.hpp>
#include <heed/losses/cross_entropy.hpp>

#include "support/normalizers.hpp"
#include "support/size_errors.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace size_errors_of_readouts_test {

using heed::Buffer;
using heed::Index;
using heed::Matrix;
using heed::Token;
using size_errors::Argument;
using size_errors::expect_sizes_are_checked;

constexpr auto any = Argument::like_others;

/// Checks a readout with states of size 3, contexts of size 4, words and features of size 5, and two steps.
template <class R>
void expect_readout_checks_sizes(const std::string& name, bool saves) {
  const R readout({.hidden_size = 3, .context_size = 4, .word_size = 5, .feature_size = 5});
  auto grad = readout;
  Buffer<double> kept;
  const Argument s{"s", 3, 2}, c{"c", 4, 2}, x{"x", 5, 2}, features{"features", 5, 2};
  expect_sizes_are_checked(name + ".forward", {s, c, x, features},
                           [&](auto& m) { readout.forward(m[0], m[1], m[2], m[3], kept); });
  std::vector<Argument> arguments{s, c, x, features, {"d_features", 5, 2}, {"d_s", 3, 2}, {"d_c", 4, 2}, {"d_x", 5, 2}};
  if (saves) arguments.push_back({"kept", 10, 2});
  expect_sizes_are_checked(name + ".backward", arguments, [&](auto& m) {
    if (saves) kept.assign(m[8]);
    readout.backward(m[0], m[1], m[2], m[3], kept, m[4], grad, m[5], m[6], m[7]);
  });
  R other({.hidden_size = 3, .context_size = 3, .word_size = 5, .feature_size = 5});
  kept.assign(Matrix<double>::Ones(10, 2));
  const Matrix<double> ones = Matrix<double>::Ones(5, 2);
  Matrix<double> d = ones, d_s = ones.topRows(3), d_c = ones.topRows(4), d_x = ones;
  const std::string message =
      refusal([&] { readout.backward(ones.topRows(3), ones.topRows(4), ones, ones, kept, d, other, d_s, d_c, d_x); });
  EXPECT_NE(message.find(name + ".backward: grad."), std::string::npos) << message;
}

TEST(ReadoutSizes, RejectsWrongSizes) {
  expect_readout_checks_sizes<heed::Readout<double>>("Readout", false);
  expect_readout_checks_sizes<heed::MaxoutReadout<double>>("MaxoutReadout", true);
  expect_readout_checks_sizes<heed::DeepOutput<double>>("DeepOutput", false);
}

TEST(ActivationSizes, BackwardRejectsDifferentSizes) {
  const std::vector<Argument> arguments{{"y", 3, 2, any}, {"d", 3, 2, any}};
  expect_sizes_are_checked("Tanh.backward", arguments, [](auto& m) { heed::Tanh::backward(m[0], m[1]); });
  expect_sizes_are_checked("Relu.backward", arguments, [](auto& m) { heed::Relu::backward(m[0], m[1]); });
  expect_sizes_are_checked("Sigmoid.backward", arguments, [](auto& m) { heed::Sigmoid::backward(m[0], m[1]); });
  expect_sizes_are_checked("softmax_backward", arguments, [](auto& m) { heed::softmax_backward(m[0], m[1]); });
}

template <class N>
class NormalizerSizes : public testing::Test {};
TYPED_TEST_SUITE(NormalizerSizes, typed::EachNormalizer);

TYPED_TEST(NormalizerSizes, BackwardRejectsDifferentSizes) {
  const auto normalizer = typed::make_normalizer<TypeParam>();
  const std::vector<std::string> functions{"Softmax.backward", "TemperatureSoftmax.backward", "Sparsemax.backward",
                                           "Entmax15.backward"};
  expect_sizes_are_checked(functions, {{"weights", 3, 2, any}, {"d", 3, 2, any}},
                           [&](auto& m) { normalizer.backward(m[0], m[1]); });
}

TEST(SoftmaxCrossEntropy, RejectsWrongTargets) {
  Matrix<double> logits = Matrix<double>::Zero(7, 2);
  const auto message = [&](const std::vector<Token>& targets) {
    return refusal([&] { heed::softmax_cross_entropy<double>(logits, targets); });
  };
  EXPECT_EQ(message({6, 0}), "accepted");
  EXPECT_EQ(message({6}), "softmax_cross_entropy: targets must have 2 elements, got 1");
  EXPECT_EQ(message({6, 0, 0}), "softmax_cross_entropy: targets must have 2 elements, got 3");
  EXPECT_EQ(message({6, 7}), "softmax_cross_entropy: target must be in [0, 7), got 7");
  EXPECT_EQ(message({-1, 0}), "softmax_cross_entropy: target must be in [0, 7), got -1");
}

TEST(PackingSizes, RejectsWrongSizes) {
  const heed::PackedBatch packing(std::vector<Index>{2, 3});
  const std::vector<Argument> arguments{{"padded", 4, 6, any}, {"packed", 4, 5, any}};
  expect_sizes_are_checked("pack_padded", arguments, [&](auto& m) { heed::pack_padded(m[0], packing, m[1]); });
  expect_sizes_are_checked("unpack_padded", arguments, [&](auto& m) { heed::unpack_padded(m[1], packing, m[0]); });
}

TEST(PackingSizes, RejectsSentencesOfWrongLength) {
  const heed::PackedBatch packing(std::vector<Index>{2, 3});
  std::vector<Token> tokens;
  const auto message = [&](const std::vector<std::vector<Token>>& sentences) {
    return refusal([&] { heed::pack_tokens(sentences, packing, tokens); });
  };
  EXPECT_EQ(message({{3, 4}, {5, 6, 7}}), "accepted");
  EXPECT_EQ(message({{3, 4}}), "pack_tokens: sentences must have 2 elements, got 1");
  EXPECT_EQ(message({{3, 4}, {5, 6}}), "pack_tokens: a sentence must have 3 tokens, got 2");
  EXPECT_EQ(message({{3, 4, 5}, {5, 6, 7}}), "pack_tokens: a sentence must have 2 tokens, got 3");
}

}  // namespace size_errors_of_readouts_test
