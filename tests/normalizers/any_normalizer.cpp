#include <heed/normalizers/any_normalizer.hpp>

#include <heed/attention/attention.hpp>
#include <heed/scorers/dot.hpp>

#include "support/normalizers.hpp"
#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace any_normalizer_test {

using heed::AnyNormalizer;
using heed::Matrix;

template <class N>
void expect_equal_results(const N& normalizer) {
  const AnyNormalizer any(normalizer);
  heed::Random random(3);
  Matrix<double> weights = random_matrix(9, 2, random, 3), same = weights;
  normalizer.forward(weights);
  any.forward(same);
  EXPECT_EQ(same, weights);
  Matrix<double> d = random_matrix(9, 2, random), same_d = d;
  normalizer.backward(weights, d);
  any.backward(weights, same_d);
  EXPECT_EQ(same_d, d);
  EXPECT_EQ(any.is_softmax(), (std::is_same_v<N, heed::Softmax>));
}

TEST(AnyNormalizer, MatchesHeldNormalizer) {
  static_assert(heed::Normalizer<AnyNormalizer>);
  expect_equal_results(heed::Softmax());
  expect_equal_results(heed::Sparsemax());
  expect_equal_results(heed::Entmax15());
  EXPECT_EQ(heed::parameter_count(AnyNormalizer()), 0);
}

TEST(AnyNormalizer, AttentionMatchesHeldNormalizer) {
  const auto expect = [](const auto& normalizer) {
    using N = std::remove_cvref_t<decltype(normalizer)>;
    const heed::Attention<heed::DotScorer<float>, N> known{heed::DotScorer<float>(64), normalizer};
    const heed::Attention<heed::DotScorer<float>, AnyNormalizer> any{heed::DotScorer<float>(64), normalizer};
    heed::Random random(5);
    heed::Memory<float> memory;
    memory.resize(64, std::vector<heed::Index>{300});
    memory.values = random_matrix<float>(64, 300, random);
    const Matrix<float> queries = random_matrix<float>(64, 2, random);
    const std::vector<heed::Index> sentences{0, 0};
    heed::Buffer<float> carry;
    heed::AttentionTape<float> tape, same;
    const auto attend = [&](const auto& attention, auto& to) {
      start_attention(attention, memory, sentences, carry);
      begin_attention(attention, memory, 2, to);
      attention.forward(queries, memory, sentences, carry, to, 0);
    };
    for (const bool bfloat16 : {false, true}) {
      if (bfloat16) memory.to_bfloat16();
      attend(known, tape);
      attend(any, same);
      EXPECT_EQ(same.weights, tape.weights);
      EXPECT_EQ(same.contexts, tape.contexts);
    }
  };
  expect(heed::Softmax());
  expect(heed::Sparsemax());
}

}  // namespace any_normalizer_test
