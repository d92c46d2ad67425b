#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/cells/rnn.hpp>
#include <heed/encoders/encoder.hpp>

#include <gtest/gtest.h>
#include <support/pytorch.hpp>

#include <span>
#include <tuple>
#include <type_traits>

namespace recurrent_test {

using heed::Index;
using heed::Matrix;
using heed::test::PytorchFixture;

constexpr double tolerance = 1e-5;

TEST(PytorchFixture, ListMatchesTheFiles) {
  std::set<std::string> expected, found;
  for (const auto name : heed::test::recurrent_fixtures) expected.insert(std::string(name) + ".safetensors");
  expected.insert(std::string(heed::test::projected_fixture) + ".safetensors");
  expected.insert(std::string(heed::test::transformer_fixture) + ".safetensors");
  expected.insert(std::string(heed::test::masks_fixture) + ".safetensors");
  for (const auto name : heed::test::seq2seq_fixtures) expected.insert(std::string(name) + ".safetensors");
  for (const auto& entry : std::filesystem::directory_iterator(heed::test::pytorch_folder())) {
    found.insert(entry.path().filename().string());
  }
  EXPECT_EQ(found, expected);
}

/// Fixture, layers, bidirectional, bias.
using Setup = std::tuple<std::string_view, Index, bool, bool>;

/// The prefix of the tensor names of a setup.
std::string prefix_of(Index layers, bool bidirectional, bool bias) {
  return std::to_string(layers) + (bidirectional ? "-bidirectional" : "") + (bias ? "-bias" : "") + '.';
}

class RecurrentLayers : public testing::TestWithParam<Setup> {
 protected:
  void compare() {
    const std::string_view name = std::get<0>(GetParam());
    if (name == "recurrent_gru") return compare_cells<heed::GruCell<float>>();
    if (name == "recurrent_lstm") return compare_cells<heed::LstmCell<float>>();
    if (name == "recurrent_rnn-tanh") return compare_cells<heed::RnnCell<float>>();
    if (name == "recurrent_rnn-relu") {
      return compare_cells<heed::RnnCell<float, heed::Dynamic, heed::Dynamic, heed::Relu>>();
    }
    if (name == heed::test::projected_fixture) return compare_cells<heed::ProjectedLstmCell<float>>();
    FAIL() << "no cell for " << name;
  }

 private:
  template <class C>
  void compare_cells() {
    const auto [name, layers, bidirectional, bias] = GetParam();
    PytorchFixture fixture(name);
    const std::string prefix = prefix_of(layers, bidirectional, bias);
    const auto matrix = [&](const std::string& tensor) { return fixture.matrix<float>(prefix + tensor); };
    const auto lengths = fixture.numbers<Index>("lengths");
    const heed::PackedBatch packing(lengths);
    const Index batch = packing.sentences(), hidden = fixture.number<Index>("hidden");
    const auto packed = [&](const std::string& tensor) {
      const Matrix<float> padded = matrix(tensor).transpose();
      Matrix<float> result(padded.rows(), packing.columns());
      heed::pack_padded(padded, packing, result);
      return result;
    };
    // PyTorch stores h and c separately; heed stores h above c in one state.
    const auto states = [&](const std::string& before, const std::string& after) {
      const Matrix<float> h = matrix(before + "h_" + after).transpose();
      const bool has_c = fixture.has(prefix + before + "c_" + after);
      const Matrix<float> c = has_c ? Matrix<float>(matrix(before + "c_" + after).transpose()) : Matrix<float>();
      heed::EncoderStates<float> result(static_cast<std::size_t>(h.cols() / batch));
      for (std::size_t i = 0; i < result.size(); ++i) {
        result[i].resize(h.rows() + c.rows(), batch);
        result[i].topRows(h.rows()) = h.middleCols(static_cast<Index>(i) * batch, batch);
        if (has_c) result[i].bottomRows(c.rows()) = c.middleCols(static_cast<Index>(i) * batch, batch);
      }
      return result;
    };
    const auto expect_states = [&](const heed::EncoderStates<float>& actual, const std::string& before,
                                   const std::string& after) {
      const auto expected = states(before, after);
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t i = 0; i < actual.size(); ++i) {
        EXPECT_LE(heed::test::distance(actual[i], expected[i]), tolerance) << before << after << ' ' << i;
      }
    };
    const auto expect_padded = [&](const Matrix<float>& actual, const std::string& tensor) {
      Matrix<float> padded(actual.rows(), packing.steps() * batch);
      heed::unpack_padded(actual, packing, padded);
      EXPECT_LE(heed::test::distance(padded, matrix(tensor).transpose()), tolerance) << tensor;
    };

