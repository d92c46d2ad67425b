#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/core/random.hpp>
#include <heed/decoders/bridge.hpp>
#include <heed/decoders/stack.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/encoders/image_encoder.hpp>
#include <heed/encoders/recurrence.hpp>

#include "support/size_errors.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace size_errors_of_encoders_test {

using heed::Buffer;
using heed::Index;
using heed::Matrix;
using size_errors::Argument;
using size_errors::expect_sizes_are_checked;

using Lstm = heed::LstmCell<double>;
constexpr Index input = 3, hidden = 4;
const heed::PackedBatch packing(std::vector<Index>{2, 3});

void expect_part_of(const std::string& part, const std::string& message) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(RecurrenceSizes, RejectsWrongSizes) {
  const Lstm cell(input, hidden);
  heed::RecurrenceTape<double> tape;
  heed::ThreadPool thread_pool;
  expect_sizes_are_checked("run_recurrence", {{"x", 3, 5}, {"tape.running", 8, 2}, {"outputs", 4, 5}}, [&](auto& m) {
    tape.running.assign(m[1]);
    heed::run_recurrence(cell, m[0], packing, false, true, tape, m[2], thread_pool);
  });
  tape.running.assign(Matrix<double>::Zero(8, 2));
  tape.mask.assign(Matrix<double>::Ones(4, 1));
  Matrix<double> outputs(4, 5);
  EXPECT_EQ(refusal([&] {
              heed::run_recurrence(cell, Matrix<double>::Ones(3, 5), packing, false, true, tape, outputs, thread_pool);
            }),
            "run_recurrence: tape.mask must be 4 x 2, got 4 x 1");
  expect_sizes_are_checked(
      "run_recurrence_backward",
      {{"tape.saved", 20, 5}, {"tape.previous", 8, 5}, {"tape.d_running", 8, 2}, {"d_outputs", 4, 5}}, [&](auto& m) {
        tape.mask.resize(0, 0);
        tape.saved.assign(m[0]);
        tape.previous.assign(m[1]);
        tape.d_running.assign(m[2]);
        heed::run_recurrence_backward(cell, packing, false, tape, m[3]);
      });
}

TEST(EncoderSizes, RejectsWrongSizes) {
  const heed::Encoder<Lstm> encoder({.input_size = input, .hidden_size = hidden, .layers = 2, .bidirectional = true});
  auto grad = encoder;
  heed::EncoderTape<double> tape;
  const Argument x{"x", 3, 5};
  expect_sizes_are_checked("Encoder.forward", {x}, [&](auto& m) { encoder.forward(m[0], packing, tape); });
  const std::vector<Argument> initial(4, {"initial", 8, 2}), final_states(4, {"d_final", 8, 2});
  const auto states_of = [](const auto& m, std::size_t first) {
    heed::EncoderStates<double> states(4);
    for (std::size_t i = 0; i < 4; ++i) states[i].assign(m[first + i]);
    return states;
  };
  for (std::size_t i = 0; i < 4; ++i) {
    expect_sizes_are_checked("Encoder.forward", {initial[i]}, [&](auto& m) {
      std::vector<Matrix<double>> all(4, Matrix<double>::Zero(8, 2));
      all[i] = m[0];
      const auto states = states_of(all, 0);
      encoder.forward(Matrix<double>::Ones(3, 5), packing, tape, nullptr, &states);
    });
    expect_sizes_are_checked("Encoder.backward", {final_states[i]}, [&](auto& m) {
      std::vector<Matrix<double>> all(4, Matrix<double>::Zero(8, 2));
      all[i] = m[0];
      const auto states = states_of(all, 0);
      Matrix<double> d_x = Matrix<double>::Zero(3, 5);
      encoder.forward(Matrix<double>::Ones(3, 5), packing, tape);
      encoder.backward(Matrix<double>::Ones(3, 5), packing, tape, Matrix<double>::Ones(8, 5), grad, d_x, nullptr,
                       &states);
    });
  }
  expect_sizes_are_checked("Encoder.backward", {x, {"d_outputs", 8, 5}, {"d_x", 3, 5}}, [&](auto& m) {
    encoder.forward(Matrix<double>::Ones(3, 5), packing, tape);
    encoder.backward(m[0], packing, tape, m[1], grad, m[2]);
  });
  const heed::EncoderStates<double> few(3);
  EXPECT_EQ(refusal([&] { encoder.forward(Matrix<double>::Ones(3, 5), packing, tape, nullptr, &few); }),
            "Encoder.forward: initial must have 4 states, one per layer and direction, got 3");
}

