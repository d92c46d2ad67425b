#include <heed/attention/attention.hpp>
#include <heed/scorers/any_scorer.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace attention_test {

using heed::Buffer;
using heed::Index;
using heed::Matrix;
using heed::Memory;
using heed::Random;

/// Five queries over two sentences of 3 and 20 tokens, and the results of one forward call.
template <class At>
struct Trial {
  using ScorerType = typename At::template Make<double>::Part;
  Random random{103};
  heed::Attention<ScorerType> attention{At::template Make<double>::make(), {}};
  Memory<double> memory;
  std::vector<Index> sentences = {1, 0, 0, 1, 1};
  Matrix<double> queries, weights, contexts, d_contexts;
  Buffer<double> carry;
  heed::AttentionTape<double> tape;

  Trial() {
    randomize(attention, random);
    memory.resize(attention.scorer.memory_size(), std::vector<Index>{3, 20});
    memory.values = random_matrix(memory.size(), 23, random);
    queries = random_matrix(attention.scorer.query_size(), 5, random);
    d_contexts = random_matrix(memory.size(), 5, random);
    forward();
  }

  void forward() {
    attention.prepare(memory);
    start_attention(attention, memory, sentences, carry);
    begin_attention(attention, memory, 5, tape);
    tape.weights.setConstant(99);  // overwritten
    attention.forward(queries, memory, sentences, carry, tape, 0);
    weights = tape.weights;
    contexts = tape.contexts;
  }

  double loss() {
    forward();
    return contexts.cwiseProduct(d_contexts).sum();
  }

  /// Accumulates all gradients.
  void backward(heed::Attention<ScorerType>& grad, Matrix<double>& d_queries, Memory<double>& d_memory) {
    begin_attention_backward(5, tape);
    tape.d_contexts = d_contexts;
    attention.backward(memory, sentences, tape, 0, grad, d_queries, d_memory);
    attention.finish_backward(queries, memory, tape, grad, d_memory);
  }
};

template <class At>
typename Trial<At>::ScorerType random_scorer(Random& random) {
  auto scorer = At::template Make<double>::make();
  randomize(scorer, random);
  return scorer;
}

template <class At>
class Attention : public testing::Test {};
TYPED_TEST_SUITE(Attention, typed::EachScorer);

template <class At>
class ContentAttention : public testing::Test {};
TYPED_TEST_SUITE(ContentAttention, typed::EachContentScorer);

TYPED_TEST(Attention, MatchesPaperEquationForEverySentence) {
  const Trial<TypeParam> trial;
  for (Index i = 0; i < 5; ++i) {
    const Index b = trial.sentences[oracle::at(i)], length = trial.memory.length(b);
    const auto expected =
        oracle::attend(trial.attention.scorer, oracle::column(trial.queries, i), trial.memory.values_of(b));
    EXPECT_LE(difference(trial.weights.col(i).head(length), oracle::matrix({expected.weights})), 1e-14);
    EXPECT_LE(difference(trial.contexts.col(i), oracle::matrix({expected.context})), 1e-14);
    EXPECT_EQ(trial.weights.col(i).tail(20 - length).squaredNorm(), 0) << "weights after the end of the sentence are 0";
  }
}

TYPED_TEST(Attention, GradientsMatchCentralDifferences) {
  Trial<TypeParam> trial;
  auto grad = heed::zeros_like(trial.attention);
  Matrix<double> d_queries = Matrix<double>::Zero(trial.queries.rows(), 5);
  Memory<double> d_memory;
  d_memory.zeros_like(trial.memory);
  trial.backward(grad, d_queries, d_memory);
  const auto loss = [&] { return trial.loss(); };
  auto check = heed::check_gradients(trial.attention, grad, loss);
  heed::check_gradient("queries", trial.queries, d_queries, loss, check);
  heed::check_gradient("memory", trial.memory.values, d_memory.values, loss, check);
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place;
  EXPECT_EQ(check.checked, heed::parameter_count(trial.attention) + trial.queries.size() + trial.memory.values.size());
}

