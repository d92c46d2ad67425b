#include <heed/search/sampling.hpp>
#include <heed/search/search.hpp>
#include <heed/text/replace_unknown.hpp>

#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

namespace search_weights_test {

using heed::Hypotheses;
using heed::SearchOptions;
using heed::test::Batch;

class SearchWeights : public testing::Test {
 protected:
  const heed::TranslationModel<float> model_ = heed::test::random_model<float>({}, 7, 3, 1.0);
  const Batch batch_ = heed::test::copy_task(6, 1, 9, 7, 5);
  heed::SearchWorkspace<float> work_;
};

TEST_F(SearchWeights, AreOmittedUnlessRequested) {
  SearchOptions options{.beam = 4, .maximum_length = 12, .best = 3};
  Hypotheses<float> with, without;
  heed::search(model_, batch_.sources, options, work_, with);
  options.keep_weights = false;
  heed::search(model_, batch_.sources, options, work_, without);
  for (std::size_t b = 0; b < batch_.size(); ++b) {
    ASSERT_EQ(with[b].size(), without[b].size());
    for (std::size_t k = 0; k < with[b].size(); ++k) {
      EXPECT_EQ(with[b][k].tokens, without[b][k].tokens);
      EXPECT_EQ(with[b][k].score, without[b][k].score);
      EXPECT_EQ(with[b][k].weights.rows(), static_cast<heed::Index>(batch_.sources[b].size()));
      EXPECT_EQ(without[b][k].weights.rows(), 0);
      EXPECT_EQ(without[b][k].weights.cols(), with[b][k].weights.cols());
    }
  }
  for (const auto& step : work_.steps) EXPECT_EQ(step.weights.size(), 0);
}

TEST_F(SearchWeights, CoveragePenaltyDoesNotNeedKeptWeights) {
  SearchOptions options{.beam = 4, .maximum_length = 12, .coverage_penalty = 0.5};
  Hypotheses<float> with, without;
  heed::search(model_, batch_.sources, options, work_, with);
  options.keep_weights = false;
  heed::search(model_, batch_.sources, options, work_, without);
  for (std::size_t b = 0; b < batch_.size(); ++b) {
    EXPECT_EQ(with[b].front().tokens, without[b].front().tokens);
    EXPECT_EQ(with[b].front().score, without[b].front().score);
  }
}

TEST_F(SearchWeights, SamplesOmitWeightsUnlessRequested) {
  heed::SampleOptions options{.samples = 2, .maximum_length = 12};
  heed::SampleWorkspace<float> work;
  Hypotheses<float> with, without;
  heed::sample(model_, batch_.sources, options, work, with);
  options.keep_weights = false;
  heed::sample(model_, batch_.sources, options, work, without);
  for (std::size_t b = 0; b < batch_.size(); ++b) {
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(with[b][k].tokens, without[b][k].tokens);
      EXPECT_GT(with[b][k].weights.rows(), 0);
      EXPECT_EQ(without[b][k].weights.rows(), 0);
    }
  }
}

}  // namespace search_weights_test
