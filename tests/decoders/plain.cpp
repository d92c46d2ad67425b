#include <heed/decoders/plain.hpp>

#include <heed/cells/gru.hpp>

#include "support/decoder_runs.hpp"

#include <gtest/gtest.h>

namespace plain_test {

using heed::Index;

using Cell = heed::GruCell<double>;
using Plain = heed::PlainDecoder<Cell>;
using decoding::Setting;

Plain plain(Index layers = 2) {
  using namespace decoding;
  return randomized(Plain({.word_size = word,
                           .memory_size = memory_size,
                           .hidden_size = hidden,
                           .layers = layers,
                           .feature_size = features}));
}

TEST(PlainDecoder, MatchesScalarLoop) {
  for (const Index layers : {1, 2}) {
    Setting setting;
    EXPECT_LE(decoding::distance_from_paper(plain(layers), setting), 1e-13);
  }
}

TEST(PlainDecoder, DependsOnlyOnSummary) {
  const Plain decoder = plain();
  Setting setting;
  const double before = decoding::loss(decoder, setting);
  setting.memory.values.setConstant(100);
  EXPECT_EQ(decoding::loss(decoder, setting), before);
  setting.memory.summary(0, 1) += 0.1;
  EXPECT_NE(decoding::loss(decoder, setting), before);
  const decoding::Gradients<Plain> grad(decoder, setting);
  EXPECT_TRUE(grad.memory.values.isZero(0));
}

TEST(PlainDecoder, ContextIsSummaryAtEveryStep) {
  const Plain decoder = plain();
  Setting setting;
  const decoding::Run run(decoder, setting);
  for (Index t = 0; t < setting.packing.steps(); ++t) {
    for (Index p = 0; p < setting.packing.active(t); ++p) {
      EXPECT_EQ(run.tape.attention.contexts.col(setting.packing.column(t, p)),
                setting.memory.summary.col(setting.packing.sentence(p)));
    }
  }
}

TEST(PlainDecoder, HasNoWeightsAndNoKeys) {
  Setting setting;
  const decoding::Run run(plain(), setting);
  EXPECT_EQ(run.tape.attention.weights.rows(), 0);
  EXPECT_EQ(run.tape.attention.weights.cols(), setting.packing.columns());
  EXPECT_EQ(setting.memory.keys.rows(), 0);
  EXPECT_EQ(run.state.feed.rows(), 0);
}

}  // namespace plain_test
