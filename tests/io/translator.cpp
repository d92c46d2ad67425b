#include <heed/io/translator.hpp>

#include "support/refusal.hpp"
#include "support/translations.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <map>
#include <set>

namespace translator_test {

using heed::Index;
using heed::Matrix;
using heed::SafetensorsFile;
using heed::Translator;
using heed::TranslatorConfig;
using heed::Vocabulary;

namespace fs = std::filesystem;

TranslatorConfig small() {
  TranslatorConfig config;
  config.hidden = 4;
  config.embedding = 3;
  config.dropout = 0.1;
  return config;
}

/// With shared embeddings, both vocabularies are the target vocabulary.
Translator random_translator(const TranslatorConfig& config = small()) {
  const auto source = Vocabulary::build(std::vector<heed::Words>{{"ein", "Mädchen", "läuft", "."}});
  const auto target = Vocabulary::build(std::vector<heed::Words>{{"a", "girl", "\"runs\"", "\\"}});
  Translator translator(config, config.shared_embeddings ? target : source, target);
  heed::Random random(1);
  randomize(translator.model, random);
  return translator;
}

class TranslatorFile : public testing::Test {
 protected:
  /// The contents of a file, to be changed and written again.
  struct Contents {
    std::map<std::string, Matrix<float>> tensors;
    std::map<std::string, std::string> metadata;
  };

  Contents saved(const Translator& translator = random_translator()) const {
    translator.save(path_);
    const SafetensorsFile file = SafetensorsFile::read(path_);
    Contents contents;
    for (const auto& [name, tensor] : file.tensors()) contents.tensors[name] = heed::read_matrix<float>(tensor);
    for (const auto& [key, value] : file.metadata()) contents.metadata[key] = value;
    return contents;
  }

  static void fill(heed::SafetensorsWriter& writer, const Contents& contents) {
    for (const auto& [name, tensor] : contents.tensors) writer.add(name, tensor);
    for (const auto& [key, value] : contents.metadata) writer.metadata(key, value);
  }

  std::string load_error() const {
    return refusal([&] { heed::Translator::load(path_); });
  }

  std::string load_error(const Contents& contents) const {
    heed::SafetensorsWriter writer;
    fill(writer, contents);
    writer.write(path_);
    return load_error();
  }

  /// The message after metadata `key` was set to `value`, without the name of the file.
  std::string load_error_with(const std::string& key, const std::string& value) const {
    Contents contents = saved();
    contents.metadata.at(key) = value;
    const std::string message = load_error(contents), file = path_.string() + ": ";
    EXPECT_EQ(message.substr(0, file.size()), file) << message;
    return message.substr(std::min(file.size(), message.size()));
  }

  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  std::string load_error_of_bytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;
    return load_error();
  }

