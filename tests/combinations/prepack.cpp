#include <heed/search/search.hpp>

#include "support/prepacked.hpp"
#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace prepack_test {

using heed::Index;
using heed::Random;
using heed::TranslationModel;
using heed::TranslatorConfig;
using heed::test::Batch;

constexpr Index vocabulary = 5;

/// Every combination with two layers, large enough for several panels and a partial one.
class PackedModel : public testing::TestWithParam<TranslatorConfig> {
 protected:
  PackedModel() {
    Random random(1);
    model = heed::make_model<double>(GetParam(), vocabulary, vocabulary);
    randomize(model, random, 0.3);
  }

  TranslationModel<double> model;
  Batch batch = heed::test::ragged_batch();
};

std::vector<TranslatorConfig> settings() {
  TranslatorConfig config;
  config.layers = 2;
  config.hidden = 38;
  config.embedding = 9;
  config.dropout = 0.3;
  return heed::test::every_combination(config);
}

INSTANTIATE_TEST_SUITE_P(Stacked, PackedModel, testing::ValuesIn(settings()));

TEST_P(PackedModel, MatchesLossAndGradients) {
  const auto packed = prepacked(model);
  EXPECT_EQ(heed::parameter_count(packed), heed::parameter_count(model));
  auto grad = heed::zeros_like(model), packed_grad = grad;
  heed::Seq2SeqTape<double> tape;
  Random random(5), same(5);
  const double loss = model.loss_and_gradient(batch.sources, batch.targets, tape, grad, {0.1, 0.5, &random});
  EXPECT_NEAR(packed.loss_and_gradient(batch.sources, batch.targets, tape, packed_grad, {0.1, 0.5, &same}), loss,
              1e-11);
  EXPECT_LE(part_difference(packed_grad, grad), 1e-12);
}

TEST_P(PackedModel, UsesChangedParameters) {
  auto packed = prepacked(model);
  heed::Seq2SeqTape<double> tape;
  const double before = model.loss(batch.sources, batch.targets, tape);
  EXPECT_NEAR(packed.loss(batch.sources, batch.targets, tape), before, 1e-11);
  heed::scale(packed, 0.5);
  heed::scale(model, 0.5);
  const double after = model.loss(batch.sources, batch.targets, tape);
  ASSERT_GT(std::abs(after - before), 1e-3);
  EXPECT_EQ(packed.loss(batch.sources, batch.targets, tape), after);
  heed::prepack(packed);
  EXPECT_NEAR(packed.loss(batch.sources, batch.targets, tape), after, 1e-11);
}

TEST_P(PackedModel, ReducedPrecisionIsClose) {
  auto singles = heed::make_model<float>(GetParam(), vocabulary, vocabulary);
  copy_parameters(model, singles);
  const auto rough = converted(singles, heed::Precision::bfloat16);
  const auto fine = converted(singles, heed::Precision::half);
  heed::Seq2SeqTape<float> tape;
  const double loss = singles.loss(batch.sources, batch.targets, tape);
  const double rough_loss = rough.loss(batch.sources, batch.targets, tape),
               fine_loss = fine.loss(batch.sources, batch.targets, tape);
  EXPECT_NEAR(rough_loss, loss, 2e-2 * loss);
  EXPECT_NEAR(fine_loss, loss, 2e-3 * loss);
  EXPECT_NE(rough_loss, loss);
  EXPECT_NE(fine_loss, loss);
}

void expect_tied(bool shared) {
  TranslatorConfig config;
  config.hidden = 12;
  config.embedding = 9;
  config.tied_embeddings = true;
  config.shared_embeddings = shared;
  auto model = heed::test::random_model(config, vocabulary, 3, 0.3);
  auto packed = prepacked(model);
  EXPECT_TRUE(packed.tied());
  EXPECT_EQ(packed.shared(), shared);
  EXPECT_EQ(heed::parameter_count(packed), heed::parameter_count(model));
  const Batch batch = heed::test::ragged_batch();
  heed::Seq2SeqTape<double> tape;
  for (int round = 0; round < 2; ++round) {
    auto grad = heed::zeros_like(model), packed_grad = grad;
    const double loss = model.loss_and_gradient(batch.sources, batch.targets, tape, grad);
    EXPECT_NEAR(packed.loss_and_gradient(batch.sources, batch.targets, tape, packed_grad), loss, 1e-11);
    EXPECT_LE(part_difference(packed_grad, grad), 1e-12);
    model.target.table *= 0.5;
    packed.target.table *= 0.5;
    heed::prepack(packed);
    EXPECT_GT(std::abs(packed.loss(batch.sources, batch.targets, tape) - loss), 1e-3);
  }
  auto singles = heed::make_model<float>(config, vocabulary, vocabulary);
  copy_parameters(model, singles);
  const auto rough = converted(singles, heed::Precision::bfloat16);
  heed::Seq2SeqTape<float> float_tape;
  const double loss = singles.loss(batch.sources, batch.targets, float_tape);
  EXPECT_NEAR(rough.loss(batch.sources, batch.targets, float_tape), loss, 2e-2 * loss);
}

