#include "translate/best_models.hpp"

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace best_models_test {

using examples::BestModels;
using examples::Model;

/// A small model whose parameters are all equal to `value`.
Model constant(float value) {
  heed::TranslatorConfig config;
  config.hidden = config.embedding = 2;
  Model model = heed::make_model<float>(config, 3, 3);
  heed::for_each_parameter([&](const heed::ParameterName&, auto& x) { x.setConstant(value); }, model);
  return model;
}

TEST(BestModels, KeepsTheLowestScores) {
  BestModels best{.limit = 2, .entries = {}};
  EXPECT_TRUE(best.add(5, constant(1)));
  EXPECT_FALSE(best.add(7, constant(2)));
  EXPECT_FALSE(best.add(9, constant(3)));
  EXPECT_TRUE(best.add(4, constant(4)));
  EXPECT_FALSE(best.add(4, constant(5))) << "it is not better";
  ASSERT_EQ(best.entries.size(), 2u);
  EXPECT_EQ(part_difference(best.entries[0].model, constant(4)), 0);
  EXPECT_EQ(part_difference(best.entries[1].model, constant(5)), 0);
}

TEST(BestModels, AveragesTheParameters) {
  BestModels best{.limit = 3, .entries = {}};
  for (const float value : {1.0F, 2.0F, 6.0F}) best.add(value, constant(value));
  EXPECT_LE(part_difference(best.average(), constant(3)), 1e-6);
}

}  // namespace best_models_test
