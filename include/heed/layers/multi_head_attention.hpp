#pragma once

#include <heed/core/parameters.hpp>
#include <heed/core/sentence_ranges.hpp>
#include <heed/core/valid_mask.hpp>
#include <heed/kernels/dot.hpp>
#include <heed/kernels/products.hpp>
#include <heed/layers/activations.hpp>

#include <cmath>
#include <string>

namespace heed { inline namespace v0_2 {

/// Options of `MultiHeadAttention`. The size must be divisible by the number of heads.
struct MultiHeadAttentionOptions {
  Index size = 0;       ///< rows of x, h and y; 1 or more
  Index heads = 1;      ///< number of heads, 1 or more
  bool bias = true;     ///< whether to add the biases b and b_out
  bool causal = false;  ///< if true, the query of step t attends only to steps 0 ... t
};

/// Workspace of `MultiHeadAttention`: saved activations and temporary gradients, for n queries and m memory columns.
/// Use one per thread. Buffers never shrink.
template <class S>
struct MultiHeadTape {
  Buffer<S> queries;   ///< size x n: (W_q x + b_q) / sqrt(size / heads)
  Buffer<S> memory;    ///< 2 size x m: keys W_k h + b_k above values W_v h + b_v
  Buffer<S> weights;   ///< longest x heads n: head k of query i is column k n + i; 0 where query i does not attend
  Buffer<S> contexts;  ///< size x n: the contexts of all heads, stacked by rows
  Buffer<S> d_queries, d_memory, d_weights, d_contexts;  ///< for backward
};

/// Multi-head attention, Vaswani et al. 2017, section 3.2.2; PyTorch's nn.MultiheadAttention.
///
///     q = W_q x + b_q      k_j = W_k h_j + b_k        v_j = W_v h_j + b_v        each split by rows into `heads` heads
///     in each head         weights = softmax_j(q' k_j / sqrt(size / heads))      context = sum_j weights_j v_j
///     y = W_out [context of head 0; context of head 1; ...] + b_out
///
/// Sentence s of x (the queries) attends to sentence s of h (the memory). If x is h, this is self-attention. In causal
/// attention, step t attends only to steps 0 ... t, and its result does not depend on later steps, bit for bit. A
/// `ValidMask` excludes memory columns, for all queries (PyTorch's `key_padding_mask`) or for each query (`attn_mask`).
/// Shapes: x size x n, h size x m, y size x n. Throws heed::Error if a size does not fit, or if the mask excludes all
/// memory columns that a query could attend to.
template <class S, int Size = Dynamic>
struct MultiHeadAttention {
  using Scalar = S;
  using Tape = MultiHeadTape<S>;

  Parameter<S, detail::times(3, Size), Size> W;  ///< 3 size x size: rows of q, k, v (in_proj_weight)
  ParameterVector<S> b;                          ///< 3 size, or empty: no bias (in_proj_bias)
  Parameter<S, Size, Size> W_out;                ///< size x size (out_proj.weight)
  ParameterVector<S> b_out;                      ///< size, or empty: no bias (out_proj.bias)
  Index heads = 1;                               ///< number of heads; each uses size / heads rows
  bool causal = false;                           ///< if true, the query of step t attends only to steps 0 ... t

  MultiHeadAttention() {
    if constexpr (Size != Dynamic) *this = MultiHeadAttention({.size = Size});
  }
  /// Throws heed::Error unless size and heads are 1 or more and size is divisible by heads.
  explicit MultiHeadAttention(const MultiHeadAttentionOptions& options) : heads(options.heads), causal(options.causal) {
    const Index size = options.size;
    detail::check_options("MultiHeadAttention", {{"size", size}});
    require(heads >= 1 && size % heads == 0, [&] {
      return "MultiHeadAttention: heads must be at least 1 and divide size (" + std::to_string(size) + "), got " +
             std::to_string(heads);
    });
    W.setZero(3 * size, size);
    b.setZero(options.bias ? 3 * size : 0);
    W_out.setZero(size, size);
    b_out.setZero(options.bias ? size : 0);
  }

  Index size() const { return W_out.rows(); }

