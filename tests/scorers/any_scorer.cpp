#include <heed/scorers/any_scorer.hpp>

#include "support/numbers.hpp"
#include "support/scorer_runs.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace any_scorer_test {

using heed::AnyScorer;
using heed::Matrix;
using heed::Random;

template <class C>
double distance_from_held_scorer(C scorer) {
  Random random(37);
  randomize(scorer, random);
  const AnyScorer<double> any(scorer);
  EXPECT_EQ(any.query_size(), scorer.query_size());
  EXPECT_EQ(any.memory_size(), scorer.memory_size());
  EXPECT_EQ(any.key_size(), heed::detail::keys_of(scorer).key_size());
  EXPECT_EQ(any.projected_size(), heed::detail::queries_of(scorer).projected_size());
  const Matrix<double> queries = random_matrix(scorer.query_size(), 2, random);
  const Matrix<double> values = random_matrix(scorer.memory_size(), 20, random);
  const Matrix<double> d_scores = random_matrix(20, 2, random);
  const typed::ScorerGradients a(any, queries, values, d_scores);
  const typed::ScorerGradients b(scorer, queries, values, d_scores);
  return std::max({difference(typed::scores(any, queries, values), typed::scores(scorer, queries, values)),
                   difference(a.queries, b.queries), difference(a.values, b.values),
                   part_difference(std::get<C>(a.parameters.scorer), b.parameters)});
}

TEST(AnyScorer, MatchesHeldScorer) {
  EXPECT_EQ(distance_from_held_scorer(heed::DotScorer<double>(4)), 0);
  EXPECT_EQ(distance_from_held_scorer(heed::GeneralScorer<double>(3, 4)), 0);
  EXPECT_EQ(distance_from_held_scorer(heed::AdditiveScorer<double>(3, 4, 5, true)), 0);
  EXPECT_EQ(distance_from_held_scorer(heed::ConcatScorer<double>(3, 4, 5)), 0);
}

TEST(AnyScorer, PreservesParameterNames) {
  AnyScorer<double> any(heed::ConcatScorer<double>(2, 3, 4));
  std::vector<std::string> names;
  heed::for_each_parameter([&](const heed::ParameterName& name, auto&) { names.push_back(name.str()); }, any);
  EXPECT_EQ(names, (std::vector<std::string>{"W", "v"}));
}

}  // namespace any_scorer_test
