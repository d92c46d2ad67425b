#include <heed/attention/attention.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/general.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/normalizers.hpp"
#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace normalizer_test {

using heed::Index;
using heed::Matrix;
using heed::Memory;
using heed::Random;

template <class N, class S>
Matrix<S> weights_of(const N& normalizer, Matrix<S> scores) {
  normalizer.forward(scores);
  return scores;
}

template <class S, class N>
double distance_from_definition(const N& normalizer, const Matrix<S>& scores) {
  std::vector<oracle::Column> expected;
  for (Index i = 0; i < scores.cols(); ++i) {
    expected.push_back(oracle::normalise(normalizer, oracle::column(scores, i)));
  }
  return difference(weights_of(normalizer, scores), oracle::matrix(expected));
}

/// Attention with a normaliser: five queries over two sentences of 3 and 20 tokens.
template <class ScorerType, class NormalizerType>
struct Trial {
  Random random{211};
  heed::Attention<ScorerType, NormalizerType> attention;
  Memory<double> memory;
  std::vector<Index> sentences = {1, 0, 0, 1, 1};
  Matrix<double> queries, weights, contexts, d_contexts;
  heed::Buffer<double> carry;
  heed::AttentionTape<double> tape;

  explicit Trial(ScorerType scorer) : attention{std::move(scorer), typed::make_normalizer<NormalizerType>()} {
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
    tape.weights.setConstant(99);
    attention.forward(queries, memory, sentences, carry, tape, 0);
    weights = tape.weights;
    contexts = tape.contexts;
  }
  double loss() {
    forward();
    return contexts.cwiseProduct(d_contexts).sum();
  }

  double distance_from_paper() const {
    double largest = 0;
    for (Index i = 0; i < 5; ++i) {
      const auto values = memory.values_of(sentences[oracle::at(i)]);
      oracle::Column scores, context(oracle::at(values.rows()));
      for (Index j = 0; j < values.cols(); ++j) {
        scores.push_back(oracle::score(attention.scorer, oracle::column(queries, i), oracle::column(values, j)));
      }
      const auto expected = oracle::normalise(attention.normalizer, scores);
      for (Index j = 0; j < values.cols(); ++j) {
        for (Index k = 0; k < values.rows(); ++k) {
          context[oracle::at(k)] += expected[oracle::at(j)] * static_cast<oracle::Real>(values(k, j));
        }
      }
      largest = std::max({largest, difference(weights.col(i).head(values.cols()), oracle::matrix({expected})),
                          difference(contexts.col(i), oracle::matrix({context}))});
    }
    return largest;
  }

  heed::GradientCheck check() {
    auto grad = heed::zeros_like(attention);
    Matrix<double> d_queries = Matrix<double>::Zero(queries.rows(), 5);
    Memory<double> d_memory;
    d_memory.zeros_like(memory);
    begin_attention_backward(5, tape);
    tape.d_contexts = d_contexts;
    attention.backward(memory, sentences, tape, 0, grad, d_queries, d_memory);
    attention.finish_backward(queries, memory, tape, grad, d_memory);
    const auto value = [&] { return loss(); };
    auto result = heed::check_gradients(attention, grad, value);
    heed::check_gradient("queries", queries, d_queries, value, result);
    heed::check_gradient("memory", memory.values, d_memory.values, value, result);
    return result;
  }
};

template <class NormalizerType>
class Normalizer : public testing::Test {
 protected:
  NormalizerType normalizer = typed::make_normalizer<NormalizerType>();
};
TYPED_TEST_SUITE(Normalizer, typed::EachNormalizer);

TYPED_TEST(Normalizer, SatisfiesConceptAndHasNoParameters) {
  static_assert(heed::Normalizer<TypeParam>);
  EXPECT_EQ(heed::parameter_count(this->normalizer), 0);
}

TYPED_TEST(Normalizer, MatchesDefinition) {
  Random random(223);
  for (const Index n : {1, 2, 3, 7, 8, 16, 17, 40, 333}) {
    for (const double reach : {0.01, 0.3, 1.0, 4.0, 50.0}) {
      SCOPED_TRACE(std::to_string(n) + " scores within " + std::to_string(reach));
      const Matrix<double> scores = random_matrix(n, 3, random, reach);
      EXPECT_LE(distance_from_definition<double>(this->normalizer, scores), reach > 4 ? 2e-14 : 2e-15);
      EXPECT_LE(distance_from_definition<float>(this->normalizer, scores.cast<float>()), reach > 4 ? 1e-5 : 1e-6);
      EXPECT_LE(distance_from_definition<long double>(this->normalizer, scores.cast<long double>()), 1e-16);
    }
  }
}

TYPED_TEST(Normalizer, WeightsSumToOne) {
  Random random(227);
  for (const Index n : {1, 5, 64, 1000}) {
    for (const double reach : {0.01, 1.0, 30.0}) {
      const Matrix<double> weights = weights_of(this->normalizer, random_matrix(n, 4, random, reach));
      EXPECT_GE(weights.minCoeff(), 0);
      EXPECT_LE(difference(weights.colwise().sum(), (Matrix<double>::Ones(1, 4))), 1e-13);
    }
  }
}

