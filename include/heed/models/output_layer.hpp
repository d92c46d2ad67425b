#pragma once

#include <heed/kernels/products.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/losses/cross_entropy.hpp>

#include <algorithm>
#include <span>
#include <string_view>

namespace heed { inline namespace v0_2 {

/// Workspace of an `OutputLayer`. Use one per thread; its buffers grow but never shrink.
template <class S>
struct OutputTape {
  Buffer<S> input, mask;  ///< features x N: the features after dropout, and the dropout mask
  Buffer<S> logits;       ///< vocabulary x n: logits of one block of columns

  /// input = dropout(features); `random` is in batch order.
  void drop(const Buffer<S>& features, const PackedBatch& packing, const Dropout<S>& dropout, RandomStreams random) {
    input.assign(features);
    mask.resize(input.rows(), input.cols());
    dropout.forward(random, packing, input, mask);
  }
};

/// Output layer: computes the logits of all words of a vocabulary.
///
///     logits = W features + b        tied: logits = table' features + b
///
/// A tied layer (Press & Wolf 2017, Inan et al. 2017) has no W. It uses the table of the target embedding, `words`, and
/// adds its gradient to the gradient of that embedding. Throws heed::Error if a size does not match.
template <class S>
struct OutputLayer {
  using Scalar = S;

  Weight<S> W;           ///< vocabulary x features; no columns if the layer is tied
  ParameterVector<S> b;  ///< vocabulary

  /// Columns of logits computed at a time: few enough to stay in the second-level cache until they are used.
  static constexpr Index block = 256;

  OutputLayer() = default;
  /// Creates a tied layer if `features` is 0.
  OutputLayer(Index features, Index vocabulary) : W(vocabulary, features), b(Vector<S>::Zero(vocabulary)) {}

  /// True if the layer uses the table of the target embedding.
  bool is_tied() const { return W.cols() == 0; }
  /// Size of the vocabulary.
  Index output_size() const { return b.size(); }

  /// Computes the logits of `features` (feature size x n). Overwrites logits (vocabulary x n). Does not allocate.
  void forward(const Embedding<S>& words, const In<S>& features, Out<S> logits) const {
    check("OutputLayer.forward", words, "features", features, "logits", logits);
    logits.colwise() = b;
    if (is_tied()) {
      add_product(words.table.transpose(), features, logits);
    } else {
      add_product(W, features, logits);
    }
  }

  /// Backward of `forward`. Adds to grad, to grad_words if the layer is tied, and to d_features.
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

  /// Returns the cross-entropy of the labels (one for each column of tape.input), summed over the columns. Overwrites
  /// tape.logits. Does not allocate once the tape has grown.
  Sum<S> loss(const Embedding<S>& words, std::span<const Token> labels, S smoothing, S scale,
              OutputTape<S>& tape) const {
    return for_each_block(words, labels, smoothing, scale, tape, [](Index, Index) {});
  }

  /// Returns the same loss as `loss`. Adds the gradient of scale * loss to grad, to grad_words if the layer is tied,
  /// and to d_input.
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
  /// Computes the loss block by block and returns the sum. Calls use(first, n) after each block, which has n columns;
  /// tape.logits then holds the gradient of their logits.
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
