/// from_pytorch: loads a translator that was trained in PyTorch (train.py in this folder), checks that heed computes
/// the same logits, and translates.

#include "support/files.hpp"
#include "support/line_filter.hpp"
#include "support/program.hpp"
#include "translate/translation.hpp"

#include <heed/io/pytorch.hpp>
#include <heed/io/translator.hpp>
#include <heed/text/corpus.hpp>

#include <iostream>
#include <utility>
#include <vector>

namespace {

/// The names in train.py of the parts of a translation model.
heed::PytorchNames names() {
  return {{"source", "encoder.embedding"},
          {"encoder", "encoder.gru"},
          {"target", "decoder.embedding"},
          {"decoder.stack", "decoder.gru"},
          {"decoder.attention.scorer", "decoder.attention"},
          {"decoder.bridge.layers.0", "decoder.start"},
          {"decoder.W", "decoder.combine.weight"},
          {"output", "decoder.output"}};
}

/// Throws heed::Error unless the logits for a sentence and its translation agree with the file's test vector.
void verify(const heed::SafetensorsFile& file, const heed::Translator& translator) {
  const auto test = heed::PytorchTestVector<float>::read(file);
  const auto source = test.tokens(0), target = test.tokens(1);
  const std::vector<std::span<const heed::Token>> sources{source}, targets{target};
  heed::Seq2SeqTape<float> tape;
  translator.model.forward(sources, targets, tape);
  heed::Matrix<float> scores(translator.target.size(), tape.decoder.features.cols());
  translator.model.score_words(tape.decoder.features, scores);
  test.expect(0, scores);
}

/// The format that train.py writes. A configuration field that is not in the file has its default.
constexpr heed::detail::FormatVersion pytorch_format{"heed-pytorch", 1, "model from train.py"};

heed::Translator load(const heed::SafetensorsFile& file) {
  heed::detail::read_version(file, pytorch_format);
  return heed::detail::naming(file, [&] {
    double held = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      const auto bytes = static_cast<double>(heed::dtype_bytes(tensor.dtype));
      if (bytes == 0 || name.starts_with(heed::detail::test_vector_prefix)) continue;
      held += static_cast<double>(tensor.data.size()) / bytes;
    }
    heed::Translator translator = heed::detail::described_translator(file, held, false);
    heed::from_pytorch(file, translator.model, "", {.names = names()});
    verify(file, translator);
    return translator;
  });
}

/// Writes a state dict for `Translator(...).load_state_dict(safetensors.torch.load_file(path), strict=True)`.
void write_back(const heed::Translator& translator, const std::string& path) {
  heed::SafetensorsWriter writer;
  heed::to_pytorch(writer, translator.model, "", {.names = names()});
  writer.write(path);
}

/// Translates with greedy search.
class Translating {
 public:
  explicit Translating(const heed::Translator& translator) : translator_(translator) {}

  heed::Words operator()(const heed::Words& source) { return all({source}).front(); }

  std::vector<heed::Words> all(const std::vector<heed::Words>& sources) {
    std::vector<heed::Words> translations;
    for (auto& best : examples::translate(translator_, sources, how_, work_)) {
      translations.push_back(std::move(best.front().target));
    }
    return translations;
  }

 private:
  const heed::Translator& translator_;
  const examples::DecodingOptions how_{.search = {.keep_weights = false}};
  heed::SampleWorkspace<float> work_;
};

/// Compares the translations with those of PyTorch, which are in the file. Returns the exit code: 0 if all are equal.
int check(const heed::SafetensorsFile& file, Translating& translate) {
  const auto lines = [&](const std::string& key) {
    return heed::detail::split_lines(heed::detail::metadata_at(file, "heed.test." + key, "file with translations"));
  };
  const heed::Words sources = lines("sources"), wanted = lines("translations");
  heed::require(sources.size() == wanted.size() && !sources.empty(), [&] {
    return file.name() + ": got " + std::to_string(wanted.size()) + " translations of " +
           std::to_string(sources.size()) + " test sentences, expected one for each sentence";
  });
  std::size_t same = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string found = heed::join_words(translate(heed::split_words(sources[i])));
    if (found == wanted[i]) {
      ++same;
      continue;
    }
    using heed::detail::plain_text;
    std::cerr << "source:  " << plain_text(sources[i]) << "\nPyTorch: " << plain_text(wanted[i])
              << "\nheed:    " << found << '\n';
  }
  std::cout << same << " of " << sources.size() << " translations are equal to PyTorch's\n";
  return same == sources.size() ? 0 : 1;
}

int translate_standard_input(Translating& translate) {
  examples::LineFilter filter;
  filter.program = "from_pytorch";
  filter.parse = [](const heed::LineReader& reader) {
    return heed::detail::limited_words(reader, reader.text(), "the line", {}, heed::split_words);
  };
  filter.answer = [&](const std::vector<examples::InputLine>& lines, int) {
    std::vector<heed::Words> sources;
    for (const auto& line : lines) sources.push_back(line.words);
    std::vector<examples::Answer> answers;
    for (const heed::Words& words : translate.all(sources)) {
      answers.emplace_back().out = heed::join_words(words) + '\n';
    }
    return answers;
  };
  return filter.run();
}

int from_pytorch_program(int argc, char** argv) {
  CLI::App app(
      "Loads a translator that was trained in PyTorch (examples/from_pytorch/train.py), checks that heed computes the "
      "same logits, and translates standard input, one sentence per line.");
  std::string model, save, back;
  bool checks = false;
  app.add_option("model", model, "model file written by train.py")->required();
  app.add_flag("--check", checks, "instead of translating standard input, compare with the translations of PyTorch");
  app.add_option("--save", save, "instead of translating, write the model to this file, for the program translate");
  app.add_option("--back", back, "instead of translating, write the model to this file, as a PyTorch state dict");
  return examples::parse_and_execute(app, argc, argv, [&] {
    examples::check_outputs({{"model", model}}, {{"--save", save}, {"--back", back}});
    const auto file = heed::SafetensorsFile::read(model);
    heed::Translator translator = load(file);
    heed::prepack(translator.model);
    Translating translate(translator);
    const int code = checks ? check(file, translate) : 0;
    if (!save.empty()) translator.save(save);
    if (!back.empty()) write_back(translator, back);
    return checks || !save.empty() || !back.empty() ? code : translate_standard_input(translate);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("from_pytorch", [&] { return from_pytorch_program(argc, argv); });
}