  /// Overwrites y. Does not allocate once the tape is large enough.
  void forward(const In<S, Size>& x, const SentenceRanges& queries, const In<S, Size>& h, const SentenceRanges& memory,
               Tape& tape, Out<S, Size> y, const ValidMask& valid = {}) const {
    const char* const name = "MultiHeadAttention.forward";
    check(name, x, queries, h, memory);
    detail::check_size(name, "y", y, size(), x.cols());
    valid.check(name, h.cols(), memory.longest(), x.cols());
    const Index n = x.cols(), rows = memory.longest();
    project(0, size(), x, tape.queries);
    tape.queries *= scale();
    project(size(), 2 * size(), h, tape.memory);
    tape.weights.resize(rows, heads * n);
    tape.contexts.resize(size(), n);
    tape.contexts.setZero();
    for_each_attention(queries, memory, [&](Index head, Index i, Index count, Index j, Index length) {
      const Index step = causal ? 1 : count;
      for (Index t = 0; t < count; t += step) {
        const Index seen = causal ? t + 1 : length;
        auto weights = tape.weights.block(0, head * n + i + t, seen, step);
        Dot::score(piece(tape.queries, head, i + t, step), piece(tape.memory, head, j, seen), weights);
        valid.exclude(name, j, i + t, weights);
        softmax(weights);
        add_product(piece(tape.memory, heads + head, j, seen), weights, piece(tape.contexts, head, i + t, step));
        tape.weights.block(seen, head * n + i + t, rows - seen, step).setZero();
      }
    });
    set_bias(b_out, y);
    add_product(W_out, tape.contexts, y);
  }
  /// Self-attention.
  void forward(const In<S, Size>& x, const SentenceRanges& sentences, Tape& tape, Out<S, Size> y,
               const ValidMask& valid = {}) const {
    forward(x, sentences, x, sentences, tape, y, valid);
  }

  /// Averages the weights over the heads, after `forward`. Overwrites `mean` (longest sentence of the memory x n). Each
  /// column sums to 1 and is zero below the end of its sentence. Does not allocate.
  void mean_weights(const Tape& tape, Out<S> mean) const {
    const Index n = tape.queries.cols();
    detail::check_size("MultiHeadAttention.mean_weights", "tape.weights", tape.weights, tape.weights.rows(), heads * n);
    detail::check_size("MultiHeadAttention.mean_weights", "mean", mean, tape.weights.rows(), n);
    mean = tape.weights.leftCols(n);
    for (Index head = 1; head < heads; ++head) mean += tape.weights.middleCols(head * n, n);
    mean /= detail::number<S>(heads);
  }

  /// Adds to grad, d_x and d_h; d_x and d_h may be the same matrix. Pass the arguments of `forward` again.
  void backward(const In<S, Size>& x, const SentenceRanges& queries, const In<S, Size>& h, const SentenceRanges& memory,
                Tape& tape, const In<S, Size>& d_y, MultiHeadAttention& grad, Out<S, Size> d_x,
                Out<S, Size> d_h) const {
    const char* const name = "MultiHeadAttention.backward";
    const Index n = x.cols();
    check(name, x, queries, h, memory);
    detail::check_size(name, "tape.queries", tape.queries, size(), n);
    detail::check_size(name, "tape.memory", tape.memory, 2 * size(), h.cols());
    detail::check_size(name, "tape.weights", tape.weights, memory.longest(), heads * n);
    detail::check_size(name, "tape.contexts", tape.contexts, size(), n);
    detail::check_size(name, "d_y", d_y, size(), n);
    detail::check_size(name, "d_x", d_x, size(), n);
    detail::check_size(name, "d_h", d_h, size(), h.cols());
    detail::check_grad(name, *this, grad);
    if (n == 0) return;
    tape.d_contexts.resize(size(), n);
    tape.d_queries.resize(size(), n);
    tape.d_memory.resize(2 * size(), h.cols());
    tape.d_weights.resize(tape.weights.rows(), n);
    tape.d_contexts.setZero();
    tape.d_queries.setZero();
    tape.d_memory.setZero();
    add_outer_product(d_y, tape.contexts, grad.W_out);    // was: y = W_out contexts + b_out
    if (b.size() > 0) grad.b_out += d_y.rowwise().sum();  // was: y = W_out contexts + b_out
    add_product_backward(W_out, d_y, tape.d_contexts);    // was: y = W_out contexts + b_out
    for_each_attention(queries, memory, [&](Index head, Index i, Index count, Index j, Index length) {
      const auto weights = tape.weights.block(0, head * n + i, length, count);
      auto d = tape.d_weights.block(0, i, length, count);
      const auto d_context = piece(tape.d_contexts, head, i, count);
      Dot::score(d_context, piece(tape.memory, heads + head, j, length), d);                             // was: context
      add_outer_product(d_context, weights, piece(tape.d_memory, heads + head, j, length));              // was: context
      softmax_backward(weights, d);                                                                      // was: weights
      add_product(piece(tape.memory, head, j, length), d, piece(tape.d_queries, head, i, count));        // was: q' k_j
      add_outer_product(piece(tape.queries, head, i, count), d, piece(tape.d_memory, head, j, length));  // was: q' k_j
    });
    project_backward(size(), 2 * size(), h, tape.d_memory, grad, d_h);  // was: [k; v] = ...
    tape.d_queries *= scale();                                          // was: q / sqrt(size / heads)
    project_backward(0, size(), x, tape.d_queries, grad, d_x);          // was: q = ...
  }
  /// Backward of self-attention.
  void backward(const In<S, Size>& x, const SentenceRanges& sentences, Tape& tape, const In<S, Size>& d_y,
                MultiHeadAttention& grad, Out<S, Size> d_x) const {
    backward(x, sentences, x, sentences, tape, d_y, grad, d_x, d_x);
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b" || name == "b_out" ? ParameterRole::bias : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("W_out", self.W_out...);
    visit("b_out", self.b_out...);
    visit("heads", self.heads...);
    visit("causal", self.causal...);
  }

