#pragma once

#include <heed/core/packed_batch.hpp>
#include <heed/core/random_streams.hpp>
#include <heed/core/sentence_ranges.hpp>
#include <heed/core/settings.hpp>
#include <heed/core/types.hpp>

#include <cstdint>

namespace heed { inline namespace v0_2 {

/// Inverted dropout (Srivastava et al. 2014): in training each number is zero with probability `rate`, else divided by
/// 1 - rate, so that inference does nothing at all. The numbers drawn are the same on every machine. Throws
/// heed::Error if something is to be dropped and a size does not fit.
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
  explicit Dropout(double rate_) : rate(rate_) { check(); }

  /// x *= mask, with a mask drawn from `random`, for column i from its generator i; without `random` (inference) or at
  /// rate 0 nothing happens. `mask` has the shape of x and must reach `backward` unchanged.
  void forward(RandomStreams random, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    detail::check_like("Dropout.forward", "mask", mask, x);
    draw(random, mask);
    x.array() *= mask.array();
  }

  /// The same for a packed batch, where a sentence may keep its mask; `random` is in batch order.
  void forward(RandomStreams random, const PackedBatch& packing, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    detail::check_size("Dropout.forward", "x", x, x.rows(), packing.columns());
    detail::check_like("Dropout.forward", "mask", mask, x);
    const RandomStreams columns = random.in_order(packing.order());
    for (Index t = 0; t < packing.steps(); ++t) {
      forward_step(columns, packing.first(t), x.middleCols(packing.first(t), packing.active(t)), mask);
    }
  }

  /// The same for sentences whose columns stand side by side, as in a memory.
  void forward(RandomStreams random, const SentenceRanges& sentences, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    detail::check_size("Dropout.forward", "x", x, x.rows(), sentences.columns());
    detail::check_like("Dropout.forward", "mask", mask, x);
    random.check(sentences.sentences());
    for (Index b = 0; b < sentences.sentences(); ++b) {
      auto own = mask.middleCols(sentences.start(b), sentences.length(b));
      random.with(b, [&](auto& generator) {
        for (Index t = 0; t < (per_sentence ? 1 : own.cols()); ++t) draw_column(generator, own.col(t));
      });
      if (per_sentence) own.rightCols(own.cols() - 1).colwise() = own.col(0);
    }
    x.array() *= mask.array();
  }

  /// The same for the step of a packed batch whose columns begin at `first`: x is theirs alone, `mask` that of all steps,
  /// and `random` in the order of the columns.
  void forward_step(RandomStreams random, Index first, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    detail::check_room("Dropout.forward_step", "mask", mask, x.rows(), first, x.cols(), "");
    auto own = mask.middleCols(first, x.cols());
    if (!per_sentence || first == 0) return forward(random, x, own);
    own = mask.leftCols(x.cols());  // the sentences that still run are the first of those that began
    x.array() *= own.array();
  }

  /// Draws a mask for every sentence, rows x sentences, or of size 0 if nothing is dropped; the caller applies it.
  void draw(RandomStreams random, Index rows, Index sentences, Buffer<S>& mask) const {
    if (!drops(random)) return mask.resize(0, 0);
    mask.resize(rows, sentences);
    draw(random, mask);
  }

  /// d: dL/dy in, dL/dx out. Pass what `forward` was given as `random`.
  void backward(RandomStreams random, const In<S>& mask, Out<S> d) const {
    if (!drops(random)) return;
    detail::check_like("Dropout.backward", "mask", mask, d);
    d.array() *= mask.array();
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("rate", self.rate...);
    visit("per_sentence", self.per_sentence...);
  }

 private:
  void check() const { detail::check_below_one("Dropout", "rate", rate); }

  bool drops(RandomStreams random) const {
    if (!random || rate == 0) return false;
    check();  // it may have been assigned
    return true;
  }

  void draw(RandomStreams random, Out<S> mask) const {
    random.check(mask.cols());
    for (Index i = 0; i < mask.cols(); ++i) {
      random.with(i, [&](auto& generator) { draw_column(generator, mask.col(i)); });
    }
  }

  template <class Generator>
  void draw_column(Generator& random, Out<S> mask) const {
    const auto threshold = static_cast<std::uint64_t>(rate * 0x1.0p32);
    const S kept = S(1) / (S(1) - static_cast<S>(rate));
    const auto factor = [&](std::uint64_t bits) { return (bits & 0xffffffffu) < threshold ? S(0) : kept; };
    Index k = 0;
    for (; k + 1 < mask.rows(); k += 2) {  // one draw serves two numbers
      const std::uint64_t bits = random.bits();
      mask(k, 0) = factor(bits);
      mask(k + 1, 0) = factor(bits >> 32);
    }
    if (k < mask.rows()) mask(k, 0) = factor(random.bits());
  }
};

}}  // namespace heed::v0_2
