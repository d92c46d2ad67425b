#pragma once

#include <heed/core/packed_batch.hpp>
#include <heed/core/random_streams.hpp>
#include <heed/core/sentence_ranges.hpp>
#include <heed/core/settings.hpp>
#include <heed/core/types.hpp>

#include <cstdint>

namespace heed { inline namespace v0_2 {

/// Inverted dropout, Srivastava et al. 2014. In training, each element is set to zero with probability `rate` and is
/// otherwise divided by 1 - rate, so that inference needs no scaling. A seed gives the same masks on every machine.
/// Dropout is active if generators are given and the rate is not 0. If it is active, functions throw heed::Error if a
/// size does not fit or the rate is not in [0, 1).
///
/// Variational dropout (Gal & Ghahramani 2016) draws one mask m per sentence and uses it in all steps of the sentence:
///
///     y_t = m x_t / (1 - rate),  m ~ Bernoulli(1 - rate)
template <class S>
struct Dropout {
  double rate = 0;            ///< probability that an element is dropped
  bool per_sentence = false;  ///< variational dropout: one mask per sentence instead of one per step

  Dropout() = default;
  /// Throws heed::Error unless the rate lies in [0, 1).
  explicit Dropout(double rate_) : rate(rate_) { check(); }

  /// Draws `mask` and multiplies x by it, element by element. Column i of the mask is drawn from generator i of
  /// `random`. Does nothing without `random` (inference) or at rate 0. `mask` has the shape of x; pass it unchanged to
  /// `backward`.
  void forward(RandomStreams random, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    detail::check_like("Dropout.forward", "mask", mask, x);
    draw(random, mask);
    x.array() *= mask.array();
  }

  /// `forward` for a packed batch. With `per_sentence`, all steps of a sentence have the same mask. The generators of
  /// `random` are in batch order.
  void forward(RandomStreams random, const PackedBatch& packing, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    detail::check_size("Dropout.forward", "x", x, x.rows(), packing.columns());
    detail::check_like("Dropout.forward", "mask", mask, x);
    const RandomStreams columns = random.in_order(packing.order());
    for (Index t = 0; t < packing.steps(); ++t) {
      forward_step(columns, packing.first(t), x.middleCols(packing.first(t), packing.active(t)), mask);
    }
  }

  /// `forward` for sentences whose columns are contiguous, as in a memory.
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

  /// `forward` for one step of a packed batch, whose columns begin at `first`. x has only the columns of this step,
  /// `mask` has the columns of all steps. With `per_sentence`, only step 0 (first = 0) draws masks; later steps use
  /// them. The generators of `random` are in the order of the columns.
  void forward_step(RandomStreams random, Index first, Out<S> x, Out<S> mask) const {
    if (!drops(random)) return;
    detail::check_room("Dropout.forward_step", "mask", mask, x.rows(), first, x.cols(), "");
    auto own = mask.middleCols(first, x.cols());
    if (!per_sentence || first == 0) return forward(random, x, own);
    own = mask.leftCols(x.cols());  // the active sentences are the first columns of step 0
    x.array() *= own.array();
  }

  /// Draws a mask for every sentence (rows x sentences), or an empty mask if dropout is inactive. The caller applies
  /// it.
  void draw(RandomStreams random, Index rows, Index sentences, Buffer<S>& mask) const {
    if (!drops(random)) return mask.resize(0, 0);
    mask.resize(rows, sentences);
    draw(random, mask);
  }

  /// d holds dL/dy on entry and dL/dx on return. Pass the same `random` as to `forward`.
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
    check();  // `rate` is public and may have been assigned
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
    for (; k + 1 < mask.rows(); k += 2) {  // one draw is enough for two elements
      const std::uint64_t bits = random.bits();
      mask(k, 0) = factor(bits);
      mask(k + 1, 0) = factor(bits >> 32);
    }
    if (k < mask.rows()) mask(k, 0) = factor(random.bits());
  }
};

}}  // namespace heed::v0_2
