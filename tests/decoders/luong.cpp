#include <heed/decoders/luong.hpp>

#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/scorers/general.hpp>

#include "support/decoder_runs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace luong_test {

using heed::Index;

using Scorer = heed::GeneralScorer<double>;
using decoding::Setting;

template <class Cell>
heed::LuongDecoder<Cell, Scorer> make(Index layers, bool feeding) {
  using namespace decoding;
  return randomized(heed::LuongDecoder<Cell, Scorer>({.word_size = word,
                                                      .memory_size = memory_size,
                                                      .hidden_size = hidden,
                                                      .layers = layers,
                                                      .feature_size = features,
                                                      .input_feeding = feeding},
                                                     {Scorer(hidden, memory_size), {}}));
}

using Gru = heed::GruCell<double>;
using Luong = heed::LuongDecoder<Gru, Scorer>;

TEST(LuongDecoder, MatchesScalarLoop) {
  for (const Index layers : {1, 3}) {
    for (const bool feeding : {true, false}) {
      Setting setting;
      EXPECT_LE(decoding::distance_from_paper(make<Gru>(layers, feeding), setting), 1e-13);
      EXPECT_LE(decoding::distance_from_paper(make<heed::LstmCell<double>>(layers, feeding), setting), 1e-13);
    }
  }
}

TEST(LuongDecoder, InputFeedingUsesFeaturesOfPreviousStep) {
  const Luong fed = make<Gru>(1, true);
  Luong unfed = make<Gru>(1, false);
  unfed.stack.layers[0] = Gru(decoding::word, decoding::hidden);
  unfed.stack.layers[0].W = fed.stack.layers[0].W.values().leftCols(decoding::word);
  unfed.stack.layers[0].U = fed.stack.layers[0].U.values();
  unfed.stack.layers[0].b_W = fed.stack.layers[0].b_W;
  unfed.stack.layers[0].b_U = fed.stack.layers[0].b_U;
  unfed.attention = fed.attention;
  unfed.bridge = fed.bridge;
  unfed.W = fed.W;
  Setting setting;
  const decoding::Run a(fed, setting), b(unfed, setting);
  const Index n = setting.packing.active(0), next = setting.packing.active(1);
  EXPECT_EQ(a.tape.features.leftCols(n), b.tape.features.leftCols(n));
  EXPECT_NE(a.tape.features.middleCols(n, next), b.tape.features.middleCols(n, next));
  EXPECT_TRUE(a.tape.joined.vectors.leftCols(n).isZero(0));
  EXPECT_EQ(a.tape.joined.vectors.middleCols(n, next), a.tape.features.leftCols(next));
  EXPECT_EQ(b.tape.joined.vectors.rows(), 0);
}

TEST(LuongDecoder, QueryIsNewState) {
  const Luong decoder = make<Gru>(1, true);
  Setting setting;
  const decoding::Run run(decoder, setting);
  setting.x.col(1).array() += 0.5;  // of packed sentence 1
  const decoding::Run other(decoder, setting);
  EXPECT_NE(other.tape.attention.weights.col(1), run.tape.attention.weights.col(1));
  EXPECT_EQ(other.tape.attention.weights.col(2), run.tape.attention.weights.col(2));
}

TEST(LuongDecoder, RecurrenceIgnoresContextWithoutInputFeeding) {
  const Luong decoder = make<Gru>(2, false);
  Setting setting;
  const decoding::Run run(decoder, setting);
  setting.memory.values.setConstant(0.3);
  const decoding::Run other(decoder, setting);
  EXPECT_EQ(other.tape.stack.top().outputs, run.tape.stack.top().outputs);
  EXPECT_NE(other.tape.features, run.tape.features);
}

TEST(LuongDecoder, DecodeResetsInputFeeding) {
  const Luong decoder = make<Gru>(1, true);
  Setting setting;
  decoding::Run run(decoder, setting);
  const heed::Matrix<double> first = run.tape.features;
  heed::decode(decoder, setting.x, setting.packing, setting.memory, run.state, run.tape);
  EXPECT_EQ(run.tape.features, first);
}

TEST(LuongDecoder, RejectsScorerOfWrongSizes) {
  using namespace decoding;
  EXPECT_EQ(refusal([&] {
              Luong({.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
                    {Scorer(3, memory_size), {}});
            }),
            "AttentionalDecoder: the attention expects queries of size 3 and a memory of size 4, got 4 and 4");
}

}  // namespace luong_test