TEST(EncoderSizes, RejectsTapeAndGradientOfAnotherEncoder) {
  const heed::Encoder<Lstm> encoder({.input_size = input, .hidden_size = hidden, .layers = 2, .bidirectional = true});
  auto grad = encoder;
  const Matrix<double> x = Matrix<double>::Ones(3, 5), d_outputs = Matrix<double>::Ones(8, 5);
  Matrix<double> d_x = Matrix<double>::Zero(3, 5);
  heed::EncoderTape<double> tape;
  encoder.forward(x, packing, tape);
  const auto other = [](const heed::EncoderOptions& options) { return heed::Encoder<Lstm>(options); };
  const auto with_grad = [&](heed::Encoder<Lstm> other_grad) {
    return refusal([&] { encoder.backward(x, packing, tape, d_outputs, other_grad, d_x); });
  };
  EXPECT_EQ(with_grad(other({.input_size = input, .hidden_size = hidden, .bidirectional = true})),
            "for_each_parameter: all objects must have the same structure, but their sizes differ in layers");
  EXPECT_EQ(
      with_grad(other({.input_size = input, .hidden_size = hidden, .layers = 2})),
      "for_each_parameter: all objects must have the same structure, but their sizes differ in layers.0.backward");
  EXPECT_EQ(with_grad(other({.input_size = input + 1, .hidden_size = hidden, .layers = 2, .bidirectional = true})),
            "Encoder.backward: grad.layers.0.forward.W must be 16 x 3, got 16 x 4");
  const auto with_tape = [&](const heed::Encoder<Lstm>& source, const heed::PackedBatch& batch) {
    heed::EncoderTape<double> other_tape;
    source.forward(Matrix<double>::Ones(source.input_size(), batch.columns()), batch, other_tape);
    return refusal([&] { encoder.backward(x, packing, other_tape, d_outputs, grad, d_x); });
  };
  const heed::PackedBatch longer(std::vector<Index>{2, 4});
  EXPECT_EQ(with_tape(other({.input_size = input, .hidden_size = hidden, .bidirectional = true}), packing),
            "Encoder.backward: tape.layers must have 2 elements, got 1");
  EXPECT_EQ(
      with_tape(other({.input_size = input, .hidden_size = hidden + 1, .layers = 2, .bidirectional = true}), packing),
      "Encoder.backward: tape.outputs() must be 8 x 5, got 10 x 5");
  EXPECT_EQ(with_tape(encoder, longer), "Encoder.backward: tape.outputs() must be 8 x 5, got 8 x 6");
  EXPECT_EQ(with_tape(encoder, packing), "accepted");
}

