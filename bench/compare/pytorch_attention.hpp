#pragma once

#include "attention.hpp"
#include "pytorch_tensors.hpp"

#include <string>

namespace compare {

/// One attention step with PyTorch's operations. All results and views are allocated before the measurement. New
/// tensors in every call would take longer than the arithmetic of a short memory, and longer still for a long memory,
/// because the system has to provide the pages.
template <class C>
class PytorchAttention {
 public:
  explicit PytorchAttention(const AttentionStep<C>& step)
      : W_(transposed_view(step.W)),
        queries_(transposed_view(step.queries)),
        projected_(at::empty_like(queries_)),
        weights_(at::empty({step.batch, step.length})),
        contexts_(at::empty({step.batch, step.size})) {
    const auto values = transposed_view(step.values).view({step.batch, step.length, step.size});
    context_ = Products(weights_, values, contexts_);
    if constexpr (AttentionStep<C>::has_keys) {
      keys_ = transposed_view(step.keys).view(values.sizes());
      spread_ = projected_.unsqueeze(1);
      tile_ = at::empty_like(keys_);
      tile_rows_ = tile_.view({-1, step.size});
      scores_ = weights_.view(-1);
      v_ = view(step.v);
    } else {
      if (step.W.size() > 0) {
        W_ = W_.t().contiguous();  // projected = W' q
      } else {
        projected_ = queries_;
      }
      match_ = Products(projected_, values.transpose(1, 2), weights_);
    }
  }

  void operator()() {
    if (W_.numel() > 0) at::mm_out(projected_, queries_, W_);
    if constexpr (AttentionStep<C>::has_keys) {
      at::add_out(tile_, keys_, spread_);
      tile_.tanh_();
      at::mv_out(scores_, tile_rows_, v_);
    } else {
      match_();
    }
    at::softmax_out(weights_, weights_, 1);
    context_();
  }

  const float* weights() const { return weights_.const_data_ptr<float>(); }
  const float* contexts() const { return contexts_.const_data_ptr<float>(); }

 private:
  /// Batched product: row b of the result is row b of x times matrix b.
  class Products {
   public:
    Products() = default;
    Products(const at::Tensor& x, const at::Tensor& matrices, const at::Tensor& result) : one_(x.size(0) == 1) {
      x_ = one_ ? x[0] : x.unsqueeze(1);
      matrices_ = one_ ? matrices[0].t() : matrices;
      result_ = one_ ? result[0] : result.unsqueeze(1);
    }

    void operator()() {
      if (one_) {
        at::mv_out(result_, matrices_, x_);
      } else {
        at::bmm_out(result_, x_, matrices_);
      }
    }

   private:
    bool one_ = false;
    at::Tensor x_, matrices_, result_;
  };

  at::Tensor W_, queries_, projected_, weights_, contexts_;
  at::Tensor keys_, spread_, tile_, tile_rows_, scores_, v_;
  Products match_, context_;
};

/// The step with the dot scorer as PyTorch's fused attention, which does not return the weights.
class PytorchFusedAttention {
 public:
  explicit PytorchFusedAttention(const AttentionStep<heed::DotScorer<float>>& step)
      : values_(transposed_view(step.values).view({step.batch, 1, step.length, step.size})),
        queries_(transposed_view(step.queries).view({step.batch, 1, 1, step.size})) {}

  void operator()() {
    constexpr double dropout = 0, scale = 1;
    contexts_ = at::scaled_dot_product_attention(queries_, values_, values_, {}, dropout, false, scale);
  }

  Eigen::Map<const Matrix> contexts() const {
    return {contexts_.const_data_ptr<float>(), values_.size(3), values_.size(0)};
  }

 private:
  at::Tensor values_, queries_, contexts_;
};

inline void add_pytorch_attention(Comparison& comparison) {
  for_each_attention_step(comparison, [&]<class C>(AttentionStep<C>& step) {
    PytorchAttention<C> rival(step);
    comparison.add(step.contest(
        "pytorch", [&] { rival(); }, rival.weights(), rival.contexts()));
    if constexpr (std::is_same_v<C, heed::DotScorer<float>>) {
      if (step.bfloat16) return;
      PytorchFusedAttention fused(step);
      Contest contest = step.contest(
          "pytorch", [&] { fused(); }, nullptr, nullptr);
      contest.workload += "/fused";
      contest.family += " (fused)";
      contest.difference = [&] { return difference(step.contexts(), fused.contexts()); };
      comparison.add(contest);
    }
  });
}

}  // namespace compare
