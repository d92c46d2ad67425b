#include <heed/decoders/context_decoder.hpp>

#include <heed/cells/gru.hpp>
#include <heed/cells/rnn.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/scorers/additive.hpp>

#include "support/decoder_runs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace context_decoder_test {

using heed::Index;

using Cell = heed::GruCell<double>;
using Scorer = heed::AdditiveScorer<double>;
using Bahdanau = heed::BahdanauDecoder<Cell, Scorer>;
using Plain = heed::PlainDecoder<Cell>;
using decoding::Setting;

Bahdanau bahdanau(Index layers) {
  using namespace decoding;
  return randomized(Bahdanau({.word_size = word,
                              .memory_size = memory_size,
                              .hidden_size = hidden,
                              .layers = layers,
                              .feature_size = features},
                             {Scorer(hidden, memory_size, 3), {}}));
}

/// The plain decoder with all parameters of `attending` except those of its attention.
Plain without_attention(const Bahdanau& attending) {
  using namespace decoding;
  Plain plain({.word_size = word,
               .memory_size = memory_size,
               .hidden_size = hidden,
               .layers = static_cast<Index>(attending.stack.layers.size()),
               .feature_size = features});
  plain.stack = attending.stack;
  plain.bridge = attending.bridge;
  plain.readout = attending.readout;
  return plain;
}

TEST(ContextDecoder, MatchesPlainDecoderIfMemoryHasOneColumn) {
  for (const Index layers : {1, 2}) {
    const Bahdanau attending = bahdanau(layers);
    Setting one({1, 1, 1});
    one.memory.summary = one.memory.values.leftCols(3);
    const Plain plain = without_attention(attending);
    const decoding::Run a(attending, one), b(plain, one);
    EXPECT_EQ(a.tape.attention.weights, heed::Matrix<double>::Ones(1, one.packing.columns()));
    EXPECT_LE(difference(a.tape.features, b.tape.features), 1e-15);

    const decoding::Gradients<Bahdanau> d_a(attending, one);
    const decoding::Gradients<Plain> d_b(plain, one);
    EXPECT_LE(difference(d_a.x, d_b.x), 1e-14);
    EXPECT_LE(difference(d_a.memory.values + d_a.memory.summary, d_b.memory.values + d_b.memory.summary), 1e-14);
    EXPECT_EQ(heed::squared_norm(d_a.parameters.attention), 0);  // the only weight is always 1
    EXPECT_LE(part_difference(d_a.parameters.stack, d_b.parameters.stack), 1e-14);
    EXPECT_LE(part_difference(d_a.parameters.bridge, d_b.parameters.bridge), 1e-14);
    EXPECT_LE(part_difference(d_a.parameters.readout, d_b.parameters.readout), 1e-14);
  }
}

TEST(ContextDecoder, InitialStateIsComputedByBridge) {
  const Bahdanau decoder = bahdanau(2);
  Setting setting;
  const double before = decoding::loss(decoder, setting);
  setting.memory.summary.array() += 0.5;  // only the bridge uses the summary
  EXPECT_GT(std::abs(decoding::loss(decoder, setting) - before), 1e-3);
  Bahdanau other = decoder;
  for (auto& layer : other.bridge.layers) layer.W.edit().setZero();
  const double closed = decoding::loss(other, setting);
  setting.memory.summary.setZero();
  EXPECT_EQ(decoding::loss(other, setting), closed);
}

TEST(ContextDecoder, QueryIsPreviousState) {
  const Bahdanau decoder = bahdanau(1);
  Setting setting;
  const decoding::Run run(decoder, setting);
  setting.x.leftCols(setting.packing.active(0)).array() += 0.5;  // the tokens of the first step
  const decoding::Run other(decoder, setting);
  const Index n = setting.packing.active(0);
  EXPECT_EQ(other.tape.attention.weights.leftCols(n), run.tape.attention.weights.leftCols(n));
  EXPECT_NE(other.tape.features.leftCols(n), run.tape.features.leftCols(n));
  EXPECT_NE(other.tape.attention.weights.middleCols(n, 2), run.tape.attention.weights.middleCols(n, 2));
}

TEST(ConditionalDecoder, QueryDependsOnPreviousWord) {
  using namespace decoding;
  for (const Index layers : {1, 2}) {
    const auto decoder = randomized(Bahdanau({.word_size = word,
                                              .memory_size = memory_size,
                                              .hidden_size = hidden,
                                              .layers = layers,
                                              .feature_size = features,
                                              .conditional = true},
                                             {Scorer(hidden, memory_size, 3), {}}));
    EXPECT_EQ(decoder.memory_size(), memory_size);
    Setting setting;
    const decoding::Run run(decoder, setting);
    const Index n = setting.packing.active(0);
    setting.x.leftCols(n).array() += 0.5;  // the words that the first step reads
    const decoding::Run other(decoder, setting);
    EXPECT_NE(other.tape.attention.weights.leftCols(n), run.tape.attention.weights.leftCols(n));
  }
}

TEST(ConditionalDecoder, GradientsMatchDifferencesWithDropoutOfContextsAndStates) {
  using namespace decoding;
  using Rnn = heed::RnnCell<double>;
  for (const bool per_sentence : {false, true}) {
    heed::BahdanauDecoder<Rnn, Scorer> decoder({.word_size = word,
                                                .memory_size = memory_size,
                                                .hidden_size = hidden,
                                                .layers = 2,
                                                .feature_size = features,
                                                .dropout = 0.3,
                                                .conditional = true},
                                               {Scorer(hidden, memory_size, 3), {}});
    decoder.context_dropout = heed::Dropout<double>(0.4);
    decoder.context_dropout.per_sentence = per_sentence;
    decoder.stack.recurrent = decoder.transition.recurrent = heed::Dropout<double>(0.3);
    decoder = randomized(decoder);
    Setting setting;
    const auto found = check(decoder, setting, 7);
    EXPECT_LE(found.error, 1e-6) << found.name;
  }
}

TEST(ContextDecoder, RejectsScorerOfWrongSizes) {
  using namespace decoding;
  const auto message = [&](Index query, Index memory) {
    return refusal([&] {
      Bahdanau({.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
               {Scorer(query, memory, 3), {}});
    });
  };
  EXPECT_EQ(message(hidden, memory_size), "accepted");
  EXPECT_EQ(message(hidden + 1, memory_size),
            "ContextDecoder: the attention expects queries of size 5 and a memory of size 4, got 4 and 4");
  EXPECT_EQ(message(hidden, memory_size + 2),
            "ContextDecoder: the attention expects queries of size 4 and a memory of size 6, got 4 and 4");
}

}  // namespace context_decoder_test
