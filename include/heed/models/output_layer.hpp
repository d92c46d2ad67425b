#pragma once

#include <heed/kernels/products.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/losses/cross_entropy.hpp>

#include <algorithm>
#include <span>
#include <string_view>

namespace heed { inline namespace v0_2 {

/// What an output layer writes. One per thread; it only grows.
template <class S>
struct OutputTape {
  Buffer<S> input, mask;  ///< features x N: the features after dropout, and the dropout mask
  Buffer<S> logits;       ///< vocabulary x n: of a block of columns

  /// input = dropout(features); `random` is in batch order.
  void drop(const Buffer<S>& features, const PackedBatch& packing, const Dropout<S>& dropout, RandomStreams random) {
    input.assign(features);
    mask.resize(input.rows(), input.cols());
    dropout.forward(random, packing, input, mask);
  }
};

/// Scores every word of a vocabulary:
///
///   logits = W features + b        tied: logits = table' features + b
///
/// A tied layer (Press & Wolf 2017, Inan et al. 2017) has no W: it reads the table of the target's embedding, `words`,
/// whose gradient gathers both. Throws heed::Error if a size does not fit.
template <class S>
struct OutputLayer {
  using Scalar = S;

  Weight<S> W;           ///< vocabulary x features; no columns if the layer is tied
  ParameterVector<S> b;  ///< vocabulary

  /// Columns of logits made at a time: they stay in the second-level cache until they have been used.
  static constexpr Index block = 256;

  OutputLayer() = default;
  /// 0 features make a tied layer.
  OutputLayer(Index features, Index vocabulary) : W(vocabulary, features), b(Vector<S>::Zero(vocabulary)) {}

  /// Whether it reads the table of the target's embedding.
  bool is_tied() const { return W.cols() == 0; }
  /// Words of the vocabulary.
  Index output_size() const { return b.size(); }

  /// Overwrites logits (vocabulary x n). Does not allocate.
  void forward(const Embedding<S>& words, const In<S>& features, Out<S> logits) const {
    check("OutputLayer.forward", words, "features", features, "logits", logits);
    logits.colwise() = b;
    if (is_tied()) {
      add_product(words.table.transpose(), features, logits);
    } else {
      add_product(W, features, logits);
    }
  }

  /// Adds to grad, to the gradient of `words` if the layer is tied, and to d_features.
  void backward(const Embedding<S>& words, const In<S>& features, const In<S>& d_logits, OutputLayer& grad,
                Embedding<S>& grad_words, Out<S> d_features) const {
    constexpr const char* name = "OutputLayer.backward";
    check(name, words, "features", features, "d_logits", d_logits);
    detail::check_like(name, "d_features", d_features, features);
    detail::check_grad(name, *this, grad);
    if (d_logits.cols() == 0) return;
    grad.b += d_logits.rowwise().sum();  // was: + b
    if (is_tied()) {
      detail::check_grad(name, words, grad_words);
      add_outer_product(features, d_logits, grad_words.table);              // was: table' features
      add_product_backward(words.table.transpose(), d_logits, d_features);  // was: table' features
    } else {
      add_outer_product(d_logits, features, grad.W);  // was: W features
      add_product_backward(W, d_logits, d_features);  // was: W features
    }
  }

  /// The cross-entropy of the labels (one for each column) given tape.input, summed. Overwrites tape.logits. Does not
  /// allocate once the tape has grown.
  Sum<S> loss(const Embedding<S>& words, std::span<const Token> labels, S smoothing, S scale,
              OutputTape<S>& tape) const {
    return for_each_block(words, labels, smoothing, scale, tape, [](Index, Index) {});
  }

  /// The same, and the gradient of scale * loss added to grad, to that of `words` if the layer is tied, and to d_input.
  Sum<S> loss_and_gradient(const Embedding<S>& words, std::span<const Token> labels, S smoothing, S scale,
                           OutputTape<S>& tape, OutputLayer& grad, Embedding<S>& grad_words, Out<S> d_input) const {
    return for_each_block(words, labels, smoothing, scale, tape, [&](Index first, Index n) {
      backward(words, tape.input.middleCols(first, n), tape.logits, grad, grad_words, d_input.middleCols(first, n));
    });
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b" ? ParameterRole::bias : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
  }

 private:
  /// Calls use(first, n) after each block of columns, whose gradient tape.logits holds. Returns the loss of all.
  template <class Use>
  Sum<S> for_each_block(const Embedding<S>& words, std::span<const Token> labels, S smoothing, S scale,
                        OutputTape<S>& tape, const Use& use) const {
    const Index columns = tape.input.cols();
    detail::check_count("OutputLayer.loss", "labels", labels.size(), static_cast<std::size_t>(columns));
    Sum<S> loss(0);
    for (Index i = 0; i < columns; i += block) {
      const Index n = std::min(block, columns - i);
      tape.logits.resize(output_size(), n);
      forward(words, tape.input.middleCols(i, n), tape.logits);
      loss += softmax_cross_entropy<S>(
          tape.logits, labels.subspan(static_cast<std::size_t>(i), static_cast<std::size_t>(n)), smoothing, scale);
      use(i, n);
    }
    return loss;
  }

  template <class Logits>
  void check(const char* function, const Embedding<S>& words, const char* name_features, const In<S>& features,
             const char* name_logits, const Logits& logits) const {
    detail::check_size(function, name_features, features, is_tied() ? words.size() : W.cols(), features.cols());
    detail::check_size(function, name_logits, logits, output_size(), features.cols());
    if (is_tied()) detail::check_size(function, "words.table", words.table, words.size(), output_size());
  }
};

}}  // namespace heed::v0_2