TEST(EncoderSizes, RejectsMemoryOfAnotherPacking) {
  const heed::Encoder<Lstm> encoder({.input_size = input, .hidden_size = hidden, .bidirectional = true});
  const heed::PackedBatch longer(std::vector<Index>{2, 4}), reordered(std::vector<Index>{3, 2}),
      alone(std::vector<Index>{5});
  heed::EncoderTape<double> tape;
  encoder.forward(Matrix<double>::Ones(3, 5), packing, tape);
  std::vector<Index> lengths;
  heed::Memory<double> memory, d_memory;
  EXPECT_EQ(refusal([&] { make_memory(encoder, longer, tape, lengths, memory); }),
            "make_memory: tape.outputs() must be 8 x 6, got 8 x 5");
  EXPECT_EQ(refusal([&] { make_memory(encoder, alone, tape, lengths, memory); }),
            "make_memory: tape.final_states must be 8 x 1 (h above c), got 8 x 2");
  make_memory(encoder, packing, tape, lengths, memory);
  Buffer<double> d_outputs;
  const auto message = [&](const heed::PackedBatch& batch) {
    return refusal([&] { make_memory_backward(encoder, batch, d_memory, d_outputs); });
  };
  d_memory.zeros_like(memory);
  EXPECT_EQ(message(packing), "accepted");
  EXPECT_EQ(message(longer), "make_memory_backward: d_memory.values must be 8 x 6, got 8 x 5");
  EXPECT_EQ(message(alone), "make_memory_backward: d_memory must have 1 sentences, got 2");
  EXPECT_EQ(message(reordered), "make_memory_backward: a sentence of d_memory must have 3 columns, got 2");
  d_memory.states.clear();
  EXPECT_EQ(message(packing),
            "make_memory_backward: d_memory.states must have 2 states, one per layer and direction, got 0");
  EXPECT_EQ(message(heed::PackedBatch()), "make_memory_backward: d_memory must have 0 sentences, got 2");
}

TEST(EncoderSizes, RejectsColumnsThatDoNotMatchPacking) {
  const heed::Encoder<heed::GruCell<float>> encoder({.input_size = 4, .hidden_size = 8});
  heed::EncoderTape<float> tape;
  EXPECT_EQ(refusal([&] {
              encoder.forward(Matrix<float>::Ones(4, 5), heed::PackedBatch(std::vector<Index>{3, 3}), tape);
            }),
            "Encoder.forward: x must be 4 x 6, got 4 x 5");
}

TEST(StackSizes, RejectsStepsBeyondTheTape) {
  heed::Random random(1);
  for (const double recurrent : {0.0, 0.5}) {
    heed::Stack<Lstm> stack({.input_size = input, .hidden_size = hidden, .layers = 2, .dropout = 0.5});
    stack.recurrent.rate = recurrent;
    heed::StackTape<double> tape;
    std::vector<Buffer<double>> states(2);
    for (auto& state : states) state.assign(Matrix<double>::Zero(8, 2));
    const auto step = [&](Index first, Index n) {
      return refusal([&] { stack.step(tape, first, n, states, &random); });
    };
    const auto backward = [&](Index first, Index n) {
      return refusal([&] { stack.step_backward(tape, first, n, &random); });
    };
    EXPECT_EQ(step(0, 2), "Stack.step: tape.layers must have 2 elements, got 0; call begin first");
    EXPECT_EQ(backward(0, 2), "Stack.step_backward: tape.layers must have 2 elements, got 0; call begin first");
    stack.begin(3, tape);
    for (auto& layer : tape.layers) layer.saved.setZero();
    const auto room = [](const std::string& name, Index rows, Index n, Index first, const std::string& got) {
      return name + " must be " + std::to_string(rows) + " x N with room for " + std::to_string(n) +
             " columns from column " + std::to_string(first) + ", got " + got;
    };
    EXPECT_EQ(step(2, 2), room("Stack.step: tape.saved", 20, 2, 2, "20 x 3; call begin first"));
    EXPECT_EQ(step(-1, 2), room("Stack.step: tape.saved", 20, 2, -1, "20 x 3; call begin first"));
    EXPECT_EQ(step(0, 3), room("Stack.step: states", 8, 3, 0, "8 x 2"));
    EXPECT_EQ(step(0, 2), "accepted");
    EXPECT_EQ(step(2, 1), "accepted");
    EXPECT_EQ(backward(0, 2), room("Stack.step_backward: tape.d_outputs", 4, 2, 0, "0 x 0; call begin_backward first"));
    EXPECT_EQ(refusal([&] { stack.begin_backward(4, 2, tape); }),
              room("Stack.begin_backward: tape.saved", 20, 4, 0, "20 x 3; call begin first"));
    stack.begin_backward(3, 1, tape);
    EXPECT_EQ(backward(0, 2), room("Stack.step_backward: tape.d_state", 8, 2, 0, "8 x 1; call begin_backward first"));
    stack.begin_backward(3, 2, tape);
    EXPECT_EQ(backward(2, 1), "accepted");
    EXPECT_EQ(backward(2, 2), room("Stack.step_backward: tape.saved", 20, 2, 2, "20 x 3; call begin first"));
    heed::Stack<Lstm> other({.input_size = input, .hidden_size = hidden + 1, .layers = 2}),
        lower({.input_size = input, .hidden_size = hidden});
    EXPECT_EQ(refusal([&] { stack.accumulate(tape, other); }),
              "Stack.accumulate: grad.layers.0.W must be 16 x 3, got 20 x 3");
    expect_part_of("layers", refusal([&] { stack.accumulate(tape, lower); }));
    EXPECT_EQ(refusal([&] { other.step(tape, 0, 2, states, nullptr); }),
              room("Stack.step: tape.saved", 25, 2, 0, "20 x 3; call begin first"));
    states.pop_back();
    EXPECT_EQ(step(0, 2), "Stack.step: states must have 2 elements, got 1");
    states.emplace_back().assign(Matrix<double>::Zero(4, 2));
    EXPECT_EQ(step(0, 2), room("Stack.step: states", 8, 2, 0, "4 x 2"));
  }
}