 private:
  using Dot = detail::DotKernel<S, Dynamic>;

  S scale() const {
    using std::sqrt;
    return S(1) / sqrt(detail::number<S>(size() / heads));
  }

  template <class B, class Y>
  static void set_bias(const B& bias, Y&& y) {
    if (bias.size() > 0) {
      y.colwise() = bias;
    } else {
      y.setZero();
    }
  }

  /// to = rows first ... first + rows - 1 of W x + b.
  void project(Index first, Index rows, const In<S, Size>& x, Buffer<S>& to) const {
    to.resize(rows, x.cols());
    set_bias(b.segment(b.size() > 0 ? first : 0, b.size() > 0 ? rows : 0), to);
    add_product(W.middleRows(first, rows), x, to);
  }
  void project_backward(Index first, Index rows, const In<S, Size>& x, const Buffer<S>& d, MultiHeadAttention& grad,
                        Out<S, Size> d_x) const {
    add_outer_product(d, x, grad.W.middleRows(first, rows));
    if (b.size() > 0) grad.b.segment(first, rows) += d.rowwise().sum();
    add_product_backward(W.middleRows(first, rows), d, d_x);
  }

  /// The rows of a head in columns i ... i + count - 1 of the queries, the contexts, or the keys in `tape.memory`. The
  /// values in `tape.memory` are below the keys: pass `heads + head` for them.
  template <class X>
  auto piece(X& x, Index head, Index i, Index count) const {
    const Index depth = size() / heads;
    return x.block(head * depth, i, depth, count);
  }

  /// Calls use(head, first query, number of queries, first key, number of keys) for every head of every sentence.
  template <class Use>
  void for_each_attention(const SentenceRanges& queries, const SentenceRanges& memory, const Use& use) const {
    for (Index s = 0; s < queries.sentences(); ++s) {
      for (Index head = 0; head < heads; ++head) {
        use(head, queries.start(s), queries.length(s), memory.start(s), memory.length(s));
      }
    }
  }

  void check(const char* function, const In<S, Size>& x, const SentenceRanges& queries, const In<S, Size>& h,
             const SentenceRanges& memory) const {
    detail::check_size(function, "x", x, size(), queries.columns());
    detail::check_size(function, "h", h, size(), memory.columns());
    detail::check_number(function, "memory", memory.sentences(), queries.sentences(), "sentences");
    for (Index s = 0; causal && s < queries.sentences(); ++s) {
      require(queries.length(s) == memory.length(s), [&] {
        return "MultiHeadAttention: causal attention needs as many keys as queries, but sentence " + std::to_string(s) +
               " has " + std::to_string(queries.length(s)) + " queries and " + std::to_string(memory.length(s)) +
               " keys";
      });
    }
  }
};

}}  // namespace heed::v0_2
