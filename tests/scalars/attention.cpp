#include <heed/attention/attention.hpp>

#include "support/autodiff.hpp"
#include "support/dual.hpp"
#include "support/normalizers.hpp"
#include "support/oracles.hpp"
#include "support/scorer_runs.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace attention_test {

using heed::Index;
using heed::Matrix;

/// One query that attends to one sentence. The values are the same for every scalar type.
template <class Make>
struct Trial {
  using ScorerType = typename Make::Part;
  using S = typename ScorerType::Scalar;
  static constexpr Index words = 6;

  ScorerType scorer = Make::make();
  Matrix<S> query, values, carry;

  Trial() {
    heed::Random random(83);
    heed::for_each_parameter(
        [&](const heed::ParameterName&, auto& p) { p = random_thirds<S>(p.rows(), p.cols(), random); }, scorer);
    query = random_thirds<S>(scorer.query_size(), 1, random, 2);
    values = random_thirds<S>(scorer.memory_size(), words, random, 2);
    carry = typed::random_carry(scorer, words, 1, random) / S(3);
  }

  Index inputs() const { return query.size() + values.size() + carry.size(); }
  Matrix<S> weights() const { return context_and_weights(query, values, carry).bottomRows(words); }

  /// Computes the context above the weights.
  Matrix<S> context_and_weights(const Matrix<S>& q, const Matrix<S>& h, const Matrix<S>& earlier) const {
    Matrix<S> result(h.rows() + words, 1), w = typed::scores(scorer, q, h, earlier);
    heed::Softmax().forward(w);
    heed::detail::average<S>(h, w, result.topRows(h.rows()));
    result.bottomRows(words) = w;
    return result;
  }

  /// The derivatives of `context_and_weights` for the query, the values and the carry, side by side.
  Matrix<S> jacobian_by_backward() const {
    const Matrix<S> w = weights();
    Matrix<S> result(values.rows() + words, inputs());
    for (Index k = 0; k < result.rows(); ++k) {
      const Matrix<S> unit = Matrix<S>::Identity(result.rows(), result.rows()).col(k),
                      d_context = unit.topRows(values.rows());
      Matrix<S> d(words, 1), d_values = Matrix<S>::Zero(values.rows(), words);
      heed::detail::average_backward<S>(values, w, d_context, d, d_values);
      d += unit.bottomRows(words);
      heed::Softmax().backward(w, d);
      const typed::ScorerGradients gradients(scorer, query, values, d, carry);
      d_values += gradients.values;
      result.row(k) << gradients.queries.transpose(), d_values.reshaped().transpose(), gradients.carry.transpose();
    }
    return result;
  }
};

template <class S, class NormalizerType>
Matrix<S> weights(const NormalizerType& normalizer, const Matrix<S>& scores) {
  Matrix<S> result = scores;
  normalizer.forward(result);
  return result;
}

template <class S, class NormalizerType>
Matrix<S> jacobian_by_backward(const NormalizerType& normalizer, const Matrix<S>& scores) {
  Matrix<S> result(scores.size(), scores.size());
  for (Index k = 0; k < scores.size(); ++k) {
    Matrix<S> d = Matrix<S>::Identity(scores.size(), scores.size()).col(k);
    normalizer.backward(weights(normalizer, scores), d);
    result.row(k) = d.transpose();
  }
  return result;
}

template <class S>
Matrix<S> some_scores() {
  heed::Random random(89);
  return random_thirds<S>(9, 1, random, 1.5);
}

template <class Line>
class ScorerOfAnyScalar : public testing::Test {};
TYPED_TEST_SUITE(ScorerOfAnyScalar, typed::EachScorer);

TYPED_TEST(ScorerOfAnyScalar, LongDoubleMatchesOracle) {
  const Trial<typename TypeParam::template Make<long double>> trial;
  std::vector<oracle::Column> values, earlier;
  for (Index j = 0; j < trial.words; ++j) values.push_back(oracle::column(trial.values, j));
  if (trial.carry.size() > 0) earlier.push_back(oracle::column(trial.carry, 0));
  const auto expected = oracle::attend(trial.scorer, oracle::column(trial.query, 0), values, earlier);
  const Matrix<long double> context_and_weights = trial.context_and_weights(trial.query, trial.values, trial.carry);
  EXPECT_LT(difference(context_and_weights.topRows(trial.values.rows()), oracle::matrix({expected.context})), 1e-18);
  EXPECT_LT(difference(context_and_weights.bottomRows(trial.words), oracle::matrix({expected.weights})), 1e-18);
}

