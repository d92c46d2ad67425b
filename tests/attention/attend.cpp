#include <heed/attention/attention.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/dot.hpp>
#include <heed/scorers/general.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace attend_test {

using heed::attend;
using heed::Matrix;
using heed::Random;
using heed::Vector;

struct Trial {
  Random random{113};
  heed::AdditiveScorer<double> scorer{3, 4, 5};
  Matrix<double> queries, memory;
  heed::Attended<double> expected;
  Trial() {
    randomize(scorer, random);
    queries = random_matrix(3, 2, random);
    memory = random_matrix(4, 7, random);
    expected = attend(scorer, queries, memory);
  }
  /// The largest difference between attention over these arguments and `expected`.
  template <class Queries, class Values>
  double distance(const Queries& q, const Values& values) const {
    const auto [context, weights] = attend(scorer, q, values);
    return std::max(difference(context, expected.context.leftCols(context.cols())),
                    difference(weights, expected.weights.leftCols(weights.cols())));
  }
};

TEST(Attend, SupportsBlocksMapsAndExpressions) {
  const Trial trial;
  const Eigen::Map<const Matrix<double>> map(trial.memory.data(), 4, 7);
  EXPECT_EQ(trial.distance(trial.queries, map), 0);
  Matrix<double> larger = Matrix<double>::Constant(9, 11, 99);
  larger.block(2, 3, 4, 7) = trial.memory;
  EXPECT_EQ(trial.distance(trial.queries, larger.block(2, 3, 4, 7)), 0) << "a block with an outer stride";
  EXPECT_EQ(trial.distance(trial.queries, 0.5 * (trial.memory + trial.memory)), 0) << "an expression";
  EXPECT_LE(trial.distance(trial.queries.col(0), trial.memory), 1e-15) << "one query";
  const Vector<double, 3> q = trial.queries.col(0);
  const Matrix<double, 4, 7> values = trial.memory;
  EXPECT_LE(trial.distance(q, values), 1e-15) << "fixed sizes";
  using Tensor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Tensor> tensor(trial.memory.data(), 7, 4);  // one item per row, as in other libraries
  EXPECT_EQ(trial.distance(trial.queries, tensor.transpose()), 0);
}

TEST(Attend, SupportsFixedSizes) {
  const Trial trial;
  heed::AdditiveScorer<double, 3, 4, 5> scorer;
  copy_parameters(trial.scorer, scorer);
  const Vector<double, 3> q = trial.queries.col(0);
  const Matrix<double, 4, 7> values = trial.memory;
  Vector<double, 4> context;
  Vector<double, 7> weights;
  heed::AttendWorkspace<double> work;
  attend(scorer, q, values, context, weights, work);
  EXPECT_LE(difference(context, trial.expected.context.col(0)), 1e-15);
  EXPECT_LE(difference(weights, trial.expected.weights.col(0)), 1e-15);
}

TEST(Attend, WritesIntoBlocksAndReusesWorkspace) {
  const Trial trial;
  Matrix<double> contexts = Matrix<double>::Constant(4, 5, 99), weights = Matrix<double>::Constant(9, 5, 99);
  heed::AttendWorkspace<double> work;
  for (int round = 0; round < 2; ++round) {
    attend(trial.scorer, trial.queries, trial.memory, contexts.middleCols(2, 2), weights.block(1, 2, 7, 2), work);
    EXPECT_LE(difference(contexts.middleCols(2, 2), trial.expected.context), 1e-15);
    EXPECT_LE(difference(weights.block(1, 2, 7, 2), trial.expected.weights), 1e-15);
    EXPECT_EQ(contexts.col(4), (Vector<double>::Constant(4, 99)));
    EXPECT_EQ(weights.row(8), (Matrix<double>::Constant(1, 5, 99)));
  }
}

TEST(Attend, MatchesHandWrittenAttention) {
  const Trial trial;
  const heed::DotScorer<double> dot(4);
  Random random(127);
  const Vector<double> q = random_matrix(4, 1, random);
  const Vector<double> e = (trial.memory.transpose() * q).array().exp();
  const Vector<double> expected = trial.memory * e / e.sum();
  EXPECT_LE(difference(attend(dot, q, trial.memory).context, expected), 1e-15);
}

TEST(Attend, DoesNotOverflowForLargeScores) {
  const heed::DotScorer<float> dot(1);
  Matrix<float> memory(1, 3);
  memory << 100, 200, -300;
  const auto [context, weights] = attend(dot, Matrix<float>::Constant(1, 1, 50), memory);
  EXPECT_EQ(weights, (Vector<float, 3>(0, 1, 0)));
  EXPECT_EQ(context(0, 0), 200);
}

TEST(Attend, RejectsEmptyMemory) {
  const Trial trial;
  EXPECT_EQ(refusal([&] { attend(trial.scorer, trial.queries, Matrix<double>(4, 0)); }),
            "attend: the memory is empty, there is nothing to attend to");
}

TEST(Attend, RejectsMismatchedQueriesAndMemory) {
  const Trial trial;
  EXPECT_EQ(refusal([&] { attend(trial.scorer, Matrix<double>(2, 1), trial.memory); }),
            "attend: queries must be 3 x 1, got 2 x 1");
  EXPECT_EQ(refusal([&] { attend(trial.scorer, trial.queries, Matrix<double>(6, 2)); }),
            "attend: memory must be 4 x 2, got 6 x 2");
}

}  // namespace attend_test
