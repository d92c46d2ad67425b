#pragma once

#include "pytorch_translator.hpp"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstddef>
#include <optional>

namespace compare {

/// Adam of torch.optim for the parameters of a translator, after gradient clipping of torch.nn.utils.clip_grad_norm_.
/// The variant `tuned` is the fused Adam, which also scales the gradient.
class PytorchAdam {
 public:
  /// If `clip` is 0, the gradient is not clipped.
  PytorchAdam(const PytorchTranslator& model, Wiring wiring, double rate, double clip = 0)
      : wiring_(wiring), rate_(rate), clip_(clip) {
    for (const auto& [name, parameter] : model.parameters()) {
      parameters_.push_back(parameter);
      first_.push_back(at::zeros_like(parameter));
      second_.push_back(at::zeros_like(parameter));
      updates_.push_back(at::zeros({}));
    }
  }

  /// One update with the gradient of `loss()`. Returns the loss.
  double update(const auto& loss) {
    for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
    const at::Tensor mean = loss();
    mean.backward();
    const at::NoGradGuard no_gradient;
    step();
    return mean.item<double>();
  }

 private:
  static constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

  void step() {
    PytorchTranslator::Tensors gradients;
    for (const at::Tensor& parameter : parameters_) gradients.push_back(parameter.grad());
    std::optional<at::Tensor> divisor;
    if (clip_ > 0) {
      const auto norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
      divisor = at::clamp_min((norm + 1e-6) / clip_, 1);
    }
    if (wiring_ == Wiring::tuned) {
      at::_foreach_add_(updates_, 1);
      at::_fused_adam_(parameters_, gradients, first_, second_, {}, updates_, rate_, beta1, beta2, 0, epsilon, false,
                       false, divisor);
    } else {
      if (divisor) at::_foreach_mul_(gradients, divisor->reciprocal());
      for (std::size_t i = 0; i < parameters_.size(); ++i) step(i);
    }
  }

  /// Updates one parameter as torch.optim.Adam does on a CPU.
  void step(std::size_t i) {
    const double t = updates_[i].add_(1).item<double>();
    const at::Tensor gradient = parameters_[i].grad();
    first_[i].lerp_(gradient, 1 - beta1);
    second_[i].mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
    const auto root = second_[i].sqrt().div_(std::sqrt(1 - std::pow(beta2, t))).add_(epsilon);
    parameters_[i].addcdiv_(first_[i], root, -rate_ / (1 - std::pow(beta1, t)));
  }

  Wiring wiring_;
  double rate_, clip_;
  PytorchTranslator::Tensors parameters_, first_, second_, updates_;
};

}  // namespace compare