TEST(Prepack, PreservesTiedOutputLayer) { expect_tied(false); }

TEST(Prepack, PreservesSharedEmbeddings) { expect_tied(true); }

TEST(Convert, RejectsWeightsBeyondHalfPrecision) {
  heed::LstmCell<float> cell(4, 5);
  for (const float bad :
       {65536.0f, -1e9f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    cell.U.edit()(19, 4) = bad;
    EXPECT_EQ(
        refusal([&] { converted(cell, heed::Precision::half); }).rfind("convert: the largest half value is 65504", 0),
        0U);
    EXPECT_EQ(refusal([&] { converted(cell, heed::Precision::bfloat16); }) == "accepted", std::isfinite(bad));
    EXPECT_EQ(refusal([&] { prepacked(cell); }), "accepted");
  }
  cell.U.edit()(19, 4) = 65504;
  EXPECT_EQ(refusal([&] { converted(cell, heed::Precision::half); }), "accepted");
  cell.b_U(0) = 65536;  // vectors are not converted
  EXPECT_EQ(refusal([&] { converted(cell, heed::Precision::half); }), "accepted");
}

TEST(PackedEncoder, ThreadPoolResultsAreBitwiseEqual) {
  const auto expect_same = []<class C>(const C& cell) {
    heed::Encoder<C> encoder(
        {.input_size = cell.input_size(), .hidden_size = cell.hidden_size(), .bidirectional = true},
        [&](Index, Index) { return cell; });
    Random random(3);
    randomize(encoder, random);
    const auto packed = prepacked(encoder);
    for (const std::vector<Index>& lengths : {std::vector<Index>{9}, std::vector<Index>{4, 7, 1}}) {
      const heed::PackedBatch packing(lengths);
      const heed::Matrix<double> x = random_matrix<double>(cell.input_size(), packing.columns(), random);
      heed::EncoderTape<double> alone, together;
      packed.forward(x, packing, alone);
      for (const int size : {2, 3, 40}) {  // 40 is more than the number of panels
        heed::ThreadPool thread_pool(size);
        packed.forward(x, packing, together, nullptr, nullptr, &thread_pool);
        EXPECT_EQ(together.outputs(), alone.outputs()) << size;
      }
    }
  };
  expect_same(heed::RnnCell<double>(5, 131));
  expect_same(heed::LstmCell<double>(5, 67));
  expect_same(heed::GruCell<double>(5, 67));
}

TEST(Prepack, PacksEveryWeight) {
  const TranslationModel<double> model = prepacked(heed::make_model<double>({}, vocabulary, vocabulary));
  int weights = 0;
  heed::detail::for_each_member(
      [&]<class Member>(const heed::ParameterName& name, const Member& member) {
        if constexpr (heed::detail::WeightMember<Member>) {
          EXPECT_TRUE(member.is_packed()) << name.str();
          ++weights;
        }
      },
      model);
  EXPECT_GT(weights, 5);
}

TEST(Convert, DoesNotChangeModelOnError) {
  auto model = heed::make_model<float>({}, vocabulary, vocabulary);
  Random random(4);
  heed::initialize(model, random);
  model.output.W.edit()(0, 0) = 65536;  // the last weight of the model
  heed::Seq2SeqTape<float> tape;
  const Batch batch = heed::test::ragged_batch();
  const double loss = model.loss(batch.sources, batch.targets, tape);
  EXPECT_NE(refusal([&] { heed::convert(model, heed::Precision::half); }), "accepted");
  EXPECT_EQ(model.loss(batch.sources, batch.targets, tape), loss);
  EXPECT_EQ(heed::squared_norm(model), heed::squared_norm(std::as_const(model)));  // reads all values
}

TEST(Convert, ConvertedModelRejectsTraining) {
  auto model = heed::make_model<float>({}, vocabulary, vocabulary);
  const Index count = heed::parameter_count(model);
  heed::convert(model, heed::Precision::bfloat16);
  EXPECT_EQ(heed::parameter_count(model), count);
  EXPECT_NE(refusal([&] { heed::set_zero(model); }).find("was converted to 16 bits"), std::string::npos);
  const Batch batch = heed::test::ragged_batch();
  heed::Seq2SeqTape<float> tape;
  auto grad = heed::zeros_like(model);
  EXPECT_EQ(refusal([&] { model.loss_and_gradient(batch.sources, batch.targets, tape, grad); }),
            "a model that was converted to 16-bit weights is for inference only: it has no gradients");
}

}  // namespace prepack_test
