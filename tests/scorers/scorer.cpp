#include <heed/scorers/scorer.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/scorer_runs.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

namespace scorer_test {

using heed::Index;
using heed::Matrix;
using heed::Random;
using typed::ScorerGradients;

/// The scorer of entry `At` of the typed list with random parameters, n queries and T values.
template <class At, class S = double>
struct Trial {
  using C = typename At::template Make<S>::Part;
  Random random{43};
  C scorer = At::template Make<S>::make();
  Matrix<S> queries, values, d_scores, carry;

  Trial(Index n, Index T) {
    randomize(scorer, random);
    queries = random_matrix<S>(scorer.query_size(), n, random);
    values = random_matrix<S>(scorer.memory_size(), T, random);
    d_scores = random_matrix<S>(T, n, random);
    carry = typed::random_carry(scorer, T, n, random);
  }
};

template <class At, class S>
double distance_from_paper(Index n, Index T) {
  const Trial<At, S> trial(n, T);
  std::vector<oracle::Column> expected(oracle::at(n));
  for (Index i = 0; i < n; ++i) {
    const auto q = oracle::column(trial.queries, i);
    std::vector<oracle::Column> values, earlier;
    for (Index j = 0; j < T; ++j) values.push_back(oracle::column(trial.values, j));
    // The carry after one step is both the sum and the last weights.
    if (trial.carry.rows() > 0) earlier.push_back(oracle::column(trial.carry, i));
    for (Index j = 0; j < T; ++j) {
      expected[oracle::at(i)].push_back(oracle::score(trial.scorer, q, values, oracle::at(j), earlier));
    }
  }
  return difference(typed::scores(trial.scorer, trial.queries, trial.values, trial.carry), oracle::matrix(expected));
}

template <class At>
class Scorer : public testing::Test {};
TYPED_TEST_SUITE(Scorer, typed::EachScorer);

TYPED_TEST(Scorer, SatisfiesConceptForFloatAndDouble) {
  static_assert(heed::Scorer<typename Trial<TypeParam>::C>);
  static_assert(heed::Scorer<typename Trial<TypeParam, float>::C>);
}

TYPED_TEST(Scorer, MatchesPaperEquation) {
  for (const Index n : {1, 3}) {
    for (const Index T : {1, 7, 16, 17, 40}) {  // around the tile of 16 keys
      EXPECT_LE((distance_from_paper<TypeParam, double>(n, T)), 1e-14) << n << " queries, " << T << " values";
      EXPECT_LE((distance_from_paper<TypeParam, float>(n, T)), 3e-6) << n << " queries, " << T << " values";
    }
  }
}

TYPED_TEST(Scorer, GradientsMatchCentralDifferences) {
  Trial<TypeParam> trial(3, 20);
  const auto loss = [&] {
    return typed::scores(trial.scorer, trial.queries, trial.values, trial.carry).cwiseProduct(trial.d_scores).sum();
  };
  const ScorerGradients d(trial.scorer, trial.queries, trial.values, trial.d_scores, trial.carry);
  auto check = heed::check_gradients(trial.scorer, d.parameters, loss);
  heed::check_gradient("queries", trial.queries, d.queries, loss, check);
  heed::check_gradient("values", trial.values, d.values, loss, check);
  heed::check_gradient("carry", trial.carry, d.carry, loss, check);
  EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.place << ": " << check.analytic << ", not "
                               << check.numeric;
  EXPECT_EQ(check.checked,
            heed::parameter_count(trial.scorer) + trial.queries.size() + trial.values.size() + trial.carry.size());
}

TYPED_TEST(Scorer, AccumulatesGradients) {
  const Trial<TypeParam> trial(3, 20);
  const ScorerGradients once(trial.scorer, trial.queries, trial.values, trial.d_scores, trial.carry);
  auto twice = once;
  twice.add(trial.scorer, trial.queries, trial.values, trial.d_scores, trial.carry);
  auto doubled = once.parameters;
  heed::scale(doubled, 2.0);
  EXPECT_LE(part_difference(twice.parameters, doubled), 1e-14);
  EXPECT_LE(difference(twice.queries, 2 * once.queries), 1e-14);
  EXPECT_LE(difference(twice.values, 2 * once.values), 1e-14);
  EXPECT_LE(difference(twice.carry, 2 * once.carry), 1e-14);
}

TYPED_TEST(Scorer, FloatGradientsMatchDouble) {
  const Trial<TypeParam> wide(3, 20);
  Trial<TypeParam, float> narrow(3, 20);
  copy_parameters(wide.scorer, narrow.scorer);
  const ScorerGradients d(wide.scorer, wide.queries, wide.values, wide.d_scores, wide.carry);
  const ScorerGradients f(narrow.scorer, wide.queries.template cast<float>(), wide.values.template cast<float>(),
                          wide.d_scores.template cast<float>(), wide.carry.template cast<float>());
  EXPECT_LE(part_difference(f.parameters, d.parameters), 1e-5);
  EXPECT_LE(difference(f.queries, d.queries), 1e-5);
  EXPECT_LE(difference(f.values, d.values), 1e-5);
}

}  // namespace scorer_test