  void expect(const std::string& message, const std::string& part) const {
    EXPECT_EQ(message.substr(0, path_.string().size()), path_.string());
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  const heed::test::TemporaryFolder temporary_;
  const fs::path path_ = temporary_.path() / "a.safetensors";
};

TEST_F(TranslatorFile, RoundTripsEveryModel) {
  for (TranslatorConfig config : heed::test::every_combination(small())) {
    config.layers = 2;
    config.bidirectional = config.cell == "lstm" && config.decoder != "sutskever";
    const Translator translator = random_translator(config);
    translator.save(path_);
    const Translator loaded = heed::Translator::load(path_);
    EXPECT_EQ(loaded.config, translator.config);
    EXPECT_EQ(loaded.source, translator.source);
    EXPECT_EQ(loaded.target, translator.target);
    heed::for_each_parameter(
        [](const heed::ParameterName& name, const auto& a, const auto& b) { EXPECT_EQ(a, b) << name.str(); },
        loaded.model, translator.model);
    EXPECT_EQ(loaded.model.dropout.rate, 0.1);
    const std::string once = bytes();
    loaded.save(path_);
    EXPECT_EQ(bytes(), once);
  }
}

TEST_F(TranslatorFile, LoadedModelTranslatesIdentically) {
  const Translator translator = random_translator();
  translator.save(path_);
  const Translator loaded = heed::Translator::load(path_);
  const auto batch = heed::test::copy_task(5, 1, 6, 7, 2);
  const auto translate = [&](const Translator& t) {
    heed::SearchWorkspace<float> work;
    std::vector<heed::Hypothesis<float>> found;
    heed::search(t.model, batch.sources, {3, 0.6, 9}, work, found);
    return found;
  };
  const auto before = translate(translator), after = translate(loaded);
  for (std::size_t b = 0; b < batch.size(); ++b) {
    EXPECT_EQ(after[b].tokens, before[b].tokens);
    EXPECT_EQ(after[b].log_probability, before[b].log_probability);
    EXPECT_EQ(after[b].weights, before[b].weights);
  }
}

TEST_F(TranslatorFile, PreservesTheConfiguration) {
  TranslatorConfig config;
  config.cell = "lstm";
  config.scorer = "general";
  config.decoder = "luong";
  config.layers = 3;
  config.hidden = 6;
  config.embedding = 2;
  config.bidirectional = false;
  config.input_feeding = false;
  config.dropout = 1.0 / 3;
  config.reverse_source = true;
  config.copy_states = true;
  config.attention = "local-p";
  config.window = 3;
  config.longest = 7;
  config.variational_dropout = true;
  config.recurrent_dropout = 1.0 / 7;
  config.memory_dropout = 1.0 / 9;
  config.tied_embeddings = config.shared_embeddings = true;
  random_translator(config).save(path_);
  EXPECT_EQ(heed::Translator::load(path_).config, config);
}

TEST_F(TranslatorFile, StoresATiedTableOnce) {
  TranslatorConfig config = small();
  config.tied_embeddings = true;
  const Translator translator = random_translator(config);
  const Contents contents = saved(translator);
  EXPECT_TRUE(contents.tensors.contains("model.target.table"));
  EXPECT_TRUE(contents.tensors.contains("model.output.b"));
  EXPECT_FALSE(contents.tensors.contains("model.output.W"));
  EXPECT_EQ(part_difference(heed::Translator::load(path_).model, translator.model), 0);
  Contents untied = contents;
  untied.metadata.at("config.tied_embeddings") = "0";
  expect(load_error(untied), "parameters");
}

TEST_F(TranslatorFile, StoresASharedTableOnce) {
  TranslatorConfig config = small();
  config.tied_embeddings = config.shared_embeddings = true;
  const Translator translator = random_translator(config);
  const Contents contents = saved(translator);
  EXPECT_EQ(contents.metadata.at("config.shared_embeddings"), "1");
  EXPECT_TRUE(contents.tensors.contains("model.target.table"));
  EXPECT_FALSE(contents.tensors.contains("model.source.table"));
  EXPECT_FALSE(contents.tensors.contains("model.output.W"));
  const Translator loaded = heed::Translator::load(path_);
  EXPECT_TRUE(loaded.model.shared());
  EXPECT_EQ(part_difference(loaded.model, translator.model), 0);
  EXPECT_EQ(loaded.translate("a girl", {.maximum_length = 5}).log_probability,
            translator.translate("a girl", {.maximum_length = 5}).log_probability);
  Contents tied = contents;
  tied.metadata.at("config.shared_embeddings") = "0";
  expect(load_error(tied), "parameters");
}

TEST_F(TranslatorFile, RejectsSharedEmbeddingsWithDifferentVocabularies) {
  TranslatorConfig config = small();
  config.tied_embeddings = config.shared_embeddings = true;
  const std::string words = "with shared embeddings the vocabularies must be equal, got different words";
  const auto one = Vocabulary::build(std::vector<heed::Words>{{"a"}});
  const auto other = Vocabulary::build(std::vector<heed::Words>{{"b"}});
  EXPECT_EQ(refusal([&] { Translator(config, one, other); }), "Translator: " + words);
  EXPECT_EQ(refusal([&] { Translator(config, one, one); }), "accepted");
  Contents contents = saved(random_translator(config));
  contents.metadata.at("vocabulary.source") = "<unk>\n<s>\n</s>\na\nb\nc\nd";
  expect(load_error(contents), words);
  contents.metadata.at("vocabulary.source") += "\ne";
  expect(load_error(contents), "the source vocabulary must have the size of the target vocabulary, 7, got 8");
  contents = saved(random_translator(config));
  contents.metadata.at("config.tied_embeddings") = "0";
  expect(load_error(contents), "with shared embeddings tied_embeddings must be true, got false");
}

TEST_F(TranslatorFile, OlderVersionsMayOmitLaterSettings) {
  for (const auto& [version, later] : {std::pair(1, 15), std::pair(2, 6), std::pair(3, 2)}) {
    Contents contents = saved();
    contents.metadata.at("format") = "heed-translator-" + std::to_string(version);
    TranslatorConfig config;
    int missing = 0;
    heed::detail::for_each_field(config, [&, oldest = version](const std::string& name, auto&, int since) {
      if (since <= oldest) return;
      EXPECT_EQ(contents.metadata.erase("config." + name), 1u);
      ++missing;
    });
    EXPECT_EQ(missing, later);
    EXPECT_EQ(load_error(contents), "accepted");
    EXPECT_EQ(heed::Translator::load(path_).config, small());
    EXPECT_EQ(part_difference(heed::Translator::load(path_).model, random_translator().model), 0);
    contents.metadata.erase("config.dropout");
    expect(load_error(contents), "metadata key config.dropout is missing");
  }
}

#if !defined(HEED_WITH_SENTENCEPIECE)
TEST_F(TranslatorFile, RejectsSubwordsWithoutSentencePiece) {
  const Contents contents = saved();
  for (const char* const name : {"subwords.source", "subwords.target"}) {
    heed::SafetensorsWriter writer;
    fill(writer, contents);
    writer.add(name, Eigen::Vector<std::uint8_t, 3>(1, 2, 3));
    writer.write(path_);
    EXPECT_EQ(load_error(), path_.string() +
                                ": subwords need SentencePiece, but this program was built without it "
                                "(CMake option HEED_SENTENCEPIECE)");
  }
}
#endif

TEST_F(TranslatorFile, StoresTheTokenizers) {
  TranslatorConfig config = small();
  config.source_tokenizer = "de";
  config.target_tokenizer = "en";
  const Contents contents = saved(random_translator(config));
  EXPECT_EQ(contents.metadata.at("config.source_tokenizer"), "de");
  EXPECT_EQ(contents.metadata.at("config.target_tokenizer"), "en");
  EXPECT_EQ(heed::Translator::load(path_).config, config);
  EXPECT_EQ(load_error_with("config.target_tokenizer", "klingon"),
            "target_tokenizer must be one of spaces, en, fr, de, got \"klingon\"");
}

TEST(Translator, TranslatesNaturalText) {
  TranslatorConfig config = small();
  config.source_tokenizer = "en";
  config.target_tokenizer = "fr";
  Translator translator(config, Vocabulary::build(std::vector<heed::Words>{{"the", "queen", "'s", "cat", "."}}),
                        Vocabulary::build(std::vector<heed::Words>{{"l'", "été", "."}}));
  heed::Random random(1);
  randomize(translator.model, random);
  translator.model.output.b(4) = 100;  // always the word l'
  const std::vector<std::string> lines = {"The QUEEN\u2019s cat.", "the queen 's cat ."};
  const auto found = translator.translate(lines, {.maximum_length = 3});
  EXPECT_EQ(found[0][0].source, (heed::Words{"The", "QUEEN", "'s", "cat", "."}));
  EXPECT_EQ(found[0][0].log_probability, found[1][0].log_probability);
  EXPECT_EQ(translator.encode(found[0][0].source), translator.source.encode(found[1][0].source));
  const heed::Words words = found[0][0].words;
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(found[0][0].text, heed::Tokenizer("fr").detokenize(words));
  EXPECT_EQ(found[0][0].alignment.size(), 3u);
}

TEST_F(TranslatorFile, SupportsOtherTensorsInTheSameFile) {
  Contents contents = saved();
  contents.tensors["optimizer.updates"] = Matrix<float>::Ones(1, 1);
  heed::SafetensorsWriter writer;
  fill(writer, contents);
  writer.write(path_);
  EXPECT_EQ(heed::Translator::load(SafetensorsFile::read(path_)).config, small());
  expect(load_error(), "tensor \"optimizer.updates\" does not belong to a translation model");
}

TEST_F(TranslatorFile, RejectsTruncatedFile) {
  saved();
  const std::string whole = bytes();
  ASSERT_GT(whole.size(), 2000u);
  for (std::size_t size = 0; size < whole.size(); size += size < 100 || size + 100 > whole.size() ? 1U : 97U) {
    const std::string message = load_error_of_bytes(whole.substr(0, size));
    EXPECT_EQ(message.substr(0, path_.string().size()), path_.string()) << size << " bytes: " << message;
  }
}

TEST_F(TranslatorFile, RejectsTrailingBytes) {
  saved();
  expect(load_error_of_bytes(bytes() + '\0'), "has 1 extra bytes");
}

TEST_F(TranslatorFile, RejectsMissingFile) {
  fs::remove(path_);
  EXPECT_EQ(load_error(), "cannot read " + path_.string() + ": there is no such file");
}

TEST_F(TranslatorFile, RejectsNonFiniteParameters) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const auto& [name, tensor] : saved().tensors) {
      Contents contents = saved();
      contents.tensors[name](tensor.rows() - 1, 0) = bad;
      expect(load_error(contents), "not finite: " + name);
    }
  }
}

