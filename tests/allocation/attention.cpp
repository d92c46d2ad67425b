#include "support/allocation_counter.hpp"

#include <heed/attention/attention_layer.hpp>
#include <heed/io/translation_model.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace attention_test {

using heed::AnyScorer;
using heed::Index;
using heed::Matrix;
using heed::test::steady_allocations;

/// Calls use(scorer) for every scorer, with the sizes of the demo and with larger sizes.
template <class Use>
void for_each_scorer(const Use& use) {
  for (const auto name : heed::scorer_names) {
    for (const Index hidden : {128, 512}) {
      heed::TranslatorConfig config;
      config.scorer = name;
      config.hidden = hidden;
      SCOPED_TRACE(config.scorer + ", query " + std::to_string(hidden));
      use(heed::make_scorer<float>(config));
    }
  }
}

TEST(Attend, DoesNotAllocateWithWorkspace) {
  heed::Random random(1);
  for_each_scorer([&](const AnyScorer<float>& scorer) {
    for (const Index n : {1, 32}) {
      for (const Index length : {1, 20, 200}) {
        SCOPED_TRACE(std::to_string(n) + " queries, length " + std::to_string(length));
        const Matrix<float> queries = random_matrix<float>(scorer.query_size(), n, random);
        const Matrix<float> memory = random_matrix<float>(scorer.memory_size(), length, random);
        Matrix<float> context(memory.rows(), n), weights(length, n);
        heed::AttendWorkspace<float> work;
        EXPECT_EQ(steady_allocations([&] { heed::attend(scorer, queries, memory, context, weights, work); }), 0);
      }
    }
  });
}

TEST(Attend, DoesNotAllocateForVectorQuery) {
  heed::Random random(2);
  const heed::AdditiveScorer<float> scorer(128, 256, 128);
  const heed::Vector<float> query = random_matrix<float>(128, 1, random);
  const Matrix<float> memory = random_matrix<float>(256, 20, random);
  heed::Vector<float> context(256), weights(20);
  heed::AttendWorkspace<float> work;
  EXPECT_EQ(steady_allocations([&] { heed::attend(scorer, query, memory, context, weights, work); }), 0);
}

TEST(AttentionLayer, ForwardDoesNotAllocate) {
  heed::Random random(4);
  const std::vector<Index> query_starts = {0, 3, 4}, memory_starts = {0, 20, 27};
  Eigen::Matrix<bool, Eigen::Dynamic, 1> valid = Eigen::Matrix<bool, Eigen::Dynamic, 1>::Constant(27, true);
  valid(2) = valid(25) = false;
  for_each_scorer([&](const AnyScorer<float>& scorer) {
    const heed::AttentionLayer<AnyScorer<float>> layer{scorer, {}};
    const Matrix<float> queries = random_matrix<float>(scorer.query_size(), 4, random);
    const Matrix<float> memory = random_matrix<float>(scorer.memory_size(), 27, random);
    heed::AttentionLayerTape<float> tape;
    for (const auto& mask : {heed::ValidMask(), heed::ValidMask::of_memory(valid)}) {
      EXPECT_EQ(steady_allocations([&] { layer.forward(queries, query_starts, memory, memory_starts, tape, mask); }),
                0);
    }
  });
}

TEST(Attention, ForwardDoesNotAllocate) {
  heed::Random random(3);
  const std::vector<Index> lengths = {20, 7, 1, 12};
  for_each_scorer([&](const AnyScorer<float>& scorer) {
    const heed::Attention<AnyScorer<float>> attention{scorer, {}};
    heed::Memory<float> memory;
    memory.resize(scorer.memory_size(), lengths);
    memory.values = random_matrix<float>(memory.values.rows(), memory.values.cols(), random);
    attention.prepare(memory);
    for (const Index beam : {1, 8}) {
      std::vector<Index> sentences;
      for (Index i = 0; i < 4 * beam; ++i) sentences.push_back(i / beam);
      const Index n = 4 * beam;
      const Matrix<float> queries = random_matrix<float>(scorer.query_size(), n, random);
      heed::Buffer<float> carry;
      heed::AttentionTape<float> tape;
      EXPECT_EQ(steady_allocations([&] {
                  start_attention(attention, memory, sentences, carry);
                  begin_attention(attention, memory, n, tape);
                  attention.forward(queries, memory, sentences, carry, tape, 0);
                }),
                0);
      EXPECT_EQ(steady_allocations([&] { attention.prepare(memory); }), 0);
    }
  });
}

}  // namespace attention_test
