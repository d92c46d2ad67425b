#pragma once

#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/oracles.hpp"

#include <gtest/gtest.h>

#include <vector>

/// A run of a readout without a decoder: six columns of states, contexts and words, and a loss that is linear in the
/// features.
template <class R, heed::Index word = 2>
struct ReadoutTrial {
  using Index = heed::Index;
  using Matrix = heed::Matrix<double>;

  heed::Random random{137};
  R readout{{.hidden_size = 3, .context_size = 4, .word_size = word, .feature_size = 5}};
  Matrix s, c, x, d_features, features = Matrix(5, 6);
  heed::Buffer<double> kept;

  ReadoutTrial() {
    randomize(readout, random);
    s = random_matrix(3, 6, random);
    c = random_matrix(4, 6, random);
    x = random_matrix(word, 6, random);
    d_features = random_matrix(5, 6, random);
    loss();
  }

  double loss() {
    readout.forward(s, c, x, features, kept);
    return features.cwiseProduct(d_features).sum();
  }

  /// Row `row` of W [s; c; x] + b for column j, computed with a scalar loop.
  oracle::Real projected(Index row, Index j) const {
    Matrix all(7 + word, 6);
    all << s, c, x;
    return oracle::affine(readout.W, 0, oracle::column(all, j), readout.b, row);
  }

  /// The largest difference between the features and feature(k, j).
  template <class Feature>
  double distance_from(const Feature& feature) const {
    std::vector<oracle::Column> expected(6);
    for (Index j = 0; j < 6; ++j) {
      for (Index k = 0; k < 5; ++k) expected[oracle::at(j)].push_back(feature(k, j));
    }
    return difference(features, oracle::matrix(expected));
  }

  /// Compares all gradients, `numbers` values in total, with central differences, and checks that backward adds to
  /// them.
  void expect_gradients(Index numbers) {
    auto grad = heed::zeros_like(readout);
    Matrix d_s = Matrix::Zero(3, 6), d_c = Matrix::Zero(4, 6), d_x = Matrix::Zero(word, 6);
    const auto backward = [&](R& into) {
      loss();  // backward may overwrite the saved activations
      Matrix d = d_features;
      readout.backward(s, c, x, features, kept, d, into, d_s, d_c, d_x);
    };
    backward(grad);
    const auto value = [&] { return loss(); };
    auto check = heed::check_gradients(readout, grad, value);
    heed::check_gradient("s", s, d_s, value, check);
    heed::check_gradient("c", c, d_c, value, check);
    heed::check_gradient("x", x, d_x, value, check);
    EXPECT_LE(check.error, 1e-6) << check.name;
    EXPECT_EQ(check.checked, numbers);

    auto twice = grad;
    const Matrix once_s = d_s, once_c = d_c, once_x = d_x;
    backward(twice);
    heed::scale(grad, 2.0);
    EXPECT_LE(part_difference(twice, grad), 1e-14);
    EXPECT_LE(difference(d_s, 2 * once_s), 1e-14);
    EXPECT_LE(difference(d_c, 2 * once_c), 1e-14);
    EXPECT_LE(difference(d_x, 2 * once_x), 1e-14);
  }
};