TEST_F(TranslatorFile, RejectsOtherShapes) {
  Contents contents = saved();
  auto& table = contents.tensors.at("model.source.table");
  table = Matrix<float>(table.transpose());  // the same number of elements
  expect(load_error(contents), "shape: model.source.table is (3, 7) in the model and (7, 3) in the file");
  contents = saved();
  contents.tensors.at("model.output.b").conservativeResize(6, 1);
  expect(load_error(contents), "parameters, but the file has");
}

TEST_F(TranslatorFile, RejectsOtherTypes) {
  Contents contents = saved();
  const Matrix<float> bias = contents.tensors.at("model.output.b");
  contents.tensors.erase("model.output.b");
  heed::SafetensorsWriter writer;
  fill(writer, contents);
  writer.add("model.output.b", bias.cast<double>());
  writer.write(path_);
  EXPECT_NE(load_error(), "accepted");
  heed::SafetensorsWriter same_bytes;
  fill(same_bytes, contents);
  same_bytes.add("model.output.b", Matrix<Eigen::half>(bias.replicate(2, 1).cast<Eigen::half>()));
  same_bytes.write(path_);
  expect(load_error(), "type: model.output.b is F32 in the model and F16 in the file");
}

TEST_F(TranslatorFile, RejectsMissingAndUnexpectedTensors) {
  for (const auto& [name, tensor] : saved().tensors) {
    Contents contents = saved();
    contents.tensors.erase(name);
    EXPECT_NE(load_error(contents), "accepted") << name;
    contents.tensors["model.other"] = tensor;  // the same number of elements
    const std::string message = load_error(contents);
    expect(message, "missing: " + name);
    expect(message, "unexpected: \"model.other\"");
  }
  Contents contents = saved();
  contents.tensors["model.other"] = Matrix<float>::Ones(2, 2);
  expect(load_error(contents), "parameters, but the file has");
}

