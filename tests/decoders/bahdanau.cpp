#include <heed/decoders/bahdanau.hpp>

#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/scorers/additive.hpp>

#include "support/decoder_runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace bahdanau_test {

using heed::Index;

using Scorer = heed::AdditiveScorer<double>;
using decoding::Setting;

template <class Cell>
heed::BahdanauDecoder<Cell, Scorer> make(Index layers, Index alignment = 3, bool scorer_bias = false) {
  using namespace decoding;
  return randomized(heed::BahdanauDecoder<Cell, Scorer>({.word_size = word,
                                                         .memory_size = memory_size,
                                                         .hidden_size = hidden,
                                                         .layers = layers,
                                                         .feature_size = features},
                                                        {Scorer(hidden, memory_size, alignment, scorer_bias), {}}));
}

using Gru = heed::GruCell<double>;

TEST(BahdanauDecoder, MatchesScalarLoop) {
  for (const Index layers : {1, 3}) {
    Setting setting;
    EXPECT_LE(decoding::distance_from_paper(make<Gru>(layers), setting), 1e-13);
    EXPECT_LE(decoding::distance_from_paper(make<heed::LstmCell<double>>(layers), setting), 1e-13);
    EXPECT_LE(decoding::distance_from_paper(make<Gru>(layers, 6, true), setting), 1e-13);
  }
}

TEST(BahdanauDecoder, AttendsUniformlyIfVIsZero) {
  auto decoder = make<Gru>(1);
  decoder.attention.scorer.v.setZero();
  Setting setting;
  const decoding::Run run(decoder, setting);
  for (Index t = 0; t < setting.packing.steps(); ++t) {
    for (Index p = 0; p < setting.packing.active(t); ++p) {
      const Index b = setting.packing.sentence(p), length = setting.memory.length(b);
      const auto weights = run.tape.attention.weights.col(setting.packing.column(t, p)).head(length);
      EXPECT_EQ(weights, heed::Vector<double>::Constant(length, 1.0 / static_cast<double>(length)));
    }
  }
  const decoding::Gradients<decltype(decoder)> grad(decoder, setting);
  EXPECT_TRUE(grad.parameters.attention.scorer.W.values().isZero(0));
  EXPECT_TRUE(grad.parameters.attention.scorer.U.values().isZero(0));
  EXPECT_FALSE(grad.parameters.attention.scorer.v.isZero(0));
}

TEST(BahdanauDecoder, CellDependsOnContext) {
  auto decoder = make<Gru>(1);
  auto without_context = decoder;
  without_context.stack.layers[0].W.edit().rightCols(decoding::memory_size).setZero();
  Setting setting;
  const decoding::Run a(decoder, setting), b(without_context, setting);
  // The first query does not depend on a context.
  EXPECT_EQ(a.tape.attention.contexts.col(0), b.tape.attention.contexts.col(0));
  EXPECT_NE(a.tape.stack.top().outputs.col(0), b.tape.stack.top().outputs.col(0));
}

TEST(BahdanauDecoder, QueryIsStateOfTopLayer) {
  auto decoder = make<Gru>(2);
  Setting setting;
  const auto first_weights = [&] {
    const decoding::Run run(decoder, setting);
    return heed::Matrix<double>(run.tape.attention.weights.leftCols(setting.packing.active(0)));
  };
  const auto before = first_weights();
  decoder.bridge.layers[0].b.array() += 0.5;
  EXPECT_EQ(first_weights(), before);
  decoder.bridge.layers[1].b.array() += 0.5;
  EXPECT_NE(first_weights(), before);
}

TEST(BahdanauDecoder, FixedSizesMatchDynamicSizes) {
  using namespace decoding;
  using FixedCell = heed::GruCell<double, word + memory_size, hidden>;
  using FixedScorer = heed::AdditiveScorer<double, hidden, memory_size, 3>;
  heed::BahdanauDecoder<FixedCell, FixedScorer> fixed(
      {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
      {FixedScorer(hidden, memory_size, 3), {}});
  const auto sized = make<Gru>(1);
  copy_parameters(sized, fixed);
  Setting setting;
  const Gradients<decltype(fixed)> d_fixed(fixed, setting);
  const Gradients<std::remove_const_t<decltype(sized)>> d_sized(sized, setting);
  const decoding::Run run_fixed(fixed, setting), run_sized(sized, setting);
  EXPECT_LE(difference(run_fixed.tape.features, run_sized.tape.features), 1e-14);
  EXPECT_LE(part_difference(d_fixed.parameters, d_sized.parameters), 1e-13);
  EXPECT_LE(difference(d_fixed.memory.values, d_sized.memory.values), 1e-13);
}

using Column = std::vector<double>;
using PaperCell = heed::GruCell<double, heed::Dynamic, heed::Dynamic, heed::gru_forms::bahdanau>;
using PaperDecoder = heed::BahdanauMaxoutDecoder<PaperCell, Scorer>;

PaperDecoder paper_decoder(bool previous) {
  using namespace decoding;
  const auto cell = [](Index input, Index size) { return PaperCell(input, size, false); };
  PaperDecoder decoder({.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
                       {Scorer(hidden, memory_size, 3), {}}, cell);
  decoder.bridge =
      heed::Bridge<double>({.summary_size = memory_size, .state_size = hidden, .first_row = memory_size / 2});
  decoder.readout.previous = previous;
  decoder = randomized(decoder);
  decoder.bridge.layers[0].b.setZero();  // the paper has no biases
  decoder.readout.b.setZero();
  return decoder;
}

/// y_k += sum over i of M(k, from + i) x_i
void add(const heed::Matrix<double>& M, Index from, const Column& x, Column& y, Index row = 0) {
  for (std::size_t k = 0; k < y.size(); ++k) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      y[k] += M(row + static_cast<Index>(k), from + static_cast<Index>(i)) * x[i];
    }
  }
}

