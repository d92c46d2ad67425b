#pragma once

#include <heed/heed.hpp>

Eigen::VectorXd weights(const Eigen::VectorXd& query, const Eigen::MatrixXd& memory);
