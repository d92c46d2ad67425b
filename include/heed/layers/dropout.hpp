#pragma once

#include <heed/random.hpp>
#include <heed/types.hpp>

#include <cstdint>
#include <string>

namespace heed::inline v0_1 {

/// Inverted dropout (Srivastava et al. 2014): in training each number is zero with probability `rate`, else divided by
/// 1 - rate, so that inference does nothing at all. The numbers drawn are the same on every machine.
template <class S>
struct Dropout {
  double rate = 0;

  Dropout() = default;
  explicit Dropout(double rate_) : rate(rate_) {
    require(rate >= 0 && rate < 1, [&] { return "Dropout: the rate must lie in [0, 1), not " + std::to_string(rate); });
  }

  /// x *= mask, with a mask drawn from `random`; without `random` (inference) or at rate 0 nothing happens.
  /// `mask` has the shape of x and must reach `backward` unchanged.
  void forward(Random* random, Out<S> x, Out<S> mask) const {
    if (random == nullptr || rate == 0) return;
    const auto threshold = static_cast<std::uint64_t>(rate * 0x1.0p32);
    const S kept = S(1) / (S(1) - static_cast<S>(rate));
    std::uint64_t bits = 0;
    bool half = false;  // one draw serves two numbers
    for (Index i = 0; i < mask.cols(); ++i) {
      for (Index k = 0; k < mask.rows(); ++k) {
        bits = half ? bits >> 32 : random->bits();
        half = !half;
        mask(k, i) = (bits & 0xffffffffu) < threshold ? S(0) : kept;
      }
    }
    x.array() *= mask.array();
  }

  /// d: dL/dy in, dL/dx out. Pass what `forward` was given as `random`.
  void backward(const Random* random, const In<S>& mask, Out<S> d) const {
    if (random != nullptr && rate != 0) d.array() *= mask.array();
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("rate", self.rate...);
  }
};

}  // namespace heed::inline v0_1
