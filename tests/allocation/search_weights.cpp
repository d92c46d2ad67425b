#include "support/allocation_counter.hpp"

#include "support/translations.hpp"

#include <gtest/gtest.h>

namespace search_weights_test {

TEST(Search, DoesNotAllocateWithoutWeights) {
  const auto model = heed::test::random_model<float>({}, 717, 1, 0.1);
  const auto batch = heed::test::copy_task(8, 2, 5, 717, 2);
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  heed::SearchOptions options{.beam = 4, .maximum_length = 6};
  for (const bool keep : {false, true, false}) {
    options.keep_weights = keep;
    EXPECT_EQ(heed::test::steady_allocations([&] { heed::search(model, batch.sources, options, work, found); }), 0);
  }
}

}  // namespace search_weights_test