TYPED_TEST(Attention, AccumulatesGradients) {
  Trial<TypeParam> trial;
  auto once = heed::zeros_like(trial.attention);
  Matrix<double> d_queries = Matrix<double>::Zero(trial.queries.rows(), 5);
  Memory<double> d_memory, d_memory_offset;
  d_memory.zeros_like(trial.memory);
  d_memory_offset.zeros_like(trial.memory);
  d_memory_offset.values.setOnes();
  trial.backward(once, d_queries, d_memory);
  auto twice = once;
  Matrix<double> d_queries_twice = d_queries;
  trial.backward(twice, d_queries_twice, d_memory_offset);
  heed::scale(once, 2.0);
  EXPECT_LE(part_difference(twice.scorer, once.scorer), 1e-14);
  EXPECT_LE(difference(d_queries_twice, 2 * d_queries), 1e-14);
  EXPECT_LE(difference(d_memory_offset.values, (d_memory.values.array() + 1).matrix()), 1e-14);
}

TYPED_TEST(Attention, ResultsDoNotDependOnOtherQueries) {
  Trial<TypeParam> trial;
  const Matrix<double> contexts = trial.contexts, weights = trial.weights;
  trial.queries.leftCols(4).setConstant(3);
  trial.forward();
  EXPECT_LE(difference(trial.contexts.col(4), contexts.col(4)), 1e-15);
  EXPECT_LE(difference(trial.weights.col(4), weights.col(4)), 1e-15);
}

TYPED_TEST(Attention, ResultsAreBitwiseEqualInAnyBatch) {
  Trial<TypeParam> trial;
  const Matrix<double> values = trial.memory.values_of(1);
  const Matrix<double> contexts = trial.contexts.rightCols(2), weights = trial.weights.rightCols(2);
  trial.memory.resize(values.rows(), std::vector<Index>{4, 1, 20, 23});
  trial.memory.values = random_matrix(values.rows(), 48, trial.random);
  trial.memory.values_of(2) = values;
  trial.sentences = {3, 0, 1, 2, 2};
  trial.forward();
  EXPECT_TRUE(trial.contexts.rightCols(2) == contexts);
  EXPECT_TRUE(trial.weights.topRightCorner(20, 2) == weights);
}

TYPED_TEST(ContentAttention, ContextIsInvariantToMemoryOrder) {
  Random random(107);
  const auto scorer = random_scorer<TypeParam>(random);
  const Matrix<double> q = random_matrix(scorer.query_size(), 2, random);
  const Matrix<double> memory = random_matrix(scorer.memory_size(), 9, random);
  std::vector<int> order = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  random.shuffle(order);
  Matrix<double> permuted(memory.rows(), 9);
  for (Index j = 0; j < 9; ++j) permuted.col(j) = memory.col(order[oracle::at(j)]);
  const auto a = heed::attend(scorer, q, memory), b = heed::attend(scorer, q, permuted);
  for (Index j = 0; j < 9; ++j) {
    EXPECT_LE(difference(b.weights.row(j), a.weights.row(order[oracle::at(j)])), 1e-15);
  }
  EXPECT_LE(difference(b.context, a.context), 1e-15);
}

TYPED_TEST(Attention, ReturnsValueOfSingleColumnMemory) {
  Random random(109);
  const auto scorer = random_scorer<TypeParam>(random);
  const Matrix<double> memory = random_matrix(scorer.memory_size(), 1, random);
  const auto [context, weights] = heed::attend(scorer, random_matrix(scorer.query_size(), 2, random), memory);
  EXPECT_EQ(context, memory.replicate(1, 2));
  EXPECT_EQ(weights, (Matrix<double>::Ones(1, 2)));
}

TYPED_TEST(Attention, RejectsWrongSizes) {
  using ScorerType = typename Trial<TypeParam>::ScorerType;
  const heed::Attention<ScorerType> attention{TypeParam::template Make<double>::make(), {}};
  const Index q = attention.scorer.query_size(), m = attention.scorer.memory_size();
  const auto message = [&](Index query_size, Index memory_size) {
    return refusal([&] { heed::detail::check_attention("Decoder", attention, query_size, memory_size); });
  };
  const std::string expected = "Decoder: the attention expects queries of size " + std::to_string(q) +
                               " and a memory of size " + std::to_string(m) + ", got ";
  EXPECT_EQ(message(q, m), "accepted");
  EXPECT_EQ(message(11, m), expected + "11 and " + std::to_string(m));
  EXPECT_EQ(message(q, 12), expected + std::to_string(q) + " and 12");
  Memory<double> memory;
  memory.resize(12, std::vector<Index>{2});
  EXPECT_EQ(refusal([&] { attention.prepare(memory); }),
            "Attention.prepare: memory.values must be " + std::to_string(m) + " x 2, got 12 x 2");
}

