#pragma once

#include <heed/core/parameters.hpp>

#include <unsupported/Eigen/AutoDiff>

/// Eigen's scalar type with one derivative for each input.
using AutoDiff = Eigen::AutoDiffScalar<Eigen::VectorXd>;

namespace typed {

/// Variables with the values x. Of the `inputs` derivatives of element k, the one at index `first + k` is 1.
inline heed::Matrix<AutoDiff> variables(const heed::Matrix<double>& x, heed::Index inputs, heed::Index first = 0) {
  heed::Matrix<AutoDiff> result(x.rows(), x.cols());
  for (heed::Index k = 0; k < x.size(); ++k) {
    result.data()[k] = AutoDiff(x.data()[k], Eigen::VectorXd::Unit(inputs, first + k));
  }
  return result;
}

/// dy/dx with one row for each element of y.
inline heed::Matrix<double> jacobian(const heed::Matrix<AutoDiff>& y, heed::Index inputs) {
  heed::Matrix<double> result = heed::Matrix<double>::Zero(y.size(), inputs);
  for (heed::Index k = 0; k < y.size(); ++k) {
    const auto& derivatives = y.data()[k].derivatives();
    if (derivatives.size() > 0) result.row(k) = derivatives;  // a constant has none
  }
  return result;
}

}  // namespace typed
