#include <heed/attention.hpp>
#include <heed/decoders/bahdanau.hpp>

#include "support/autodiff.hpp"
#include "support/dual.hpp"
#include "support/normalizers.hpp"
#include "support/oracles.hpp"
#include "support/scorer_runs.hpp"

#include <gtest/gtest.h>

using heed::Index;
using heed::Matrix;

namespace {

/// One query that looks at one sentence, in every scalar made of the same numbers.
template <class Make>
struct Look {
  using ScorerType = typename Make::Part;
  using S = typename ScorerType::Scalar;
  heed::Attention<ScorerType> attention{Make::make(), {}};
  Matrix<S> query, values;

  Look() {
    heed::Random random(83);
    heed::for_each_parameter(
        [&](const heed::ParameterName&, auto& p) { p = random_thirds<S>(p.rows(), p.cols(), random); }, attention);
    query = random_thirds<S>(attention.scorer.query_size(), 1, random, 2);
    values = random_thirds<S>(attention.scorer.memory_size(), 6, random, 2);
  }

  /// The context above the weights.
  static Matrix<S> found(const ScorerType& scorer, const Matrix<S>& q, const Matrix<S>& h) {
    const auto [context, weights] = heed::attend(scorer, q, h);
    Matrix<S> result(context.size() + weights.size(), 1);
    result << context, weights;
    return result;
  }
  Matrix<S> found() const { return found(attention.scorer, query, values); }

  /// d(context, weights)/dquery beside d(context, weights)/dvalues.
  Matrix<S> jacobian_by_backward() const {
    const Index rows = values.rows(), cols = values.cols();
    Matrix<S> result(rows + cols, query.size() + values.size());
    for (Index k = 0; k < result.rows(); ++k) {
      const Matrix<S> unit = Matrix<S>::Identity(result.rows(), result.rows()).col(k);
      const Matrix<S> weights = found().bottomRows(cols);
      Matrix<S> d = values.transpose() * unit.topRows(rows) + unit.bottomRows(cols);  // was: context, weights
      attention.normalizer.backward(weights, d);
      typed::ScorerGradients gradients(attention.scorer, query, values, d);
      gradients.values += unit.topRows(rows) * weights.transpose();  // was: context
      result.row(k) << gradients.queries.transpose(), gradients.values.reshaped().transpose();
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

}  // namespace

template <class Line>
class ScorerOfAnyScalar : public testing::Test {};
TYPED_TEST_SUITE(ScorerOfAnyScalar, typed::EachScorer);

TYPED_TEST(ScorerOfAnyScalar, KeepsEveryDigitOfALongDouble) {
  const Look<typename TypeParam::template Make<long double>> look;
  const auto expected = oracle::attend(look.attention.scorer, oracle::column(look.query, 0), look.values);
  const Matrix<long double> found = look.found();
  EXPECT_LT(difference(found.topRows(look.values.rows()), oracle::matrix({expected.context})), 1e-18);
  EXPECT_LT(difference(found.bottomRows(look.values.cols()), oracle::matrix({expected.weights})), 1e-18);
}

TYPED_TEST(ScorerOfAnyScalar, HasTheJacobianThatDualNumbersGive) {
  const Look<typename TypeParam::template Make<Dual>> dual;
  const auto& scorer = dual.attention.scorer;
  Matrix<long double> exact(dual.found().size(), dual.query.size() + dual.values.size());
  exact << typed::jacobian(dual.query, [&](const auto& q) { return dual.found(scorer, q, dual.values); }),
      typed::jacobian(dual.values, [&](const auto& h) { return dual.found(scorer, dual.query, h); });
  EXPECT_LT(difference(Look<typename TypeParam::template Make<double>>().jacobian_by_backward(), exact), 1e-13);
  EXPECT_LT(difference(Look<typename TypeParam::template Make<long double>>().jacobian_by_backward(), exact), 1e-17);
}

template <class NormalizerType>
class NormalizerOfAnyScalar : public testing::Test {};
TYPED_TEST_SUITE(NormalizerOfAnyScalar, typed::EachNormalizer);

TYPED_TEST(NormalizerOfAnyScalar, KeepsEveryDigitOfALongDouble) {
  const auto normalizer = typed::make_normalizer<TypeParam>();
  const auto scores = some_scores<long double>();
  const auto expected = oracle::normalise(normalizer, oracle::column(scores, 0));
  EXPECT_LT(difference(weights(normalizer, scores), oracle::matrix({expected})), 1e-18);
}

TYPED_TEST(NormalizerOfAnyScalar, HasTheJacobianThatDualNumbersGive) {
  const auto normalizer = typed::make_normalizer<TypeParam>();
  const auto exact =
      typed::jacobian(some_scores<Dual>(), [&](const auto& scores) { return weights(normalizer, scores); });
  EXPECT_LT(difference(jacobian_by_backward(normalizer, some_scores<double>()), exact), 1e-13);
  EXPECT_LT(difference(jacobian_by_backward(normalizer, some_scores<long double>()), exact), 1e-17);
}

TEST(AttentionOfAnyScalar, HasTheJacobianThatEigensAutoDiffScalarGives) {
  const Look<typed::MakeScorer<heed::AdditiveScorer<double>>> plain;
  const Look<typed::MakeScorer<heed::AdditiveScorer<AutoDiff>>> look;
  const Index n = plain.query.size() + plain.values.size();
  const auto found = look.found(look.attention.scorer, typed::variables(plain.query, n),
                                typed::variables(plain.values, n, plain.query.size()));
  EXPECT_LT(difference(plain.jacobian_by_backward(), typed::jacobian(found, n)), 1e-13);
}
