#include <heed/attention/gated.hpp>

#include <heed/attention/attention.hpp>
#include <heed/cells/gru.hpp>
#include <heed/decoders/context_decoder.hpp>
#include <heed/scorers/additive.hpp>

#include "support/decoder_runs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gated_test {

using heed::Index;

using namespace decoding;

using Inner = heed::Attention<heed::AdditiveScorer<double>>;
using Gated = heed::GatedAttention<Inner>;
using Cell = heed::GruCell<double>;
using Decoder = heed::ContextDecoder<Cell, Gated>;
using Ungated = heed::ContextDecoder<Cell, Inner>;

template <class D, class AttentionType>
D around(AttentionType look) {
  return D({.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
           std::move(look));
}

Decoder decoder() {
  return randomized(around<Decoder>(Gated({heed::AdditiveScorer<double>(hidden, memory_size, 3), {}}, hidden)));
}

/// The decoder whose look has no gate, with all other parameters of a gated one.
Ungated without_gate(const Decoder& gated) {
  Ungated result = around<Ungated>(gated.attention.inner);
  result.stack = gated.stack;
  result.bridge = gated.bridge;
  result.readout = gated.readout;
  return result;
}

TEST(GatedAttention, AgreesWithThePaperInScalarLoops) {
  Setting setting;
  EXPECT_LE(distance_from_paper(decoder(), setting), 1e-13);
}

TEST(GatedAttention, GradientsAgreeWithCentralDifferences) {
  Setting setting;
  const auto check = decoding::check(decoder(), setting);
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  EXPECT_EQ(check.checked, heed::parameter_count(decoder()) + setting.x.size() + setting.memory.values.size() +
                               setting.memory.summary.size());
}

TEST(GatedAttention, KeepsItsGates) {
  const Decoder gated = decoder();
  Setting setting;
  const decoding::Run run(gated, setting);
  const auto gates = gated.attention.gates(setting.memory, run.tape.attention);
  for (Index i = 0; i < setting.packing.columns(); ++i) {
    const auto query = run.tape.stack.top().previous.col(i);
    const double sum = (gated.attention.gate.W.values() * query)(0) + gated.attention.gate.b(0);
    EXPECT_NEAR(gates(0, i), 1 / (1 + std::exp(-sum)), 1e-15);
  }
}

TEST(GatedAttention, WideOpenIsTheLookItself) {
  Decoder gated = decoder();
  gated.attention.gate.W.edit().setZero();
  gated.attention.gate.b.setConstant(800);  // beta is 1
  const Ungated open = without_gate(gated);
  Setting setting;
  EXPECT_EQ(decoding::Run(gated, setting).tape.features, decoding::Run(open, setting).tape.features);
  const Gradients<Decoder> a(gated, setting);
  const Gradients<Ungated> b(open, setting);
  EXPECT_LE(difference(a.memory.values, b.memory.values), 1e-15);
  EXPECT_LE(part_difference(a.parameters.attention.inner, b.parameters.attention), 1e-15);
  EXPECT_TRUE(a.parameters.attention.gate.W.values().isZero(0));
}

TEST(GatedAttention, ShutLetsNothingThrough) {
  Decoder gated = decoder();
  gated.attention.gate.W.edit().setZero();
  gated.attention.gate.b.setConstant(-800);  // beta is 0, by which nothing may be divided
  Setting setting;
  const decoding::Run run(gated, setting);
  EXPECT_TRUE(run.tape.attention.contexts.isZero(0));
  const Gradients<Decoder> grad(gated, setting);
  EXPECT_TRUE(heed::all_finite(grad.parameters));
  EXPECT_EQ(heed::squared_norm(grad.parameters.attention.inner), 0);
  EXPECT_TRUE(grad.memory.values.isZero(0));
}

TEST(GatedAttention, RefusesAGateOfAnotherSize) {
  const Inner inner{heed::AdditiveScorer<double>(hidden, memory_size, 3), {}};
  EXPECT_EQ(refusal([&] { Gated(inner, hidden + 1); }), "GatedAttention: the gate expects queries of size 5, not 4");
}

}  // namespace gated_test
