#include "support/allocation_counter.hpp"

#include "support/translations.hpp"

#include <gtest/gtest.h>

using heed::Index;
using heed::TranslatorConfig;

namespace {

/// How often a search asks for memory, once its buffers have grown.
long steady_search(const TranslatorConfig& config, std::size_t sentences, Index beam, Index maximum_length) {
  const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(sentences, 2, 5, 717, 2);
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  const heed::SearchOptions options{beam, 0.6, maximum_length};
  const long count = heed::test::steady_allocations([&] { heed::search(model, batch.sources, options, work, found); });
  EXPECT_EQ(found.size(), sentences);
  return count;
}

}  // namespace

TEST(Search, AllocatesNothingGreedily) {
  for (const TranslatorConfig& config : heed::test::every_combination({})) {
    for (const std::size_t sentences : {1u, 32u}) {
      EXPECT_EQ(steady_search(config, sentences, 1, 3), 0) << heed::test::choices(config) << ", " << sentences;
    }
  }
}

TEST(Search, AllocatesNothingWithABeam) {
  for (const TranslatorConfig& config : heed::test::every_combination({})) {
    if (config.cell != "lstm" && config.decoder != "plain") continue;  // the cells differ in a step, not in a beam
    EXPECT_EQ(steady_search(config, 1, 4, 12), 0) << heed::test::choices(config);
    EXPECT_EQ(steady_search(config, 8, 4, 4), 0) << heed::test::choices(config);
  }
}

TEST(Search, AllocatesNothingAtLargeSizes) {
  for (const auto decoder : heed::decoder_names) {
    TranslatorConfig config;
    config.decoder = decoder;
    config.bidirectional = decoder != "sutskever";
    config.hidden = 512;
    config.embedding = 256;
    EXPECT_EQ(steady_search(config, 32, 1, 2), 0) << decoder;
    EXPECT_EQ(steady_search(config, 8, 4, 2), 0) << decoder;
  }
}

TEST(Search, AllocatesNothingForASmallerBatchOrBeam) {
  const TranslatorConfig config;
  const auto model = heed::test::random_model<float>(config, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(8, 3, 12, 717, 2);
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  heed::search(model, batch.sources, {4, 0.6, 8}, work, found);
  const auto fewer = heed::Sentences(batch.sources).first(3);
  EXPECT_EQ(heed::test::allocations([&] { heed::search(model, fewer, {2, 0.6, 5}, work, found); }), 0);
}
