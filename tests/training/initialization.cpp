#include <heed/heed.hpp>
#include <heed/io/translation_model.hpp>

#include "support/numbers.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <variant>
#include <vector>

namespace initialization_test {

TEST(Initialize, UsesGlorotRangeAndZeroBiases) {
  heed::Linear<double> linear(60, 40);
  linear.b.setOnes();
  heed::Random random(67);
  heed::initialize(linear, random);
  const double bound = std::sqrt(6.0 / 100);
  EXPECT_LE(linear.W.values().cwiseAbs().maxCoeff(), bound);
  EXPECT_GT(linear.W.values().maxCoeff(), 0.98 * bound);
  EXPECT_LT(linear.W.values().minCoeff(), -0.98 * bound);
  EXPECT_NEAR(linear.W.values().mean(), 0, 0.01);
  EXPECT_NEAR(linear.W.values().squaredNorm() / 2400, bound * bound / 3, 0.001);
  EXPECT_EQ(linear.b, heed::Vector<double>::Zero(40));
}

TEST(Initialize, SetsAllLstmBiasesToZero) {
  heed::LstmCell<float> cell(3, 4);
  cell.b_W.setOnes();
  cell.b_U.setOnes();
  heed::Random random(67);
  heed::initialize(cell, random);
  EXPECT_EQ(cell.b_W.squaredNorm() + cell.b_U.squaredNorm(), 0);
  EXPECT_GT(cell.U.values().cwiseAbs().minCoeff(), 0);
}

/// A layer with parameter names that suggest roles that it does not declare, and with a vector of layers.
struct CustomLayer {
  using Scalar = double;
  Eigen::MatrixXd basis = Eigen::MatrixXd::Identity(2, 2), gate = Eigen::MatrixXd::Zero(2, 2);
  Eigen::VectorXd gain_control = Eigen::VectorXd::Constant(1, 3), table = Eigen::VectorXd::Constant(1, 5);
  std::vector<heed::Linear<double>> layers = std::vector<heed::Linear<double>>(2, heed::Linear<double>(3, 2));

