#pragma once

#include <heed/core/sentences.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>

#include <vector>

namespace heed { inline namespace v0_2 {

/// Embedded input of a model: a packed batch of sentences, its embedded tokens after dropout, and their gradient. Use
/// one per thread; its buffers grow but never shrink.
template <class S>
struct TokenBatch {
  PackedBatch packing;         ///< packing of the sentences
  std::vector<Index> lengths;  ///< in batch order
  std::vector<Token> tokens;   ///< packed
  Buffer<S> x, mask;           ///< size x columns: embedded tokens after dropout, and the dropout mask
  Buffer<S> d_x;               ///< gradient of x: input of `backward`, which overwrites it

  /// Packs sentences. Throws heed::Error if a sentence is empty. Does not allocate once the batch has grown.
  void pack(Sentences sentences) {
    assign(sentences, 0);
    pack_tokens(sentences, packing, tokens);
  }

  /// Packs targets as decoder inputs and labels. Target y_1 ... y_n has the inputs bos y_1 ... y_n in `tokens` and the
  /// labels y_1 ... y_n eos, in the same order. Does not allocate once the batch and the labels have grown.
  void pack_targets(Sentences targets, std::vector<Token>& labels) {
    assign(targets, 1);
    tokens.resize(static_cast<std::size_t>(packing.columns()));
    labels.resize(tokens.size());
    for (Index p = 0; p < packing.sentences(); ++p) {
      const auto words = detail::at(targets, packing.sentence(p));
      Token previous = symbols::bos;
      for (Index t = 0; t < packing.length(p); ++t) {
        const auto column = static_cast<std::size_t>(packing.column(t, p)), at = static_cast<std::size_t>(t);
        tokens[column] = previous;
        labels[column] = previous = at < words.size() ? words[at] : symbols::eos;
      }
    }
  }

  /// x = dropout(words(tokens)), with the embedding `words`; `random` is in batch order. Throws heed::Error if a token
  /// is outside the vocabulary.
  void embed(const Embedding<S>& words, const Dropout<S>& dropout, RandomStreams random) {
    x.resize(words.size(), packing.columns());
    mask.resize(x.rows(), x.cols());
    words.forward(tokens, x);
    dropout.forward(random, packing, x, mask);
  }

  /// Sets d_x to zero.
  void begin_backward() {
    d_x.resize(x.rows(), x.cols());
    d_x.setZero();
  }

  /// Backward of `embed`: adds to grad, from d_x. Pass the same `dropout` and `random` as to `embed`.
  void backward(const Embedding<S>& words, const Dropout<S>& dropout, RandomStreams random, Embedding<S>& grad) {
    dropout.backward(random, mask, d_x);  // was: dropout
    words.backward(tokens, d_x, grad);    // was: words
  }

 private:
  /// Sets the lengths and the packing for sentences with `more` additional tokens each.
  void assign(Sentences sentences, Index more) {
    lengths.clear();
    for (const auto& sentence : sentences) lengths.push_back(static_cast<Index>(sentence.size()) + more);
    packing.assign(lengths);
  }
};

}}  // namespace heed::v0_2
