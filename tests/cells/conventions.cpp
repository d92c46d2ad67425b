#include <heed/cells/conventions.hpp>
#include <heed/encoders/encoder.hpp>

#include "support/cell_runs.hpp"
#include "support/numbers.hpp"
#include "support/pytorch.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

namespace conventions_test {

using heed::GruForm;
using heed::Index;
using heed::LstmCell;
using heed::Matrix;
using heed::Random;
using heed::test::PytorchFixture;
namespace gru_forms = heed::gru_forms;

constexpr double tolerance = 1e-6;

PytorchFixture framework(const std::string& name) {
  return PytorchFixture("recurrent", std::filesystem::path(HEED_FIXTURES) / name);
}

/// Reads the tensors of one layer. The batches in the fixtures have one row per item.
struct Layer {
  PytorchFixture& fixture;
  std::string prefix;

  Matrix<float> rows(const std::string& name) const { return fixture.matrix<float>(prefix + '.' + name); }
  Matrix<float> batch(const std::string& name) const { return rows(name).transpose(); }

  /// Sets `state` to h, with c below it if the fixture has c.
  void state(const std::string& h, const std::string& c, heed::Buffer<float>& state) const {
    Matrix<float> both = batch(h);
    if (fixture.has(prefix + '.' + c)) {
      const Matrix<float> below = batch(c);
      both.conservativeResize(both.rows() + below.rows(), Eigen::NoChange);
      both.bottomRows(below.rows()) = below;
    }
    state.assign(both);
  }
};

void expect_padded(const Matrix<float>& packed, const heed::PackedBatch& packing, const Matrix<float>& expected) {
  Matrix<float> padded(packed.rows(), packing.steps() * packing.sentences());
  heed::unpack_padded(packed, packing, padded);
  EXPECT_LE(heed::test::distance(padded, expected), tolerance);
}

template <class C>
void expect_onnx_results(const std::string& prefix) {
  auto fixture = framework("onnx");
  const heed::PackedBatch packing(fixture.numbers<Index>("lengths"));
  heed::Encoder<C> encoder({.input_size = fixture.number<Index>("input"),
                            .hidden_size = fixture.number<Index>("hidden"),
                            .bidirectional = true});
  heed::EncoderStates<float> initial(2), expected_final(2);
  for (const std::size_t d : {0u, 1u}) {
    const Layer direction{fixture, prefix + (d == 0 ? ".forward" : ".backward")};
    const heed::OnnxWeights<float> weights{direction.rows("W"), direction.rows("R"), direction.rows("B")};
    C& cell = d == 0 ? encoder.layers[0].forward : *encoder.layers[0].backward;
    heed::from_onnx(weights, cell);
    const auto again = heed::to_onnx(cell);
    EXPECT_EQ(again.W, weights.W);
    EXPECT_EQ(again.R, weights.R);
    EXPECT_EQ(again.B, weights.B);
    direction.state("initial_h", "initial_c", initial[d]);
    direction.state("Y_h", "Y_c", expected_final[d]);
  }
  const Layer layer{fixture, prefix};
  const Matrix<float> padded = layer.batch("X");
  Matrix<float> x(padded.rows(), packing.columns());
  heed::pack_padded(padded, packing, x);
  heed::EncoderTape<float> tape;
  encoder.forward(x, packing, tape, nullptr, &initial);
  expect_padded(tape.outputs(), packing, layer.batch("Y"));
  for (const std::size_t d : {0u, 1u}) {
    EXPECT_LE(heed::test::distance(tape.final_states[d], expected_final[d]), tolerance);
  }
  EXPECT_EQ(fixture.unread(prefix), std::vector<std::string>());
}

template <class C>
void expect_keras_results(const std::string& prefix, bool bias) {
  auto fixture = framework("keras");
  const Layer layer{fixture, prefix};
  heed::KerasWeights<float> weights{layer.rows("kernel"), layer.rows("recurrent_kernel"), {}};
  if (bias) weights.bias = layer.rows("bias");
  const heed::PackedBatch packing(fixture.numbers<Index>("lengths"));
  heed::Encoder<C> encoder(
      {.input_size = fixture.number<Index>("input"), .hidden_size = fixture.number<Index>("units")},
      [&](Index input, Index hidden) { return C(input, hidden, bias); });
  C& cell = encoder.layers[0].forward;
  heed::from_keras(weights, cell);
  const auto again = heed::to_keras(cell);
  EXPECT_EQ(again.kernel, weights.kernel);
  EXPECT_EQ(again.recurrent_kernel, weights.recurrent_kernel);
  EXPECT_EQ(again.bias, weights.bias);
  heed::EncoderStates<float> initial(1), expected_final(1);
  layer.state("h_0", "c_0", initial[0]);
  layer.state("h_n", "c_n", expected_final[0]);
  heed::EncoderTape<float> tape;
  // All lengths are equal, so the padded batch is also the packed batch.
  encoder.forward(layer.batch("x"), packing, tape, nullptr, &initial);
  EXPECT_LE(heed::test::distance(tape.outputs(), layer.batch("outputs")), tolerance);
  EXPECT_LE(heed::test::distance(tape.final_states[0], expected_final[0]), tolerance);
  EXPECT_EQ(fixture.unread(prefix + '.'), std::vector<std::string>());
}

template <class C>
C random_cell(bool bias = true) {
  Random random(17);
  C cell(3, 4, bias);
  randomize(cell, random);
  return cell;
}

/// Checks for equal bits: a change of sign does not round.
template <GruForm Form>
void expect_flip_preserves_next_state(bool bias) {
  const auto cell = random_cell<typed::Gru<double, Form>>(bias);
  const auto flipped = heed::flip_update(cell);
  static_assert(std::is_same_v<std::remove_const_t<decltype(flipped)>,
                               typed::Gru<double, GruForm{Form.reset_before, !Form.update_gate_selects_new}>>);
  Random random(19);
  const Matrix<double> x = random_matrix(3, 5, random), s_prev = random_matrix(4, 5, random);
  EXPECT_EQ(typed::next_state(flipped, x, s_prev), typed::next_state(cell, x, s_prev));
  EXPECT_GT(part_difference(flipped, cell), 0.1);
  EXPECT_EQ(part_difference(heed::flip_update(flipped), cell), 0);
}

TEST(FlipUpdate, PreservesNextState) {
  for (const bool bias : {true, false}) {
    expect_flip_preserves_next_state<gru_forms::pytorch>(bias);
    expect_flip_preserves_next_state<GruForm{false, true}>(bias);
    expect_flip_preserves_next_state<gru_forms::cho>(bias);
    expect_flip_preserves_next_state<gru_forms::bahdanau>(bias);
  }
}

TEST(FromOnnx, GruWithLinearBeforeReset) {
  expect_onnx_results<typed::Gru<float, gru_forms::onnx_reset_after>>("gru_reset_after");
}
TEST(FromOnnx, GruWithDefaultSettings) { expect_onnx_results<typed::Gru<float, gru_forms::onnx>>("gru_reset_before"); }
TEST(FromOnnx, Lstm) { expect_onnx_results<LstmCell<float>>("lstm"); }

TEST(FromKeras, GruWithDefaultSettings) {
  expect_keras_results<typed::Gru<float, gru_forms::keras>>("gru_reset_after", true);
  expect_keras_results<typed::Gru<float, gru_forms::keras>>("gru_reset_after_no_bias", false);
}
TEST(FromKeras, GruWithResetBefore) {
  expect_keras_results<typed::Gru<float, gru_forms::keras_reset_before>>("gru_reset_before", true);
  expect_keras_results<typed::Gru<float, gru_forms::keras_reset_before>>("gru_reset_before_no_bias", false);
}
TEST(FromKeras, Lstm) { expect_keras_results<LstmCell<float>>("lstm", true); }

TEST(ToKeras, SumsBothLstmBiases) {
  const auto cell = random_cell<LstmCell<double>>();
  const auto weights = heed::to_keras(cell);
  LstmCell<double> back(3, 4);
  heed::from_keras(weights, back);
  EXPECT_EQ(back.b_W, cell.b_W + cell.b_U);
  EXPECT_EQ(back.b_U, heed::Vector<double>::Zero(16));
}

TEST(ToOnnx, PreservesMissingBias) {
  const auto cell = random_cell<typed::Gru<double, gru_forms::onnx>>(false);
  const auto weights = heed::to_onnx(cell);
  EXPECT_EQ(weights.B.size(), 0);
  auto back = heed::zeros_like(cell);
  heed::from_onnx(weights, back);
  EXPECT_EQ(part_difference(back, cell), 0);
}

TEST(Conventions, SupportFixedSizes) {
  const auto cell = random_cell<heed::GruCell<double, 3, 4, gru_forms::cho>>();
  heed::GruCell<double, 3, 4, gru_forms::cho> back;
  heed::from_onnx(heed::to_onnx(cell), back);
  EXPECT_EQ(part_difference(back, cell), 0);
  EXPECT_EQ(part_difference(heed::flip_update(heed::flip_update(cell)), cell), 0);
}

TEST(Conventions, RejectWrongShapes) {
  auto cell = random_cell<heed::GruCell<double>>();
  auto keras = heed::to_keras(cell);
  auto onnx = heed::to_onnx(cell);
  heed::GruCell<double> wider(5, 4), larger(3, 6), without(3, 4, false);
  EXPECT_EQ(refusal([&] { heed::from_keras(keras, wider); }), "from_keras: kernel must be 5 x 12, got 3 x 12");
  EXPECT_EQ(refusal([&] { heed::from_keras(keras, without); }), "from_keras: bias must be 0 x 0, got 2 x 12");
  keras.recurrent_kernel.resize(5, 12);
  EXPECT_EQ(refusal([&] { heed::from_keras(keras, cell); }), "from_keras: recurrent_kernel must be 4 x 12, got 5 x 12");
  EXPECT_EQ(refusal([&] { heed::from_onnx(onnx, larger); }), "from_onnx: W must be 18 x 3, got 12 x 3");
  EXPECT_EQ(refusal([&] { heed::from_onnx(onnx, without); }), "from_onnx: B must be 0 x 1, got 24 x 1");
  onnx.R.resize(12, 3);
  EXPECT_EQ(refusal([&] { heed::from_onnx(onnx, cell); }), "from_onnx: R must be 12 x 4, got 12 x 3");
}

}  // namespace conventions_test