TYPED_TEST(Normalizer, SingleScoreHasWeightOne) {
  Matrix<float> one(1, 5);
  one << 0, -3, 1e30f, -1e30f, std::numeric_limits<float>::max();
  EXPECT_EQ(weights_of(this->normalizer, one), (Matrix<float>::Ones(1, 5)));
}

TYPED_TEST(Normalizer, EqualScoresHaveEqualWeights) {
  for (const Index n : {2, 3, 11, 32, 1000}) {
    const Matrix<double> weights =
        weights_of<TypeParam, double>(this->normalizer, Matrix<double>::Constant(n, 2, -7.3));
    EXPECT_TRUE((weights.array() == weights(0)).all()) << n;
    EXPECT_NEAR(weights(0), 1 / static_cast<double>(n), 3e-16);
  }
}

TYPED_TEST(Normalizer, SupportsExtremeScores) {
  Matrix<float> scores(9, 4), expected = Matrix<float>::Zero(9, 4);
  scores.setConstant(-1e30f);
  scores.col(0).setConstant(1e30f);
  scores(3, 1) = 1e30f;
  scores(0, 2) = scores(8, 2) = 100;
  scores.col(3).setConstant(-std::numeric_limits<float>::infinity());
  scores(5, 3) = -1e30f;
  expected.col(0).setConstant(1.0f / 9);
  expected(3, 1) = expected(5, 3) = 1;
  expected(0, 2) = expected(8, 2) = 0.5f;
  EXPECT_LE(difference(weights_of(this->normalizer, scores), expected), 1e-7);
}

TYPED_TEST(Normalizer, PropagatesNaNOnlyWithinItsColumn) {
  const auto check = [&]<class S>(S nan) {
    Random random(229);
    const Matrix<S> scores = random_matrix<S>(21, 3, random), expected = weights_of(this->normalizer, scores);
    for (const Index at : {0, 4, 16, 20}) {
      Matrix<S> broken = scores;
      broken(at, 1) = nan;
      const Matrix<S> weights = weights_of(this->normalizer, broken);
      EXPECT_TRUE(weights.col(1).array().isNaN().all()) << "score " << at;
      EXPECT_EQ(weights.col(0), expected.col(0));
      EXPECT_EQ(weights.col(2), expected.col(2));
    }
  };
  check(std::numeric_limits<float>::quiet_NaN());
  check(std::numeric_limits<double>::quiet_NaN());
  check(std::numeric_limits<long double>::quiet_NaN());
}

TYPED_TEST(Normalizer, IsInvariantToShiftOfScores) {
  Random random(233);
  const Matrix<double> scores = random_matrix(9, 2, random, 3), expected = weights_of(this->normalizer, scores);
  for (const double shift : {1e4, -1e4}) {
    const Matrix<double> shifted = scores.array() + shift;
    EXPECT_LE(difference(weights_of(this->normalizer, shifted), expected), 1e-11);
  }
}

TYPED_TEST(Normalizer, ResultsDoNotDependOnAlignment) {
  Random random(239);
  const Matrix<float> scores = random_matrix<float>(37, 1, random), expected = weights_of(this->normalizer, scores);
  for (Index row = 0; row < 9; ++row) {
    Matrix<float> large = random_matrix<float>(53, 4, random);
    large.block(row, 2, 37, 1) = scores;
    const Matrix<float> before = large;
    this->normalizer.forward(large.block(row, 1, 37, 2));
    EXPECT_EQ(large.block(row, 2, 37, 1), expected) << "from row " << row;
    EXPECT_EQ(large.topRows(row), before.topRows(row));
    EXPECT_EQ(large.bottomRows(16 - row), before.bottomRows(16 - row));
  }
}

TYPED_TEST(Normalizer, SupportsEmptyColumns) {
  Matrix<double> none(0, 3);
  this->normalizer.forward(none);
  EXPECT_EQ(none.rows(), 0);
}

TYPED_TEST(Normalizer, GradientMatchesCentralDifferences) {
  Random random(241);
  for (const double reach : {0.1, 1.0, 3.0}) {
    Matrix<double> scores = random_matrix(19, 3, random, reach);
    const Matrix<double> d = random_matrix(19, 3, random);
    Matrix<double> d_scores = d;
    this->normalizer.backward(weights_of(this->normalizer, scores), d_scores);
    heed::GradientCheck check;
    heed::check_gradient(
        "scores", scores, d_scores, [&] { return weights_of(this->normalizer, scores).cwiseProduct(d).sum(); }, check);
    EXPECT_LE(check.error, 1e-6) << "scores within " << reach << ", element " << check.place << ": " << check.analytic
                                 << ", not " << check.numeric;
  }
}

TYPED_TEST(Normalizer, AttentionMatchesPaperAndDifferences) {
  Trial<heed::GeneralScorer<double>, TypeParam> general({3, 4});
  Trial<heed::AdditiveScorer<double>, TypeParam> additive({3, 4, 5});
  EXPECT_LE(general.distance_from_paper(), 1e-14);
  EXPECT_LE(additive.distance_from_paper(), 1e-14);
  for (const heed::GradientCheck& check : {general.check(), additive.check()}) {
    EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place << ": " << check.analytic << ", not "
                                 << check.numeric;
  }
}

}  // namespace normalizer_test
