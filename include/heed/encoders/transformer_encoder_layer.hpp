#pragma once

#include <heed/layers/activations.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/layer_norm.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/multi_head_attention.hpp>

namespace heed { inline namespace v0_2 {

/// The options of a `TransformerEncoderLayer`. `size` must be a multiple of `heads`.
struct TransformerEncoderLayerOptions {
  Index size = 0;           ///< rows of x and y; at least 1
  Index heads = 1;          ///< number of heads of self-attention
  Index inner_size = 0;     ///< rows of the hidden layer of the feed-forward sublayer; at least 1
  double dropout = 0;       ///< dropout rate of the output of each sublayer
  bool norm_first = false;  ///< whether layer normalisation is applied before each sublayer instead of after
  bool bias = true;         ///< whether attention, norms and linear layers have biases
  bool causal = false;      ///< if true, step t attends only to steps 0 ... t
};

/// The saved activations and temporary buffers of a `TransformerEncoderLayer`. Use one per thread. The buffers
/// only grow.
template <class S>
struct TransformerEncoderTape {
  MultiHeadTape<S> attention;                     ///< tape of self-attention
  Buffer<S> attention_saved, feed_forward_saved;  ///< saved activations of the two norms
  Buffer<S> attention_mask, feed_forward_mask;    ///< dropout masks
  Buffer<S> attention_input;                      ///< size x columns: N(x), with `norm_first` only
  Buffer<S> middle;                               ///< size x columns: m
  Buffer<S> feed_forward_input;                   ///< size x columns: N(m), with `norm_first` only
  Buffer<S> hidden;                               ///< inner x columns
  Buffer<S> d_attention_input, d_middle, d_branch, d_feed_forward_input, d_hidden;  ///< gradients
};

/// A layer of the Transformer encoder, Vaswani et al. 2017, section 3.1; PyTorch's nn.TransformerEncoderLayer.
///
///     m = N(x + self-attention(x))               y = N(m + feed(m))         without `norm_first`, as in the paper
///     m = x + self-attention(N(x))               y = m + feed(N(m))         with `norm_first`
///     feed(m) = W_outer max(W_inner m + b_inner, 0) + b_outer               (equation 2)
///
/// N is layer normalisation. In training, dropout is applied to the output of each sublayer before it is added to the
/// input, as in section 5.4 of the paper. PyTorch also applies dropout to the attention weights and to the hidden layer
/// of the feed-forward sublayer.
///
/// The columns of a sentence are adjacent, as in a memory. So layers can be stacked, and the output of the last layer
/// can be the values of a memory. The result of a sentence is bitwise identical in any batch. Throws heed::Error if a
/// size does not fit.
template <class S>
struct TransformerEncoderLayer {
  using Scalar = S;
  using Tape = TransformerEncoderTape<S>;

  MultiHeadAttention<S> attention;  ///< self_attn
  LayerNorm<S> attention_norm;      ///< norm1
  Linear<S> inner;                  ///< linear1
  Linear<S> outer;                  ///< linear2
  LayerNorm<S> feed_forward_norm;   ///< norm2
  Dropout<S> dropout;               ///< applied to the output of each sublayer
  bool norm_first = false;          ///< whether layer normalisation is applied before each sublayer instead of after

  TransformerEncoderLayer() = default;
  /// Throws heed::Error if a size or `heads` is less than 1, if `size` is not a multiple of `heads`, or if the dropout
  /// rate is not in [0, 1).
  explicit TransformerEncoderLayer(const TransformerEncoderLayerOptions& options)
      : dropout(options.dropout), norm_first(options.norm_first) {
    const Index size = options.size, inner_size = options.inner_size;
    detail::check_options("TransformerEncoderLayer", {{"size", size}, {"inner_size", inner_size}});
    attention =
        MultiHeadAttention<S>({.size = size, .heads = options.heads, .bias = options.bias, .causal = options.causal});
    attention_norm = LayerNorm<S>(size, options.bias);
    inner = Linear<S>(size, inner_size, options.bias);
    outer = Linear<S>(inner_size, size, options.bias);
    feed_forward_norm = attention_norm;
  }

  Index size() const { return attention.size(); }

  /// Overwrites y (size x columns). Dropout is applied only if `random` is given (training); its generators are in
  /// batch order. `valid` marks the columns that may be attended to, as in `MultiHeadAttention` (PyTorch's
  /// `src_key_padding_mask` and `src_mask`). Does not allocate once the tape has grown.
  void forward(const In<S>& x, const SentenceRanges& sentences, Tape& tape, Out<S> y, RandomStreams random = nullptr,
               const ValidMask& valid = {}) const {
    const Index n = sentences.columns();
    detail::check_size("TransformerEncoderLayer.forward", "x", x, size(), n);
    detail::check_size("TransformerEncoderLayer.forward", "y", y, size(), n);
    tape.attention_saved.resize(attention_norm.saved_size(), n);
    tape.feed_forward_saved.resize(feed_forward_norm.saved_size(), n);
    for (auto* const buffer : {&tape.middle, &tape.attention_mask, &tape.feed_forward_mask}) buffer->resize(size(), n);
    tape.hidden.resize(inner.output_size(), n);

    if (norm_first) {
      tape.attention_input.resize(size(), n);
      attention_norm.forward(x, tape.attention_input, tape.attention_saved);
    }
    attention.forward(attention_input(x, tape), sentences, tape.attention, tape.middle, valid);
    dropout.forward(random, sentences, tape.middle, tape.attention_mask);
    tape.middle += x;
    if (norm_first) {
      tape.feed_forward_input.resize(size(), n);
      feed_forward_norm.forward(tape.middle, tape.feed_forward_input, tape.feed_forward_saved);
    } else {
      attention_norm.forward(tape.middle, tape.middle, tape.attention_saved);
    }

    inner.forward(feed_forward_input(tape), tape.hidden);
    Relu::forward(tape.hidden);
    outer.forward(tape.hidden, y);
    dropout.forward(random, sentences, y, tape.feed_forward_mask);
    y += tape.middle;
    if (!norm_first) feed_forward_norm.forward(y, y, tape.feed_forward_saved);
  }

