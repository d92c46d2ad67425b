#include <heed/decoders/cho.hpp>

#include <heed/cells/gru_reset_before.hpp>

#include "support/decoder_runs.hpp"

#include <gtest/gtest.h>

namespace cho_test {

using heed::Index;
using heed::Token;

using Cho = heed::ChoDecoder<double>;
using decoding::Setting;

constexpr Index code = 6;

Cho make(Index layers, double dropout = 0) {
  using namespace decoding;
  return randomized(Cho({.word_size = word,
                         .memory_size = memory_size,
                         .code_size = code,
                         .hidden_size = hidden,
                         .layers = layers,
                         .feature_size = features,
                         .dropout = dropout}));
}

TEST(ChoDecoder, MatchesScalarLoop) {
  for (const Index layers : {1, 2}) {
    Setting setting;
    EXPECT_LE(decoding::distance_from_paper(make(layers), setting), 1e-13);
  }
}

TEST(ChoDecoder, GradientsMatchCentralDifferences) {
  for (const Index layers : {1, 2}) {
    for (const std::uint64_t dropout_seed : {0u, 7u}) {
      const Cho decoder = make(layers, 0.3);
      Setting setting;
      const auto found = decoding::check(decoder, setting, dropout_seed);
      EXPECT_LE(found.error, 1e-6) << found.name;
      EXPECT_EQ(found.checked, heed::parameter_count(decoder) + setting.x.size() + setting.memory.values.size() +
                                   setting.memory.summary.size());
    }
  }
}

TEST(ChoDecoder, AccumulatesGradients) {
  const Cho decoder = make(1);
  Setting setting;
  decoding::Run run(decoder, setting);
  decoding::Gradients<Cho> once(decoder, setting), grad(decoder, setting);
  run.tape.d_features.assign(setting.d_features);
  heed::decode_backward(decoder, setting.x, setting.packing, setting.memory, run.state, run.tape, grad.parameters,
                        grad.x, grad.memory);
  heed::scale(once.parameters, 2.0);
  EXPECT_LE(part_difference(grad.parameters, once.parameters), 1e-13);
  EXPECT_LE(difference(grad.memory.summary, 2 * once.memory.summary), 1e-13);
}

TEST(ChoDecoder, DependsOnSourceOnlyThroughCode) {
  Cho decoder = make(1);
  Setting setting;
  const double before = decoding::loss(decoder, setting);
  setting.memory.values.setConstant(100);
  EXPECT_EQ(decoding::loss(decoder, setting), before);
  decoder.code.W.edit().setZero();
  const double without_code = decoding::loss(decoder, setting);
  EXPECT_NE(without_code, before);
  setting.memory.summary.setConstant(100);
  EXPECT_EQ(decoding::loss(decoder, setting), without_code);
}

TEST(ChoDecoder, StateCellAndReadoutDependOnCode) {
  const Cho decoder = make(1);
  Setting setting;
  const double before = decoding::loss(decoder, setting);
  Cho start = decoder, cell = decoder, readout = decoder;
  start.bridge.layers[0].W.edit().setZero();
  cell.stack.layers[0].W.edit().rightCols(code).setZero();
  readout.readout.W.edit().middleCols(decoding::hidden, code).setZero();
  for (const Cho& other : {start, cell, readout}) EXPECT_NE(decoding::loss(other, setting), before);
}

/// Compares with appendix A of the paper in scalar loops, in the letters of the paper. The output layer is G, as one
/// matrix.
TEST(ChoDecoder, MatchesAppendixOfPaper) {
  using Cell = heed::GruCell<double, heed::Dynamic, heed::Dynamic, heed::gru_forms::cho>;
  using Model = heed::Seq2Seq<heed::Encoder<Cell>, Cho>;
  Model model({.source_vocabulary = 6, .target_vocabulary = 5},
              heed::Encoder<Cell>({.input_size = 2, .hidden_size = 3}),
              Cho({.word_size = 2, .memory_size = 3, .code_size = 3, .hidden_size = 3, .feature_size = 4}));
  model = decoding::randomized(model);
  model.target.table.col(heed::symbols::bos).setZero();  // e(y_0)
  const std::vector<std::vector<Token>> sources = {{3, 4, 5, 0}, {5}, {4, 3}}, targets = {{4, 3}, {3, 3, 4}, {}};
  const std::vector<std::span<const Token>> x(sources.begin(), sources.end()), y(targets.begin(), targets.end());

  Model paper = model;
  const auto paper_loss = [&] {
    using oracle::affine;
    using oracle::at;
    using oracle::Column;
    constexpr Index n = 3;
    const auto& decoder = paper.decoder;
    const auto& encoder_cell = paper.encoder.layers[0].forward;
    const auto& decoder_cell = decoder.stack.layers[0];
    oracle::Real loss = 0;
    for (std::size_t b = 0; b < sources.size(); ++b) {
      Column h(n), c, s;
      for (const Token word : sources[b]) h = oracle::step(encoder_cell, oracle::column(paper.source.table, word), h);
      for (Index k = 0; k < n; ++k) c.push_back(std::tanh(affine(decoder.code.W, 0, h, decoder.code.b, k)));
      const auto& first = decoder.bridge.layers[0];
      for (Index k = 0; k < n; ++k) s.push_back(std::tanh(affine(first.W, 0, c, first.b, k)));
      for (std::size_t t = 0; t <= targets[b].size(); ++t) {
        const Token before = t == 0 ? heed::symbols::bos : targets[b][t - 1];
        const Column e = oracle::column(paper.target.table, before);
        const auto gate = [&](Index g, Index k) {  // W e, and U s + C c
          return std::pair(affine(decoder_cell.W, 0, e, decoder_cell.b_W, g * n + k),
                           affine(decoder_cell.U, 0, s, decoder_cell.b_U, g * n + k) +
                               affine(decoder_cell.W, 2, c, oracle::no_bias(), g * n + k));
        };
        Column next;
        for (Index k = 0; k < n; ++k) {
          const auto [r_e, r_h] = gate(0, k);
          const auto [z_e, z_h] = gate(1, k);
          const auto [n_e, n_h] = gate(2, k);
          const oracle::Real r = oracle::sigmoid(r_e + r_h), z = oracle::sigmoid(z_e + z_h);
          next.push_back(z * s[at(k)] + (1 - z) * std::tanh(n_e + r * n_h));
        }
        s = next;
        const auto readout = [&](Index row) {
          const auto& O = decoder.readout;
          return affine(O.W, 0, s, O.b, row) + affine(O.W, n, c, oracle::no_bias(), row) +
                 affine(O.W, 2 * n, e, oracle::no_bias(), row);
        };
        Column maxima, logits;
        for (Index k = 0; k < 4; ++k) maxima.push_back(std::max(readout(2 * k), readout(2 * k + 1)));
        for (Index k = 0; k < 5; ++k) logits.push_back(affine(paper.output.W, 0, maxima, paper.output.b, k));
        const Token label = t < targets[b].size() ? targets[b][t] : heed::symbols::eos;
        loss += oracle::cross_entropy(logits, label, 0);
      }
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

}  // namespace cho_test
