#include <heed/decoders/decoder.hpp>

#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/decoders/plain.hpp>

#include "support/decoder_runs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace decoder_test {

using heed::DecoderState;
using heed::Index;
using heed::Matrix;

using Cell = heed::LstmCell<double>;
using Scorer = heed::GeneralScorer<double>;
using decoding::Setting;

static_assert(heed::Decoder<heed::PlainDecoder<Cell>>);
static_assert(heed::Decoder<heed::BahdanauDecoder<Cell, Scorer>>);
static_assert(heed::Decoder<heed::LuongDecoder<Cell, Scorer>>);
static_assert(!heed::Decoder<Cell>);

heed::LuongDecoder<Cell, Scorer> luong() {
  using namespace decoding;
  return randomized(heed::LuongDecoder<Cell, Scorer>(
      {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .layers = 2, .feature_size = features},
      {Scorer(hidden, memory_size), {}}));
}

heed::BahdanauDecoder<Cell, Scorer> bahdanau() {
  using namespace decoding;
  return randomized(heed::BahdanauDecoder<Cell, Scorer>(
      {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .layers = 2, .feature_size = features},
      {Scorer(hidden, memory_size), {}}));
}

/// Decodes step by step, as search does. Returns the largest difference from decoding the whole target at once.
template <class D>
double distance_of_advance(const D& decoder) {
  Setting setting;
  const decoding::Run whole(decoder, setting);
  const auto& packing = setting.packing;
  decoding::Run run(decoder, setting);
  decoder.start(setting.memory, run.state, run.tape);
  double largest = 0;
  for (Index t = 0; t < packing.steps(); ++t) {
    const Index first = packing.first(t), n = packing.active(t);
    std::vector<Index> running;
    for (Index i = 0; i < n; ++i) running.push_back(i);
    run.state.gather(running);  // removes finished sentences from the batch
    heed::advance(decoder, setting.x.middleCols(first, n), setting.memory, run.state, run.tape);
    largest = std::max({largest, difference(run.tape.features, whole.tape.features.middleCols(first, n)),
                        difference(run.tape.attention.weights, whole.tape.attention.weights.middleCols(first, n))});
  }
  return largest;
}

/// A state with a distinct value for every layer, row and column.
DecoderState<double> numbered(Index columns) {
  DecoderState<double> state;
  state.layers.resize(2);
  const auto fill = [&](heed::Buffer<double>& matrix, Index rows, double base) {
    matrix.resize(rows, columns);
    for (Index j = 0; j < columns; ++j) {
      for (Index i = 0; i < rows; ++i) matrix(i, j) = base + 10 * static_cast<double>(j) + static_cast<double>(i);
    }
  };
  fill(state.layers[0], 3, 1000);
  fill(state.layers[1], 3, 2000);
  fill(state.feed, 2, 3000);
  fill(state.carry, 5, 4000);
  for (Index j = 0; j < columns; ++j) state.sentences.push_back(7 + j);
  return state;
}

void expect_gathered(const std::vector<Index>& chosen) {
  const DecoderState<double> before = numbered(4);
  DecoderState<double> state = numbered(4);
  state.gather(chosen);
  ASSERT_EQ(state.columns(), static_cast<Index>(chosen.size()));
  for (Index j = 0; j < state.columns(); ++j) {
    const Index from = chosen[static_cast<std::size_t>(j)];
    EXPECT_EQ(state.layers[0].col(j), before.layers[0].col(from));
    EXPECT_EQ(state.layers[1].col(j), before.layers[1].col(from));
    EXPECT_EQ(state.feed.col(j), before.feed.col(from));
    EXPECT_EQ(state.carry.col(j), before.carry.col(from));
    EXPECT_EQ(state.sentences[static_cast<std::size_t>(j)], 7 + from);
  }
  EXPECT_EQ(state.layers[1].cols(), state.columns());
  EXPECT_EQ(state.feed.cols(), state.columns());
  EXPECT_EQ(state.carry.cols(), state.columns());
}

