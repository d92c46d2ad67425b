#include <heed/core/checks.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace checks_test {

namespace detail = heed::detail;
using Matrix = Eigen::MatrixXd;

TEST(Checks, ReportExpectedAndGivenSize) {
  const Matrix x = Matrix::Zero(2, 3);
  EXPECT_EQ(refusal([&] { detail::check_size("F.f", "x", x, 2, 3); }), "accepted");
  EXPECT_EQ(refusal([&] { detail::check_size("F.f", "x", x, 3, 3); }), "F.f: x must be 3 x 3, got 2 x 3");
  EXPECT_EQ(refusal([&] { detail::check_size("F.f", "x", x, 2, 4, "; call g first"); }),
            "F.f: x must be 2 x 4, got 2 x 3; call g first");
  EXPECT_EQ(refusal([&] { detail::check_noted_size("F.f", "x", x, 2, 3, " (h above c)"); }), "accepted");
  EXPECT_EQ(refusal([&] { detail::check_noted_size("F.f", "x", x, 2, 4, " (h above c)"); }),
            "F.f: x must be 2 x 4 (h above c), got 2 x 3");
}

TEST(Checks, ReportExpectedAndGivenNumber) {
  EXPECT_EQ(refusal([] { detail::check_number("f", "x", 2, 2, "tokens"); }), "accepted");
  EXPECT_EQ(refusal([] { detail::check_number("f", "x", 2, 3, "tokens"); }), "f: x must have 3 tokens, got 2");
  EXPECT_EQ(refusal([] { detail::check_index("f", "i", 2, 3); }), "accepted");
  EXPECT_EQ(refusal([] { detail::check_index("f", "i", 3, 3); }), "f: i must be in [0, 3), got 3");
  EXPECT_EQ(refusal([] { detail::check_index("f", "i", -1, 3); }), "f: i must be in [0, 3), got -1");
}

/// Compares `overlap` of two blocks of a matrix with a comparison of all their elements.
TEST(Checks, OverlapMatchesElementwiseComparison) {
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

}  // namespace checks_test
