#include <heed/attention/attention.hpp>
#include <heed/scorers/dot.hpp>

// Nothing to attend to: without exceptions, the end of the program.
int main() { heed::attend(heed::DotScorer<double>(1), Eigen::VectorXd::Ones(1), Eigen::MatrixXd(1, 0)); }