/// The sum of d_features * t by section A.2.2 of the paper, in scalar loops over sentences and steps.
double appendix_loss(const PaperDecoder& decoder, const Setting& setting) {
  constexpr Index n = decoding::hidden;
  const auto& W = decoder.stack.layers[0].W.values();  // [W C; W_z C_z; W C] in the paper's letters, r above z above s~
  const auto& U = decoder.stack.layers[0].U.values();
  const auto& U_n = decoder.stack.layers[0].U_n.values();
  const auto& scorer = decoder.attention.scorer;
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  double loss = 0;
  for (Index p = 0; p < setting.packing.sentences(); ++p) {
    const Index b = setting.packing.sentence(p);
    const heed::Matrix<double> h = setting.memory.values_of(b);
    Column s(n);
    const heed::Vector<double> last = setting.memory.summary.col(b).tail(decoding::memory_size / 2);
    add(decoder.bridge.layers[0].W.values(), 0, Column(last.data(), last.data() + last.size()), s);
    for (double& x : s) x = std::tanh(x);  // s_0 = tanh(W_s h_1), h_1 the backward state
    for (Index t = 0; t < setting.packing.length(p); ++t) {
      const Index column = setting.packing.column(t, p);
      const Column y(setting.x.col(column).data(), setting.x.col(column).data() + decoding::word);
      Column e, c(decoding::memory_size);
      double total = 0;
      for (Index j = 0; j < h.cols(); ++j) {
        Column z(3);
        add(scorer.W.values(), 0, s, z);
        add(scorer.U.values(), 0, Column(h.col(j).data(), h.col(j).data() + h.rows()), z);
        double score = 0;
        for (std::size_t k = 0; k < 3; ++k) score += scorer.v(static_cast<Index>(k)) * std::tanh(z[k]);
        e.push_back(std::exp(score));
        total += e.back();
      }
      for (Index j = 0; j < h.cols(); ++j) {
        for (std::size_t k = 0; k < c.size(); ++k) {
          c[k] += e[static_cast<std::size_t>(j)] / total * h(static_cast<Index>(k), j);
        }
      }
      Column r(n), z(n), new_s(n), rs(n);
      const auto gate = [&](Column& into, Index row) {
        add(W, 0, y, into, row);
        add(W, decoding::word, c, into, row);
      };
      gate(r, 0);
      gate(z, n);
      gate(new_s, 2 * n);
      add(U, 0, s, r, 0);
      add(U, 0, s, z, n);
      for (std::size_t k = 0; k < n; ++k) rs[k] = sigmoid(r[k]) * s[k];
      add(U_n, 0, rs, new_s);
      Column next(n), readout(2 * decoding::features);
      for (std::size_t k = 0; k < n; ++k) next[k] = (1 - sigmoid(z[k])) * s[k] + sigmoid(z[k]) * std::tanh(new_s[k]);
      add(decoder.readout.W.values(), 0, decoder.readout.previous ? s : next, readout);
      add(decoder.readout.W.values(), n, c, readout);
      add(decoder.readout.W.values(), n + decoding::memory_size, y, readout);
      for (std::size_t k = 0; k < decoding::features; ++k) {
        loss += setting.d_features(static_cast<Index>(k), column) * std::max(readout[2 * k], readout[2 * k + 1]);
      }
      s = next;
    }
  }
  return loss;
}

TEST(BahdanauMaxoutDecoder, MatchesAppendixOfPaper) {
  for (const bool previous : {true, false}) {
    PaperDecoder decoder = paper_decoder(previous);
    Setting setting;
    EXPECT_NEAR(decoding::loss(decoder, setting), appendix_loss(decoder, setting), 1e-13);
    const auto grad = decoding::Gradients<PaperDecoder>(decoder, setting);
    const auto paper = [&] { return appendix_loss(decoder, setting); };
    heed::GradientCheck check;
    heed::for_each_parameter(
        [&](const heed::ParameterName& name, auto& x, const auto& d) {
          if (!name.leaf().starts_with('b')) heed::check_gradient(name.str(), x, d, paper, check);
        },
        decoder, grad.parameters);
    heed::check_gradient("x", setting.x, grad.x, paper, check);
    heed::check_gradient("memory.values", setting.memory.values, grad.memory.values, paper, check);
    heed::check_gradient("memory.summary", setting.memory.summary, grad.memory.summary, paper, check);
    EXPECT_LE(check.error, 1e-6) << check.name << (previous ? ", previous state" : ", new state");
  }
}

TEST(BahdanauMaxoutDecoder, ReadoutDependsOnSelectedState) {
  Setting setting;
  const decoding::Run before(paper_decoder(true), setting), after(paper_decoder(false), setting);
  EXPECT_EQ(before.tape.stack.top().outputs, after.tape.stack.top().outputs);
  EXPECT_NE(before.tape.features, after.tape.features);
}

TEST(BahdanauMaxoutDecoder, GradientsMatchDifferencesWithDropout) {
  using namespace decoding;
  for (const bool previous : {true, false}) {
    using D = heed::BahdanauMaxoutDecoder<Gru, Scorer>;
    D decoder({.word_size = word,
               .memory_size = memory_size,
               .hidden_size = hidden,
               .layers = 2,
               .feature_size = features,
               .dropout = 0.3},
              {Scorer(hidden, memory_size, 3), {}});
    decoder.readout.previous = previous;
    decoder = randomized(decoder);
    Setting setting;
    const auto found = check(decoder, setting, 7);
    EXPECT_LE(found.error, 1e-6) << found.name;
  }
}

}  // namespace bahdanau_test
