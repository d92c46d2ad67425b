#pragma once

#include <heed/decoders/context_decoder.hpp>

namespace heed { inline namespace v0_2 {

/// A model of `AttentionMechanism` that does not attend: the context of every query is the summary of its sentence.
///
///     c_i = summary
template <class S>
struct FixedVector {
  using Scalar = S;

  AttentionSizes sizes(Index = 0) const { return {.attends = false}; }
  void prepare(Memory<S>&) const {}

  void forward(const In<S>& queries, const Memory<S>& memory, std::span<const Index> sentences, Out<S>,
               AttentionTape<S>& tape, Index first, RandomStreams = nullptr) const {
    const auto n = static_cast<Index>(sentences.size());
    detail::check_size("FixedVector.forward", "queries", queries, queries.rows(), n);
    check_summary("FixedVector.forward", memory, sentences);
    detail::check_room("FixedVector.forward", "tape.contexts", tape.contexts, memory.size(), first, n,
                       "; call begin_attention first");
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      tape.contexts.col(first + static_cast<Index>(i)) = memory.summary.col(sentences[i]);
    }
  }

  void backward(const Memory<S>& memory, std::span<const Index> sentences, AttentionTape<S>& tape, Index first,
                FixedVector&, Out<S> d_queries, Memory<S>& d_memory) const {
    const auto n = static_cast<Index>(sentences.size());
    check_summary("FixedVector.backward", memory, sentences);
    detail::check_room("FixedVector.backward", "tape.contexts", tape.contexts, memory.size(), first, n,
                       "; call forward first");
    detail::check_gradients("FixedVector.backward", tape);
    detail::check_size("FixedVector.backward", "d_queries", d_queries, d_queries.rows(), n);
    detail::check_gradient("FixedVector.backward", memory, d_memory);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      d_memory.summary.col(sentences[i]) += tape.d_contexts.col(first + static_cast<Index>(i));  // was: contexts
    }
  }

  void finish_backward(const In<S>&, const Memory<S>&, const AttentionTape<S>&, FixedVector&, Memory<S>&) const {}

  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}

 private:
  static void check_summary(const char* function, const Memory<S>& memory, std::span<const Index> sentences) {
    detail::check_sentences(function, memory, sentences);
    detail::check_size(function, "memory.summary", memory.summary, memory.size(), memory.sentences());
  }
};

/// The encoder-decoder without attention, similar to Cho et al. 2014. The decoder gets only one vector of the source
/// sentence, whose size does not depend on the length of the sentence.
template <Cell C>
using PlainDecoder = ContextDecoder<C, FixedVector<typename C::Scalar>>;

}}  // namespace heed::v0_2