TEST_F(TranslatorFile, RejectsConfigurationLargerThanTheFile) {
  const double held = heed::model_size(small(), 7, 7);
  const std::string message =
      load_error_with("config.hidden", "16384");  // a model of hundreds of gigabytes if it has 16 layers
  EXPECT_EQ(message.substr(0, 43), "the configuration and the vocabularies need");
  EXPECT_NE(message.find("the file has " + heed::detail::field_text(held)), std::string::npos) << message;
  Contents contents = saved();
  contents.metadata.at("config.hidden") = contents.metadata.at("config.embedding") = "16384";
  contents.metadata.at("config.layers") = "16";
  expect(load_error(contents), "parameters, but the file has");
}

TEST_F(TranslatorFile, RejectsConfigurationOutOfRange) {
  EXPECT_EQ(load_error_with("config.hidden", "0"), "hidden must be from 1 to 16384, got 0");
  EXPECT_EQ(load_error_with("config.hidden", "9223372036854775807"),
            "hidden must be from 1 to 16384, got 9223372036854775807");
  EXPECT_EQ(load_error_with("config.layers", "-1"), "layers must be from 1 to 16, got -1");
  EXPECT_EQ(load_error_with("config.cell", "cnn"),
            "cell must be one of gru, lstm, rnn, rnn-relu, gru-reset-before, layer-norm-gru, layer-norm-lstm, got "
            "\"cnn\"");
  EXPECT_EQ(load_error_with("config.dropout", "nan"), "dropout must be in [0, 1), got nan");
  for (const std::string bad : {"", " 4", "4 ", "4.5", "0x4", "99999999999999999999", "four"}) {
    EXPECT_EQ(load_error_with("config.hidden", bad), "config.hidden cannot be \"" + bad + '"');
  }
  for (const std::string bad : {"", "true", "2", "01"}) {
    EXPECT_EQ(load_error_with("config.bidirectional", bad), "config.bidirectional cannot be \"" + bad + '"');
  }
  EXPECT_EQ(load_error_with("config.dropout", "0.1x"), "config.dropout cannot be \"0.1x\"");
}

