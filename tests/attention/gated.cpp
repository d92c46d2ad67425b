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
D decoder_with(AttentionType attention) {
  return D({.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
           std::move(attention));
}

Decoder decoder() {
  return randomized(decoder_with<Decoder>(Gated({heed::AdditiveScorer<double>(hidden, memory_size, 3), {}}, hidden)));
}

/// A decoder without a gate that has all other parameters of `gated`.
Ungated without_gate(const Decoder& gated) {
  Ungated result = decoder_with<Ungated>(gated.attention.inner);
  result.stack = gated.stack;
  result.bridge = gated.bridge;
  result.readout = gated.readout;
  return result;
}

TEST(GatedAttention, MatchesScalarLoop) {
  Setting setting;
  EXPECT_LE(distance_from_paper(decoder(), setting), 1e-13);
}

TEST(GatedAttention, GradientsMatchCentralDifferences) {
  Setting setting;
  const auto check = decoding::check(decoder(), setting);
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  EXPECT_EQ(check.checked, heed::parameter_count(decoder()) + setting.x.size() + setting.memory.values.size() +
                               setting.memory.summary.size());
}

TEST(GatedAttention, ReturnsGates) {
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

TEST(GatedAttention, OpenGateMatchesUngatedAttention) {
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

TEST(GatedAttention, ClosedGateHasZeroContextAndGradients) {
  Decoder gated = decoder();
  gated.attention.gate.W.edit().setZero();
  gated.attention.gate.b.setConstant(-800);  // beta is 0: backward must not divide by it
  Setting setting;
  const decoding::Run run(gated, setting);
  EXPECT_TRUE(run.tape.attention.contexts.isZero(0));
  const Gradients<Decoder> grad(gated, setting);
  EXPECT_TRUE(heed::all_finite(grad.parameters));
  EXPECT_EQ(heed::squared_norm(grad.parameters.attention.inner), 0);
  EXPECT_TRUE(grad.memory.values.isZero(0));
}

TEST(GatedAttention, RejectsGateOfWrongSize) {
  const Inner inner{heed::AdditiveScorer<double>(hidden, memory_size, 3), {}};
  EXPECT_EQ(refusal([&] { Gated(inner, hidden + 1); }),
            "GatedAttention: query_size must be that of the inner attention, 4, got 5");
}

}  // namespace gated_test
