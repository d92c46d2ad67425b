#include <heed/decoders/bahdanau.hpp>

#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/scorers/additive.hpp>

#include "support/decoder_runs.hpp"

#include <gtest/gtest.h>

using heed::Index;

namespace {

using Scorer = heed::AdditiveScorer<double>;
using decoding::Setting;

template <class Cell>
heed::BahdanauDecoder<Cell, Scorer> make(Index layers, Index alignment = 3, bool scorer_bias = false) {
  using namespace decoding;
  const auto cell = [](Index input, Index size) { return Cell(input, size); };
  return randomized(heed::BahdanauDecoder<Cell, Scorer>(cell, {Scorer(hidden, memory_size, alignment, scorer_bias), {}},
                                                        word, memory_size, hidden, layers, features));
}

using Gru = heed::GruCell<double>;

}  // namespace

TEST(BahdanauDecoder, AgreesWithThePaperInScalarLoops) {
  for (const Index layers : {1, 3}) {
    Setting setting;
    EXPECT_LE(decoding::distance_from_paper(make<Gru>(layers), setting), 1e-13);
    EXPECT_LE(decoding::distance_from_paper(make<heed::LstmCell<double>>(layers), setting), 1e-13);
    EXPECT_LE(decoding::distance_from_paper(make<Gru>(layers, 6, true), setting), 1e-13);
  }
}

TEST(BahdanauDecoder, AttendsUniformlyWithoutV) {
  auto decoder = make<Gru>(1);
  decoder.attention.scorer.v.setZero();
  Setting setting;
  const decoding::Run run(decoder, setting);
  for (Index t = 0; t < setting.packing.steps(); ++t) {
    for (Index p = 0; p < setting.packing.active(t); ++p) {
      const Index b = setting.packing.sentence(p), length = setting.memory.length(b);
      const auto weights = run.tape.weights.col(setting.packing.column(t, p)).head(length);
      EXPECT_EQ(weights, heed::Vector<double>::Constant(length, 1.0 / static_cast<double>(length)));
    }
  }
  const decoding::Gradients<decltype(decoder)> grad(decoder, setting);
  EXPECT_TRUE(grad.parameters.attention.scorer.W.isZero(0));
  EXPECT_TRUE(grad.parameters.attention.scorer.U.isZero(0));
  EXPECT_FALSE(grad.parameters.attention.scorer.v.isZero(0));
}

TEST(BahdanauDecoder, LetsTheContextIntoTheCell) {
  auto decoder = make<Gru>(1);
  auto deaf = decoder;
  deaf.stack.layers[0].W.rightCols(decoding::memory_size).setZero();
  Setting setting;
  const decoding::Run a(decoder, setting), b(deaf, setting);
  EXPECT_EQ(a.tape.contexts.col(0), b.tape.contexts.col(0));  // the first query has not heard of it yet
  EXPECT_NE(a.tape.stack.top().outputs.col(0), b.tape.stack.top().outputs.col(0));
}

TEST(BahdanauDecoder, AsksWithTheTopLayer) {
  auto decoder = make<Gru>(2);
  Setting setting;
  const auto first_weights = [&] {
    const decoding::Run run(decoder, setting);
    return heed::Matrix<double>(run.tape.weights.leftCols(setting.packing.active(0)));
  };
  const auto before = first_weights();
  decoder.bridge.layers[0].b.array() += 0.5;
  EXPECT_EQ(first_weights(), before);
  decoder.bridge.layers[1].b.array() += 0.5;
  EXPECT_NE(first_weights(), before);
}

TEST(BahdanauDecoder, FixesSizesAtCompileTimeWithoutChangingANumber) {
  using namespace decoding;
  using FixedCell = heed::GruCell<double, word + memory_size, hidden>;
  using FixedScorer = heed::AdditiveScorer<double, hidden, memory_size, 3>;
  const auto cell = [](Index input, Index size) { return FixedCell(input, size); };
  heed::BahdanauDecoder<FixedCell, FixedScorer> fixed(cell, {FixedScorer(hidden, memory_size, 3), {}}, word,
                                                      memory_size, hidden, 1, features);
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
