#pragma once

#include <heed/core/types.hpp>
#include <heed/text/utf8.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 {

/// The element type of a stored tensor. `read_matrix` reads `f16`, `bf16`, `f32` and `f64`. A dtype that is not listed
/// here, such as F8_E8M0 or F4, is `other`; `TensorView::other_dtype` has its name.
enum class Dtype { boolean, u8, i8, f8_e5m2, f8_e4m3, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64, c64, other };

namespace detail {

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  std::size_t bytes;
};

inline constexpr std::array<DtypeRow, 17> dtype_table{{{Dtype::boolean, "BOOL", 1},
                                                       {Dtype::u8, "U8", 1},
                                                       {Dtype::i8, "I8", 1},
                                                       {Dtype::f8_e5m2, "F8_E5M2", 1},
                                                       {Dtype::f8_e4m3, "F8_E4M3", 1},
                                                       {Dtype::u16, "U16", 2},
                                                       {Dtype::i16, "I16", 2},
                                                       {Dtype::f16, "F16", 2},
                                                       {Dtype::bf16, "BF16", 2},
                                                       {Dtype::u32, "U32", 4},
                                                       {Dtype::i32, "I32", 4},
                                                       {Dtype::f32, "F32", 4},
                                                       {Dtype::u64, "U64", 8},
                                                       {Dtype::i64, "I64", 8},
                                                       {Dtype::f64, "F64", 8},
                                                       {Dtype::c64, "C64", 8},
                                                       {Dtype::other, "", 0}}};

inline const DtypeRow& row_of(Dtype dtype) {
  return *std::find_if(dtype_table.begin(), dtype_table.end(), [&](const auto& row) { return row.dtype == dtype; });
}

template <class S>
inline constexpr std::optional<Dtype> stored_as = std::nullopt;
template <>
inline constexpr std::optional<Dtype> stored_as<std::uint8_t> = Dtype::u8;
template <>
inline constexpr std::optional<Dtype> stored_as<Eigen::half> = Dtype::f16;
template <>
inline constexpr std::optional<Dtype> stored_as<Eigen::bfloat16> = Dtype::bf16;
template <>
inline constexpr std::optional<Dtype> stored_as<float> = Dtype::f32;
template <>
inline constexpr std::optional<Dtype> stored_as<double> = Dtype::f64;

/// Converts a number from or to little-endian bytes at any alignment, independent of the machine's byte order.
template <class T>
T from_little_endian(const std::byte* at) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), at, sizeof(T));
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  T value;
  std::memcpy(static_cast<void*>(&value), bytes.data(), sizeof(T));
  return value;
}

template <class T>
void append_little_endian(const T& value, std::vector<std::byte>& out) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), static_cast<const void*>(&value), sizeof(T));
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Formats a shape for messages: (4, 3).
inline std::string shape_text(std::span<const std::uint64_t> shape) {
  constexpr std::size_t most = 10;
  std::string result = "(";
  for (std::size_t i = 0; i < std::min(shape.size(), most); ++i) {
    result += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  if (shape.size() > most) result += ", ... " + std::to_string(shape.size()) + " dimensions";
  return result + ")";
}

}  // namespace detail

/// Returns the name of a dtype in a file: "F32". Empty for `Dtype::other`.
inline std::string_view dtype_name(Dtype dtype) { return detail::row_of(dtype).name; }

namespace detail {

/// Returns true if `read_matrix` accepts this dtype.
inline bool is_real(Dtype dtype) {
  return dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f32 || dtype == Dtype::f64;
}

}  // namespace detail

/// Returns the bytes per element; 0 for `Dtype::other`, whose elements may be smaller than a byte.
inline std::size_t dtype_bytes(Dtype dtype) { return detail::row_of(dtype).bytes; }

/// Returns the dtype that stores values of type `S`. Does not compile if there is none.
template <class S>
constexpr Dtype dtype_of() {
  static_assert(detail::stored_as<S>.has_value(), "safetensors files hold float, double, half, bfloat16 and bytes");
  return *detail::stored_as<S>;
}

}}  // namespace heed::v0_2
