#pragma once

#include <heed/packing.hpp>
#include <heed/random.hpp>
#include <heed/types.hpp>

#include <cstdint>
#include <string>

namespace heed::inline v0_1 {

/// Inverted dropout (Srivastava et al. 2014): in training each number is zero with probability `rate`, else divided by
/// 1 - rate, so that inference does nothing at all. The numbers drawn are the same on every machine.
///
/// Variational dropout (Gal & Ghahramani 2016) draws one mask for a sentence, m, and keeps it for all of its steps:
///
///   y_t = m x_t / (1 - rate),  m ~ Bernoulli(1 - rate)
template <class S>
struct Dropout {
  double rate = 0;            ///< how likely a number is dropped
  bool per_sentence = false;  ///< variational: one mask for all steps of a sentence, not one for each

  Dropout() = default;
  /// Throws unless the rate lies in [0, 1).
  explicit Dropout(double rate_) : rate(rate_) {
    require(rate >= 0 && rate < 1, [&] { return "Dropout: the rate must lie in [0, 1), not " + std::to_string(rate); });
  }

  /// x *= mask, with a mask drawn from `random`; without `random` (inference) or at rate 0 nothing happens.
  /// `mask` has the shape of x and must reach `backward` unchanged.
  void forward(Random* random, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    draw(*random, mask);
    x.array() *= mask.array();
  }

  /// The same for a packed batch, where a sentence may keep its mask.
  void forward(Random* random, const Packing& packing, Out<S> x, Out<S> mask) const {
    if (!per_sentence) return forward(random, x, mask);
    for (Index t = 0; t < packing.steps(); ++t) {
      forward_step(random, packing.first(t), x.middleCols(packing.first(t), packing.active(t)), mask);
    }
  }

  /// The same for the step of a packed batch whose columns begin at `first`: x is theirs alone, `mask` that of all steps.
  void forward_step(Random* random, Index first, Out<S> x, Out<S> mask) const {
    auto own = mask.middleCols(first, x.cols());
    if (!per_sentence || first == 0) return forward(random, x, own);
    if (!drops(random)) return;
    own = mask.leftCols(x.cols());  // the sentences that still run are the first of those that began
    x.array() *= own.array();
  }

  /// For who multiplies himself: a mask for every sentence, rows x sentences, or of size 0 where nothing is dropped.
  void draw(Random* random, Index rows, Index sentences, Buffer<S>& mask) const {
    if (!drops(random)) return mask.resize(0, 0);
    mask.resize(rows, sentences);
    draw(*random, mask);
  }

  /// d: dL/dy in, dL/dx out. Pass what `forward` was given as `random`.
  void backward(const Random* random, const In<S>& mask, Out<S> d) const {
    if (drops(random)) d.array() *= mask.array();
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("rate", self.rate...);
    visit("per_sentence", self.per_sentence...);
  }

 private:
  bool drops(const Random* random) const { return random != nullptr && rate != 0; }

  void draw(Random& random, Out<S> mask) const {
    const auto threshold = static_cast<std::uint64_t>(rate * 0x1.0p32);
    const S kept = S(1) / (S(1) - static_cast<S>(rate));
    std::uint64_t bits = 0;
    bool half = false;  // one draw serves two numbers
    for (Index i = 0; i < mask.cols(); ++i) {
      for (Index k = 0; k < mask.rows(); ++k) {
        bits = half ? bits >> 32 : random.bits();
        half = !half;
        mask(k, i) = (bits & 0xffffffffu) < threshold ? S(0) : kept;
      }
    }
  }
};

}  // namespace heed::inline v0_1