/// A memory that is long enough for online softmax: one sentence of 300 tokens and one of 3.
template <class ScorerType>
struct LongTrial {
  using S = typename ScorerType::Scalar;
  Random random{131};
  heed::Attention<ScorerType> attention;
  Memory<S> memory;
  Matrix<S> queries, weights, contexts;
  Buffer<S> carry;
  heed::AttentionTape<S> tape;

  explicit LongTrial(ScorerType scorer, Index n = 3) : attention{std::move(scorer), {}} {
    randomize(attention, random, 0.1);
    memory.resize(attention.scorer.memory_size(), std::vector<Index>{300, 3});
    memory.values = random_matrix<S>(memory.size(), 303, random);
    queries = random_matrix<S>(attention.scorer.query_size(), n, random);
  }
  void forward() {
    attention.prepare(memory);
    const std::vector<Index> sentences(static_cast<std::size_t>(queries.cols()), 0);
    start_attention(attention, memory, sentences, carry);
    begin_attention(attention, memory, queries.cols(), tape);
    tape.weights.setConstant(S(99));
    tape.contexts.setConstant(S(99));
    attention.forward(queries, memory, sentences, carry, tape, 0);
    weights = tape.weights;
    contexts = tape.contexts;
  }
};

template <class ScorerType>
void expect_paper_equation(LongTrial<ScorerType> trial, double tolerance) {
  trial.forward();
  for (Index i = 0; i < trial.queries.cols(); ++i) {
    const auto expected =
        oracle::attend(trial.attention.scorer, oracle::column(trial.queries, i), trial.memory.values_of(0));
    EXPECT_LE(difference(trial.weights.col(i), oracle::matrix({expected.weights})), tolerance);
    EXPECT_LE(difference(trial.contexts.col(i), oracle::matrix({expected.context})), tolerance);
  }
}

/// A normaliser that is not a softmax, so that attention cannot use online softmax: weights are proportional to
/// score - minimum score.
struct ShiftedByMinimum {
  template <class X>
  static void forward(X&& x) {
    for (Index i = 0; i < x.cols(); ++i) {
      x.col(i).array() -= x.col(i).minCoeff();
      x.col(i) /= x.col(i).sum();
    }
  }
  template <class Y, class D>
  static void backward(const Y&, D&&) {}
  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}
};

/// Attends to a float memory and to its bfloat16 copy. bfloat16 represents all its values and keys exactly.
template <class NormalizerType, class ScorerType>
void expect_bfloat16_matches_float(ScorerType scorer) {
  Random random{137};
  heed::Attention<ScorerType, NormalizerType> attention{std::move(scorer), {}};
  randomize(attention, random, 0.1);
  Memory<float> memory;
  const auto rounded = [](float x) { return static_cast<float>(static_cast<Eigen::bfloat16>(x)); };
  memory.resize(attention.scorer.memory_size(), std::vector<Index>{5, 300, 17});
  memory.values = random_matrix<float>(memory.size(), 322, random).unaryExpr(rounded);
  attention.prepare(memory);
  for (Index i = 0; i < memory.keys.size(); ++i) memory.keys.data()[i] = rounded(memory.keys.data()[i]);
  const std::vector<Index> sentences{1, 1, 2, 0, 0, 1};
  const Matrix<float> queries = random_matrix<float>(attention.scorer.query_size(), 6, random);
  const auto attend = [&](Matrix<float>& weights, Matrix<float>& contexts) {
    Buffer<float> carry;
    heed::AttentionTape<float> tape;
    start_attention(attention, memory, sentences, carry);
    begin_attention(attention, memory, 6, tape);
    tape.weights.setConstant(99);
    tape.contexts.setConstant(99);
    attention.forward(queries, memory, sentences, carry, tape, 0);
    weights = tape.weights;
    contexts = tape.contexts;
  };
  Matrix<float> weights, contexts, bfloat16_weights, bfloat16_contexts;
  attend(weights, contexts);
  memory.to_bfloat16();
  memory.values.setConstant(77);  // no longer used
  memory.keys.setConstant(77);
  attend(bfloat16_weights, bfloat16_contexts);
  EXPECT_LE(difference(bfloat16_weights, weights), 1e-6);
  EXPECT_LE(difference(bfloat16_contexts, contexts), 1e-5);
}

