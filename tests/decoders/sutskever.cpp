#include <heed/decoders/sutskever.hpp>

#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>

#include "support/decoder_runs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sutskever_test {

using heed::Index;
using heed::Token;

using decoding::Setting;
using Gru = heed::GruCell<double>;
using Lstm = heed::LstmCell<double>;

template <class Cell>
heed::SutskeverDecoder<Cell> make(Index layers, double dropout = 0) {
  using namespace decoding;
  return randomized(
      heed::SutskeverDecoder<Cell>({.word_size = word, .hidden_size = hidden, .layers = layers, .dropout = dropout}));
}

/// A setting for this number of layers. The features are the hidden state of the top layer.
Setting setting_for(Index layers, Index state_size) {
  Setting setting;
  setting.d_features = heed::Matrix<double>(setting.d_features.topRows(decoding::hidden));
  setting.with_states(layers, state_size);
  return setting;
}

TEST(SutskeverDecoder, MatchesScalarLoop) {
  for (const Index layers : {1, 4}) {
    Setting gru = setting_for(layers, 4), lstm = setting_for(layers, 8);
    EXPECT_LE(decoding::distance_from_paper(make<Gru>(layers), gru), 1e-13);
    EXPECT_LE(decoding::distance_from_paper(make<Lstm>(layers), lstm), 1e-13);
  }
}

TEST(SutskeverDecoder, GradientsMatchCentralDifferences) {
  for (const std::uint64_t dropout_seed : {0u, 7u}) {
    const auto decoder = make<Lstm>(2, 0.3);
    Setting setting = setting_for(2, 8);
    const auto found = decoding::check(decoder, setting, dropout_seed);
    EXPECT_LE(found.error, 1e-6) << found.name;
    EXPECT_EQ(found.checked, heed::parameter_count(decoder) + setting.x.size() + setting.memory.values.size() +
                                 setting.memory.summary.size() + 2 * 8 * 3);
  }
}

TEST(SutskeverDecoder, DependsOnlyOnFinalStates) {
  const auto decoder = make<Lstm>(2);
  Setting setting = setting_for(2, 8);
  const double before = decoding::loss(decoder, setting);
  setting.memory.values.setConstant(100);
  setting.memory.summary.setConstant(100);
  EXPECT_EQ(decoding::loss(decoder, setting), before);
  for (const Index row : {0, 7}) {  // of h and of c
    Setting other = setting_for(2, 8);
    other.memory.states[0](row, 1) += 0.1;
    EXPECT_NE(decoding::loss(decoder, other), before);
  }
  const decoding::Run run(decoder, setting);
  EXPECT_EQ(run.tape.attention.weights.rows(), 0);
}

TEST(SutskeverDecoder, RejectsFinalStatesOfWrongSize) {
  Setting setting = setting_for(2, 4);
  EXPECT_EQ(refusal([&] { decoding::loss(make<Lstm>(2), setting); }),
            "Bridge.forward: memory.states must be 8 x 3, got 4 x 3");
  EXPECT_EQ(refusal([&] { decoding::loss(make<Gru>(3), setting); }),
            "Bridge.forward: memory.states must have 3 states (one per layer of the decoder, from an encoder of one "
            "direction), got 2");
}

/// Section 2 of the paper: the loss of the targets for reversed sources.
TEST(SutskeverDecoder, MatchesPaperWithReversedSource) {
  using Model = heed::Seq2Seq<heed::Encoder<Lstm>, heed::SutskeverDecoder<Lstm>>;
  heed::Encoder<Lstm> encoder({.input_size = 2, .hidden_size = 3, .layers = 2});
  encoder.reversed = true;
  Model model({.source_vocabulary = 6, .target_vocabulary = 5}, encoder,
              heed::SutskeverDecoder<Lstm>({.word_size = 2, .hidden_size = 3, .layers = 2}));
  model = decoding::randomized(model);
  const std::vector<std::vector<Token>> sources = {{3, 4, 5, 0}, {5}, {4, 3}}, targets = {{4, 3}, {3, 3, 4}, {}};
  const std::vector<std::span<const Token>> x(sources.begin(), sources.end()), y(targets.begin(), targets.end());

  Model paper = model;
  const auto paper_loss = [&] {
    paper.encoder.reversed = false;
    oracle::Real loss = 0;
    for (std::size_t b = 0; b < sources.size(); ++b) {
      std::vector<Token> source = sources[b];
      std::reverse(source.begin(), source.end());
      loss += oracle::sentence_loss(paper, source, targets[b]).loss;
    }
    return static_cast<double>(loss);
  };
  Model::Tape tape;
  Model grad = heed::zeros_like(model);
  EXPECT_NEAR(model.loss_and_gradient(x, y, tape, grad), paper_loss(), 1e-12);
  const heed::GradientCheck check = heed::check_gradients(paper, grad, paper_loss);
  EXPECT_LE(check.error, 1e-6) << check.name;
  EXPECT_EQ(check.checked, heed::parameter_count(model));
}

}  // namespace sutskever_test
