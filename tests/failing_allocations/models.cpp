#include <heed/attention/attention.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/encoders/image_encoder.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/models/sentence_classifier.hpp>
#include <heed/training/trainer.hpp>

#include "failing_allocations/failing_allocation.hpp"
#include "failing_allocations/numbers.hpp"
#include "support/numbers.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace models_test {

using heed::Index;
using heed::Matrix;
using heed::Token;
using heed::test::append;
using heed::test::append_parameters;
using heed::test::fail_every_allocation;
using heed::test::Numbers;

const std::vector<std::vector<Token>> words{{3, 4, 5}, {6}, {4, 4, 3, 5, 6}, {5, 3}};
const std::vector<std::span<const Token>> sentences(words.begin(), words.end());
const std::vector<Token> labels{0, 1, 2, 1};
constexpr Index vocabulary = 7;

template <class C>
heed::SentenceClassifier<heed::Encoder<C>> classifier(Index size, Index layers = 2) {
  const heed::Encoder<C> encoder(
      {.input_size = size, .hidden_size = size, .layers = layers, .bidirectional = layers > 1, .dropout = 0.2});
  heed::SentenceClassifier<heed::Encoder<C>> model(
      {.vocabulary = vocabulary, .alignment_size = size, .classes = 3, .dropout = 0.2f}, encoder);
  heed::Random random(5);
  randomize(model, random);
  return model;
}

template <class At>
struct FailingScorer : testing::Test {};
TYPED_TEST_SUITE(FailingScorer, typed::EachScorer);

TYPED_TEST(FailingScorer, Attend) {
  using Make = typename TypeParam::template Make<float>;
  auto scorer = Make::make();
  heed::Random random(2);
  randomize(scorer, random);
  const Matrix<float> queries = random_matrix<float>(scorer.query_size(), 3, random),
                      memory = random_matrix<float>(scorer.memory_size(), 9, random);
  const auto make = [&] {
    heed::AttendWorkspace<float> work;
    Matrix<float> context(memory.rows(), 1), weights(2, 1);
    heed::attend(scorer, queries.leftCols(1), memory.leftCols(2), context, weights, work);
    return work;
  };
  const auto use = [&](heed::AttendWorkspace<float>& work) {
    Matrix<float> context(memory.rows(), 3), weights(9, 3);
    heed::attend(scorer, queries, memory, context, weights, work);
    Numbers numbers;
    append(context, numbers);
    append(weights, numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 2);
}

TEST(FailingAllocations, ModelConstruction) {
  EXPECT_GE(fail_every_allocation([] {
              const auto model = classifier<heed::LstmCell<float>>(3);
              Numbers numbers;
              append_parameters(model, numbers);
              return numbers;
            }),
            20);
}

TEST(FailingAllocations, ModelAssignmentWithOtherSizes) {
  using Model = heed::SentenceClassifier<heed::Encoder<heed::GruCell<float>>>;
  const Model large = classifier<heed::GruCell<float>>(4);
  const auto make = [] { return classifier<heed::GruCell<float>>(2); };
  const auto use = [&](Model& model) {
    model = large;
    Numbers numbers;
    append_parameters(model, numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 20);
}

TEST(FailingAllocations, ClassifierLossAndGradient) {
  const auto model = classifier<heed::GruCell<float>>(3);
  using Model = std::remove_const_t<decltype(model)>;
  const auto make = [&] {
    Model::Tape tape;
    model.loss(std::span(sentences).first(1), std::span(labels).first(1), tape);
    return tape;
  };
  const auto use = [&](Model::Tape& tape) {
    Model grad = zeros_like(model);
    heed::Random random(9);
    heed::LossOptions<float> options;
    options.random = &random;
    Numbers numbers{model.loss_and_gradient(sentences, labels, tape, grad, options)};
    append_parameters(grad, numbers);
    append(tape.weights(2), numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 50);
}

TEST(FailingAllocations, TrainerUpdate) {
  const auto initial = classifier<heed::GruCell<float>>(2, 1);
  using Model = std::remove_const_t<decltype(initial)>;
  using Trainer = heed::Trainer<Model, heed::Sgd<Model>>;
  struct Objects {
    std::unique_ptr<Model> model;
    std::unique_ptr<Trainer> trainer;
  };
  for (const int threads : {1, 2}) {
    const auto make = [&] {
      auto model = std::make_unique<Model>(initial);
      auto trainer = std::make_unique<Trainer>(*model, heed::Sgd<Model>(*model), heed::TrainerOptions{threads, 1});
      return Objects{std::move(model), std::move(trainer)};
    };
    const auto use = [&](Objects& objects) {
      *objects.model = initial;
      objects.trainer->optimizer = heed::Sgd<Model>(initial);
      const auto update = objects.trainer->update(sentences, labels, 0);
      Numbers numbers{update.loss, update.gradient_norm};
      append_parameters(*objects.model, numbers);
      return numbers;
    };
    EXPECT_GE(fail_every_allocation(make, use), 50) << threads << " threads";
  }
  EXPECT_GE(fail_every_allocation([&] {
              Model model = initial;
              const Trainer trainer(model, heed::Sgd<Model>(model), heed::TrainerOptions{2, 1});
              return trainer.optimizer.rate;
            }),
            30);
}

TEST(FailingAllocations, ImageEncoderForwardAndBackward) {
  using Stage = heed::ImageStage<float>;
  heed::Random random(11);
  const heed::Grid grid{6, 8};
  heed::ImageEncoder<float> encoder{{Stage{heed::Conv2d<float>(3, 4, {.height = 3, .width = 3, .padding = 1}),
                                           heed::MaxPool2d<float>(heed::Window{.height = 2, .width = 2, .stride = 2})},
                                     Stage{heed::Conv2d<float>(4, 5, {.height = 2, .width = 2}),
                                           heed::MaxPool2d<float>(heed::Window{.height = 1, .width = 1})}}};
  randomize(encoder, random);
  const Matrix<float> x = random_matrix<float>(3, 2 * grid.places(), random);
  const auto make = [&] {
    heed::ImageEncoderTape<float> tape;
    encoder.forward(x.leftCols(grid.places()), grid, tape);
    return tape;
  };
  const auto use = [&](heed::ImageEncoderTape<float>& tape) {
    auto grad = zeros_like(encoder);
    encoder.forward(x, grid, tape);
    Numbers numbers;
    append(tape.outputs(), numbers);
    tape.d_outputs().resize(tape.outputs().rows(), tape.outputs().cols());
    tape.d_outputs().setOnes();
    encoder.backward(x, tape, grad);
    append_parameters(grad, numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 10);
}

TEST(FailingAllocations, TransformerLayerForwardAndBackward) {
  using Layer = heed::TransformerEncoderLayer<float>;
  Layer layer({.size = 4, .heads = 2, .inner_size = 6});
  heed::Random random(12);
  randomize(layer, random);
  const Matrix<float> x = random_matrix<float>(4, 9, random);
  const std::vector<Index> small{0, 2}, large{0, 3, 9};
  const auto make = [&] {
    typename Layer::Tape tape;
    Matrix<float> y(4, 2);
    layer.forward(x.leftCols(2), small, tape, y);
    return tape;
  };
  const auto use = [&](typename Layer::Tape& tape) {
    auto grad = zeros_like(layer);
    Matrix<float> y(4, 9), d_x = Matrix<float>::Zero(4, 9);
    layer.forward(x, large, tape, y);
    layer.backward(x, large, tape, y, grad, d_x);
    Numbers numbers;
    append(y, numbers);
    append(d_x, numbers);
    append_parameters(grad, numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 20);
}

}  // namespace models_test
