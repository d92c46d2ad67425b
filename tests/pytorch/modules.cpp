#include <heed/encoders/encoder.hpp>
#include <heed/encoders/transformer_encoder_layer.hpp>
#include <heed/io/pytorch.hpp>
#include <heed/layers/embedding.hpp>

#include <gtest/gtest.h>
#include <support/pytorch.hpp>
#include <support/refusal.hpp>
#include <support/temporary_folder.hpp>

namespace modules_test {

using heed::Index;
using heed::Matrix;

/// The module `Words` of make_pytorch_models.py.
struct Words {
  heed::Embedding<float> words{6, 7};
  heed::TransformerEncoderLayer<float> layer{{.size = 6, .heads = 3, .inner_size = 5}};
  heed::MultiHeadAttention<float> attention{{.size = 6, .heads = 2, .bias = false}};
  heed::Encoder<heed::GruCell<float>> cells{{.input_size = 6, .hidden_size = 4, .layers = 2}};
  heed::LayerNorm<float> norm{4};
  heed::Linear<float> output{4, 7};

  Matrix<float> scores(const std::vector<heed::Token>& tokens) const {
    const std::vector<Index> starts{0, static_cast<Index>(tokens.size())};
    Matrix<float> x(6, starts[1]), y(6, starts[1]), normed(4, starts[1]), saved(norm.saved_size(), starts[1]);
    heed::TransformerEncoderTape<float> layer_tape;
    heed::MultiHeadTape<float> attention_tape;
    heed::EncoderTape<float> tape;
    words.forward(tokens, x);
    layer.forward(x, starts, layer_tape, y);
    attention.forward(y, starts, attention_tape, x);
    cells.forward(x, heed::PackedBatch(std::vector<Index>{starts[1]}), tape);
    norm.forward(tape.outputs(), normed, saved);
    Matrix<float> result(7, starts[1]);
    output.forward(normed, result);
    return result;
  }

  static void visit_parameters(auto&& visit, auto&... self) {
    visit("words", self.words...);
    visit("layer", self.layer...);
    visit("attention", self.attention...);
    visit("cells", self.cells...);
    visit("norm", self.norm...);
    visit("output", self.output...);
  }
};

/// The layers are separate cell modules in PyTorch.
const heed::PytorchNames names{{"cells.layers.0.forward", "cells.0"}, {"cells.layers.1.forward", "cells.1"}};

heed::SafetensorsFile stored() {
  return heed::SafetensorsFile::read(std::filesystem::path(HEED_FIXTURES) / "pytorch_modules" / "words.safetensors");
}

TEST(PytorchModules, MatchPytorch) {
  const auto file = stored();
  const auto test = heed::PytorchTestVector<float>::read(file);
  Words words;
  heed::from_pytorch(file, words, "", {.names = names});
  EXPECT_EQ(test.tokens(0), (std::vector<heed::Token>{3, 0, 6, 6, 1}));
  EXPECT_NO_THROW(test.expect(0, words.scores(test.tokens(0))));
  words.layer.attention.heads = 2;  // the state dict does not contain the number of heads
  EXPECT_NE(refusal([&] { test.expect(0, words.scores(test.tokens(0))); }).find("differs"), std::string::npos);
}

TEST(PytorchModules, RoundTripWithTheirNames) {
  const auto file = stored();
  Words words;
  heed::from_pytorch(file, words, "", {.names = names});
  const heed::test::TemporaryFolder temporary;
  heed::SafetensorsWriter writer;
  heed::to_pytorch(writer, words, "", {.names = names});
  writer.write(temporary.path() / "back.safetensors");
  const auto back = heed::SafetensorsFile::read(temporary.path() / "back.safetensors");
  EXPECT_EQ(back.tensors().size() + 2, file.tensors().size());  // the file also has a test vector of two tensors
  for (const auto& [name, view] : back.tensors()) {
    ASSERT_TRUE(file.tensors().contains(name)) << name;
    EXPECT_EQ(view.shape, file.at(name).shape) << name;
    EXPECT_EQ(heed::read_matrix<float>(view), heed::read_matrix<float>(file.at(name))) << name;
  }
}

}  // namespace modules_test
