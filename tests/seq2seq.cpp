#include <heed/seq2seq.hpp>

#include <heed/gradient_check.hpp>

#include "support/refusal.hpp"
#include "support/sentence_oracle.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <map>

using heed::Index;
using heed::Random;
using heed::Token;
using heed::TranslatorConfig;
using heed::test::Batch;

namespace {

using Model = heed::TranslationModel<double>;

constexpr Index vocabulary = 5;

/// Two layers and two directions, as small as they go: gradients are checked number by number.
TranslatorConfig stacked() {
  TranslatorConfig config;
  config.layers = 2;
  config.hidden = 4;
  config.embedding = 2;
  return config;
}

TranslatorConfig flat() {
  TranslatorConfig config = stacked();
  config.layers = 1;
  config.bidirectional = false;
  return config;
}

class EveryModel : public testing::TestWithParam<TranslatorConfig> {
 protected:
  void expect_exact_gradients(const Model& model, double smoothing, bool dropout) {
    const Batch batch = heed::test::ragged_batch();
    Model::Tape tape;
    Model varied = model, grad = heed::zeros_like(model);
    const double scale = 0.25;
    const auto loss = [&] {
      Random random(5);
      return scale * varied.loss(batch.sources, batch.targets, tape, {smoothing, 1, dropout ? &random : nullptr});
    };
    Random random(5);
    const double analytic = model.loss_and_gradient(batch.sources, batch.targets, tape, grad,
                                                    {smoothing, scale, dropout ? &random : nullptr});
    EXPECT_NEAR(scale * analytic, loss(), 1e-12);
    const heed::GradientCheck check = heed::check_gradients(varied, grad, loss);
    EXPECT_EQ(check.checked, heed::parameter_count(model));
    EXPECT_LE(check.error, 1e-6) << check.name << '[' << check.place << "] is " << check.analytic << ", not "
                                 << check.numeric;
  }
};

using Parameters = std::map<std::string, heed::Matrix<double>>;

/// For parts of other types but the same names.
template <class P>
Parameters by_name(const P& part) {
  Parameters result;
  heed::for_each_parameter([&](const heed::ParameterName& name, const auto& x) { result[name.str()] = x; }, part);
  return result;
}

std::vector<double> losses(const Model& model, const Batch& batch, const heed::LossOptions<double>& options = {}) {
  Model::Tape tape;
  std::vector<double> result;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Batch alone = batch.at({i});
    result.push_back(model.loss(alone.sources, alone.targets, tape, options));
  }
  return result;
}

TEST_P(EveryModel, AgreesWithThePapersWordByWord) {
  const Batch batch = heed::test::ragged_batch();
  for (const TranslatorConfig& sizes : {stacked(), flat()}) {
    TranslatorConfig config = GetParam();
    config.layers = sizes.layers;
    config.bidirectional = config.bidirectional && sizes.bidirectional;
    const Model model = heed::test::random_model(config, vocabulary, 1);
    for (const double smoothing : {0.0, 0.3}) {
      Model::Tape tape;
      const double loss = model.loss(batch.sources, batch.targets, tape, {smoothing, 1, nullptr});
      oracle::Real expected = 0;
      const auto& packing = tape.target_packing;
      for (Index p = 0; p < packing.sentences(); ++p) {
        const auto b = static_cast<std::size_t>(packing.sentence(p));
        const auto alone = oracle::sentence_loss(model, batch.sources[b], batch.targets[b], smoothing);
        expected += alone.loss;
        for (std::size_t t = 0; t < alone.weights.size(); ++t) {
          const auto weights = tape.weights(static_cast<Index>(t), p);
          EXPECT_LE(difference(weights, oracle::matrix({alone.weights[t]})), 1e-13);
        }
      }
      EXPECT_NEAR(loss, static_cast<double>(expected), 1e-12);
    }
  }
}

TEST_P(EveryModel, HasExactGradients) {
  TranslatorConfig config = GetParam();
  config.layers = flat().layers;
  config.bidirectional = flat().bidirectional;
  expect_exact_gradients(heed::test::random_model(config, vocabulary, 2), 0, false);
}

TEST_P(EveryModel, HasExactGradientsInAStackWithDropoutAndSmoothing) {
  TranslatorConfig config = GetParam();
  config.dropout = 0.3;
  expect_exact_gradients(heed::test::random_model(config, vocabulary, 3), 0.1, true);
}

TEST_P(EveryModel, DoesNotDependOnItsCompanions) {
  const Batch batch = heed::test::ragged_batch();
  const Model model = heed::test::random_model(GetParam(), vocabulary, 4);
  Model::Tape tape;
  Model together = heed::zeros_like(model), alone = heed::zeros_like(model);
  const double loss = model.loss_and_gradient(batch.sources, batch.targets, tape, together);
  double sum = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Batch one = batch.at({i});
    sum += model.loss_and_gradient(one.sources, one.targets, tape, alone);
  }
  EXPECT_NEAR(loss, sum, 1e-12);
  EXPECT_LE(part_difference(together, alone), 1e-12);
  const Batch reordered = batch.at({2, 0, 3, 1});
  EXPECT_NEAR(model.loss(reordered.sources, reordered.targets, tape), loss, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Copying, EveryModel, testing::ValuesIn(heed::test::every_copy(stacked())),
                         [](const auto& setup) { return heed::test::choices(setup.param); });
INSTANTIATE_TEST_SUITE_P(, EveryModel, testing::ValuesIn(heed::test::every_combination(stacked())),
                         [](const auto& setup) { return heed::test::choices(setup.param); });

}  // namespace

