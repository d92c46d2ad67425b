#pragma once

#include <heed/core/types.hpp>

#include <type_traits>

namespace heed { inline namespace v0_2 { namespace detail {

/// True if the elements of a column are contiguous in memory. Eigen treats a matrix with one row at compile time as
/// row-major, but each of its columns is a single element.
template <class X, class Plain = std::remove_cvref_t<X>>
inline constexpr bool has_solid_columns = Plain::RowsAtCompileTime == 1 ||
                                          ((!Plain::IsRowMajor || Plain::ColsAtCompileTime == 1) &&
                                           Plain::InnerStrideAtCompileTime == 1);

/// The columns of a matrix in memory, `stride` elements from one column to the next.
template <class T>
struct Columns {
  T* data;
  Index stride;

  T* col(Index j) const { return data + j * stride; }
  Columns from(Index j) const { return {col(j), stride}; }
  operator Columns<const T>() const { return {data, stride}; }
};

template <class X>
auto columns_of(X&& x) {
  static_assert(has_solid_columns<X>, "kernels take column-major matrices");
  return Columns<std::remove_pointer_t<decltype(x.data())>>{x.data(), x.colStride()};
}

/// A matrix with contiguous columns as a single type for all Eigen expressions. A function that takes this type is
/// compiled only once.
template <class S>
using MapOf = Eigen::Map<Matrix<S>, 0, Eigen::OuterStride<>>;
template <class S>
using ConstMapOf = Eigen::Map<const Matrix<S>, 0, Eigen::OuterStride<>>;

template <class X>
ConstMapOf<typename X::Scalar> const_map_of(const X& x) {
  static_assert(has_solid_columns<X>, "kernels take column-major matrices");
  return {x.data(), x.rows(), x.cols(), Eigen::OuterStride<>(x.colStride())};
}
template <class X>
auto map_of(X&& x) {
  static_assert(has_solid_columns<X>, "kernels take column-major matrices");
  using S = typename std::remove_cvref_t<X>::Scalar;
  return MapOf<S>(x.data(), x.rows(), x.cols(), Eigen::OuterStride<>(x.colStride()));
}

}}}  // namespace heed::v0_2::detail
