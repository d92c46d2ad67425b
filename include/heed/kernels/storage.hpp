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

/// Memory that begins where a line of the cache does, so that packets read together lie in as few lines as can be.
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
/// What numbers that are stored as T stand for.
template <class T>
using scalar_of = typename ScalarOf<T>::type;

/// How the numbers of a packed matrix are stored: `per_word` to a word. A packet of words is loaded and one of the parts
/// of its words unfolded into a packet of scalars.
template <class T>
struct Storage {
  using Word = T;
  static constexpr int per_word = 1;

  /// Every number can be kept.
  template <class X>
  static void check(const X&) {}

  static Packet<T> load(const Word* from, int) { return Eigen::internal::ploadu<Packet<T>>(from); }
  /// A packet of words from the packets of numbers that share them.
  static void fold(const T* numbers, Word* words) {
    Eigen::internal::pstoreu(words, Eigen::internal::ploadu<Packet<T>>(numbers));
  }
};

/// Two 16-bit numbers to a 32-bit word, the first in its lower half. Shifts and masks, which every machine has, unfold
/// them.
template <class T>
struct HalfStorage {
  using Word = std::int32_t;
  static constexpr int per_word = 2;

  /// Throws unless T holds every number of x: a larger one would become infinity without a word.
  template <class X>
  static void check(const X& x) {
    const auto largest = static_cast<float>(Eigen::NumTraits<T>::highest());
    for (Index j = 0; j < x.cols(); ++j) {
      for (Index i = 0; i < x.rows(); ++i) {
        const float number = x(i, j);
        require(std::abs(number) <= largest, [&] {  // which a NaN is not
          return (std::is_same_v<T, Eigen::half>
                      ? "convert: half holds no number beyond " + text(largest) + " (bfloat16 holds larger ones)"
                      : "convert: bfloat16 holds no number beyond " + text(largest)) +
                 ", but a matrix of " + std::to_string(x.rows()) + " x " + std::to_string(x.cols()) + " has " +
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

/// Shifts and masks on as many 32-bit integers as a packet of floats has numbers; on one where it has one.
template <class P>
struct Integers {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // of a vector type as an argument: the template only looks it up
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

/// The upper half of a float: unfolding is a shift.
template <>
struct Storage<Eigen::bfloat16> : HalfStorage<Eigen::bfloat16> {
  EIGEN_ALWAYS_INLINE static Packet<float> load(const Word* from, int part) {
    using I = Integers<Packet<float>>;
    const auto words = I::load(from);
    return I::as_floats(part == 0 ? I::left<16>(words) : I::masked(words, 0xffff0000u));
  }
};

/// IEEE half precision: its sign, exponent and fraction, shifted to where a float has them, are a float 2^112 times too
/// small. Numbers below 2^-14, which half precision keeps with fewer digits, count as zero: as floats they would be
/// subnormal meanwhile, for which processors take a hundred times as long.
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
