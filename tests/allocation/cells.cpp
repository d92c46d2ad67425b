#include "support/allocation_counter.hpp"
#include "support/prepacked.hpp"

#include <heed/cells/context_gru.hpp>
#include <heed/cells/gru_reset_before.hpp>
#include <heed/cells/layer_norm_gru.hpp>
#include <heed/cells/layer_norm_lstm.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/io/translation_model.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace cells_test {

using heed::AnyCell;
using heed::Index;
using heed::Matrix;
using heed::test::steady_allocations;

TEST(CellStep, DoesNotAllocate) {
  heed::Random random(1);
  for (const auto name : heed::cell_names) {
    for (const Index hidden : {128, 512}) {
      const AnyCell<float> cell = heed::make_cell<float>(name, 64, hidden);
      for (const Index n : {1, 2, 32}) {
        SCOPED_TRACE(std::string(name) + ", hidden " + std::to_string(hidden) + ", columns " + std::to_string(n));
        Matrix<float> saved = random_matrix<float>(cell.saved_size(), n, random);
        Matrix<float> s = random_matrix<float>(cell.state_size(), n, random), s_prev = s;
        EXPECT_EQ(steady_allocations([&] { cell.step(saved, s_prev, s); }), 0);
        const auto packed = prepacked(cell);
        EXPECT_EQ(steady_allocations([&] { packed.step(saved, s_prev, s, {true}); }), 0);
      }
    }
  }
}

TEST(CellProject, DoesNotAllocate) {
  heed::Random random(2);
  for (const auto name : heed::cell_names) {
    for (const Index hidden : {128, 512}) {
      const AnyCell<float> cell = heed::make_cell<float>(name, 64 + hidden, hidden);
      for (const Index n : {1, 2, 32}) {
        SCOPED_TRACE(std::string(name) + ", hidden " + std::to_string(hidden) + ", columns " + std::to_string(n));
        const Matrix<float> x = random_matrix<float>(64, n, random), more = random_matrix<float>(hidden, n, random);
        Matrix<float> saved(cell.saved_size(), n);
        const auto packed = prepacked(cell);
        EXPECT_EQ(steady_allocations([&] { packed.project(x, saved); }), 0);
        EXPECT_EQ(steady_allocations([&] { cell.project(x, saved); }), 0);
        EXPECT_EQ(steady_allocations([&] { cell.add_projection(more, 64, saved); }), 0);
      }
    }
  }
}

template <class C>
class CellAllocation : public testing::Test {};
using CellsWithoutName = testing::Types<heed::GruCell<float, heed::Dynamic, heed::Dynamic, heed::gru_forms::bahdanau>,
                                        heed::ContextGruCell<float>, heed::ProjectedLstmCell<float>,
                                        heed::LayerNormLstmCell<float>, heed::LayerNormGruCell<float>>;
TYPED_TEST_SUITE(CellAllocation, CellsWithoutName);

template <class C>
C make(Index input, Index hidden) {
  if constexpr (std::is_same_v<C, heed::ProjectedLstmCell<float>>) {
    return C(input, 2 * hidden, hidden);
  } else if constexpr (std::is_same_v<C, heed::ContextGruCell<float>>) {
    return C(input, hidden, true, input - 64);
  } else {
    return C(input, hidden);
  }
}

TYPED_TEST(CellAllocation, ProjectAndStepDoNotAllocate) {
  heed::Random random(3);
  for (const Index hidden : {128, 512}) {
    const auto cell = make<TypeParam>(64 + hidden, hidden);
    const auto packed = prepacked(cell);
    for (const Index n : {1, 2, 32}) {
      SCOPED_TRACE("hidden " + std::to_string(hidden) + ", columns " + std::to_string(n));
      const Matrix<float> x = random_matrix<float>(64, n, random), more = random_matrix<float>(hidden, n, random);
      Matrix<float> saved(cell.saved_size(), n);
      Matrix<float> s = random_matrix<float>(cell.state_size(), n, random), s_prev = s;
      const auto expect_none = [&](const auto& one) {
        EXPECT_EQ(steady_allocations([&] { one.project(x, saved); }), 0);
        EXPECT_EQ(steady_allocations([&] { one.add_projection(more, 64, saved); }), 0);
        EXPECT_EQ(steady_allocations([&] { one.step(saved, s_prev, s); }), 0);
      };
      expect_none(cell);
      expect_none(packed);
    }
  }
}

}  // namespace cells_test
