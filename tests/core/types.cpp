#include <heed/core/types.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace types_test {

using heed::Buffer;
using heed::Dynamic;
using heed::In;
using heed::Index;
using heed::Matrix;
using heed::Out;
using heed::Vector;

const double* address(const In<double>& x) { return x.data(); }
double corner(const In<double>& x) { return x(x.rows() - 1, x.cols() - 1); }

template <class S, int Rows, int Cols>
using RowMajor = Eigen::Matrix<S, Rows, Cols, Eigen::RowMajor>;

TEST(In, BindsToStoredMatricesWithoutCopy) {
  Matrix<double> x = Matrix<double>::Random(6, 8);
  EXPECT_EQ(address(x), x.data());
  EXPECT_EQ(address(x.middleCols(2, 3)), &x(0, 2));
  EXPECT_EQ(address(x.block(1, 2, 3, 4)), &x(1, 2));  // an outer stride is fine
  EXPECT_EQ(address(x.col(5)), &x(0, 5));
  EXPECT_EQ(address(Eigen::Map<const Matrix<double>>(x.data(), 6, 8)), x.data());
  EXPECT_EQ(address(Eigen::Map<Matrix<double>, 0, Eigen::OuterStride<>>(x.data(), 3, 8, Eigen::OuterStride<>(6))),
            x.data());
  const Matrix<double, 3, 4> fixed = Matrix<double, 3, 4>::Random();
  EXPECT_EQ(address(fixed), fixed.data());
  const Vector<double, 4> vector = Vector<double, 4>::Random();
  EXPECT_EQ(address(vector), vector.data());
  Buffer<double> buffer;
  buffer.assign(x);
  EXPECT_EQ(address(buffer), buffer.data());
}

TEST(In, ConvertsToInWithoutCopy) {
  const Matrix<double> x = Matrix<double>::Random(6, 8);
  const auto through = [](const In<double>& outer) { return address(outer); };
  EXPECT_EQ(through(x), x.data());
  const auto fixed_rows = [](const In<double>& outer) { return In<double, 6>(outer).data(); };
  EXPECT_EQ(fixed_rows(x), x.data());
  const auto copied = [](In<double> by_value) { return address(by_value); };
  EXPECT_EQ(copied(In<double>(x)), x.data());
}

TEST(In, EvaluatesExpressions) {
  const Matrix<double> x = Matrix<double>::Ones(6, 8);
  EXPECT_EQ(corner(2 * x), 2);
  EXPECT_EQ(corner(x * x.transpose()), 8);
  EXPECT_EQ(corner(x.rowwise().sum()), 8);
  const RowMajor<double, 1, Dynamic> row = RowMajor<double, 1, Dynamic>::LinSpaced(5, 1, 5);  // also row-major
  EXPECT_EQ(corner(row), 5);
}

TEST(In, AcceptsOnlyItsScalar) {
  static_assert(!std::is_convertible_v<int, In<double>>);
  static_assert(std::is_convertible_v<Matrix<double>, In<double>>);
  static_assert(std::is_convertible_v<RowMajor<double, 1, Dynamic>, In<double>>);
}

TEST(Out, WritesInPlaceAndRejectsConstAndRowMajor) {
  static_assert(std::is_constructible_v<Out<double>, Matrix<double>&>);
  static_assert(std::is_constructible_v<Out<double, 3>, Matrix<double, 3, 4>&>);
  static_assert(!std::is_constructible_v<Out<double>, const Matrix<double>&>);
  static_assert(!std::is_constructible_v<Out<double>, RowMajor<double, Dynamic, Dynamic>&>);
  Matrix<double> x = Matrix<double>::Zero(2, 3);
  const auto write = [](Out<double> y) { y.setOnes(); };
  write(x.middleCols(1, 1));
  EXPECT_EQ(x.sum(), 2);
  EXPECT_EQ(x.col(1).sum(), 2);
}

TEST(Out, AssignmentCopiesValues) {
  Matrix<double> x = Matrix<double>::Ones(2, 3), y = Matrix<double>::Zero(2, 3);
  const auto copy = [](Out<double> from, Out<double> to) { to = from; };
  copy(x, y);
  EXPECT_EQ(y.sum(), 6);
  EXPECT_NE(x.data(), y.data());
}

