#include <heed/cells/any_cell.hpp>
#include <heed/cells/projected_lstm.hpp>
#include <heed/encoders/encoder.hpp>
#include <heed/io/pytorch.hpp>

#include <gtest/gtest.h>
#include <support/pytorch.hpp>
#include <support/temporary_folder.hpp>

#include <cstdlib>

namespace models_test {

namespace fs = std::filesystem;
using heed::Index;
using heed::Matrix;
using heed::test::PytorchFixture;

using Layers = heed::Encoder<heed::AnyCell<float>>;
using ProjectedLayers = heed::Encoder<heed::ProjectedLstmCell<float>>;
using TestVector = heed::PytorchTestVector<float>;

/// The recurrent layers of a file, to compare their results with PyTorch's.
class StoredLayers {
 public:
  StoredLayers(const PytorchFixture& fixture, fs::path written)
      : fixture_(fixture), packing_(fixture.numbers<Index>("lengths")), written_(std::move(written)) {}

  void compare() {
    const auto size = [&](const char* key) { return fixture_.number<Index>(key); };
    const Index units = size("hidden"), projection = size("projection");
    const auto bias = fixture_.number<bool>("bias"), bidirectional = fixture_.number<bool>("bidirectional");
    if (projection > 0) {
      const auto make = [&](Index input, Index hidden) {
        return heed::ProjectedLstmCell<float>(input, units, hidden, bias);
      };
      return compare(ProjectedLayers({.input_size = size("input"),
                                      .hidden_size = projection,
                                      .layers = size("layers"),
                                      .bidirectional = bidirectional},
                                     make));
    }
    const std::string& kind = fixture_.text("kind");
    const auto make = [&](Index input, Index hidden) -> heed::AnyCell<float> {
      if (kind == "gru") return heed::GruCell<float>(input, hidden, bias);
      if (kind == "lstm") return heed::LstmCell<float>(input, hidden, bias);
      if (kind == "rnn-tanh") return heed::RnnCell<float>(input, hidden, bias);
      if (kind == "rnn-relu") {
        return heed::RnnCell<float, heed::Dynamic, heed::Dynamic, heed::Relu>(input, hidden, bias);
      }
      heed::fail("no cell is called " + kind);
    };
    compare(Layers(
        {.input_size = size("input"), .hidden_size = units, .layers = size("layers"), .bidirectional = bidirectional},
        make));
  }

 private:
  template <class Encoder>
  void compare(Encoder encoder) const {
    const std::string& prefix = fixture_.text("prefix");
    const auto report = heed::from_pytorch(fixture_.file(), encoder, prefix);
    EXPECT_TRUE(report.missing.empty() && report.unexpected.empty());
    const auto test = TestVector::read(fixture_.file());
    Matrix<float> x(encoder.input_size(), packing_.columns());
    heed::pack_padded(test.inputs.at(0), packing_, x);
    heed::EncoderTape<float> tape;
    const auto initial = states(test, encoder);
    encoder.forward(x, packing_, tape, nullptr, &initial);
    Matrix<float> padded(encoder.output_size(), packing_.steps() * packing_.sentences());
    heed::unpack_padded(tape.outputs(), packing_, padded);
    EXPECT_NO_THROW(test.expect(0, padded));
    EXPECT_NO_THROW(test.expect(1, final_rows(tape, 0, encoder.hidden_size())));
    const Index below = tape.final_states.front().rows() - encoder.hidden_size();
    EXPECT_EQ(test.outputs.size(), below > 0 ? 3U : 2U);
    if (below > 0) {
      EXPECT_NO_THROW(test.expect(2, final_rows(tape, encoder.hidden_size(), below)));
    }

    heed::SafetensorsWriter writer;
    heed::to_pytorch(writer, encoder, prefix);
    writer.write(written_);
    expect_same_state_dict();
  }

  /// The initial states, h above c. PyTorch has one tensor for each: (layers * directions, sentences, size).
  template <class Encoder>
  heed::EncoderStates<float> states(const TestVector& test, const Encoder& encoder) const {
    heed::EncoderStates<float> result(encoder.layers.size() * static_cast<std::size_t>(encoder.directions()));
    for (std::size_t i = 0; i < result.size(); ++i) {
      const Index first = static_cast<Index>(i) * packing_.sentences();
      result[i].resize(encoder.layers.front().forward.state_size(), packing_.sentences());
      Index row = 0;
      for (std::size_t k = 1; k < test.inputs.size(); ++k) {
        const auto& all = test.inputs[k];
        result[i].middleRows(row, all.rows()) = all.middleCols(first, packing_.sentences());
        row += all.rows();
      }
    }
    return result;
  }

  /// Rows `first` to `first + rows - 1` of the final states, side by side.
  Matrix<float> final_rows(const heed::EncoderTape<float>& tape, Index first, Index rows) const {
    const Index batch = packing_.sentences();
    Matrix<float> result(rows, batch * static_cast<Index>(tape.final_states.size()));
    for (std::size_t i = 0; i < tape.final_states.size(); ++i) {
      result.middleCols(static_cast<Index>(i) * batch, batch) = tape.final_states[i].middleRows(first, rows);
    }
    return result;
  }

  /// Expects that the written file contains exactly the state dict, with equal values.
  void expect_same_state_dict() const {
    const auto file = heed::SafetensorsFile::read(written_);
    std::size_t count = 0;
    for (const auto& [name, view] : fixture_.file().tensors()) {
      if (name.starts_with("heed.test.")) continue;
      ++count;
      ASSERT_TRUE(file.tensors().contains(name)) << name;
      EXPECT_EQ(file.at(name).shape, view.shape) << name;
      EXPECT_EQ(heed::read_matrix<float>(file.at(name)), heed::read_matrix<float>(view)) << name;
    }
    EXPECT_EQ(file.tensors().size(), count);
  }

  const PytorchFixture& fixture_;
  heed::PackedBatch packing_;
  fs::path written_;
};

fs::path path_from_environment(const char* variable, const fs::path& fallback) {
  const char* const value = std::getenv(variable);
  return value != nullptr ? fs::path(value) : fallback;
}

/// Reads the committed models, or those that make_pytorch_models.py --round-trips makes.
TEST(PytorchModels, MatchPytorchAndRoundTrip) {
  const heed::test::TemporaryFolder temporary;
  const fs::path folder = path_from_environment("HEED_PYTORCH_MODELS", fs::path(HEED_FIXTURES) / "pytorch_models");
  const fs::path written = path_from_environment("HEED_PYTORCH_WRITTEN", temporary.path());
  std::set<std::string> kinds;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    SCOPED_TRACE(name);
    const PytorchFixture fixture(name, folder);
    kinds.insert(fixture.text("kind"));
    StoredLayers(fixture, written / entry.path().filename()).compare();
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"gru", "lstm", "lstm-projected", "rnn-relu", "rnn-tanh"}));
}

}  // namespace models_test
