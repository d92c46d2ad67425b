#include "heed.hpp"

#include <cmath>
#include <cstdio>

// Scores h log 2: log 4, log 2 and 0, of which softmax makes 4/7, 2/7 and 1/7.
int main() {
  const Eigen::Matrix<double, 1, 1> query(std::log(2));
  const auto found = heed::attend(heed::DotScorer<double>(1), query, Eigen::RowVector3d(2, 1, 0));
  std::printf("%.12f %.12f %.12f\n", found.weights(0), found.weights(1), found.weights(2));
}
