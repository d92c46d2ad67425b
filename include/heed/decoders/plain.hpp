#pragma once

#include <heed/decoders/context_decoder.hpp>

namespace heed::inline v0_1 {

/// What stands in for attention where there is none: the answer to every query is the sentence's one summary vector.
///
///   c_i = summary
template <class S>
struct FixedVector {
  using Scalar = S;

  void check(Index, Index) const {}
  Index projected_size() const { return 0; }
  Index weight_rows(const Memory<S>&) const { return 0; }
  void prepare(Memory<S>&) const {}

  void forward(const In<S>&, const Memory<S>& memory, std::span<const Index> sentences, Out<S>, Out<S>, Out<S> contexts,
               AttentionScratch<S>&) const {
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      contexts.col(static_cast<Index>(i)) = memory.summary.col(sentences[i]);
    }
  }

  void backward(const Memory<S>&, std::span<const Index> sentences, const In<S>&, const In<S>&, const In<S>& d_contexts,
                FixedVector&, Out<S>, Out<S>, Memory<S>& d_memory, AttentionScratch<S>&, Buffer<S>&) const {
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      d_memory.summary.col(sentences[i]) += d_contexts.col(static_cast<Index>(i));  // was: contexts
    }
  }

  void accumulate(const In<S>&, const In<S>&, FixedVector&) const {}
  void prepare_backward(const Memory<S>&, Memory<S>&, FixedVector&) const {}

  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}
};

/// The encoder-decoder without attention, in the spirit of Cho et al. 2014: all it ever knows of the sentence is one
/// vector, however long the sentence was.
template <Cell C>
using PlainDecoder = ContextDecoder<C, FixedVector<typename C::Scalar>>;

}  // namespace heed::inline v0_1
