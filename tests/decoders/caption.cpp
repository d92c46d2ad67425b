#include <heed/decoders/caption.hpp>

#include <heed/cells/lstm.hpp>
#include <heed/scorers/additive.hpp>

#include "support/decoder_runs.hpp"

#include <gtest/gtest.h>

namespace caption_test {

using heed::Index;

using namespace decoding;

using Cell = heed::LstmCell<double>;
using Scorer = heed::AdditiveScorer<double>;
using Decoder = heed::CaptionDecoder<Cell, Scorer>;

Decoder make() {
  return randomized(
      Decoder({.word_size = features, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features},
              {{Scorer(hidden, memory_size, 3), {}}, hidden}));
}

/// A setting whose embedded words have the size of the features.
Setting setting() {
  Setting result;
  heed::Random random(751);
  result.x = random_matrix(features, result.packing.columns(), random);
  return result;
}

TEST(CaptionDecoder, MatchesScalarLoop) {
  Setting images = setting();
  EXPECT_LE(distance_from_paper(make(), images), 1e-13);
}

TEST(CaptionDecoder, GradientsMatchCentralDifferences) {
  Setting images = setting();
  const auto check = decoding::check(make(), images);
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  EXPECT_EQ(check.checked, heed::parameter_count(make()) + images.x.size() + images.memory.values.size() +
                               images.memory.summary.size());
}

TEST(CaptionDecoder, ContextDropoutAffectsOnlyTheCell) {
  Setting images = setting();
  Decoder decoder = make();
  const double all = loss(decoder, images);
  decoder.context_dropout = heed::Dropout<double>(0.5);
  EXPECT_EQ(loss(decoder, images), all);  // no dropout in inference
  heed::Random random(11);
  const decoding::Run run(decoder, images, &random);
  int dropped = 0;
  for (Index i = 0; i < run.tape.attention.contexts.cols(); ++i) {
    const bool none = run.tape.joined.vectors.col(i).isZero(0);
    dropped += none ? 1 : 0;
    EXPECT_EQ(run.tape.joined.vectors.col(i), (none ? 0 : 2) * run.tape.attention.contexts.col(i));
    EXPECT_FALSE(run.tape.attention.contexts.col(i).isZero(0));
  }
  EXPECT_GT(dropped, 0);
  EXPECT_LT(dropped, run.tape.attention.contexts.cols());
}

TEST(CaptionDecoder, GradientsMatchDifferencesWithContextDropout) {
  for (const bool per_sentence : {false, true}) {
    Setting images = setting();
    Decoder decoder = make();
    decoder.context_dropout = heed::Dropout<double>(0.5);
    decoder.context_dropout.per_sentence = per_sentence;
    const auto check = decoding::check(decoder, images, 11);
    EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  }
}

TEST(CaptionDecoder, SupportsContextDropoutPerSentence) {
  Setting images = setting();
  Decoder decoder = make();
  decoder.context_dropout = heed::Dropout<double>(0.5);
  for (const bool per_sentence : {true, false}) {
    decoder.context_dropout.per_sentence = per_sentence;
    bool same = true;
    for (std::uint64_t seed = 1; seed < 10; ++seed) {
      heed::Random random(seed);
      const decoding::Run run(decoder, images, &random);
      for (Index t = 0; t < images.packing.steps(); ++t) {
        for (Index p = 0; p < images.packing.active(t); ++p) {
          same = same && run.tape.joined.factors(0, images.packing.column(t, p)) == run.tape.joined.factors(0, p);
        }
      }
    }
    EXPECT_EQ(same, per_sentence);
  }
}

TEST(CaptionDecoder, InitialStateIsComputedByTwoMlps) {
  const Decoder decoder = make();
  Setting images = setting();
  heed::DecoderState<double> state;
  heed::DecoderTape<double> tape;
  state.sentences = {0, 1, 2};
  decoder.prepare(images.memory);
  decoder.start(images.memory, state, tape);
  const auto& bridge = decoder.bridge.layers[0];
  ASSERT_EQ(state.layers[0].rows(), 2 * hidden);
  for (Index b = 0; b < 3; ++b) {
    const heed::Vector<double> mean = images.memory.summary.col(b);
    const heed::Vector<double> h = (bridge.W.values().topRows(hidden) * mean + bridge.b.head(hidden)).array().tanh();
    const heed::Vector<double> c = (bridge.W.values().bottomRows(hidden) * mean + bridge.b.tail(hidden)).array().tanh();
    EXPECT_LE(difference(state.layers[0].col(b).head(hidden), h), 1e-15);
    EXPECT_LE(difference(state.layers[0].col(b).tail(hidden), c), 1e-15);
  }
}

}  // namespace caption_test
