#include <heed/compiled/translator.hpp>

#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace translator_test {

using heed::compiled::TrainOptions;
using heed::compiled::TranslateOptions;
using heed::compiled::Translator;
using heed::compiled::WeightPrecision;

/// Pairs of letters and the corresponding digits in reverse order.
std::vector<std::pair<std::string, std::string>> reversed_pairs() {
  std::vector<std::pair<std::string, std::string>> pairs;
  const std::string letters = "abcd", digits = "1234";
  for (std::size_t i = 0; i < 64; ++i) {
    std::string source, target;
    for (std::size_t k = 0, rest = i; k < 2 + i % 2; ++k, rest /= 4) {
      source += (k > 0 ? " " : "") + std::string(1, letters[rest % 4]);
      target = std::string(1, digits[rest % 4]) + (k > 0 ? " " : "") + target;
    }
    pairs.emplace_back(source, target);
  }
  return pairs;
}

heed::TranslatorConfig small_config() {
  heed::TranslatorConfig config;
  config.hidden = 16;
  config.embedding = 8;
  return config;
}

/// A translator that is trained once for all tests.
const Translator& trained() {
  static const Translator translator = [] {
    TrainOptions options;
    options.epochs = 80;
    options.batch_size = 8;
    options.learning_rate = 0.01;
    return Translator::train(reversed_pairs(), small_config(), options);
  }();
  return translator;
}

TEST(CompiledTranslator, TrainsAndTranslates) {
  int correct = 0;
  for (const auto& [source, target] : reversed_pairs()) correct += trained().translate(source).text == target;
  EXPECT_GE(correct, 60) << "of 64";
  EXPECT_EQ(trained().config(), small_config());
}

TEST(CompiledTranslator, TrainsWithSharedEmbeddings) {
  heed::TranslatorConfig config = small_config();
  config.tied_embeddings = config.shared_embeddings = true;
  TrainOptions options;
  options.epochs = 80;
  options.batch_size = 8;
  options.learning_rate = 0.01;
  const Translator translator = Translator::train(reversed_pairs(), config, options);
  int correct = 0;
  for (const auto& [source, target] : reversed_pairs()) correct += translator.translate(source).text == target;
  EXPECT_GE(correct, 60) << "of 64";
}

TEST(CompiledTranslator, ReturnsNBestWithAlignments) {
  const std::vector<std::string> lines = {"b c d", "", "d"};
  TranslateOptions options;
  options.beam = 4;
  options.best = 3;
  const auto found = trained().translate(lines, options);
  ASSERT_EQ(found.size(), 3u);
  ASSERT_EQ(found[0].size(), 3u);
  EXPECT_EQ(found[0][0].text, "4 3 2");
  EXPECT_EQ(found[0][0].words, (heed::Words{"4", "3", "2"}));
  ASSERT_EQ(found[0][0].alignment.size(), 3u);
  EXPECT_EQ(found[0][0].alignment.front(), 2) << "the last word comes first";
  EXPECT_EQ(found[0][0].alignment.back(), 0);
  EXPECT_GE(found[0][0].score, found[0][1].score);
  EXPECT_LT(found[0][0].log_probability, 0);
  ASSERT_EQ(found[1].size(), 1u);
  EXPECT_EQ(found[1][0].text, "");
  options.length_penalty = 0;
  EXPECT_EQ(trained().translate(lines, options)[0][0].score, trained().translate(lines, options)[0][0].log_probability);
  options.maximum_length = 2;
  EXPECT_LE(trained().translate(lines, options)[0][0].text.size(), 1u) << "a word and eos";
}

TEST(CompiledTranslator, SaveAndLoadPreserveTranslations) {
  const heed::test::TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  trained().save(path);
  const Translator loaded = Translator::load(path), half = Translator::load(path, WeightPrecision::half),
                   bfloat16 = Translator::load(path, WeightPrecision::bfloat16);
  const std::vector<std::string> lines = {"b c d"};
  const auto expected = trained().translate(lines)[0][0];
  EXPECT_EQ(loaded.translate(lines)[0][0].text, expected.text);
  EXPECT_EQ(loaded.translate(lines)[0][0].log_probability, expected.log_probability);
  for (const Translator* const converted : {&half, &bfloat16}) {
    EXPECT_EQ(converted->translate("b c d").text, expected.text);
    EXPECT_NE(converted->translate(lines)[0][0].log_probability, expected.log_probability);
  }
  EXPECT_NE(refusal([&] { half.save(path); }).find("converted to 16 bits"), std::string::npos);
}

TEST(CompiledTranslator, UsesEveryTrainingOption) {
  const auto last_loss = [](TrainOptions options, int* epochs = nullptr) {
    double loss = 0;
    options.after_epoch = [&](const heed::compiled::Epoch& epoch) {
      loss = epoch.loss;
      EXPECT_NEAR(epoch.perplexity, std::exp(epoch.loss), 1e-9 * epoch.perplexity);
      if (epochs != nullptr) ++*epochs;
      return epochs == nullptr || *epochs < 2;
    };
    Translator::train(reversed_pairs(), small_config(), options);
    return loss;
  };
  TrainOptions options;
  options.epochs = 3;
  const double loss = last_loss(options);
  EXPECT_EQ(last_loss(options), loss) << "the same seed";
  int epochs = 0;
  last_loss(options, &epochs);
  EXPECT_EQ(epochs, 2) << "after_epoch ended the training";
  const auto expect_other = [&](const char* option, const auto& change) {
    TrainOptions changed = options;
    change(changed);
    EXPECT_NE(last_loss(changed), loss) << option;
  };
  expect_other("epochs", [](auto& o) { o.epochs = 2; });
  expect_other("batch_size", [](auto& o) { o.batch_size = 8; });
  expect_other("learning_rate", [](auto& o) { o.learning_rate = 0.01; });
  expect_other("clip_norm", [](auto& o) { o.clip_norm = 0.01; });
  expect_other("label_smoothing", [](auto& o) { o.label_smoothing = 0.1; });
  expect_other("minimum_count", [](auto& o) { o.minimum_count = 1000; });
  expect_other("seed", [](auto& o) { o.seed = 2; });
  options.threads = 2;
  EXPECT_NEAR(last_loss(options), loss, 1e-3) << "the same but for rounding";
}

TEST(CompiledTranslator, RejectsInvalidInput) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(refusal([] { Translator::train(Pairs{}); }), "Translator.train: there are no sentence pairs");
  EXPECT_EQ(refusal([] {
              Translator::train(Pairs{{"a", "b"}, {"a", " "}});
            }),
            "Translator.train: both sides of a pair must have words, but the target of pair 1 has none");
  EXPECT_EQ(refusal([] {
              TrainOptions options;
              options.epochs = 0;
              Translator::train(Pairs{{"a", "b"}}, {}, options);
            }),
            "Translator.train: epochs must be 1 or more, got 0");
  EXPECT_NE(refusal([] { Translator::load("no/such/file"); }).find("no/such/file"), std::string::npos);
  TranslateOptions options;
  options.best = 2;
  EXPECT_NE(refusal([&] { trained().translate("a", options); }), "accepted");
}

}  // namespace translator_test
