#include <heed/core/sentences.hpp>

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sentences_test {

using heed::Sentences;
using heed::Token;

const std::vector<std::vector<Token>> three = {{3, 4}, {}, {5}};

void expect_three(Sentences sentences) {
  ASSERT_EQ(sentences.size(), three.size());
  std::size_t b = 0;
  for (const auto& sentence : sentences) {
    EXPECT_EQ(std::vector<Token>(sentence.begin(), sentence.end()), three[b]);
    EXPECT_EQ(sentences[b].data(), sentence.data());
    ++b;
  }
  EXPECT_EQ(b, three.size());
}

TEST(Sentences, ViewsVectorsOfVectors) {
  expect_three(three);
  EXPECT_EQ(Sentences(three)[0].data(), three[0].data()) << "nothing is copied";
}

TEST(Sentences, ViewsVectorsArraysAndPointersOfSpans) {
  const std::vector<std::span<const Token>> vector(three.begin(), three.end());
  expect_three(vector);
  expect_three(std::span(vector));
  const std::array<std::span<const Token>, 3> array = {vector[0], vector[1], vector[2]};
  expect_three(array);
  const std::span<const Token> plain[] = {vector[0], vector[1], vector[2]};
  expect_three(plain);
  expect_three(Sentences(plain, 3));
}

TEST(Sentences, FirstKeepsTheOrder) {
  const Sentences two = Sentences(three).first(2);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].size(), 2u);
  EXPECT_TRUE(two[1].empty());
}

TEST(Sentences, IsEmptyByDefault) {
  EXPECT_TRUE(Sentences().empty());
  EXPECT_TRUE(Sentences().begin() == Sentences().end());
  static_assert(!std::is_constructible_v<Sentences, std::vector<Token>>, "one sentence is not a batch");
}

}  // namespace sentences_test
