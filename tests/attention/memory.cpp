#include <heed/attention/memory.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace memory_test {

using heed::Index;
using heed::Matrix;
using heed::Memory;

TEST(Memory, StoresSentencesInConsecutiveColumns) {
  Memory<double> memory;
  memory.resize(2, std::vector<Index>{3, 1, 4});
  EXPECT_EQ(memory.size(), 2);
  EXPECT_EQ(memory.sentences(), 3);
  EXPECT_EQ(memory.longest(), 4);
  EXPECT_EQ(memory.values.cols(), 8);
  EXPECT_EQ(memory.summary.rows(), 2);
  EXPECT_EQ(memory.summary.cols(), 3);
  EXPECT_EQ(memory.start(2), 4);
  EXPECT_EQ(memory.length(2), 4);
  for (Index b = 0; b < 3; ++b) memory.values_of(b).setConstant(static_cast<double>(b));
  Matrix<double> expected(2, 8);
  expected << 0, 0, 0, 1, 2, 2, 2, 2, 0, 0, 0, 1, 2, 2, 2, 2;
  EXPECT_EQ(memory.values, expected);
}

TEST(Memory, KeysDefaultToValues) {
  Memory<double> memory;
  memory.resize(2, std::vector<Index>{3, 1});
  EXPECT_EQ(memory.keys_of(1).data(), memory.values_of(1).data());
  memory.keys.resize(5, 4);
  EXPECT_EQ(memory.keys_of(1).data(), &memory.keys(0, 3));
  EXPECT_EQ(memory.keys_of(0).rows(), 5);
  EXPECT_EQ(memory.keys_of(0).cols(), 3);
  memory.resize(2, std::vector<Index>{1, 3});  // a new batch has no keys until attention prepares them
  EXPECT_EQ(memory.keys_of(1).data(), memory.values_of(1).data());
}

TEST(Memory, ZerosLikeMatchesShapes) {
  Memory<double> memory, gradient;
  memory.resize(2, std::vector<Index>{3, 1});
  memory.keys.resize(5, 4);
  memory.states.resize(2);
  for (auto& state : memory.states) state.resize(6, 2);
  gradient.resize(2, std::vector<Index>{9});
  gradient.values.setOnes();
  gradient.zeros_like(memory);
  EXPECT_EQ(gradient.starts, memory.starts);
  EXPECT_EQ(gradient.values, (Matrix<double>::Zero(2, 4)));
  EXPECT_EQ(gradient.keys, (Matrix<double>::Zero(5, 4)));
  EXPECT_EQ(gradient.summary, (Matrix<double>::Zero(2, 2)));
  ASSERT_EQ(gradient.states.size(), 2u);
  for (const auto& state : gradient.states) EXPECT_EQ(state, (Matrix<double>::Zero(6, 2)));
}

TEST(Memory, ResizeClearsFinalStates) {
  Memory<double> memory;
  memory.resize(2, std::vector<Index>{3, 1});
  memory.states.resize(1);
  memory.states[0].resize(6, 2);
  memory.resize(2, std::vector<Index>{1, 1});
  EXPECT_EQ(memory.states[0].rows(), 0);
}

TEST(Memory, IsBfloat16UntilNextResize) {
  Memory<float> memory;
  memory.resize(3, std::vector<Index>{2, 1});
  memory.values << 1, 2, 3, 4, 5, 6, 7, 8, 257;  // 257 has nine binary digits, one more than bfloat16
  EXPECT_FALSE(memory.is_bfloat16());
  memory.to_bfloat16();
  EXPECT_TRUE(memory.is_bfloat16());
  EXPECT_EQ(memory.bfloat16_keys().rows(), 0);
  heed::Buffer<float> block;
  memory.bfloat16_values().unfold(1, 2, block);
  EXPECT_EQ(block.topRows(3).col(0), memory.values.col(1));
  EXPECT_EQ(block(2, 1), 256);
  memory.resize(3, std::vector<Index>{1});
  EXPECT_FALSE(memory.is_bfloat16());
}

TEST(Memory, RejectsEmptySentence) {
  Memory<double> memory;
  EXPECT_EQ(refusal([&] { memory.resize(2, std::vector<Index>{3, 0}); }), "Memory.resize: sentence 1 is empty");
}

}  // namespace memory_test