    const bool with_bias = bias;
    const auto make = [&](Index input, Index size) {
      if constexpr (std::is_same_v<C, heed::ProjectedLstmCell<float>>) {
        return C(input, fixture.number<Index>("units"), size, with_bias);
      } else {
        return C(input, size, with_bias);
      }
    };
    heed::Encoder<C> encoder({.input_size = fixture.number<Index>("input"),
                              .hidden_size = hidden,
                              .layers = layers,
                              .bidirectional = bidirectional},
                             make);
    heed::for_each_parameter(
        [&](const heed::ParameterName& parameter, auto& x) {
          const Matrix<float> stored = matrix(heed::test::pytorch_name(parameter.str()));
          ASSERT_EQ(stored.rows(), x.rows());
          ASSERT_EQ(stored.cols(), x.cols());
          x = stored;
        },
        encoder);

    const Matrix<float> x = packed("input");
    heed::EncoderTape<float> tape;
    const auto initial = states("", "0");
    encoder.forward(x, packing, tape, nullptr, &initial);
    expect_padded(tape.outputs(), "outputs");
    expect_states(tape.final_states, "", "n");

    auto grad = heed::zeros_like(encoder);
    Matrix<float> d_x = Matrix<float>::Zero(x.rows(), x.cols());
    const auto d_final = states("gradient.", "n");
    encoder.backward(x, packing, tape, packed("gradient.outputs"), grad, d_x, nullptr, &d_final);
    expect_padded(d_x, "gradient.input");
    expect_states(tape.d_initial_states, "gradient.", "0");
    heed::for_each_parameter(
        [&](const heed::ParameterName& parameter, const auto& d) {
          const auto expected = matrix("gradient." + heed::test::pytorch_name(parameter.str()));
          EXPECT_LE(heed::test::distance(d, expected), tolerance) << parameter.str();
        },
        grad);
    EXPECT_EQ(fixture.unread(prefix), std::vector<std::string>());
  }
};

TEST_P(RecurrentLayers, MatchPytorch) { compare(); }

constexpr Index layer_counts[] = {1, 2, 3}, projected_layer_counts[] = {2};

std::string name_of(const testing::TestParamInfo<Setup>& setup) {
  const auto [name, layers, bidirectional, bias] = setup.param;
  return heed::test::test_name(name) + std::to_string(layers) + (bidirectional ? "Bidirectional" : "") +
         (bias ? "Bias" : "");
}

INSTANTIATE_TEST_SUITE_P(, RecurrentLayers,
                         testing::Combine(testing::ValuesIn(heed::test::recurrent_fixtures),
                                          testing::ValuesIn(layer_counts), testing::Bool(), testing::Bool()),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Projected, RecurrentLayers,
                         testing::Combine(testing::Values(heed::test::projected_fixture),
                                          testing::ValuesIn(projected_layer_counts), testing::Bool(), testing::Bool()),
                         name_of);

TEST(PytorchFixture, ContainsOnlyComparedLayers) {
  const auto expect_all = [](std::string_view name, std::span<const Index> counts) {
    std::set<std::string> expected, found;
    for (const Index layers : counts) {
      for (const bool bidirectional : {false, true}) {
        for (const bool bias : {false, true}) expected.insert(prefix_of(layers, bidirectional, bias));
      }
    }
    const PytorchFixture fixture(name);
    for (const auto& [tensor, view] : fixture.file().tensors()) found.insert(tensor.substr(0, tensor.find('.') + 1));
    EXPECT_EQ(found, expected) << name;
  };
  for (const auto name : heed::test::recurrent_fixtures) expect_all(name, layer_counts);
  expect_all(heed::test::projected_fixture, projected_layer_counts);
}

}  // namespace recurrent_test
