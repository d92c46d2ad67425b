#include <heed/checks.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace detail = heed::detail;
using Matrix = Eigen::MatrixXd;

TEST(Checks, StateTheExpectedAndTheGivenSize) {
  const Matrix x = Matrix::Zero(2, 3);
  EXPECT_EQ(refusal([&] { detail::check_size("F.f", "x", x, 2, 3); }), "accepted");
  EXPECT_EQ(refusal([&] { detail::check_size("F.f", "x", x, 3, 3); }), "F.f: x must be 3 x 3, got 2 x 3");
  EXPECT_EQ(refusal([&] { detail::check_size("F.f", "x", x, 2, 4, " (h above c)"); }),
            "F.f: x must be 2 x 4 (h above c), got 2 x 3");
}

TEST(Checks, OfColumnsAcceptMore) {
  const Matrix x = Matrix::Zero(2, 3);
  EXPECT_EQ(refusal([&] { detail::check_columns("F.f", "x", x, 2, 2); }), "accepted");
  EXPECT_EQ(refusal([&] { detail::check_columns("F.f", "x", x, 2, 3); }), "accepted");
  EXPECT_EQ(refusal([&] { detail::check_columns("F.f", "x", x, 2, 4); }),
            "F.f: x must be 2 x 4 or have more columns, got 2 x 3");
  EXPECT_EQ(refusal([&] { detail::check_columns("F.f", "x", x, 1, 3); }),
            "F.f: x must be 1 x 3 or have more columns, got 2 x 3");
}

TEST(Checks, OfCountsAndIndices) {
  EXPECT_EQ(refusal([] { detail::check_count("f", "x", 2U, 2); }), "accepted");
  EXPECT_EQ(refusal([] { detail::check_count("f", "x", 2U, 3); }), "f: x must have 3 elements, got 2");
  EXPECT_EQ(refusal([] { detail::check_count("f", "x", 2U, 3, "tokens"); }), "f: x must have 3 tokens, got 2");
  EXPECT_EQ(refusal([] { detail::check_index("f", "i", 2, 3); }), "accepted");
  EXPECT_EQ(refusal([] { detail::check_index("f", "i", 3, 3); }), "f: i must be in [0, 3), got 3");
  EXPECT_EQ(refusal([] { detail::check_index("f", "i", -1, 3); }), "f: i must be in [0, 3), got -1");
  EXPECT_EQ(refusal([] { detail::check_range("f", 1, 2, 3); }), "accepted");
  EXPECT_EQ(refusal([] { detail::check_range("f", 3, 0, 3); }), "accepted");
  EXPECT_EQ(refusal([] { detail::check_range("f", 2, 2, 3); }),
            "f: columns must lie in [0, 3), got 2 columns from 2 on");
  EXPECT_NE(refusal([] { detail::check_range("f", -1, 2, 3); }), "accepted");
  EXPECT_NE(refusal([] { detail::check_range("f", 1, -1, 3); }), "accepted");
}

/// Whether two blocks of one matrix overlap, compared with every number of both.
TEST(Checks, OverlapIsThatOfTheNumbers) {
  Matrix x = Matrix::Zero(5, 6);
  for (Eigen::Index rows = 0; rows <= 3; ++rows) {
    for (Eigen::Index cols = 0; cols <= 3; ++cols) {
      for (Eigen::Index at = 0; at < 5 * 6 * 5 * 6; ++at) {
        const Eigen::Index i = at % 5, j = at / 5 % 6, k = at / 30 % 5, l = at / 150;
        if (i + rows > 5 || k + rows > 5 || j + cols > 6 || l + cols > 6) continue;
        x.setZero();
        x.block(i, j, rows, cols).array() += 1;
        x.block(k, l, rows, cols).array() += 1;
        EXPECT_EQ(detail::overlap(x.block(i, j, rows, cols), x.block(k, l, rows, cols)), x.maxCoeff() == 2)
            << rows << " x " << cols << " at " << i << ", " << j << " and " << k << ", " << l;
      }
    }
  }
}