TEST_F(TranslatorFile, RejectsMissingMetadata) {
  const Contents whole = saved();
  EXPECT_EQ(whole.metadata.size(), 27u);
  for (const auto& [key, value] : whole.metadata) {
    Contents contents = whole;
    contents.metadata.erase(key);
    EXPECT_EQ(load_error(contents), path_.string() + " is not a translation model: metadata key " + key +
                                        " is missing" + (key == "format" ? ", expected heed-translator-4" : ""));
  }
}

TEST_F(TranslatorFile, RejectsUnknownSettings) {
  for (const std::string format :
       {"heed-translator-1", "heed-translator-2", "heed-translator-3", "heed-translator-4"}) {
    for (const std::string key : {"config.reverse_sourcf", "config.", "config.hidden.", "vocabulary.both"}) {
      Contents contents = saved();
      contents.metadata.at("format") = format;
      contents.metadata[key] = "1";
      expect(load_error(contents), ": unknown metadata key \"" + key + "\"; known keys are ");
    }
  }
  Contents contents = saved();
  contents.metadata["comment"] = "trained at night";  // written by another program
  EXPECT_EQ(load_error(contents), "accepted");
}

TEST_F(TranslatorFile, RejectsMisspelledSettings) {
  TranslatorConfig config = small();
  config.reverse_source = true;
  const Contents whole = saved(random_translator(config));
  for (const auto& [key, value] : whole.metadata) {
    for (std::size_t at = 0; at < key.size(); ++at) {
      Contents contents = whole;
      std::string changed = key;
      changed[at] = 'q';
      auto entry = contents.metadata.extract(key);
      entry.key() = changed;
      contents.metadata.insert(std::move(entry));
      EXPECT_NE(load_error(contents), "accepted") << changed;
    }
  }
}

TEST_F(TranslatorFile, StoresTheAttentionMechanism) {
  const Contents contents = saved();
  EXPECT_EQ(contents.metadata.at("config.attention"), "global");
  EXPECT_NE(load_error_with("config.attention", "local-p").find("parameters"), std::string::npos)
      << "local-p has parameters that predict the position";
}

TEST_F(TranslatorFile, RejectsOtherFormats) {
  for (const std::string other : {"", "heed-translator", "heed-translator-", "heed-translator-0", "heed-translator--1",
                                  "heed-translator-1.5", "heed-translator-x", "heed-sentiment-1", "pt"}) {
    EXPECT_EQ(load_error_with("format", other), "the format must be heed-translator-4, got \"" + other + '"');
  }
}

TEST_F(TranslatorFile, RejectsNewerFormats) {
  EXPECT_EQ(load_error_with("format", "heed-translator-5"),
            "the format \"heed-translator-5\" is newer than heed-translator-4, the newest that this version of heed "
            "reads");
  EXPECT_EQ(load_error_with("format", "heed-translator-99999999999999999999"),
            "the format must be heed-translator-4, got \"heed-translator-99999999999999999999\"");
}