  template <class Visit, class... Self>
  static void visit_parameters(Visit&& visit, Self&&... self) {
    visit("basis", self.basis...);
    visit("gate", self.gate...);
    visit("gain_control", self.gain_control...);
    visit("table", self.table...);
    visit("layers", self.layers...);
  }
};

/// Declares the role of one parameter.
struct CustomLayerWithRole : CustomLayer {
  static constexpr heed::ParameterRole role(std::string_view name) {
    return name == "gate" ? heed::ParameterRole::weight : heed::ParameterRole::constructed;
  }
};

TEST(Initialize, LeavesParametersWithoutRoleUnchanged) {
  CustomLayer part;
  heed::Random random(67);
  heed::initialize(part, random);
  heed::initialize_as_bahdanau(part, random);
  const CustomLayer fresh;
  EXPECT_EQ(part.basis, fresh.basis);
  EXPECT_EQ(part.gate, fresh.gate);
  EXPECT_EQ(part.gain_control, fresh.gain_control);
  EXPECT_EQ(part.table, fresh.table);
  for (const auto& layer : part.layers) EXPECT_GT(layer.W.values().norm(), 0) << "heed's layers declare their roles";
}

TEST(Initialize, UsesRolesOfCustomLayers) {
  CustomLayerWithRole part;
  heed::Random random(67);
  heed::initialize(part, random);
  EXPECT_EQ(part.basis, CustomLayer().basis);
  EXPECT_GT(part.gate.cwiseAbs().minCoeff(), 0);
  EXPECT_LE(part.gate.cwiseAbs().maxCoeff(), std::sqrt(6.0 / 4));
}

TEST(Initialize, SetsGainsToOneAndLeavesScalesUnchanged) {
  heed::LayerNormLstmCell<double> cell(3, 4);
  heed::NormedAdditiveScorer<double> scorer(3, 4, 5);
  for (auto* gain : {&cell.gain_W, &cell.gain_U, &cell.gain_c}) gain->setZero();
  scorer.g.setConstant(7);
  heed::Random random(67);
  heed::initialize(cell, random);
  heed::initialize(scorer, random);
  for (const auto* gain : {&cell.gain_W, &cell.gain_U, &cell.gain_c}) {
    EXPECT_EQ(*gain, heed::Vector<double>::Ones(gain->size()));
  }
  EXPECT_EQ(scorer.g(0), 7);
}

TEST(Initialize, InitializesCellInsideVariant) {
  heed::AnyCell<double> cell{heed::LstmCell<double>(3, 4)};
  heed::Random random(67);
  heed::initialize(cell, random);
  const auto& lstm = std::get<heed::LstmCell<double>>(cell.cell);
  EXPECT_GT(lstm.W.values().cwiseAbs().minCoeff(), 0);
  EXPECT_TRUE(lstm.b_W.isZero(0));
}

TEST(Initialize, EmbeddingsHaveStandardDeviationOneHalf) {
  heed::Embedding<double> words(50, 80);
  heed::Random random(67);
  heed::initialize(words, random);
  EXPECT_NEAR(std::sqrt(words.table.squaredNorm() / 4000), 0.5, 0.01);
}

TEST(Initialize, TiedEmbeddingsHaveStandardDeviationOfTheirSize) {
  heed::TranslatorConfig config;
  config.embedding = 64;
  for (const bool tied : {false, true}) {
    config.tied_embeddings = tied;
    auto model = heed::make_model<double>(config, 80, 90);
    heed::Random random(67);
    heed::initialize(model, random);
    const auto deviation = [](const auto& table) {
      return std::sqrt(table.squaredNorm() / static_cast<double>(table.size()));
    };
    EXPECT_NEAR(deviation(model.source.table), 0.5, 0.01);
    EXPECT_NEAR(deviation(model.target.table), tied ? 1 / 8.0 : 0.5, 0.01) << tied;
  }
}

template <class At>
class InitializeScorer : public testing::Test {};
TYPED_TEST_SUITE(InitializeScorer, typed::EachScorer);

TYPED_TEST(InitializeScorer, InitializesEveryParameter) {
  using Make = typename TypeParam::template Make<double>;
  auto scorer = Make::make();
  const auto constructed = scorer;
  heed::Random random(67);
  heed::initialize(scorer, random);
  heed::for_each_parameter(
      [](const heed::ParameterName& name, const auto& x, const auto& y) {
        if (name.leaf() == "b") {
          EXPECT_TRUE(x.isZero(0)) << name.str();
        } else if (name.leaf() == "g") {
          EXPECT_EQ(x, y) << name.str();
        } else {
          EXPECT_GT(x.cwiseAbs().minCoeff(), 0) << name.str();
        }
      },
      scorer, constructed);
}

template <class At>
class InitializeCell : public testing::Test {};
TYPED_TEST_SUITE(InitializeCell, typed::EachCell);

TYPED_TEST(InitializeCell, InitializesEveryParameter) {
  using Make = typename TypeParam::template Make<double>;
  auto cell = Make::make(true);
  heed::set_zero(cell);
  heed::Random random(67);
  heed::initialize(cell, random);
  heed::for_each_parameter(
      [](const heed::ParameterName& name, const auto& x) {
        if (name.leaf().starts_with("b_")) {
          EXPECT_TRUE(x.isZero(0)) << name.str();
        } else {
          EXPECT_GT(x.cwiseAbs().minCoeff(), 0) << name.str();
        }
      },
      cell);
}

/// Checks that initialize changes every parameter except biases and scales.
template <class P>
testing::AssertionResult initializes_all(P part) {
  heed::set_zero(part);
  heed::Random random(67);
  heed::initialize(part, random);
  heed::Index checked = 0;
  std::string zero;
  heed::for_each_parameter(
      [&](const heed::ParameterName& name, const auto& x) {
        if (name.leaf().starts_with("b") || name.leaf() == "g" || name.leaf() == "r") return;
        ++checked;
        if (x.cwiseAbs().minCoeff() == 0) zero += name.str() + ' ';
      },
      part);
  if (checked == 0) return testing::AssertionFailure() << "the layer has no parameters";
  if (!zero.empty()) return testing::AssertionFailure() << "still zero: " << zero;
  return testing::AssertionSuccess();
}

TEST(Initialize, InitializesEveryLayer) {
  EXPECT_TRUE(initializes_all(heed::Linear<double>(3, 4)));
  EXPECT_TRUE(initializes_all(heed::Embedding<double>(3, 4)));
  EXPECT_TRUE(initializes_all(heed::LayerNorm<double>(3)));
  EXPECT_TRUE(initializes_all(heed::MultiHeadAttention<double>({.size = 4, .heads = 2})));
  EXPECT_TRUE(initializes_all(heed::AttentionPooling<double>(3, 4)));
  EXPECT_TRUE(initializes_all(heed::Conv2d<double>(2, 3, {.height = 2, .width = 2})));
  EXPECT_TRUE(initializes_all(heed::TransformerEncoderLayer<double>({.size = 4, .heads = 2, .inner_size = 8})));
}

TEST(Initialize, InitializesEveryAttentionMechanism) {
  using Scorer = heed::GeneralScorer<double>;
  const Scorer scorer(3, 4);
  EXPECT_TRUE(initializes_all(heed::Attention<Scorer>{scorer, {}}));
  EXPECT_TRUE(initializes_all(heed::LocalAttention(scorer, heed::StepPosition<double>(), 2)));
  EXPECT_TRUE(initializes_all(heed::LocalAttention(scorer, heed::PredictedPosition<double>(3, 5), 2)));
  EXPECT_TRUE(initializes_all(heed::MonotonicAttention<Scorer>(scorer)));
}

TEST(Initialize, InitializesEveryDecoder) {
  using Cell = heed::GruCell<double>;
  using Scorer = heed::GeneralScorer<double>;
  const heed::Attention<Scorer> attention{Scorer(5, 4), {}};
  EXPECT_TRUE(initializes_all(
      heed::PlainDecoder<Cell>({.word_size = 3, .memory_size = 4, .hidden_size = 5, .layers = 2, .feature_size = 6})));
  EXPECT_TRUE(initializes_all(heed::BahdanauDecoder<Cell, Scorer>(
      {.word_size = 3, .memory_size = 4, .hidden_size = 5, .layers = 2, .feature_size = 6}, attention)));
  EXPECT_TRUE(initializes_all(heed::LuongDecoder<Cell, Scorer>(
      {.word_size = 3, .memory_size = 4, .hidden_size = 5, .layers = 2, .feature_size = 6}, attention)));
  EXPECT_TRUE(initializes_all(heed::ChoDecoder<double>(
      {.word_size = 3, .memory_size = 4, .code_size = 7, .hidden_size = 5, .layers = 2, .feature_size = 6})));
  EXPECT_TRUE(initializes_all(
      heed::MaxoutReadout<double>({.hidden_size = 3, .context_size = 4, .word_size = 5, .feature_size = 6})));
  EXPECT_TRUE(initializes_all(
      heed::DeepOutput<double>({.hidden_size = 3, .context_size = 4, .word_size = 5, .feature_size = 5})));
}

TEST(InitializeAsBahdanau, NormedScorerVectorIsNotZero) {
  heed::NormedAdditiveScorer<double> scorer(3, 4, 5);
  heed::Random random(67);
  heed::initialize_as_bahdanau(scorer, random);
  EXPECT_GT(scorer.v.norm(), 0) << "v / |v| must have a direction";
  EXPECT_EQ(scorer.g, heed::NormedAdditiveScorer<double>(3, 4, 5).g);
}

TEST(InitializeAsBahdanau, SupportsNonSquareRecurrentMatrices) {
  heed::ProjectedLstmCell<double> cell(3, 7, 4);  // U is 28 x 4
  heed::Random random(67);
  heed::initialize_as_bahdanau(cell, random);
  EXPECT_NEAR(std::sqrt(cell.U.values().squaredNorm() / static_cast<double>(cell.U.size())), 0.01, 0.002);
}

TEST(InitializeAsBahdanau, RecurrentMatricesAreOrthogonal) {
  using Cell = heed::GruCell<double>;
  heed::Encoder<Cell> encoder({.input_size = 30, .hidden_size = 40, .bidirectional = true});
  for (auto* cell : {&encoder.layers[0].forward, &*encoder.layers[0].backward}) cell->b_W.setOnes();
  heed::Random random(73);
  heed::initialize_as_bahdanau(encoder, random);
  for (const auto* cell : {&encoder.layers[0].forward, &*encoder.layers[0].backward}) {
    for (heed::Index gate = 0; gate < 3; ++gate) {
      const auto U = cell->U.values().middleRows(40 * gate, 40);
      EXPECT_LE((U.transpose() * U - heed::Matrix<double>::Identity(40, 40)).cwiseAbs().maxCoeff(), 1e-14);
    }
    EXPECT_NEAR(std::sqrt(cell->W.values().squaredNorm() / static_cast<double>(cell->W.size())), 0.01, 0.0005);
    EXPECT_TRUE(cell->b_W.isZero(0));
  }
  EXPECT_NE(encoder.layers[0].forward.U.values().topRows(40), encoder.layers[0].forward.U.values().bottomRows(40));
}

TEST(InitializeAsBahdanau, InitialAttentionIsUniform) {
  heed::Attention<heed::AdditiveScorer<double>> attention{heed::AdditiveScorer<double>(30, 40, 50), {}};
  attention.scorer.v.setOnes();
  heed::Random random(79);
  heed::initialize_as_bahdanau(attention, random);
  EXPECT_TRUE(attention.scorer.v.isZero(0));
  for (const auto* x : {&attention.scorer.W.values(), &attention.scorer.U.values()}) {
    EXPECT_NEAR(std::sqrt(x->squaredNorm() / static_cast<double>(x->size())), 0.001, 0.00005);
  }
}

TEST(Initialize, DependsOnSeedButNotOnScalar) {
  heed::Linear<float> one(5, 4), two = one;
  heed::Linear<double> wide(5, 4);
  heed::Random a(71), b(72), c(71);
  heed::initialize(one, a);
  heed::initialize(two, b);
  heed::initialize(wide, c);
  EXPECT_GT(part_difference(one, two), 0.1);
  EXPECT_LE(part_difference(one, wide), 1e-7);
}

}  // namespace initialization_test
