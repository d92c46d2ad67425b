#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace transformer_encoder_layer_test {

using heed::Index;
using heed::Matrix;
using heed::Random;
using heed::TransformerEncoderLayer;

using Starts = std::vector<Index>;
using Exact = Matrix<long double>;

template <class Norm>
Exact normalized(const Norm& norm, const Exact& x) {
  Exact y(x.rows(), x.cols());
  for (Index j = 0; j < x.cols(); ++j) {
    const long double mean = x.col(j).mean(), variance = (x.col(j).array() - mean).square().mean();
    for (Index i = 0; i < x.rows(); ++i) {
      const long double bias = norm.b.size() > 0 ? static_cast<long double>(norm.b(i)) : 0;
      y(i, j) = norm.gain(i) * (x(i, j) - mean) / std::sqrt(variance + 1e-5L) + bias;
    }
  }
  return y;
}

template <class Linear>
Exact affine(const Linear& linear, const Exact& x) {
  Exact y = linear.W.values().template cast<long double>() * x;
  if (linear.b.size() > 0) y.colwise() += linear.b.template cast<long double>();
  return y;
}

template <class Attention>
Exact attended(const Attention& attention, const Exact& x, const Starts& sentences) {
  heed::MultiHeadAttention<long double> exact(
      {.size = attention.size(), .heads = attention.heads, .bias = attention.b.size() > 0});
  copy_parameters(attention, exact);
  heed::MultiHeadTape<long double> tape;
  Exact y(x.rows(), x.cols());
  exact.forward(x, sentences, tape, y);
  return y;
}

struct Trial {
  Random random{601};
  TransformerEncoderLayer<double> layer;
  Starts sentences{0, 3, 4, 9};
  Matrix<double> x, d_y;
  heed::TransformerEncoderTape<double> tape;
  bool trains;

  Trial(bool norm_first, bool bias, double dropout)
      : layer({.size = 6, .heads = 2, .inner_size = 5, .dropout = dropout, .norm_first = norm_first, .bias = bias}),
        trains(dropout > 0) {
    randomize(layer, random);
    x = random_matrix(6, 9, random);
    d_y = random_matrix(6, 9, random);
  }
  Matrix<double> y() {
    Random drops(607);
    Matrix<double> result = Matrix<double>::Constant(6, 9, 99);  // overwritten
    layer.forward(x, sentences, tape, result, trains ? &drops : nullptr);
    return result;
  }
  void backward(TransformerEncoderLayer<double>& grad, Matrix<double>& d_x) {
    layer.backward(x, sentences, tape, d_y, grad, d_x, trains ? &random : nullptr);
  }
};

template <class Use>
void for_each_trial(const Use& use) {
  for (const bool norm_first : {false, true}) {
    for (const bool bias : {true, false}) {
      for (const double dropout : {0.0, 0.3}) {
        SCOPED_TRACE(std::string(norm_first ? "norm first" : "norm last") + (bias ? ", bias" : "") +
                     (dropout > 0 ? ", dropout" : ""));
        Trial trial(norm_first, bias, dropout);
        use(trial);
      }
    }
  }
}

TEST(TransformerEncoderLayer, MatchesSection31OfPaper) {
  for_each_trial([](Trial& trial) {
    const auto& layer = trial.layer;
    const Matrix<double> y = trial.y();
    const Exact x = trial.x.cast<long double>(), one = Exact::Ones(6, 9);
    const Exact first_mask = trial.trains ? Exact(trial.tape.attention_mask.cast<long double>()) : one;
    const Exact second_mask = trial.trains ? Exact(trial.tape.feed_forward_mask.cast<long double>()) : one;
    const auto attend = [&](const Exact& input) -> Exact {
      return attended(layer.attention, input, trial.sentences).cwiseProduct(first_mask);
    };
    const auto feed_forward = [&](const Exact& input) -> Exact {
      return affine(layer.outer, affine(layer.inner, input).cwiseMax(0)).cwiseProduct(second_mask);
    };
    Exact expected;
    if (layer.norm_first) {
      const Exact middle = x + attend(normalized(layer.attention_norm, x));
      expected = middle + feed_forward(normalized(layer.feed_forward_norm, middle));
    } else {
      const Exact middle = normalized(layer.attention_norm, x + attend(x));
      expected = normalized(layer.feed_forward_norm, middle + feed_forward(middle));
    }
    EXPECT_LE(difference(y, expected), 1e-13);
    if (trial.trains) {
      EXPECT_GT((trial.tape.attention_mask.array() == 0).count(), 0);
      EXPECT_GT((trial.tape.feed_forward_mask.array() == 0).count(), 0);
      EXPECT_GT(difference(trial.tape.attention_mask, trial.tape.feed_forward_mask), 0);
    }
  });
}

TEST(TransformerEncoderLayer, MaskExcludesColumnsOfTheMemory) {
  for (const bool norm_first : {false, true}) {
    Trial trial(norm_first, true, 0);
    Eigen::Matrix<bool, Eigen::Dynamic, 1> mask = Eigen::Matrix<bool, Eigen::Dynamic, 1>::Constant(9, true);
    mask(1) = mask(7) = false;
    const auto valid = heed::ValidMask::of_memory(mask);
    const auto run = [&] {
      Matrix<double> y(6, 9);
      trial.layer.forward(trial.x, trial.sentences, trial.tape, y, nullptr, valid);
      return y;
    };
    const Matrix<double> before = run();
    EXPECT_GT(difference(before, trial.y()), 1e-3) << "the mask changes the result";
    auto grad = heed::zeros_like(trial.layer);
    Matrix<double> d_x = Matrix<double>::Zero(6, 9);
    run();
    trial.layer.backward(trial.x, trial.sentences, trial.tape, trial.d_y, grad, d_x);
    const auto loss = [&] { return run().cwiseProduct(trial.d_y).sum(); };
    auto check = heed::check_gradients(trial.layer, grad, loss);
    heed::check_gradient("x", trial.x, d_x, loss, check);
    EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.analytic << ' ' << check.numeric;

    trial.x.col(1) *= -2;
    trial.x.col(7) *= -2;
    const Matrix<double> after = run();
    for (Index j = 0; j < 9; ++j) EXPECT_EQ(after.col(j) == before.col(j), mask(j)) << "column " << j;
  }
}

