#pragma once

#include <heed/core/errors.hpp>
#include <heed/kernels/packets.hpp>

#include <cmath>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

namespace heed { inline namespace v0_2 { namespace detail {

/// Allocates memory aligned to cache lines, so that packets that are read together are in the minimum number of lines.
template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t line{static_cast<std::size_t>(line_bytes)};

  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>&) {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), line)); }
  void deallocate(T* from, std::size_t) { ::operator delete(from, line); }
  friend bool operator==(const LineAllocator&, const LineAllocator&) { return true; }
};
template <class T>
using Lines = std::vector<T, LineAllocator<T>>;

template <class T>
struct ScalarOf {
  using type = T;
};
template <>
struct ScalarOf<Eigen::bfloat16> {
  using type = float;
};
template <>
struct ScalarOf<Eigen::half> {
  using type = float;
};
/// The scalar type of elements that are stored as T.
template <class T>
using scalar_of = typename ScalarOf<T>::type;

/// Storage of the elements of a packed matrix, `per_word` elements per word. `load` loads a packet of words and
/// converts one part of each word to a packet of scalars.
template <class T>
struct Storage {
  using Word = T;
  static constexpr int per_word = 1;

  /// Does nothing: every element can be stored.
  template <class X>
  static void check(const X&) {}

  static Packet<T> load(const Word* from, int) { return Eigen::internal::ploadu<Packet<T>>(from); }
  /// Converts the packets of elements that share words to a packet of words.
  static void fold(const T* numbers, Word* words) {
    Eigen::internal::pstoreu(words, Eigen::internal::ploadu<Packet<T>>(numbers));
  }
};

/// Two 16-bit elements per 32-bit word, the first in the lower half. They are converted to float by shifts and masks,
/// which every processor has.
template <class T>
struct HalfStorage {
  using Word = std::int32_t;
  static constexpr int per_word = 2;

  /// Throws heed::Error if an element of x is NaN or exceeds the largest T. Without this check, it would silently
  /// become infinity.
  template <class X>
  static void check(const X& x) {
    const auto largest = static_cast<float>(Eigen::NumTraits<T>::highest());
    for (Index j = 0; j < x.cols(); ++j) {
      for (Index i = 0; i < x.rows(); ++i) {
        const float number = x(i, j);
        require(std::abs(number) <= largest, [&] {  // false for NaN
          return (std::is_same_v<T, Eigen::half>
                      ? "convert: the largest half value is " + text(largest) + " (bfloat16 has a larger range)"
                      : "convert: the largest bfloat16 value is " + text(largest)) +
                 ", but a matrix of " + std::to_string(x.rows()) + " x " + std::to_string(x.cols()) + " contains " +
                 text(number);
        });
      }
    }
  }

  static void fold(const float* numbers, Word* words) {
    for (Index i = 0; i < packet_size<float>; ++i) {
      const std::uint32_t low = bits(numbers[i]), high = bits(numbers[packet_size<float> + i]);
      words[i] = static_cast<Word>(low | high << 16);
    }
  }

 private:
  static std::uint16_t bits(float number) { return Eigen::numext::bit_cast<std::uint16_t>(static_cast<T>(number)); }
  static std::string text(float number) { return number_text(static_cast<double>(number), 8); }
};

/// Shifts and masks on a packet of 32-bit integers, one for every element of the packet P of floats.
template <class P>
struct Integers {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // a vector type as template argument; only maps the type
  using type = typename Eigen::internal::unpacket_traits<P>::integer_packet;
#pragma GCC diagnostic pop
  static type load(const std::int32_t* from) { return Eigen::internal::ploadu<type>(from); }
  static type masked(const type& x, std::uint32_t mask) {
    return Eigen::internal::pand(x, Eigen::internal::pset1<type>(static_cast<std::int32_t>(mask)));
  }
  template <int Bits>
  static type left(const type& x) {
    return Eigen::internal::plogical_shift_left<Bits>(x);
  }
  template <int Bits>
  static type right(const type& x) {
    return Eigen::internal::parithmetic_shift_right<Bits>(x);
  }
  static P as_floats(const type& x) { return Eigen::internal::preinterpret<P>(x); }
};
template <>
struct Integers<float> {
  static std::int32_t load(const std::int32_t* from) { return *from; }
  static std::int32_t masked(std::int32_t x, std::uint32_t mask) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) & mask);
  }
  template <int Bits>
  static std::int32_t left(std::int32_t x) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << Bits);
  }
  template <int Bits>
  static std::int32_t right(std::int32_t x) {
    return x >> Bits;
  }
  static float as_floats(std::int32_t x) { return Eigen::numext::bit_cast<float>(x); }
};

/// bfloat16 is the upper half of a float, so the conversion to float is a shift or a mask.
template <>
struct Storage<Eigen::bfloat16> : HalfStorage<Eigen::bfloat16> {
  EIGEN_ALWAYS_INLINE static Packet<float> load(const Word* from, int part) {
    using I = Integers<Packet<float>>;
    const auto words = I::load(from);
    return I::as_floats(part == 0 ? I::left<16>(words) : I::masked(words, 0xffff0000u));
  }
};

/// IEEE half precision. Sign, exponent and fraction, shifted to their positions in a float, give a float that is 2^112
/// times too small; `load` multiplies by 2^112. Magnitudes below 2^-14, the subnormals of half precision, are stored as
/// zero: the shifted float would be subnormal, and processors take a hundred times as long for subnormal operands.
template <>
struct Storage<Eigen::half> : HalfStorage<Eigen::half> {
  static void fold(const float* numbers, Word* words) {
    float large[2 * packet_size<float>];
    for (Index i = 0; i < 2 * packet_size<float>; ++i) large[i] = std::abs(numbers[i]) < 0x1p-14f ? 0 : numbers[i];
    HalfStorage<Eigen::half>::fold(large, words);
  }

  EIGEN_ALWAYS_INLINE static Packet<float> load(const Word* from, int part) {
    using I = Integers<Packet<float>>;
    const auto words = I::load(from);
    const auto upper = I::right<3>(part == 0 ? I::left<16>(words) : words);
    return Eigen::internal::pmul(I::as_floats(I::masked(upper, 0x8fffe000u)), constant(0x1p112f));
  }
};

}}}  // namespace heed::v0_2::detail