TYPED_TEST(ScorerOfAnyScalar, JacobianMatchesDualNumbers) {
  const Trial<typename TypeParam::template Make<Dual>> dual;
  Matrix<long double> exact(dual.values.rows() + dual.words, dual.inputs());
  exact << typed::jacobian(dual.query,
                           [&](const auto& x) { return dual.context_and_weights(x, dual.values, dual.carry); }),
      typed::jacobian(dual.values, [&](const auto& x) { return dual.context_and_weights(dual.query, x, dual.carry); }),
      typed::jacobian(dual.carry, [&](const auto& x) { return dual.context_and_weights(dual.query, dual.values, x); });
  EXPECT_LT(difference(Trial<typename TypeParam::template Make<double>>().jacobian_by_backward(), exact), 1e-13);
  EXPECT_LT(difference(Trial<typename TypeParam::template Make<long double>>().jacobian_by_backward(), exact), 1e-17);
}

template <class NormalizerType>
class NormalizerOfAnyScalar : public testing::Test {};
TYPED_TEST_SUITE(NormalizerOfAnyScalar, typed::EachNormalizer);

TYPED_TEST(NormalizerOfAnyScalar, LongDoubleMatchesOracle) {
  const auto normalizer = typed::make_normalizer<TypeParam>();
  const auto scores = some_scores<long double>();
  const auto expected = oracle::normalise(normalizer, oracle::column(scores, 0));
  EXPECT_LT(difference(weights(normalizer, scores), oracle::matrix({expected})), 1e-18);
}

TYPED_TEST(NormalizerOfAnyScalar, JacobianMatchesDualNumbers) {
  const auto normalizer = typed::make_normalizer<TypeParam>();
  const auto exact =
      typed::jacobian(some_scores<Dual>(), [&](const auto& scores) { return weights(normalizer, scores); });
  EXPECT_LT(difference(jacobian_by_backward(normalizer, some_scores<double>()), exact), 1e-13);
  EXPECT_LT(difference(jacobian_by_backward(normalizer, some_scores<long double>()), exact), 1e-17);
}

TEST(AttentionOfAnyScalar, JacobianMatchesAutoDiffScalar) {
  const Trial<typed::MakeScorer<heed::AdditiveScorer<double>>> plain;
  const Trial<typed::MakeScorer<heed::AdditiveScorer<AutoDiff>>> trial;
  const Index n = plain.inputs();
  const auto [context, weights] = heed::attend(trial.scorer, typed::variables(plain.query, n),
                                               typed::variables(plain.values, n, plain.query.size()));
  Matrix<AutoDiff> context_and_weights(context.size() + weights.size(), 1);
  context_and_weights << context, weights;
  EXPECT_LT(difference(plain.jacobian_by_backward(), typed::jacobian(context_and_weights, n)), 1e-13);
}

/// A memory that is long enough for the online softmax (kernels/online_softmax.hpp).
TEST(AttentionOfAnyScalar, LongMemoryMatchesSeparateSoftmax) {
  heed::Random random(107);
  const Matrix<Dual> query = random_thirds<Dual>(64, 1, random), values = random_thirds<Dual>(64, 100, random);
  ASSERT_TRUE(heed::detail::OnlineSoftmax<Dual>::pays(64, 100));
  const auto separate_softmax = [&](const Matrix<Dual>& q) {
    Matrix<Dual> weights = values.transpose() * q;
    heed::softmax(weights);
    return Matrix<Dual>(values * weights);
  };
  Matrix<Dual> moved = query;
  moved(3, 0).slope = 1;
  const Matrix<Dual> context = heed::attend(heed::DotScorer<Dual>(64), moved, values).context;
  EXPECT_LT(difference(context, separate_softmax(moved)), 1e-17);
  EXPECT_LT(difference(typed::slopes(context), typed::slopes(separate_softmax(moved))), 1e-17);
}

}  // namespace attention_test
