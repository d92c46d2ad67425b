#include "weights.hpp"

#include <cmath>
#include <cstdio>

// Scores h log 2: log 4, log 2 and 0, of which softmax makes 4/7, 2/7 and 1/7.
int main() {
  const Eigen::RowVector3d memory(2, 1, 0);
  const auto there = weights(Eigen::VectorXd::Constant(1, std::log(2)), memory);
  const auto here = heed::attend(heed::DotScorer<double>(1), Eigen::VectorXd::Constant(1, std::log(2)), memory).weights;
  std::printf("%.12f %.12f %.12f\n", there(0), here(1), there(2));
}
