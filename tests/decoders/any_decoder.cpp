#include <heed/decoders/any_decoder.hpp>

#include "support/decoder_runs.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

namespace any_decoder_test {

using heed::Index;
using heed::TranslatorConfig;

using Any = heed::AnyDecoder<heed::AnyCell<double>, heed::TranslationAttention<double>>;

static_assert(heed::Decoder<Any>);

TranslatorConfig sizes(Index layers) {
  TranslatorConfig config;
  config.hidden = decoding::hidden;
  config.embedding = decoding::word;
  config.bidirectional = false;  // the dot product needs a memory and a query of the same size
  config.layers = layers;
  config.dropout = 0.3;
  return config;
}

/// The decoder of a random model with this configuration.
Any decoder(const TranslatorConfig& config) { return heed::test::random_model(config, 5, 1).decoder; }

decoding::Setting setting(const TranslatorConfig& config) {
  decoding::Setting result;
  result.with_states(config.layers,
                     heed::make_cell<double>(config.cell, decoding::hidden, decoding::hidden).state_size());
  result.d_features = heed::Matrix<double>(result.d_features.topRows(decoding::hidden));  // hidden x columns
  return result;
}

class EveryDecoder : public testing::TestWithParam<TranslatorConfig> {};

TEST_P(EveryDecoder, GradientsMatchCentralDifferences) {
  for (const std::uint64_t dropout_seed : {0u, 7u}) {
    auto data = setting(GetParam());
    const heed::GradientCheck check = decoding::check(decoder(GetParam()), data, dropout_seed);
    EXPECT_GT(check.checked, data.x.size() + data.memory.values.size() + data.memory.summary.size());
    EXPECT_LE(check.error, 1e-6) << check.name << '[' << check.place << "] is " << check.analytic << ", not "
                                 << check.numeric;
  }
}

TEST_P(EveryDecoder, MatchesScalarLoop) {
  auto data = setting(GetParam());
  EXPECT_LE(decoding::distance_from_paper(decoder(GetParam()), data), 1e-13);
}

TEST_P(EveryDecoder, AccumulatesGradients) {
  const Any any = decoder(GetParam());
  auto data = setting(GetParam());
  decoding::Run run(any, data);
  decoding::Gradients<Any> once(any, data), grad(any, data);
  run.tape.d_features.assign(data.d_features);
  grad.memory.keys.setZero();  // their gradient is already included in that of the values
  heed::decode_backward(any, data.x, data.packing, data.memory, run.state, run.tape, grad.parameters, grad.x,
                        grad.memory);
  heed::scale(once.parameters, 2.0);
  EXPECT_LE(part_difference(grad.parameters, once.parameters), 1e-13);
  EXPECT_LE(difference(grad.x, 2 * once.x), 1e-13);
  EXPECT_LE(difference(grad.memory.values, 2 * once.memory.values), 1e-13);
  EXPECT_LE(difference(grad.memory.summary, 2 * once.memory.summary), 1e-13);
  for (std::size_t l = 0; l < grad.memory.states.size(); ++l) {
    EXPECT_LE(difference(grad.memory.states[l], 2 * once.memory.states[l]), 1e-13);
  }
}

INSTANTIATE_TEST_SUITE_P(Copying, EveryDecoder, testing::ValuesIn(heed::test::every_copy(sizes(2))),
                         [](const auto& setup) { return heed::test::choices(setup.param); });
INSTANTIATE_TEST_SUITE_P(Flat, EveryDecoder, testing::ValuesIn(heed::test::every_combination(sizes(1))),
                         [](const auto& setup) { return heed::test::choices(setup.param); });
INSTANTIATE_TEST_SUITE_P(Stacked, EveryDecoder, testing::ValuesIn(heed::test::every_combination(sizes(2))),
                         [](const auto& setup) { return heed::test::choices(setup.param); });

TEST(AnyDecoder, PreservesParameterNames) {
  TranslatorConfig config = sizes(1);
  config.decoder = "luong";
  config.scorer = "general";
  std::vector<std::string> names;
  const Any any = decoder(config);
  heed::for_each_parameter([&](const heed::ParameterName& name, const auto&) { names.push_back(name.str()); }, any);
  const std::vector<std::string> expected = {
      "stack.layers.0.W",   "stack.layers.0.U",  "stack.layers.0.b_W", "stack.layers.0.b_U",
      "attention.scorer.W", "bridge.layers.0.W", "bridge.layers.0.b",  "W"};
  EXPECT_EQ(names, expected);
}

TEST(AnyDecoder, ReturnsSizesOfHeldDecoder) {
  for (const TranslatorConfig& config : heed::test::every_combination(sizes(2))) {
    EXPECT_EQ(decoder(config).word_size(), decoding::word);
    EXPECT_EQ(decoder(config).feature_size(), decoding::hidden);
  }
}

}  // namespace any_decoder_test
