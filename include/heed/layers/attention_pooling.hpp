#pragma once

#include <heed/core/parameters.hpp>
#include <heed/core/sentence_ranges.hpp>
#include <heed/kernels/products.hpp>
#include <heed/kernels/transposed_product.hpp>
#include <heed/kernels/weighted_sum.hpp>
#include <heed/layers/activations.hpp>

namespace heed { inline namespace v0_2 {

/// Workspace of `AttentionPooling`: saved activations and temporary gradients. Use one per thread. Buffers never
/// shrink.
template <class S>
struct AttentionPoolingTape {
  Buffer<S> z;               ///< alignment x columns
  Buffer<S> weights;         ///< columns x 1: the weights of sentence b begin at row starts[b] and sum to 1
  Buffer<S> d_z, d_weights;  ///< gradients of z and of the weights, for backward
};

/// Pools each sentence into one vector: Yang et al. 2016 (hierarchical attention networks), equations 5 to 7.
///
///     z_j = tanh(W h_j + b)        weights = softmax(v' z_j)        pooled = sum_j weights_j h_j
///
/// This is additive attention (scorers/additive.hpp) with a constant query, whose projection is part of b. There is
/// only one query, so keys are not stored as exponentials and z is computed directly. Throws heed::Error if a size does
/// not fit.
template <class S, int Size = Dynamic, int Alignment = Dynamic>
struct AttentionPooling {
  using Scalar = S;
  using Tape = AttentionPoolingTape<S>;

  Weight<S, Alignment, Size> W;     ///< alignment x size (W_w)
  ParameterVector<S> b;             ///< alignment (b_w)
  ParameterVector<S, Alignment> v;  ///< alignment (u_w)

  AttentionPooling() : AttentionPooling(Size == Dynamic ? 0 : Size, Alignment == Dynamic ? 0 : Alignment) {}
  AttentionPooling(Index size, Index alignment)
      : W(alignment, size), b(Vector<S>::Zero(alignment)), v(Vector<S, Alignment>::Zero(alignment)) {}

  Index size() const { return W.cols(); }

  /// Overwrites pooled (size x sentences). values: size x columns. Does not allocate once the tape is large enough.
  void forward(const In<S, Size>& values, const SentenceRanges& sentences, Tape& tape, Out<S, Size> pooled) const {
    detail::check_size("AttentionPooling.forward", "values", values, size(), sentences.columns());
    detail::check_size("AttentionPooling.forward", "pooled", pooled, size(), sentences.sentences());
    tape.z.resize(W.rows(), values.cols());
    tape.weights.resize(values.cols(), 1);
    tape.z.colwise() = b;
    add_product(W, values, tape.z);
    Tanh::forward(tape.z);
    for (Index s = 0; s < sentences.sentences(); ++s) {
      const Index start = sentences.start(s), length = sentences.length(s);
      auto weights = tape.weights.middleRows(start, length);
      detail::TransposedProduct<S>::set(W.rows(), length, 1, detail::columns_of(tape.z).from(start),
                                        detail::columns_of(v), detail::columns_of(weights));
      softmax(weights);
      detail::WeightedSum<S>::add(size(), length, 1, detail::columns_of(values).from(start),
                                  detail::columns_of(weights), detail::columns_of(pooled.col(s)), true);
    }
  }

  /// Adds to grad and d_values. Pass the same `values`, `sentences` and `tape` as to `forward`.
  void backward(const In<S, Size>& values, const SentenceRanges& sentences, Tape& tape, const In<S, Size>& d_pooled,
                AttentionPooling& grad, Out<S, Size> d_values) const {
    const char* const name = "AttentionPooling.backward";
    detail::check_size(name, "values", values, size(), sentences.columns());
    detail::check_size(name, "tape.z", tape.z, W.rows(), values.cols());
    detail::check_size(name, "tape.weights", tape.weights, values.cols(), 1);
    detail::check_size(name, "d_pooled", d_pooled, size(), sentences.sentences());
    detail::check_size(name, "d_values", d_values, size(), values.cols());
    detail::check_grad(name, *this, grad);
    if (values.cols() == 0) return;
    tape.d_weights.resize(values.cols(), 1);
    tape.d_z.resize(W.rows(), values.cols());
    for (Index s = 0; s < sentences.sentences(); ++s) {
      const Index start = sentences.start(s), length = sentences.length(s);
      const auto weights = tape.weights.middleRows(start, length);
      auto d = tape.d_weights.middleRows(start, length);
      const auto d_sum = detail::columns_of(d_pooled.col(s));
      detail::TransposedProduct<S>::set(size(), length, 1, detail::columns_of(values).from(start), d_sum,
                                        detail::columns_of(d));  // was: pooled
      detail::WeightedSum<S>::backward(size(), length, 1, d_sum, detail::columns_of(weights),
                                       detail::columns_of(d_values).from(start));  // was: pooled
      softmax_backward(weights, d);                                                // was: weights
    }
    grad.v.noalias() += tape.z * tape.d_weights;          // was: v' z
    tape.d_z.noalias() = v * tape.d_weights.transpose();  // was: v' z
    Tanh::backward(tape.z, tape.d_z);                     // was: z = tanh(.)
    add_outer_product(tape.d_z, values, grad.W);          // was: W h + b
    grad.b += tape.d_z.rowwise().sum();                   // was: W h + b
    add_product_backward(W, tape.d_z, d_values);          // was: W h + b
  }

  static constexpr ParameterRole role(std::string_view name) {
    return name == "b" ? ParameterRole::bias : ParameterRole::weight;
  }

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("W", self.W...);
    visit("b", self.b...);
    visit("v", self.v...);
  }
};

}}  // namespace heed::v0_2