TEST(BridgeSizes, RejectsWrongSizes) {
  const heed::Bridge<double> bridge({.summary_size = 6, .state_size = 4, .layers = 2, .first_row = 3});
  auto grad = bridge;
  heed::Memory<double> memory;
  memory.resize(6, std::vector<Index>{2, 1});
  memory.summary.setZero();
  Buffer<double> gathered;
  std::vector<Buffer<double>> states;
  const std::vector<Index> sentences{1, 0, 1};
  const auto forward = [&](const std::vector<Index>& batch) {
    return refusal([&] { bridge.forward(memory, batch, gathered, states); });
  };
  EXPECT_EQ(forward(sentences), "accepted");
  EXPECT_EQ(forward({0, 2}), "Bridge.forward: sentences must be in [0, 2), got 2");
  EXPECT_EQ(forward({-1}), "Bridge.forward: sentences must be in [0, 2), got -1");
  expect_sizes_are_checked("Bridge.backward", {{"gathered", 3, 3}, {"states", 4, 3}, {"d_states", 4, 3}},
                           [&](auto& m) { bridge.backward(0, m[0], m[1], sentences, m[2], grad, memory); });
  Matrix<double> d_states = Matrix<double>::Ones(4, 3);
  const auto backward = [&](std::size_t l, heed::Bridge<double> other) {
    return refusal([&] {
      bridge.backward(l, Matrix<double>::Ones(3, 3), Matrix<double>::Ones(4, 3), sentences, d_states, other, memory);
    });
  };
  EXPECT_EQ(backward(1, grad), "accepted");
  EXPECT_EQ(backward(2, grad), "Bridge.backward: l must be in [0, 2), got 2");
  EXPECT_EQ(backward(1, heed::Bridge<double>({.summary_size = 6, .state_size = 5, .layers = 2, .first_row = 3})),
            "Bridge.backward: grad.layers.0.W must be 4 x 3, got 5 x 3");
  memory.resize(5, std::vector<Index>{2, 1});
  EXPECT_EQ(forward(sentences), "Bridge.forward: memory.summary must be 6 x 2, got 5 x 2");
  EXPECT_EQ(backward(1, grad), "Bridge.backward: memory.summary must be 6 x 2, got 5 x 2");
}

