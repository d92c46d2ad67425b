#include "fuzz/feed.hpp"

#include <heed/cells/gru.hpp>
#include <heed/io/pytorch.hpp>

using namespace heed;

namespace {

struct Tagger {
  Embedding<float> words = {2, 3};
  Encoder<GruCell<float>> rnn{{.input_size = 2, .hidden_size = 1, .bidirectional = true}};
  Linear<float> output = {2, 3};

  static void visit_parameters(auto&& visit, auto&... self) {
    visit("words", self.words...);
    visit("rnn", self.rnn...);
    visit("output", self.output...);
  }
};

}  // namespace

/// Any bytes as the state dict of a model with a test vector, read with and without `strict`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool strict : {true, false}) {
    Tagger tagger;
    test::feed(size, {128}, [&] {
      const auto file = SafetensorsFile::parse(std::as_bytes(std::span(data, size)), std::string(test::input_name));
      from_pytorch(file, tagger, "", {.names = {}, .strict = strict});
      const auto vector = PytorchTestVector<float>::read(file);
      if (!vector.inputs.empty()) vector.tokens(0);
      if (!vector.outputs.empty()) vector.expect(0, vector.outputs[0]);
    });
    if (!all_finite(tagger)) test::abort_with("accepted although it is not finite", "tagger");
  }
  return 0;
}