TEST_F(TranslatorFile, RejectsInvalidVocabularies) {
  EXPECT_EQ(load_error_with("vocabulary.source", ""), "Vocabulary: word 0 must be <unk>, got none");
  EXPECT_EQ(load_error_with("vocabulary.target", "<s>\n<unk>\n</s>"), "Vocabulary: word 0 must be <unk>, got \"<s>\"");
  EXPECT_EQ(load_error_with("vocabulary.source", "<unk>\n<s>\n</s>\na\nb\na\nc"),
            "Vocabulary: word 5, \"a\", duplicates word 3");
  EXPECT_EQ(load_error_with("vocabulary.source", "<unk>\n<s>\n</s>\na\n\nb\nc"), "Vocabulary: word 4 is empty");
  EXPECT_EQ(load_error_with("vocabulary.source", "<unk>\n<s>\n</s>\na\nb c\nd\ne").substr(0, 24),
            "Vocabulary: word 4, \"b c");
  EXPECT_EQ(load_error_with("vocabulary.target", "<unk>\n<s>\n</s>\na").substr(0, 44),
            "the configuration and the vocabularies need ");
}

TEST_F(TranslatorFile, KeepsTheOldFileIfWritingFails) {
  saved();
  const std::string before = bytes();
  Translator broken = random_translator();
  const fs::path folder = path_.string() + ".d";
  EXPECT_NE(refusal([&] { broken.save(folder / "model"); }), "accepted");
  EXPECT_EQ(bytes(), before);
}

TEST(Translator, IsMadeFromConfigurationAndVocabularies) {
  const Translator translator = random_translator();
  EXPECT_EQ(translator.model.source.vocabulary(), translator.source.size());
  EXPECT_EQ(translator.model.output.output_size(), translator.target.size());
  TranslatorConfig bad = small();
  bad.hidden = 0;
  EXPECT_EQ(refusal([&] { Translator(bad, Vocabulary(), Vocabulary()); }), "hidden must be from 1 to 16384, got 0");
}

TEST(Translator, TranslatesALineAsSearchDoes) {
  const Translator translator = random_translator();
  const heed::Words words = {"ein", "Mädchen", "läuft"};
  const std::vector<std::vector<heed::Token>> sources = {translator.source.encode(words)};
  const auto expected = heed::search(translator.model, sources, {.beam = 3});
  ASSERT_EQ(expected.size(), 1u);
  const heed::Translation found = translator.translate(" ein Mädchen  läuft", {.beam = 3});
  EXPECT_EQ(found.text, translator.target.decode(expected[0][0].tokens));
  EXPECT_EQ(heed::join_words(found.words), found.text);
  EXPECT_EQ(found.words.size(), expected[0][0].tokens.size());
  EXPECT_EQ(found.score, expected[0][0].score);
  EXPECT_EQ(found.log_probability, expected[0][0].log_probability);
  const Index count = std::ssize(expected[0][0].tokens);
  EXPECT_EQ(found.alignment, heed::alignment_from_weights(expected[0][0].weights.leftCols(count)));
}

TEST(Translator, TranslatesManyLinesLikeOne) {
  const Translator translator = random_translator();
  std::vector<std::string> lines;
  for (int i = 0; i < 150; ++i) lines.emplace_back(i % 7 == 3 ? "" : i % 2 == 0 ? "ein Mädchen" : "läuft . ein");
  const auto found = translator.translate(lines, {.beam = 2, .best = 2});
  ASSERT_EQ(found.size(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(found[i].size(), lines[i].empty() ? 1u : 2u) << i;
    const heed::Translation alone = translator.translate(lines[i], {.beam = 2});
    EXPECT_EQ(found[i][0].text, alone.text) << i;
    EXPECT_EQ(found[i][0].score, alone.score) << i;
  }
  EXPECT_EQ(found[3][0].text, "");
  EXPECT_TRUE(found[3][0].alignment.empty());
}

TEST(Translator, TranslateRejectsPrefixes) {
  const Translator translator = random_translator();
  const std::vector<std::vector<heed::Token>> prefixes = {{3}};
  EXPECT_EQ(refusal([&] { translator.translate("ein", {.prefixes = prefixes}); }),
            "Translator.translate: prefixes are not supported; call search");
}

}  // namespace translator_test
