#include <heed/attention/attention.hpp>
#include <heed/scorers/dot.hpp>
#include <string>

// Compiled once as `older` against an older version, once as `newer` against this one.
std::string WHICH() {
  try {
    heed::attend(heed::DotScorer<double>(1), Eigen::VectorXd::Ones(1), Eigen::MatrixXd(1, 0));
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "nothing";
}