TEST(DecoderState, GathersColumnsInAnyOrder) { expect_gathered({3, 1, 0, 2}); }

TEST(DecoderState, GathersOneColumnSeveralTimes) { expect_gathered({2, 2, 0, 2, 3, 3}); }

TEST(DecoderState, RemovesColumns) {
  expect_gathered({1});
  expect_gathered({});
}

TEST(DecoderState, GathersStateWithoutInputFeeding) {
  DecoderState<double> state = numbered(4);
  state.feed.resize(0, 4);
  const std::vector<Index> chosen = {3, 3, 1};
  state.gather(chosen);
  EXPECT_EQ(state.feed.rows(), 0);
  EXPECT_EQ(state.feed.cols(), 3);
  EXPECT_EQ(state.sentences, (std::vector<Index>{10, 10, 8}));
}

TEST(Advance, MatchesDecode) {
  EXPECT_LE(distance_of_advance(bahdanau()), 1e-15);
  EXPECT_LE(distance_of_advance(luong()), 1e-15);
}

TEST(Decode, ResultsDoNotDependOnBatchOrder) {
  const auto decoder = luong();
  Setting setting({3, 1, 4}, {2, 4, 1});
  const decoding::Run run(decoder, setting);
  // The same three sentences in another order.
  Setting other({1, 4, 3}, {4, 1, 2});
  const std::vector<Index> from = {1, 2, 0};
  for (Index b = 0; b < 3; ++b) {
    other.memory.values_of(b) = setting.memory.values_of(from[static_cast<std::size_t>(b)]);
    other.memory.summary.col(b) = setting.memory.summary.col(from[static_cast<std::size_t>(b)]);
  }
  other.x = setting.x;  // packed by length, so the order of the columns does not change
  const decoding::Run reordered(decoder, other);
  EXPECT_EQ(reordered.tape.features, run.tape.features);
  EXPECT_EQ(reordered.tape.attention.weights, run.tape.attention.weights);
}

TEST(Decoder, RejectsStateWithFewerColumnsThanTheSteps) {
  const auto decoder = luong();
  Setting setting;
  decoding::Run run(decoder, setting);
  run.state.gather(std::vector<Index>{0, 1});
  EXPECT_EQ(refusal([&] { decoder.forward(setting.x, setting.packing, setting.memory, run.state, run.tape, nullptr); }),
            "AttentionalDecoder.forward: a step must not have more columns than the state: at most 2, got 3");
  auto grad = heed::zeros_like(decoder);
  Matrix<double> d_x = setting.x;
  heed::Memory<double> d_memory;
  d_memory.zeros_like(setting.memory);
  EXPECT_EQ(refusal([&] {
              decoder.backward(setting.x, setting.packing, setting.memory, run.state, run.tape, grad, d_x, d_memory,
                               nullptr);
            }),
            "AttentionalDecoder.backward: state.sentences must have 3 elements, got 2; backward needs a state with one "
            "column per sentence of the steps");
}

TEST(Decode, DropsOutOnlyBetweenLayersInTraining) {
  using namespace decoding;
  const auto make = [&](Index layers, double dropout) {
    return randomized(heed::BahdanauDecoder<Cell, Scorer>({.word_size = word,
                                                           .memory_size = memory_size,
                                                           .hidden_size = hidden,
                                                           .layers = layers,
                                                           .feature_size = features,
                                                           .dropout = dropout},
                                                          {Scorer(hidden, memory_size), {}}));
  };
  Setting setting;
  heed::Random random(5);
  EXPECT_EQ(loss(make(2, 0.5), setting), loss(make(2, 0), setting));
  EXPECT_NE(loss(make(2, 0.5), setting, &random), loss(make(2, 0), setting));
  EXPECT_EQ(loss(make(1, 0.5), setting, &random), loss(make(1, 0), setting));
}

}  // namespace decoder_test