TEST(FixedRows, AreCheckedAtRunTime) {
  const Matrix<double> three = Matrix<double>::Ones(3, 2), four = Matrix<double>::Ones(4, 2);
  Matrix<double> out(2, 5);
  const auto read = [](const In<double, 3>& x) { return x.sum(); };
  const auto write = [](Out<double, 3> y) { y.setOnes(); };
  EXPECT_EQ(read(three), 6);
  EXPECT_EQ(read(four.topRows(3)), 6);
  EXPECT_EQ(read(2 * three), 12);
  EXPECT_EQ(refusal([&] { read(four); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 2, got 4 x 2");
  EXPECT_EQ(refusal([&] { read(2 * four); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 2, got 4 x 2");
  EXPECT_EQ(refusal([&] { read(In<double>(four)); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 2, got 4 x 2");
  EXPECT_EQ(refusal([&] { write(out); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 5, got 2 x 5");
  EXPECT_EQ(refusal([&] { write(out.leftCols(1)); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 1, got 2 x 1");
  EXPECT_EQ(refusal([&] { write(Out<double>(out)); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 5, got 2 x 5");
}

TEST(Buffer, DoesNotReallocateForSmallerSizes) {
  Buffer<double> buffer;
  EXPECT_EQ(buffer.size(), 0);
  buffer.resize(4, 6);
  const double* const data = buffer.data();
  EXPECT_EQ(buffer.rows(), 4);
  EXPECT_EQ(buffer.cols(), 6);
  for (const auto& [rows, cols] : {std::pair<Index, Index>{2, 3}, {24, 1}, {0, 9}, {6, 4}}) {
    buffer.resize(rows, cols);
    EXPECT_EQ(buffer.data(), data);
    EXPECT_EQ(buffer.rows(), rows);
    EXPECT_EQ(buffer.cols(), cols);
  }
  buffer.resize(5, 5);
  buffer.setConstant(7);
  EXPECT_EQ(buffer.sum(), 175);
}

TEST(Buffer, RejectsInvalidAndOverflowingSizes) {
  constexpr Index maximum = std::numeric_limits<Index>::max();
  Buffer<double> buffer;
  buffer.resize(2, 3);
  buffer.setOnes();
  for (const auto& size : {std::pair<Index, Index>{maximum, 2},
                           {Index{1} << 40, Index{1} << 40},
                           {-1, 2},
                           {2, -1},
                           {-1, -1},
                           {0, -1},
                           {maximum / 2 + 1, 2}}) {
    EXPECT_NE(refusal([&] { buffer.resize(size.first, size.second); }).find("sizes must be at least 0"),
              std::string::npos);
    EXPECT_EQ(buffer.sum(), 6);
  }
  buffer.resize(0, maximum);
  EXPECT_EQ(buffer.size(), 0);
  EXPECT_THROW(buffer.resize(maximum, 1), std::bad_alloc);  // the bytes overflow
  EXPECT_EQ(buffer.size(), 0);
  buffer.resize(2, 2);
  buffer.setOnes();
  EXPECT_EQ(buffer.sum(), 4);
}

TEST(Buffer, SupportsFixedRows) {
  static_assert(Buffer<float, 3>::RowsAtCompileTime == 3);
  Buffer<float, 3> buffer;
  EXPECT_EQ(buffer.rows(), 3);
  EXPECT_EQ(buffer.cols(), 0);
  buffer.resize(3, 2);
  EXPECT_EQ(buffer.size(), 6);
}

TEST(Buffer, AssignResizes) {
  Buffer<double> buffer;
  buffer.assign(Matrix<double>::Constant(2, 3, 4));
  EXPECT_EQ(buffer, (Matrix<double>::Constant(2, 3, 4)));
  buffer = Matrix<double>::Constant(2, 3, 5);
  EXPECT_EQ(buffer.sum(), 30);
}

TEST(Buffer, MoveTransfersStorage) {
  static_assert(!std::is_copy_constructible_v<Buffer<double>> && !std::is_copy_assignable_v<Buffer<double>>);
  Buffer<double> one;
  one.assign(Matrix<double>::Ones(2, 3));
  const double* const data = one.data();
  Buffer<double> two(std::move(one));
  EXPECT_EQ(two.data(), data);
  EXPECT_EQ(two.cols(), 3);
  Buffer<double> three;
  three.assign(Matrix<double>::Zero(4, 4));
  three = std::move(two);
  EXPECT_EQ(three.data(), data);
  EXPECT_EQ(three, (Matrix<double>::Ones(2, 3)));
}

TEST(Parameter, IsInlineOnlyIfSmall) {
  static_assert(heed::Parameter<float, 64, 64>::ColsAtCompileTime == 64);
  static_assert(heed::Parameter<float, 64, 65>::ColsAtCompileTime == Dynamic);
  static_assert(heed::Parameter<double, 64, 64>::ColsAtCompileTime == Dynamic);
  static_assert(heed::Parameter<float, 512, 512>::RowsAtCompileTime == 512);
  static_assert(heed::Parameter<double, Dynamic, 3>::ColsAtCompileTime == 3);
}

TEST(Parameter, SupportsAssignmentsOfEigenMatrix) {
  heed::Parameter<double, Dynamic, Dynamic> x = Matrix<double>::Ones(2, 3), y;
  y = x;
  EXPECT_EQ(y, x);
  y = 2 * x;
  EXPECT_EQ(y.sum(), 12);
  y = x.transpose() * x;
  EXPECT_EQ(y, (Matrix<double>::Constant(3, 3, 2)));
  y = y * y;  // reads what it overwrites
  EXPECT_EQ(y, (Matrix<double>::Constant(3, 3, 12)));
  Matrix<double> z = Matrix<double>::Ones(4, 1);
  const double* const data = z.data();
  y = std::move(z);
  EXPECT_EQ(y.data(), data);
  y.resize(5, 6);
  EXPECT_EQ(y.rows(), 5);
  EXPECT_EQ(y.cols(), 6);
  heed::ParameterVector<double> b = Vector<double>::Ones(3);
  b.resize(4);
  EXPECT_EQ(b.size(), 4);
  b = x.row(0).transpose();
  EXPECT_EQ(b.sum(), 3);
  static_assert(std::is_same_v<heed::ParameterVector<double, 3>, Vector<double, 3>>);
  static_assert(std::is_nothrow_move_assignable_v<heed::ParameterVector<double>>);
}

}  // namespace types_test
