#include <cmath>
#include <cstdio>
#include <heed/attention/attention.hpp>
#include <heed/scorers/additive.hpp>

// Scores log 4 tanh(q + h) with tanh(q) = 1/2: log 2, 0 and -log 2, of which softmax makes 4/7, 2/7 and 1/7.
int main() {
  const double q = std::atanh(0.5);
  heed::AdditiveScorer<double> scorer(1, 1, 1);
  scorer.W.edit() << 1;
  scorer.U.edit() << 1;
  scorer.v << std::log(4);
  const auto found = heed::attend(scorer, Eigen::Matrix<double, 1, 1>(q), Eigen::RowVector3d(0, -q, -2 * q));
  std::printf("%.12f %.12f %.12f\n", found.weights(0), found.weights(1), found.weights(2));
}