TEST(Bfloat16Memory, MatchesFloatMemoryOfSameValues) {
  expect_bfloat16_matches_float<heed::Softmax>(heed::DotScorer<float>(65));
  expect_bfloat16_matches_float<heed::Softmax>(heed::GeneralScorer<float>(7, 33));
  expect_bfloat16_matches_float<heed::Softmax>(heed::AdditiveScorer<float>(7, 65, 20));
  expect_bfloat16_matches_float<heed::Softmax>(heed::ConcatScorer<float>(7, 32, 64));
  expect_bfloat16_matches_float<ShiftedByMinimum>(heed::DotScorer<float>(65));
  expect_bfloat16_matches_float<ShiftedByMinimum>(heed::AdditiveScorer<float>(7, 65, 20));
}

TEST(Bfloat16Memory, RejectsBackward) {
  heed::Attention<heed::DotScorer<float>> attention{heed::DotScorer<float>(4), {}}, grad = attention;
  Memory<float> memory, d_memory;
  memory.resize(4, std::vector<Index>{3});
  memory.values.setOnes();
  d_memory.zeros_like(memory);
  memory.to_bfloat16();
  Matrix<float> x(4, 1);
  heed::AttentionTape<float> tape;
  begin_attention(attention, memory, 1, tape);
  const std::vector<Index> sentences{0};
  EXPECT_EQ(refusal([&] { attention.backward(memory, sentences, tape, 0, grad, x, d_memory); }),
            "Attention.backward: a bfloat16 memory is for inference only");
}

TEST(LongMemory, MatchesPaperEquation) {
  using LongAny = LongTrial<heed::AnyScorer<double>>;
  static_assert(sizeof(double) * 65 * 300 > 40 * 1024, "long enough for online softmax");
  expect_paper_equation(LongTrial(heed::DotScorer<double>(65)), 1e-13);
  expect_paper_equation(LongTrial(heed::DotScorer<double>(65), 40), 1e-13);
  expect_paper_equation(LongTrial(heed::DotScorer<float>(130)), 1e-5);
  expect_paper_equation(LongTrial(heed::DotScorer<long double>(65)), 1e-15);
  expect_paper_equation(LongTrial(heed::GeneralScorer<double>(7, 65)), 1e-13);
  expect_paper_equation(LongTrial(heed::AdditiveScorer<double>(7, 65, 20)), 1e-13);
  expect_paper_equation(LongTrial(heed::ConcatScorer<double>(7, 65, 20)), 1e-13);
  expect_paper_equation(LongAny(heed::GeneralScorer<double>(7, 65)), 1e-13);
}

TEST(LongMemory, DoesNotOverflowForLargeScores) {
  LongTrial trial(heed::DotScorer<float>(130));
  trial.queries *= 1e6f;
  trial.forward();
  for (Index i = 0; i < 3; ++i) {
    Index best = 0;
    (trial.memory.values_of(0).transpose() * trial.queries.col(i)).eval().maxCoeff(&best);
    EXPECT_EQ(trial.weights(best, i), 1);
    EXPECT_EQ(trial.weights.col(i).sum(), 1);
    EXPECT_EQ(trial.contexts.col(i), trial.memory.values.col(best));
  }
}

TEST(LongMemory, ResultsDoNotDependOnOtherQueries) {
  LongTrial trial(heed::DotScorer<double>(65), 20);
  trial.forward();
  for (Index i = 0; i < 20; ++i) {
    LongTrial alone(heed::DotScorer<double>(65), 1);
    alone.memory.values = trial.memory.values.leftCols(303);
    alone.queries = trial.queries.col(i);
    alone.forward();
    EXPECT_EQ(alone.weights, trial.weights.col(i));
    EXPECT_EQ(alone.contexts, trial.contexts.col(i));
  }
}

TEST(LongMemory, MatchesAttend) {
  LongTrial trial(heed::DotScorer<double>(65));
  trial.forward();
  const auto [context, weights] =
      heed::attend(trial.attention.scorer, trial.queries, trial.memory.values.leftCols(300));
  EXPECT_EQ(context, trial.contexts);
  EXPECT_EQ(weights, trial.weights);
}

}  // namespace attention_test
