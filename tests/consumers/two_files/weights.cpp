#include "weights.hpp"

Eigen::VectorXd weights(const Eigen::VectorXd& query, const Eigen::MatrixXd& memory) {
  return heed::attend(heed::DotScorer<double>(query.rows()), query, memory).weights;
}
