#include <heed/training/optimizers.hpp>

#include <heed/layers/linear.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

namespace optimizers_test {

using heed::Index;
using Model = heed::Linear<double>;

Model random_model(std::uint64_t seed) {
  heed::Random random(seed);
  Model model(3, 2);
  randomize(model, random);
  return model;
}

/// Makes ten updates with fixed gradients, and the same updates with a scalar loop over `next(x, d)` for each
/// parameter. Returns the largest difference.
template <class Optimizer, class MakeScalar>
double distance_from_scalar(Optimizer optimizer, const MakeScalar& make_scalar) {
  Model model = random_model(1);
  Model expected = model;
  for (int i = 0; i < 10; ++i) optimizer.update(model, random_model(100 + static_cast<std::uint64_t>(i)));

  std::vector<Model> gradients;
  for (int i = 0; i < 10; ++i) gradients.push_back(random_model(100 + static_cast<std::uint64_t>(i)));
  const auto update_scalar = [&](double& x, auto&& gradient_at) {
    auto next = make_scalar();
    for (const Model& grad : gradients) x = next(x, gradient_at(grad));
  };
  for (Index i = 0; i < expected.W.size(); ++i) {
    update_scalar(expected.W.edit().data()[i], [&](const Model& grad) { return grad.W.values().data()[i]; });
  }
  for (Index i = 0; i < expected.b.size(); ++i) {
    update_scalar(expected.b.data()[i], [&](const Model& grad) { return grad.b.data()[i]; });
  }
  return part_difference(model, expected);
}

auto scalar_sgd(double rate, double momentum) {
  return [=] {
    return [=, v = 0.0](double x, double d) mutable {
      v = momentum * v + d;
      return x - rate * v;
    };
  };
}

/// PyTorch's rule for AdamW: param.mul_(1 - lr * weight_decay) before the step of Adam.
auto scalar_adam(double rate, double beta1, double beta2, double epsilon, double decay = 0) {
  return [=] {
    return [=, m = 0.0, v = 0.0, t = 0](double x, double d) mutable {
      ++t;
      x *= 1 - rate * decay;
      m = beta1 * m + (1 - beta1) * d;
      v = beta2 * v + (1 - beta2) * d * d;
      const double m_hat = m / (1 - std::pow(beta1, t)), v_hat = v / (1 - std::pow(beta2, t));
      return x - rate * m_hat / (std::sqrt(v_hat) + epsilon);
    };
  };
}

TEST(Sgd, MatchesScalarLoop) {
  EXPECT_LE(distance_from_scalar(heed::Sgd<Model>(random_model(1), 0.05), scalar_sgd(0.05, 0)), 1e-15);
}

TEST(Sgd, MatchesScalarLoopWithMomentum) {
  EXPECT_LE(distance_from_scalar(heed::Sgd<Model>(random_model(1), 0.05, 0.9), scalar_sgd(0.05, 0.9)), 1e-14);
}

TEST(Adadelta, MatchesScalarLoop) {
  const auto scalar_adadelta = [](double rate, double rho, double epsilon) {
    return [=] {
      return [=, v = 0.0, u = 0.0](double x, double d) mutable {
        v = rho * v + (1 - rho) * d * d;
        const double step = std::sqrt(u + epsilon) / std::sqrt(v + epsilon) * d;
        u = rho * u + (1 - rho) * step * step;
        return x - rate * step;
      };
    };
  };
  EXPECT_LE(distance_from_scalar(heed::Adadelta<Model>(random_model(1)), scalar_adadelta(1, 0.95, 1e-6)), 1e-14);
  EXPECT_LE(
      distance_from_scalar(heed::Adadelta<Model>(random_model(1), 0.5, 0.8, 1e-3), scalar_adadelta(0.5, 0.8, 1e-3)),
      1e-14);
}

TEST(Adam, MatchesScalarLoop) {
  EXPECT_LE(distance_from_scalar(heed::Adam<Model>(random_model(1)), scalar_adam(1e-3, 0.9, 0.999, 1e-8)), 1e-14);
  EXPECT_LE(
      distance_from_scalar(heed::Adam<Model>(random_model(1), 0.2, 0.5, 0.7, 0.1), scalar_adam(0.2, 0.5, 0.7, 0.1)),
      1e-14);
}

TEST(Adam, MatchesScalarLoopWithWeightDecay) {
  const heed::Adam<Model> adam(random_model(1), 0.2, 0.9, 0.999, 1e-8, 0.3);
  EXPECT_LE(distance_from_scalar(adam, scalar_adam(0.2, 0.9, 0.999, 1e-8, 0.3)), 1e-14);
  EXPECT_GT(distance_from_scalar(adam, scalar_adam(0.2, 0.9, 0.999, 1e-8)), 1e-2);
}

TEST(Adam, WeightDecayIsGeometricWithoutGradient) {
  Model model = random_model(1);
  const Model before = model;
  heed::Adam<Model> adam(model, 0.5, 0.9, 0.999, 1e-8, 0.1);
  for (int i = 0; i < 3; ++i) adam.update(model, heed::zeros_like(model));
  EXPECT_LE(difference(model.W.values(), std::pow(1 - 0.5 * 0.1, 3) * before.W.values()), 1e-15);
  EXPECT_LE(difference(model.b, std::pow(1 - 0.5 * 0.1, 3) * before.b), 1e-15);
}

TEST(Adam, FirstStepEqualsLearningRate) {
  Model model = random_model(1);
  const Model before = model, grad = random_model(2);
  heed::Adam<Model> adam(model, 0.25);
  adam.update(model, grad);
  const heed::Matrix<double> expected = before.W.values().array() - 0.25 * grad.W.values().array().sign();
  EXPECT_LE(difference(model.W.values(), expected), 1e-6);
}

/// Compares two full updates with two updates in three shares, which scale the gradient themselves.
template <class Optimizer>
void expect_shares_match_full_update(Optimizer whole) {
  Optimizer shared = whole;
  Model model = random_model(1), same = model;
  for (int i = 0; i < 2; ++i) {
    const Model grad = random_model(5);
    Model half = grad;
    heed::scale(half, 0.5);
    whole.update(model, half);
    shared.begin_update();
    for (Index k = 0; k < 3; ++k) shared.update_share(same, grad, {k, 3}, 0.5);
  }
  EXPECT_EQ(same.W.values(), model.W.values());
  EXPECT_EQ(same.b, model.b);
  EXPECT_NE(model.W.values(), random_model(1).W.values());
}

TEST(Adadelta, SharedUpdatesMatchFullUpdate) {
  expect_shares_match_full_update(heed::Adadelta<Model>(random_model(1), 0.5, 0.9));
}

TEST(Adam, SharedUpdatesMatchFullUpdate) { expect_shares_match_full_update(heed::Adam<Model>(random_model(1), 0.1)); }

TEST(Sgd, SharedUpdatesMatchFullUpdate) {
  expect_shares_match_full_update(heed::Sgd<Model>(random_model(1), 0.1, 0.9));
}

TEST(ClipByGlobalNorm, ScalesTheWholeGradientByOneFactor) {
  const Model before = random_model(3);
  const double norm = std::sqrt(before.W.values().squaredNorm() + before.b.squaredNorm());
  for (const double maximum : {0.1, 0.5 * norm, norm}) {
    Model grad = before;
    EXPECT_NEAR(heed::clip_by_global_norm(grad, maximum), norm, 1e-14);
    const double factor = std::min(1.0, maximum / (norm + 1e-6));
    EXPECT_LT(factor, 1);
    EXPECT_LE(difference(grad.W.values(), before.W.values() * factor), 1e-15);
    EXPECT_LE(difference(grad.b, before.b * factor), 1e-15);
  }
}

TEST(ClipByGlobalNorm, LeavesSmallGradientsUnchanged) {
  const Model before = random_model(3);
  Model grad = before;
  heed::clip_by_global_norm(grad, 100);
  EXPECT_EQ(grad.W.values(), before.W.values());
  EXPECT_EQ(grad.b, before.b);
}

TEST(ClipByGlobalNorm, MaximumOfZeroOnlyComputesTheNorm) {
  Model grad = random_model(3);
  heed::scale(grad, 1e6);
  const Model before = grad;
  EXPECT_GT(heed::clip_by_global_norm(grad, 0), 1e6);
  EXPECT_EQ(grad.W.values(), before.W.values());
  EXPECT_EQ(grad.b, before.b);
}

TEST(ClipByGlobalNorm, ComputesTheNormInDouble) {
  heed::Linear<float> grad(1, 2);
  grad.W.edit() << 1, 0;
  grad.b << 0, 1e-5F;
  EXPECT_GT(heed::clip_by_global_norm(grad, 0), 1);
}

}  // namespace optimizers_test