TEST(BridgeSizes, RejectsWrongStatesToCopy) {
  auto bridge = heed::Bridge<double>::copying(8, 2);
  heed::Memory<double> memory;
  memory.resize(4, std::vector<Index>{2, 1});
  memory.states.resize(2);
  for (auto& state : memory.states) state.assign(Matrix<double>::Ones(8, 2));
  Buffer<double> gathered;
  std::vector<Buffer<double>> states;
  const auto forward = [&](const std::vector<Index>& sentences) {
    return refusal([&] { bridge.forward(memory, sentences, gathered, states); });
  };
  EXPECT_EQ(forward({1, 0, 1}), "accepted");
  EXPECT_EQ(forward({2}), "Bridge.forward: sentences must be in [0, 2), got 2");
  Matrix<double> d_states = Matrix<double>::Ones(8, 2);
  const auto backward = [&](const std::vector<Index>& sentences) {
    return refusal([&] { bridge.backward(1, gathered, states[1], sentences, d_states, bridge, memory); });
  };
  EXPECT_EQ(backward({1, 0}), "accepted");
  EXPECT_EQ(backward({1, 0, 1}), "Bridge.backward: d_states must be 8 x 3, got 8 x 2");
  memory.states[1].assign(Matrix<double>::Ones(8, 1));
  EXPECT_EQ(forward({0}), "Bridge.forward: memory.states must be 8 x 2, got 8 x 1");
  memory.states[1].assign(Matrix<double>::Ones(4, 2));
  EXPECT_EQ(forward({0}), "Bridge.forward: memory.states must be 8 x 2, got 4 x 2");
  memory.states.pop_back();
  EXPECT_EQ(forward({0}),
            "Bridge.forward: memory.states must have 2 states (one per layer of the decoder, from an encoder of one "
            "direction), got 1");
}

TEST(ImageEncoderSizes, RejectsWrongSizes) {
  using Stage = heed::ImageStage<double>;
  const heed::Grid grid{6, 6};  // 4 x 4 after the convolution, 2 x 2 after the pooling, then 1 x 1
  const std::vector<Stage> stages{{heed::Conv2d<double>(2, 3, {.height = 3, .width = 3}),
                                   heed::MaxPool2d<double>({.height = 2, .width = 2, .stride = 2})},
                                  {heed::Conv2d<double>(3, 4, {.height = 1, .width = 1}),
                                   heed::MaxPool2d<double>({.height = 2, .width = 2, .stride = 2})}};
  const heed::ImageEncoder<double> encoder(stages);
  auto grad = encoder;
  heed::ImageEncoderTape<double> tape;
  expect_sizes_are_checked("ImageEncoder.forward", {{"x", 2, 72}}, [&](auto& m) { encoder.forward(m[0], grid, tape); });
  const Matrix<double> x = Matrix<double>::Ones(2, 72);
  expect_sizes_are_checked("ImageEncoder.backward", {{"x", 2, 72}, {"tape.d_outputs()", 4, 2}}, [&](auto& m) {
    encoder.forward(x, grid, tape);
    tape.d_outputs().assign(m[1]);
    encoder.backward(m[0], tape, grad);
  });
  encoder.forward(x, grid, tape);
  tape.d_outputs().assign(Matrix<double>::Ones(4, 2));
  heed::ImageEncoder<double> first({stages[0]});
  EXPECT_EQ(refusal([&] { first.backward(x, tape, first); }),
            "ImageEncoder.backward: tape.stages must have 1 elements, got 2");
  expect_part_of("stages", refusal([&] { encoder.backward(x, tape, first); }));
  EXPECT_EQ(refusal([&] { encoder.backward(x.leftCols(36), tape, grad); }),
            "ImageEncoder.backward: tape.convolved must be 3 x 16, got 3 x 32");
  auto wider = encoder;
  wider.stages[0].conv.window.padding = 1;
  EXPECT_EQ(refusal([&] { wider.backward(x, tape, grad); }),
            "ImageEncoder.backward: the tape must come from forward of this encoder");
}

}  // namespace size_errors_of_encoders_test
