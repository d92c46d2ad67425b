#include <heed/kernels/products.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

namespace weight_test {

using heed::Index;
using heed::Matrix;

/// The stored type of a packed copy and the number of stacked gates.
template <class Stored_, int Count>
struct Form {
  using Stored = Stored_;
  static constexpr int gates = Count;
};

template <class F>
class PackedWeight : public testing::Test {
 protected:
  using Stored = typename F::Stored;
  using Scalar = std::conditional_t<sizeof(Stored) == 2, float, Stored>;
  static constexpr int gates = F::gates;
  using Weight = heed::Weight<Scalar, heed::Dynamic, heed::Dynamic, gates>;

  /// Random values that `Stored` represents exactly.
  static Matrix<Scalar> storable(Index rows, Index cols, heed::Random& random) {
    Matrix<Scalar> x = random_matrix<Scalar>(rows, cols, random);
    for (Index i = 0; i < x.size(); ++i) {
      Scalar& value = x.data()[i];
      value =
          value < Scalar(0.001) && value > Scalar(-0.001) ? Scalar(0) : static_cast<Scalar>(static_cast<Stored>(value));
    }
    return x;
  }

  static Weight packed(const Matrix<Scalar>& x) {
    Weight result(x);
    pack(result);
    return result;
  }
  static void pack(Weight& weight) {
    if constexpr (std::is_same_v<Stored, Scalar>) {
      weight.prepack();
    } else {
      weight.convert(std::is_same_v<Stored, Eigen::half> ? heed::Precision::half : heed::Precision::bfloat16);
    }
    ASSERT_TRUE(weight.is_packed());
  }

  /// sum_k a(i, k) b(k, j), in long double.
  static long double entry(const Matrix<Scalar>& a, const Matrix<Scalar>& b, Index i, Index j) {
    long double sum = 0;
    for (Index k = 0; k < a.cols(); ++k) sum += static_cast<long double>(a(i, k)) * static_cast<long double>(b(k, j));
    return sum;
  }

