#include <heed/decoders/state_readout.hpp>

#include <heed/attention/attention.hpp>
#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/scorers/additive.hpp>

#include "support/decoder_runs.hpp"
#include "support/size_errors.hpp"

namespace state_readout_test {

using heed::Index;
using heed::Matrix;
using size_errors::Argument;
using size_errors::expect_sizes_are_checked;

using Readout = heed::StateReadout<double>;
using Scorer = heed::AdditiveScorer<double>;
template <class Cell>
using Decoder = heed::ContextDecoder<Cell, heed::Attention<Scorer>, heed::StateReadout>;

const Readout readout({.hidden_size = 3, .context_size = 4, .word_size = 2, .feature_size = 3});

TEST(StateReadout, CopiesStateAndItsGradient) {
  heed::Random random(5);
  const Matrix<double> s = random_matrix(3, 6, random), c = random_matrix(4, 6, random),
                       x = random_matrix(2, 6, random);
  const Matrix<double> d_features = random_matrix(3, 6, random), before = random_matrix(3, 6, random);
  Matrix<double> features(3, 6), d = d_features, d_s = before;
  Matrix<double> d_c = Matrix<double>::Constant(4, 6, 7), d_x = Matrix<double>::Constant(2, 6, 7);
  heed::Buffer<double> kept;
  Readout grad = readout;
  readout.forward(s, c, x, features, kept);
  readout.backward(s, c, x, features, kept, d, grad, d_s, d_c, d_x);
  EXPECT_EQ(features, s);
  EXPECT_EQ(d_s, before + d_features);  // adds
  EXPECT_EQ(d_c, Matrix<double>::Constant(4, 6, 7));
  EXPECT_EQ(d_x, Matrix<double>::Constant(2, 6, 7));
  EXPECT_EQ(readout.output_size(), 3);
  EXPECT_EQ(heed::parameter_count(readout), 0);
}

TEST(StateReadout, RejectsWrongSizes) {
  const Argument s{"s", 3, 2}, c{"c", 4, 2}, x{"x", 2, 2}, features{"features", 3, 2};
  heed::Buffer<double> kept;
  Readout grad = readout;
  expect_sizes_are_checked("StateReadout.forward", {s, c, x, features},
                           [&](auto& m) { readout.forward(m[0], m[1], m[2], m[3], kept); });
  expect_sizes_are_checked(
      "StateReadout.backward", {s, c, x, features, {"d_features", 3, 2}, {"d_s", 3, 2}, {"d_c", 4, 2}, {"d_x", 2, 2}},
      [&](auto& m) { readout.backward(m[0], m[1], m[2], m[3], kept, m[4], grad, m[5], m[6], m[7]); });
}

TEST(StateReadout, RejectsFeatureSizeUnequalToHiddenSize) {
  EXPECT_EQ(refusal([] { Readout({.hidden_size = 3, .context_size = 4, .word_size = 2, .feature_size = 5}); }),
            "StateReadout: feature_size must equal hidden_size, 3, got 5");
  EXPECT_EQ(refusal([] { Readout({.hidden_size = 3, .word_size = 2, .feature_size = 3}); }),
            "StateReadout: context_size must be 1 or more, got 0");
}

/// A decoder that starts with copies of the encoder's final states.
template <class Cell>
Decoder<Cell> make(Index layers) {
  using namespace decoding;
  Decoder<Cell> decoder(
      {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .layers = layers, .feature_size = hidden},
      {Scorer(hidden, memory_size, 3, true), {}});
  decoder.bridge = heed::Bridge<double>::copying(decoder.stack.bottom().state_size(), layers);
  return randomized(std::move(decoder));
}

decoding::Setting setting_for(Index layers, Index state_size) {
  decoding::Setting setting;
  setting.d_features = Matrix<double>(setting.d_features.topRows(decoding::hidden));
  return std::move(setting.with_states(layers, state_size));
}

TEST(StateReadout, DecoderMatchesScalarLoop) {
  for (const Index layers : {1, 2}) {
    auto gru = setting_for(layers, decoding::hidden), lstm = setting_for(layers, 2 * decoding::hidden);
    EXPECT_LE(decoding::distance_from_paper(make<heed::GruCell<double>>(layers), gru), 1e-13);
    EXPECT_LE(decoding::distance_from_paper(make<heed::LstmCell<double>>(layers), lstm), 1e-13);
  }
}

TEST(StateReadout, DecoderGradientsMatchCentralDifferences) {
  const auto decoder = make<heed::GruCell<double>>(2);
  auto setting = setting_for(2, decoding::hidden);
  const auto check = decoding::check(decoder, setting);
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  EXPECT_EQ(check.checked, heed::parameter_count(decoder) + setting.x.size() + setting.memory.values.size() +
                               setting.memory.summary.size() + 2 * decoding::hidden * 3);
}

}  // namespace state_readout_test