TEST(Seq2Seq, GivesTheSameNumbersWithTypesChosenBeforehand) {
  using Cell = heed::GruCell<double>;
  using Static = heed::Seq2Seq<heed::Encoder<Cell>, heed::BahdanauDecoder<Cell, heed::AdditiveScorer<double>>>;
  const auto cell = [](Index input, Index hidden) { return Cell(input, hidden); };
  const Model any = heed::test::random_model(stacked(), vocabulary, 6);
  Static model(vocabulary, heed::Encoder<Cell>(cell, 2, 4, 2, true), vocabulary,
               {cell, {heed::AdditiveScorer<double>(4, 8, 4), {}}, 2, 8, 4, 2, 4});
  const Parameters parameters = by_name(any);
  EXPECT_EQ(by_name(model).size(), parameters.size());
  heed::for_each_parameter([&](const heed::ParameterName& name, auto& x) { x = parameters.at(name.str()); }, model);

  const Batch batch = heed::test::ragged_batch();
  Model::Tape tape;
  Model any_grad = heed::zeros_like(any);
  Static grad = heed::zeros_like(model);
  const double expected = any.loss_and_gradient(batch.sources, batch.targets, tape, any_grad);
  EXPECT_EQ(model.loss_and_gradient(batch.sources, batch.targets, tape, grad), expected);
  EXPECT_EQ(by_name(grad), by_name(any_grad));
}

TEST(Seq2Seq, AddsToTheGradient) {
  const Batch batch = heed::test::ragged_batch();
  const Model model = heed::test::random_model(stacked(), vocabulary, 7);
  Model::Tape tape;
  Model once = heed::zeros_like(model), twice = heed::zeros_like(model);
  model.loss_and_gradient(batch.sources, batch.targets, tape, once);
  for (int i = 0; i < 2; ++i) model.loss_and_gradient(batch.sources, batch.targets, tape, twice);
  heed::scale(once, 2.0);
  EXPECT_LE(part_difference(twice, once), 1e-13);
}

TEST(Seq2Seq, TakesATapeThatOtherSizesWereWrittenTo) {
  const Batch batch = heed::test::ragged_batch(), longer = heed::test::copy_task(9, 4, 9, vocabulary, 8);
  Model::Tape used;
  for (const TranslatorConfig& config : heed::test::every_combination(stacked())) {
    const Model model = heed::test::random_model(config, vocabulary, 9);
    Model::Tape fresh;
    Model expected = heed::zeros_like(model), grad = heed::zeros_like(model), other = heed::zeros_like(model);
    const double loss = model.loss_and_gradient(batch.sources, batch.targets, fresh, expected);
    model.loss_and_gradient(longer.sources, longer.targets, used, other);
    EXPECT_EQ(model.loss_and_gradient(batch.sources, batch.targets, used, grad), loss);
    EXPECT_EQ(part_difference(grad, expected), 0);
  }
}

TEST(Seq2Seq, CoversManyBlocksOfTheOutputLayer) {
  const Batch batch = heed::test::copy_task(40, 1, 9, vocabulary, 10);  // more words than one block of columns holds
  const Model model = heed::test::random_model(stacked(), vocabulary, 11);
  Model::Tape tape;
  double sum = 0;
  for (const double loss : losses(model, batch)) sum += loss;
  EXPECT_NEAR(model.loss(batch.sources, batch.targets, tape), sum, 1e-11);
}

TEST(Seq2Seq, DropsOutOnlyWhereRandomNumbersAreGiven) {
  const Batch batch = heed::test::ragged_batch();
  TranslatorConfig config = stacked();
  const Model dry = heed::test::random_model(config, vocabulary, 12);
  config.dropout = 0.4;
  const Model model = heed::test::random_model(config, vocabulary, 12);
  Model::Tape tape;
  const auto loss = [&](const Model& m, Random* random) {
    return m.loss(batch.sources, batch.targets, tape, {0, 1, random});
  };
  Random one(1), again(1), two(2);
  const double without = loss(dry, nullptr), first = loss(model, &one);
  EXPECT_EQ(loss(model, nullptr), without);
  EXPECT_NE(first, without);
  EXPECT_EQ(loss(model, &again), first);
  EXPECT_NE(loss(model, &two), first);
}

TEST(Seq2Seq, RefusesABatchThatCannotBe) {
  const Model model = heed::test::random_model(stacked(), vocabulary, 13);
  Model::Tape tape;
  Model grad = heed::zeros_like(model);
  const auto refused = [&](const std::vector<Token>& source, const std::vector<Token>& target) {
    Batch batch;
    batch.add({3}, {3});
    batch.add(source, target);
    return refusal([&] { model.loss_and_gradient(batch.sources, batch.targets, tape, grad); });
  };
  EXPECT_EQ(refused({}, {3}), "Packing: sentence 1 of the batch is empty");
  EXPECT_EQ(refused({3, 5}, {3}), "Embedding: token 5 is outside the vocabulary of 5");
  EXPECT_EQ(refused({3, -1}, {3}), "Embedding: token -1 is outside the vocabulary of 5");
  EXPECT_EQ(refused({3}, {12}), "Embedding: token 12 is outside the vocabulary of 5");
  EXPECT_EQ(refused({3}, {-2, 4}), "Embedding: token -2 is outside the vocabulary of 5");
  Batch batch = heed::test::ragged_batch();
  batch.targets.pop_back();
  EXPECT_EQ(refusal([&] { model.loss(batch.sources, batch.targets, tape); }), "Seq2Seq: 4 sources for 3 targets");
  EXPECT_EQ(heed::squared_norm(grad), 0);
}