TEST(TransformerEncoderLayer, CausalStepsDoNotDependOnLaterSteps) {
  Random random(602);
  TransformerEncoderLayer<double> layer({.size = 4, .heads = 2, .inner_size = 5, .causal = true});
  randomize(layer, random);
  const Matrix<double> x = random_matrix(4, 6, random);
  heed::TransformerEncoderTape<double> tape;
  Matrix<double> all(4, 6);
  layer.forward(x, Starts{0, 6}, tape, all);
  for (Index t = 1; t <= 6; ++t) {
    Matrix<double> first(4, t);
    layer.forward(x.leftCols(t), Starts{0, t}, tape, first);
    EXPECT_LT((first - all.leftCols(t)).cwiseAbs().maxCoeff(), 1e-14) << t;
  }
  layer.attention.causal = false;
  Matrix<double> bidirectional(4, 6);
  layer.forward(x, Starts{0, 6}, tape, bidirectional);
  EXPECT_GT((bidirectional - all).leftCols(5).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(TransformerEncoderLayer, GradientsMatchDifferencesAndAccumulate) {
  for_each_trial([](Trial& trial) {
    auto grad = heed::zeros_like(trial.layer);
    Matrix<double> d_x = Matrix<double>::Zero(6, 9);
    trial.y();
    trial.backward(grad, d_x);
    auto twice = grad;
    Matrix<double> d_twice = d_x;
    trial.backward(twice, d_twice);

    const auto loss = [&] { return trial.y().cwiseProduct(trial.d_y).sum(); };
    auto check = heed::check_gradients(trial.layer, grad, loss);
    heed::check_gradient("x", trial.x, d_x, loss, check);
    EXPECT_LE(check.error, 1e-6) << check.name << ' ' << check.analytic << ' ' << check.numeric;
    EXPECT_EQ(check.checked, heed::parameter_count(trial.layer) + trial.x.size());

    heed::scale(grad, 2.0);
    EXPECT_LE(part_difference(twice, grad), 1e-14);
    EXPECT_LE(difference(d_twice, 2 * d_x), 1e-14);
  });
}

TEST(TransformerEncoderLayer, HasNoDropoutInInference) {
  for (const bool norm_first : {false, true}) {
    Trial trial(norm_first, true, 0.3), without(norm_first, true, 0);
    trial.trains = false;
    EXPECT_EQ(trial.y(), without.y());
  }
}

TEST(TransformerEncoderLayer, ResultsAreBitwiseEqualInAnyBatch) {
  Random random(613);
  for (const bool norm_first : {false, true}) {
    TransformerEncoderLayer<float> layer({.size = 24, .heads = 3, .inner_size = 40, .norm_first = norm_first});
    randomize(layer, random);
    heed::TransformerEncoderTape<float> tape;
    for (const Index length : {1, 5, 19}) {
      const Matrix<float> x = random_matrix<float>(24, length, random);
      Matrix<float> alone(24, length);
      layer.forward(x, Starts{0, length}, tape, alone);
      for (const auto& [before, after] : {std::pair<Index, Index>{1, 7}, {3, 1}, {13, 40}}) {
        Matrix<float> all = random_matrix<float>(24, before + length + after, random), y = all;
        all.middleCols(before, length) = x;
        layer.forward(all, Starts{0, before, before + length, all.cols()}, tape, y);
        EXPECT_EQ(y.middleCols(before, length), alone) << length << ' ' << before << ' ' << after;
      }
    }
  }
}

TEST(TransformerEncoderLayer, NamesItsParameters) {
  std::vector<std::string> names;
  TransformerEncoderLayer<double> layer({.size = 6, .heads = 2, .inner_size = 5});
  heed::for_each_parameter([&](const heed::ParameterName& name, auto&) { names.push_back(name.str()); }, layer);
  EXPECT_EQ(names, (std::vector<std::string>{"attention.W", "attention.b", "attention.W_out", "attention.b_out",
                                             "attention_norm.gain", "attention_norm.b", "inner.W", "inner.b", "outer.W",
                                             "outer.b", "feed_forward_norm.gain", "feed_forward_norm.b"}));
}

TEST(TransformerEncoderLayer, RejectsInputOfWrongSize) {
  heed::TransformerEncoderTape<float> tape;
  const Matrix<float> x = Matrix<float>::Zero(5, 3);
  Matrix<float> y(5, 3);
  EXPECT_EQ(
      refusal([&] {
        TransformerEncoderLayer<float>({.size = 4, .heads = 2, .inner_size = 6}).forward(x, Starts{0, 3}, tape, y);
      }),
      "TransformerEncoderLayer.forward: x must be 4 x 3, got 5 x 3");
  EXPECT_EQ(refusal([&] {
              TransformerEncoderLayer<float>({.size = 4, .heads = 2, .inner_size = 6, .norm_first = true})
                  .forward(x, Starts{0, 3}, tape, y);
            }),
            "TransformerEncoderLayer.forward: x must be 4 x 3, got 5 x 3");
}

}  // namespace transformer_encoder_layer_test