  static constexpr long double tolerance = 64 * std::numeric_limits<Scalar>::epsilon();
};

using Forms = testing::Types<Form<float, 1>, Form<float, 3>, Form<float, 4>, Form<double, 1>, Form<double, 3>,
                             Form<double, 4>, Form<Eigen::bfloat16, 1>, Form<Eigen::bfloat16, 3>,
                             Form<Eigen::bfloat16, 4>, Form<Eigen::half, 1>, Form<Eigen::half, 4>>;
TYPED_TEST_SUITE(PackedWeight, Forms);

constexpr Index row_counts[] = {1, 3, 8, 16, 17, 49, 66, 130};

TYPED_TEST(PackedWeight, ProductMatchesPlainLoop) {
  using S = typename TestFixture::Scalar;
  heed::Random random(1);
  for (const Index rows : row_counts) {
    for (const Index depth : {1, 2, 7, 40}) {
      const Matrix<S> a = this->storable(this->gates * rows, depth, random), b = random_matrix<S>(depth, 107, random);
      const auto w = this->packed(a);
      ASSERT_EQ(w.rows(), a.rows());
      ASSERT_EQ(w.cols(), depth);
      for (const Index cols : {0, 1, 2, 3, 5, 8, 9, 19, 50, 107}) {
        Matrix<S> out = Matrix<S>::Ones(a.rows(), cols);
        heed::add_product(w, b.leftCols(cols), out);
        for (Index j = 0; j < cols; ++j) {
          for (Index i = 0; i < a.rows(); ++i) {
            ASSERT_LE(std::abs(static_cast<long double>(out(i, j)) - 1 - this->entry(a, b, i, j)), this->tolerance)
                << a.rows() << " x " << depth << " x " << cols << " at " << i << ", " << j;
          }
        }
      }
    }
  }
}

TYPED_TEST(PackedWeight, SupportsColumnBlocksAndViews) {
  using S = typename TestFixture::Scalar;
  heed::Random random(2);
  const Matrix<S> a = this->storable(this->gates * 21, 30, random), b = random_matrix<S>(33, 9, random);
  const auto w = this->packed(a);
  for (const auto& [first, count] : {std::pair<Index, Index>{0, 30}, {1, 29}, {0, 7}, {13, 17}, {29, 1}}) {
    const Matrix<S> columns = a.middleCols(first, count), part = b.block(3, 1, count, 8);
    Matrix<S> whole = Matrix<S>::Zero(a.rows() + 5, 11);
    heed::add_product(w.middleCols(first, count), b.block(3, 1, count, 8), whole.block(1, 2, a.rows(), 8));
    for (Index j = 0; j < 11; ++j) {
      for (Index i = 0; i < whole.rows(); ++i) {
        const bool inside = i >= 1 && i <= a.rows() && j >= 2 && j < 10;
        const long double expected = inside ? this->entry(columns, part, i - 1, j - 2) : 0;
        ASSERT_LE(std::abs(static_cast<long double>(whole(i, j)) - expected), this->tolerance) << i << ", " << j;
      }
    }
  }
}

TYPED_TEST(PackedWeight, ColumnsDoNotDependOnOtherColumnsOrThreads) {
  using S = typename TestFixture::Scalar;
  heed::Random random(3);
  for (const Index rows : row_counts) {
    const Matrix<S> a = this->storable(this->gates * rows, 21, random), b = random_matrix<S>(21, 19, random);
    const auto w = this->packed(a);
    Matrix<S> alone = Matrix<S>::Zero(a.rows(), 19);
    for (Index j = 0; j < 19; ++j) heed::add_product(w, b.col(j), alone.col(j));
    for (Index cols = 2; cols <= 19; ++cols) {
      Matrix<S> out = Matrix<S>::Zero(a.rows(), cols);
      heed::add_product(w, b.leftCols(cols), out);
      ASSERT_EQ(out, alone.leftCols(cols)) << rows << " rows, " << cols << " columns";
      for (const bool backwards : {false, true}) {
        for (const Index threads : {1, 2, 3}) {
          Matrix<S> zero = Matrix<S>::Zero(a.rows(), cols), found = zero;
          for (Index i = 0; i < threads; ++i) {
            heed::step_gates(w, b.leftCols(cols), zero, heed::detail::stacked<TestFixture::gates>(rows),
                             {backwards, {i, threads}}, [&](const auto& units, const auto* sums) {
                               for (int g = 0; g < TestFixture::gates; ++g) {  // adds, to detect a second visit
                                 const auto to = units(found);
                                 to[g * rows] = to[g * rows] + sums[g];
                               }
                             });
          }
          ASSERT_EQ(found, out) << rows << " rows, " << cols << " columns, " << threads << " threads";
        }
      }
    }
  }
}

TYPED_TEST(PackedWeight, BackwardMatchesPlainLoop) {
  using T = typename TestFixture::Stored;
  using S = typename TestFixture::Scalar;
  if constexpr (std::is_same_v<T, S>) {  // 16-bit weights are for inference only
    heed::Random random(4);
    for (const Index rows : row_counts) {
      const Matrix<S> a = this->storable(this->gates * rows, 29, random),
                      d = random_matrix<S>(a.rows() + 2 * rows, 40, random);
      const auto w = this->packed(a);
      heed::GateRows<TestFixture::gates> at = heed::detail::stacked<TestFixture::gates>(rows);
      at.back() += rows;  // the rows of d before the last gate do not belong to the matrix
      for (const Index cols : {0, 1, 2, 3, 4, 5, 6, 7, 16, 33, 40}) {
        for (const auto& [first, count] : {std::pair<Index, Index>{0, 29}, {3, 20}, {28, 1}}) {
          Matrix<S> out = Matrix<S>::Ones(count, cols);
          heed::add_gates_backward(w.middleCols(first, count), d.leftCols(cols), at, out);
          for (Index j = 0; j < cols; ++j) {
            for (Index k = 0; k < count; ++k) {
              long double sum = 1;
              for (Index i = 0; i < a.rows(); ++i) {
                const Index row = at[static_cast<std::size_t>(i / rows)] + i % rows;
                sum += static_cast<long double>(a(i, first + k)) * static_cast<long double>(d(row, j));
              }
              ASSERT_LE(std::abs(static_cast<long double>(out(k, j)) - sum), 8 * this->tolerance)
                  << rows << " rows, columns " << first << " + " << count << " at " << k << ", " << j;
            }
          }
        }
      }
    }
  }
}

TYPED_TEST(PackedWeight, SupportsPackingAgainWithAnotherSize) {
  using S = typename TestFixture::Scalar;
  heed::Random random(5);
  const Matrix<S> large = this->storable(this->gates * 50, 12, random),
                  small = this->storable(this->gates * 5, 3, random);
  auto w = this->packed(large);
  w = small;
  EXPECT_FALSE(w.is_packed());
  this->pack(w);
  Matrix<S> out = Matrix<S>::Zero(small.rows(), 3);
  heed::add_product(w, Matrix<S>(Matrix<S>::Identity(3, 3)), out);
  EXPECT_EQ(out, small);
}

TEST(Weight, DropsThePackedCopyWhenValuesChange) {
  const auto product = [](const heed::Weight<float>& w) {
    Matrix<float> out = Matrix<float>::Zero(w.rows(), w.cols());
    heed::add_product(w, Matrix<float>(Matrix<float>::Identity(w.cols(), w.cols())), out);
    return out;
  };
  heed::Random random(7);
  const Matrix<float> first = random_matrix<float>(20, 7, random), second = random_matrix<float>(20, 7, random);
  heed::Weight<float> w(first);
  const auto expect_dropped = [&](const char* by, const auto& change) {
    w = first;
    w.prepack();
    ASSERT_TRUE(w.is_packed());
    EXPECT_EQ(product(w), first);
    change();
    EXPECT_FALSE(w.is_packed()) << by;
    EXPECT_EQ(w.values(), second) << by;
    EXPECT_EQ(product(w), second) << by;
    w.prepack();
    EXPECT_EQ(product(w), second) << by;
  };
  expect_dropped("edit", [&] { w.edit() = second; });
  expect_dropped("a matrix", [&] { w = second; });
  expect_dropped("a weight", [&] {
    const heed::Weight<float> other(second);
    w = other;
  });
  expect_dropped("a moved weight", [&] { w = heed::Weight<float>(second); });
}

TEST(Weight, CopiesAndMovesThePackedCopy) {
  heed::Random random(8);
  const Matrix<float> x = random_matrix<float>(20, 7, random);
  heed::Weight<float> w(x);
  w.prepack();
  heed::Weight<float> copy = w, assigned;
  assigned = w;
  EXPECT_TRUE(copy.is_packed());
  EXPECT_TRUE(assigned.is_packed());
  w.edit().setZero();
  for (heed::Weight<float>* const each : {&copy, &assigned}) {
    const heed::Weight<float> moved = std::move(*each);
    EXPECT_FALSE(each->is_packed());
    EXPECT_TRUE(moved.is_packed());
    EXPECT_EQ(moved.values(), x);
    Matrix<float> out = Matrix<float>::Zero(20, 7);
    heed::add_product(moved, Matrix<float>(Matrix<float>::Identity(7, 7)), out);
    EXPECT_EQ(out, x);
  }
}

TEST(Weight, ConvertReleasesTheValues) {
  heed::Weight<float> w(Matrix<float>::Constant(6, 4, 3));
  w.convert(heed::Precision::half);
  EXPECT_TRUE(w.is_converted());
  EXPECT_EQ(w.rows(), 6);
  EXPECT_EQ(w.cols(), 4);
  EXPECT_EQ(w.size(), 24);
  const std::string no_values =
      "the values of a weight that was converted to 16 bits cannot be read or changed: save or train the model "
      "before convert(model, precision)";
  EXPECT_EQ(refusal([&] { w.values(); }), no_values);
  EXPECT_EQ(refusal([&] { w.edit(); }), no_values);
  EXPECT_EQ(refusal([&] {
              Matrix<float> d_x = Matrix<float>::Zero(4, 1);
              heed::add_product_backward(w, Matrix<float>(Matrix<float>::Ones(6, 1)), d_x);
            }),
            "a model that was converted to 16-bit weights is for inference only: it has no gradients");
  w.prepack();
  w.convert(heed::Precision::bfloat16);  // no effect: the weight is converted already
  const heed::Weight<float> copy = w;
  Matrix<float> out = Matrix<float>::Zero(6, 4);
  heed::add_product(copy, Matrix<float>(Matrix<float>::Identity(4, 4)), out);
  EXPECT_EQ(out, (Matrix<float>::Constant(6, 4, 3)));
  w = Matrix<float>::Constant(2, 5, 1);
  EXPECT_FALSE(w.is_converted());
  EXPECT_EQ(w.values(), (Matrix<float>::Constant(2, 5, 1)));
}

TEST(Weight, KeepsTheValuesIfConversionFails) {
  Matrix<float> x = Matrix<float>::Constant(9, 7, 2);
  x(8, 6) = 65536;
  heed::Weight<float, heed::Dynamic, heed::Dynamic, 3> w(x);
  heed::Weight<float, heed::Dynamic, heed::Dynamic, 1, true> transpose(x);
  w.prepack();
  EXPECT_NE(refusal([&] { w.convert(heed::Precision::half); }).find("9 x 7 contains 65536"), std::string::npos);
  EXPECT_NE(refusal([&] { transpose.convert(heed::Precision::half); }).find("7 x 9 contains 65536"), std::string::npos);
  EXPECT_FALSE(w.is_packed());
  EXPECT_EQ(w.values(), x);
  EXPECT_EQ(transpose.values(), x);
}

TEST(Weight, SmallFixedSizeHasNoPackedCopy) {
  heed::Weight<float, 24, 8, 3> w;
  static_assert(sizeof(w) == 24 * 8 * sizeof(float) + alignof(decltype(w)) || sizeof(w) == 24 * 8 * sizeof(float));
  EXPECT_TRUE(w.values().isZero(0));
  w.prepack();
  w.convert(heed::Precision::half);
  EXPECT_FALSE(w.is_packed());
  EXPECT_FALSE(w.is_converted());
}

TEST(TransposedWeight, ProductAndBackwardMatchEigen) {
  heed::Random random(6);
  const Matrix<float> a = random_matrix<float>(20, 37, random), b = random_matrix<float>(20, 5, random),
                      d = random_matrix<float>(37, 5, random);
  heed::Weight<float, heed::Dynamic, heed::Dynamic, 1, true> w(a);
  for (const bool packed : {false, true}) {
    if (packed) w.prepack();
    EXPECT_EQ(w.is_packed(), packed);
    EXPECT_EQ(w.rows(), 20);
    EXPECT_EQ(w.cols(), 37);
    Matrix<float> out = Matrix<float>::Zero(37, 5), d_b = Matrix<float>::Zero(20, 5);
    heed::add_transposed_product(w, b, out);
    heed::add_transposed_product_backward(w, d, d_b);
    EXPECT_LE(difference(out, Matrix<float>(a.transpose() * b)), 1e-5);
    EXPECT_LE(difference(d_b, Matrix<float>(a * d)), 1e-5);
  }
}

}  // namespace weight_test