  /// Adds to grad and d_x. Pass the same arguments as to forward.
  void backward(const In<S>& x, const SentenceRanges& sentences, Tape& tape, const In<S>& d_y,
                TransformerEncoderLayer& grad, Out<S> d_x, RandomStreams random = nullptr) const {
    const char* const name = "TransformerEncoderLayer.backward";
    const Index n = sentences.columns();
    detail::check_size(name, "x", x, size(), n);
    detail::check_size(name, "tape.attention_saved", tape.attention_saved, attention_norm.saved_size(), n);
    detail::check_size(name, "tape.feed_forward_saved", tape.feed_forward_saved, feed_forward_norm.saved_size(), n);
    detail::check_size(name, "tape.middle", tape.middle, size(), n);
    detail::check_size(name, "tape.hidden", tape.hidden, inner.output_size(), n);
    if (norm_first) detail::check_size(name, "tape.attention_input", tape.attention_input, size(), n);
    if (norm_first) detail::check_size(name, "tape.feed_forward_input", tape.feed_forward_input, size(), n);
    detail::check_size(name, "d_y", d_y, size(), n);
    detail::check_size(name, "d_x", d_x, size(), n);
    detail::check_grad(name, *this, grad);
    if (norm_first) {
      tape.d_middle.assign(d_y);  // was: y = m + ...
    } else {
      norm_backward(feed_forward_norm, tape.feed_forward_saved, d_y, grad.feed_forward_norm, tape.d_middle);
    }
    tape.d_branch.assign(tape.d_middle);
    dropout.backward(random, tape.feed_forward_mask, tape.d_branch);
    feed_backward(tape, grad);  // was: feed(.)
    if (norm_first) {
      feed_forward_norm.accumulate(tape.feed_forward_saved, tape.d_feed_forward_input, grad.feed_forward_norm);
      feed_forward_norm.backward(tape.feed_forward_saved, tape.d_feed_forward_input, tape.d_middle);  // was: N(m)
      tape.d_branch.assign(tape.d_middle);
    } else {
      tape.d_middle += tape.d_feed_forward_input;
      norm_backward(attention_norm, tape.attention_saved, tape.d_middle, grad.attention_norm, tape.d_branch);
    }
    d_x += tape.d_branch;  // was: x + ...
    dropout.backward(random, tape.attention_mask, tape.d_branch);
    tape.d_attention_input.resize(x.rows(), x.cols());
    tape.d_attention_input.setZero();
    attention.backward(attention_input(x, tape), sentences, tape.attention, tape.d_branch, grad.attention,
                       tape.d_attention_input);
    if (norm_first) {
      attention_norm.accumulate(tape.attention_saved, tape.d_attention_input, grad.attention_norm);
      attention_norm.backward(tape.attention_saved, tape.d_attention_input, d_x);  // was: N(x)
    } else {
      d_x += tape.d_attention_input;
    }
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("attention", self.attention...);
    visit("attention_norm", self.attention_norm...);
    visit("inner", self.inner...);
    visit("outer", self.outer...);
    visit("feed_forward_norm", self.feed_forward_norm...);
    visit("dropout", self.dropout...);
    visit("norm_first", self.norm_first...);
  }

 private:
  /// The inputs of the two sublayers.
  In<S> attention_input(const In<S>& x, const Tape& tape) const { return norm_first ? In<S>(tape.attention_input) : x; }
  In<S> feed_forward_input(const Tape& tape) const { return norm_first ? tape.feed_forward_input : tape.middle; }

  /// Backward of a norm. Adds to grad. Overwrites d_x, which must not be d_y.
  static void norm_backward(const LayerNorm<S>& norm, const Buffer<S>& saved, const In<S>& d_y, LayerNorm<S>& grad,
                            Buffer<S>& d_x) {
    d_x.resize(d_y.rows(), d_y.cols());
    d_x.setZero();
    norm.accumulate(saved, d_y, grad);
    norm.backward(saved, d_y, d_x);
  }

  /// Backward of the feed-forward sublayer, from tape.d_branch. Adds to grad. Overwrites tape.d_feed_forward_input.
  void feed_backward(Tape& tape, TransformerEncoderLayer& grad) const {
    tape.d_hidden.resize(tape.hidden.rows(), tape.hidden.cols());
    tape.d_hidden.setZero();
    tape.d_feed_forward_input.resize(size(), tape.hidden.cols());
    tape.d_feed_forward_input.setZero();
    outer.accumulate(tape.hidden, tape.d_branch, grad.outer);
    outer.backward(tape.d_branch, tape.d_hidden);
    Relu::backward(tape.hidden, tape.d_hidden);
    inner.accumulate(feed_forward_input(tape), tape.d_hidden, grad.inner);
    inner.backward(tape.d_hidden, tape.d_feed_forward_input);
  }
};

}}  // namespace heed::v0_2
