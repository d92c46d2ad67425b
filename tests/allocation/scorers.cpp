#include "support/allocation_counter.hpp"
#include "support/prepacked.hpp"

#include <heed/attention/attention.hpp>

#include "support/normalizers.hpp"
#include "support/numbers.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace scorers_test {

using heed::Index;
using heed::Matrix;
using heed::test::steady_allocations;

/// Two queries for each of four sentences: counts the allocations of a step after the first one.
template <class ScorerType, class NormalizerType>
void expect_no_allocations(ScorerType scorer, NormalizerType normalizer) {
  heed::Random random(5);
  const heed::Attention<ScorerType, NormalizerType> attention{std::move(scorer), normalizer};
  heed::Memory<float> memory;
  memory.resize(attention.scorer.memory_size(), std::vector<Index>{20, 7, 1, 200});
  memory.values = random_matrix<float>(memory.values.rows(), memory.values.cols(), random);
  attention.prepare(memory);
  const std::vector<Index> sentences = {0, 0, 1, 1, 2, 2, 3, 3};
  const Matrix<float> queries = random_matrix<float>(attention.scorer.query_size(), 8, random);
  heed::Buffer<float> carry;
  heed::AttentionTape<float> tape;
  EXPECT_EQ(steady_allocations([&] {
              start_attention(attention, memory, sentences, carry);
              begin_attention(attention, memory, 8, tape);
              attention.forward(queries, memory, sentences, carry, tape, 0);
            }),
            0);
  EXPECT_EQ(steady_allocations([&] { attention.prepare(memory); }), 0);
}

template <class At>
class ScorerAllocation : public testing::Test {};
TYPED_TEST_SUITE(ScorerAllocation, typed::EachScorer);

TYPED_TEST(ScorerAllocation, AttentionDoesNotAllocate) {
  auto scorer = TypeParam::template Make<float>::make();
  heed::Random random(6);
  randomize(scorer, random);
  expect_no_allocations(scorer, heed::Softmax());
  expect_no_allocations(prepacked(scorer), heed::Softmax());
}

template <class NormalizerType>
class NormalizerAllocation : public testing::Test {};
TYPED_TEST_SUITE(NormalizerAllocation, typed::EachNormalizer);

TYPED_TEST(NormalizerAllocation, AttentionDoesNotAllocate) {
  heed::AdditiveScorer<float> scorer(32, 65, 20);
  heed::Random random(7);
  randomize(scorer, random);
  expect_no_allocations(scorer, typed::make_normalizer<TypeParam>());
}

TYPED_TEST(NormalizerAllocation, ForwardAndBackwardDoNotAllocate) {
  const auto normalizer = typed::make_normalizer<TypeParam>();
  heed::Random random(8);
  const Matrix<float> scores = random_matrix<float>(500, 3, random, 3), d = random_matrix<float>(500, 3, random);
  Matrix<float> weights = scores, d_scores = d;
  EXPECT_EQ(steady_allocations([&] {
              weights = scores;
              normalizer.forward(weights);
            }),
            0);
  EXPECT_EQ(steady_allocations([&] {
              d_scores = d;
              normalizer.backward(weights, d_scores);
            }),
            0);
}

}  // namespace scorers_test
