#include "support/allocation_counter.hpp"

#include <heed/decoders/caption.hpp>

#include "support/numbers.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

namespace decoders_test {

using heed::Index;
using heed::TranslatorConfig;

/// The number of allocations of a decoding step after its buffers have grown.
long steady_step(const TranslatorConfig& config, std::size_t sentences, std::uint64_t longest = 20) {
  const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(sentences, 3, longest, 717, 2);
  heed::Seq2SeqTape<float> tape;
  model.encode(batch.sources, tape);
  heed::DecoderState<float> state;
  heed::DecoderTape<float> steps;
  for (std::size_t b = 0; b < sentences; ++b) state.sentences.push_back(static_cast<Index>(b));
  model.decoder.start(tape.memory, state, steps);
  const heed::Matrix<float> words = model.target.table.leftCols(static_cast<Index>(sentences));
  return heed::test::steady_allocations([&] { heed::advance(model.decoder, words, tape.memory, state, steps); });
}

TEST(Advance, DoesNotAllocateAtDemoSizes) {
  for (const TranslatorConfig& config : heed::test::every_combination({})) {
    for (const std::size_t sentences : {1u, 32u}) {
      EXPECT_EQ(steady_step(config, sentences), 0) << heed::test::choices(config) << ", sentences " << sentences;
    }
  }
}

TEST(Advance, DoesNotAllocateWithSeveralLayers) {
  for (const auto decoder : heed::decoder_names) {
    TranslatorConfig config;
    config.decoder = decoder;
    config.bidirectional = decoder != "sutskever";
    config.layers = 3;
    config.dropout = 0.5;
    EXPECT_EQ(steady_step(config, 5), 0) << decoder;
  }
}

TEST(Start, DoesNotAllocate) {
  for (TranslatorConfig config : heed::test::every_copy({})) {
    for (const bool copies : {true, false}) {
      config.copy_states = copies;
      const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
      const auto batch = heed::test::copy_task(5, 3, 20, 717, 2);
      heed::Seq2SeqTape<float> tape;
      model.encode(batch.sources, tape);
      tape.state.sentences = {4, 0, 2, 3, 1};
      const auto start = [&] { model.decoder.start(tape.memory, tape.state, tape.decoder); };
      EXPECT_EQ(heed::test::steady_allocations(start), 0) << heed::test::choices(config) << ", copies " << copies;
    }
  }
}

TEST(Advance, DoesNotAllocateAtLargeSizes) {
  TranslatorConfig large;
  large.hidden = 512;
  large.embedding = 256;
  for (const TranslatorConfig& config : heed::test::every_combination(large)) {
    if (config.cell != "gru" && config.scorer != heed::scorer_names.front()) continue;  // to save time
    EXPECT_EQ(steady_step(config, 32, 4), 0) << heed::test::choices(config);
  }
}

TEST(Advance, DoesNotAllocateInCaptionDecoder) {
  heed::Random random(3);
  for (const auto& [sentences, hidden] : {std::pair<std::size_t, Index>{1, 64}, {32, 64}, {32, 512}}) {
    using Cell = heed::LstmCell<float>;
    using Scorer = heed::AdditiveScorer<float>;
    heed::CaptionDecoder<Cell, Scorer> decoder(
        {.word_size = 48, .memory_size = 48, .hidden_size = hidden, .feature_size = 48},
        {{Scorer(hidden, 48, hidden), {}}, hidden});
    randomize(decoder, random, 0.1);
    heed::Memory<float> memory;
    memory.resize(48, std::vector<Index>(sentences, 49));
    memory.values = random_matrix<float>(48, memory.values.cols(), random);
    memory.summary = random_matrix<float>(48, memory.sentences(), random);
    decoder.prepare(memory);
    heed::DecoderState<float> state;
    heed::DecoderTape<float> steps;
    for (std::size_t b = 0; b < sentences; ++b) state.sentences.push_back(static_cast<Index>(b));
    decoder.start(memory, state, steps);
    const heed::Matrix<float> words = random_matrix<float>(48, memory.sentences(), random);
    EXPECT_EQ(heed::test::steady_allocations([&] { heed::advance(decoder, words, memory, state, steps); }), 0);
  }
}

TEST(Encode, DoesNotAllocate) {
  for (const auto cell : heed::cell_names) {
    for (const bool bidirectional : {true, false}) {
      TranslatorConfig config;
      config.cell = cell;
      config.bidirectional = bidirectional;
      config.layers = 2;
      const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
      const auto batch = heed::test::copy_task(8, 1, 20, 717, 2);
      heed::Seq2SeqTape<float> tape;
      EXPECT_EQ(heed::test::steady_allocations([&] { model.encode(batch.sources, tape); }), 0) << cell;
    }
  }
}

}  // namespace decoders_test
