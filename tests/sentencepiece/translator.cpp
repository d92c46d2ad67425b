#include <heed/io/translator.hpp>
#include <heed/text/subword_training.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <thread>

namespace subword_translator_test {

using heed::Index;
using heed::SafetensorsFile;
using heed::Subwords;
using heed::Translation;
using heed::Translator;
using heed::TranslatorConfig;
using heed::Vocabulary;
using heed::Words;

namespace fs = std::filesystem;
using Bytes = heed::Vector<std::uint8_t>;

TranslatorConfig small() {
  TranslatorConfig config;
  config.hidden = 4;
  config.embedding = 3;
  return config;
}

Subwords trained(const std::vector<std::string>& lines, const std::string& type, std::size_t vocabulary) {
  std::size_t i = 0;
  const auto next = [&](std::string& line) {
    if (i == lines.size()) return false;
    line = lines[i++];
    return true;
  };
  return heed::train_subwords(next, {type, vocabulary});
}

const std::vector<std::string> english = {"the queen 's black cat sleeps .", "the black dog sleeps in the house .",
                                          "a cat and a dog", "the queen sleeps"},
                               french = {"le chat noir de la reine dort .", "le chien noir dort dans la maison .",
                                         "un chat et un chien", "la reine dort"};

Subwords english_subwords() { return trained(english, "bpe", 40); }
Subwords french_subwords() { return trained(french, "unigram", 24); }

Translator random_translator(const TranslatorConfig& config, const Subwords& source, const Subwords& target) {
  const auto vocabulary = [](const Subwords& subwords, const std::vector<std::string>& lines) {
    std::vector<Words> sentences;
    for (const std::string& line : lines) sentences.push_back(heed::split_words(line));
    return subwords.empty() ? Vocabulary::build(sentences) : subwords.vocabulary();
  };
  Translator translator(config, vocabulary(source, english), vocabulary(target, french), source, target);
  heed::Random random(1);
  randomize(translator.model, random);
  return translator;
}
Translator random_translator(const TranslatorConfig& config = small()) {
  return random_translator(config, english_subwords(), french_subwords());
}

const std::vector<std::string> lines = {"the queen 's black cat sleeps .", "", "a dog", "the zebra 日本 <unk> sleeps",
                                        "house"};

void expect_equal(const std::vector<std::vector<Translation>>& a, const std::vector<std::vector<Translation>>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].size(), b[i].size());
    for (std::size_t k = 0; k < a[i].size(); ++k) {
      EXPECT_EQ(a[i][k].text, b[i][k].text);
      EXPECT_EQ(a[i][k].source, b[i][k].source);
      EXPECT_EQ(a[i][k].words, b[i][k].words);
      EXPECT_EQ(a[i][k].score, b[i][k].score);
      EXPECT_EQ(a[i][k].alignment, b[i][k].alignment);
    }
  }
}

class SubwordTranslatorFile : public testing::Test {
 protected:
  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  /// Writes a translator without its source subwords, and adds what `change` adds. Returns the error of loading.
  std::string load_error(const FunctionRef<heed::SafetensorsWriter&>& change, const std::string& key = "",
                         const std::string& value = "") const {
    random_translator().save(path_);
    heed::SafetensorsWriter writer;
    {
      const SafetensorsFile file = SafetensorsFile::read(path_);
      for (const auto& [name, tensor] : file.tensors()) {
        if (name == "subwords.source") continue;
        if (tensor.dtype == heed::Dtype::f32 && tensor.shape.size() == 1) {
          writer.add(name, heed::Vector<float>(heed::read_matrix<float>(tensor)));
        } else if (tensor.dtype == heed::Dtype::f32) {
          writer.add(name, heed::read_matrix<float>(tensor));
        } else {
          writer.add(name, bytes_of({reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()}));
        }
      }
      for (const auto& [name, text] : file.metadata()) writer.metadata(name, name == key ? value : std::string(text));
    }
    change(writer);
    writer.write(path_);
    const std::string error = refusal([&] { Translator::load(path_); }), name = path_.string() + ": ";
    if (error == "accepted") return error;
    EXPECT_TRUE(error.starts_with(name)) << error;
    EXPECT_EQ(error.find(name, 1), std::string::npos) << error;
    return error.substr(std::min(error.size(), name.size()));
  }

  static Bytes bytes_of(std::string_view text) {
    Bytes result(std::ssize(text));
    std::copy(text.begin(), text.end(), result.begin());
    return result;
  }

  const heed::test::TemporaryFolder temporary_;
  const fs::path path_ = temporary_.path() / "a.safetensors";
};

TEST_F(SubwordTranslatorFile, RoundTripsSubwordsOfEachSide) {
  for (const bool of_source : {true, false}) {
    for (const bool of_target : {true, false}) {
      const Translator translator = random_translator(small(), of_source ? english_subwords() : Subwords(),
                                                      of_target ? french_subwords() : Subwords());
      translator.save(path_);
      {
        const SafetensorsFile file = SafetensorsFile::read(path_);
        EXPECT_EQ(file.tensors().contains("subwords.source"), of_source);
        EXPECT_EQ(file.tensors().contains("subwords.target"), of_target);
      }
      const Translator loaded = Translator::load(path_);
      EXPECT_EQ(loaded.config, translator.config);
      EXPECT_EQ(loaded.source, translator.source);
      EXPECT_EQ(loaded.target, translator.target);
      EXPECT_EQ(loaded.source_subwords, translator.source_subwords);
      EXPECT_EQ(loaded.target_subwords, translator.target_subwords);
      EXPECT_EQ(loaded.source_subwords.empty(), !of_source);
      EXPECT_EQ(loaded.target_subwords.empty(), !of_target);
      heed::for_each_parameter(
          [](const heed::ParameterName& name, const auto& a, const auto& b) { EXPECT_EQ(a, b) << name.str(); },
          loaded.model, translator.model);
      const heed::SearchOptions options{.beam = 3, .best = 2};
      expect_equal(loaded.translate(lines, options), translator.translate(lines, options));
      EXPECT_EQ(heed::Translator::load(SafetensorsFile::read(path_)).target_subwords, translator.target_subwords);
      const std::string once = bytes();
      loaded.save(path_);
      EXPECT_EQ(bytes(), once);
    }
  }
}

TEST_F(SubwordTranslatorFile, StoresTheBytesOfTheModels) {
  const Translator translator = random_translator();
  translator.save(path_);
  const SafetensorsFile file = SafetensorsFile::read(path_);
  const auto& tensor = file.tensors().find("subwords.target")->second;
  EXPECT_EQ(tensor.dtype, heed::Dtype::u8);
  EXPECT_EQ(tensor.shape.size(), 1U);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()),
            french_subwords().model());
}

TEST_F(SubwordTranslatorFile, RejectsInvalidSubwords) {
  const std::string model = english_subwords().model();
  const auto with = [&](const auto& tensor) {
    return load_error([&](heed::SafetensorsWriter& writer) { writer.add("subwords.source", tensor); });
  };
  EXPECT_EQ(with(bytes_of(model)), "accepted");
  const std::string shape = "\"subwords.source\" must be a one-dimensional tensor of bytes (U8) that is not empty";
  EXPECT_EQ(with(Bytes()), shape);
  EXPECT_EQ(with(heed::Matrix<std::uint8_t>(bytes_of(model))), shape);
  EXPECT_EQ(with(heed::Vector<Eigen::half>(bytes_of(model).cast<Eigen::half>())), shape);
  EXPECT_EQ(with(heed::Vector<float>(bytes_of(model).cast<float>())), shape);
  const std::string problem = "Subwords: this is not a SentencePiece model";
  EXPECT_TRUE(with(bytes_of("garbage")).starts_with(problem));
  EXPECT_TRUE(with(bytes_of(model.substr(0, model.size() - 1))).starts_with(problem));
  EXPECT_TRUE(with(bytes_of(model.substr(0, 10))).starts_with(problem));
}

TEST_F(SubwordTranslatorFile, RejectsSubwordsOfAnotherVocabulary) {
  const std::string problem = "the source vocabulary does not hold the pieces of its subwords";
  const auto with = [&](const Subwords& subwords, const std::string& vocabulary) {
    return load_error(
        [&](heed::SafetensorsWriter& writer) { writer.add("subwords.source", bytes_of(subwords.model())); },
        "vocabulary.source", vocabulary);
  };
  const Subwords subwords = english_subwords();
  Words words = subwords.vocabulary().words();
  EXPECT_EQ(with(subwords, heed::detail::join_lines(words)), "accepted");
  EXPECT_EQ(with(trained(english, "unigram", 24), heed::detail::join_lines(words)), problem);
  EXPECT_EQ(with(trained(english, "bpe", 39), heed::detail::join_lines(words)), problem);
  std::swap(words[5], words[6]);
  EXPECT_EQ(with(subwords, heed::detail::join_lines(words)), problem);
}

TEST_F(SubwordTranslatorFile, RejectsOtherTensors) {
  const std::string model = english_subwords().model();
  for (const std::string name : {"subwords", "subwords.", "subwords.both", "subwords.source.x"}) {
    EXPECT_EQ(load_error([&](heed::SafetensorsWriter& writer) {
                writer.add("subwords.source", bytes_of(model));
                writer.add(name, bytes_of(model));
              }),
              "tensor \"" + name + "\" does not belong to a translation model");
  }
}

TEST(SubwordTranslator, RejectsAVocabularyOfOtherPieces) {
  const Subwords source = english_subwords(), target = french_subwords();
  const Vocabulary words = Vocabulary::build(std::vector<Words>{{"a"}});
  const auto error = [&](const Vocabulary& of_source, const Vocabulary& of_target) {
    return refusal([&] { Translator(small(), of_source, of_target, source, target); });
  };
  EXPECT_EQ(error(source.vocabulary(), target.vocabulary()), "accepted");
  EXPECT_EQ(error(target.vocabulary(), target.vocabulary()),
            "the source vocabulary does not hold the pieces of its subwords");
  EXPECT_EQ(error(source.vocabulary(), words), "the target vocabulary does not hold the pieces of its subwords");
  EXPECT_EQ(refusal([&] { Translator(small(), words, words, {}, {}); }), "accepted");
}

TEST(SubwordTranslator, EncodesPiecesAndJoinsThem) {
  const Translator translator = random_translator();
  const Words words = {"the", "queen", "zebras", "<unk>", "日本"};
  const heed::SubwordSentence split = translator.split_source(words);
  EXPECT_EQ(split.words, words);
  EXPECT_EQ(split.pieces, english_subwords().split(words).pieces);
  EXPECT_EQ(split.word_of_piece, english_subwords().split(words).word_of_piece);
  EXPECT_GT(split.pieces.size(), words.size());
  const auto tokens = translator.encode(words);
  EXPECT_EQ(tokens, translator.source.encode(split.pieces));
  EXPECT_EQ(std::count(tokens.begin(), tokens.end(), heed::symbols::unk), 4) << "z, r, <unk> and 日本";
  const Words target = {"le", "chien", "noir"};
  const heed::SubwordSentence joined =
      translator.join_target(translator.target.encode(french_subwords().split(target).pieces));
  EXPECT_EQ(joined.words, target);
  EXPECT_EQ(joined.word_of_piece, french_subwords().split(target).word_of_piece);
  const std::vector<heed::Token> none;
  EXPECT_TRUE(translator.join_target(none).words.empty());
}

TEST(SubwordTranslator, AlignsWords) {
  Translator translator = random_translator();
  for (Index i = 3; i < translator.target.size(); ++i) {  // more words of several pieces
    if (!translator.target.word(static_cast<heed::Token>(i)).starts_with(Subwords::word_mark)) {
      translator.model.output.b(i) += 1;
    }
  }
  const Words words = heed::split_words(lines[0]);
  const std::vector<std::vector<heed::Token>> sources = {translator.encode(words)};
  const heed::SearchOptions options{.beam = 4, .maximum_length = 12, .best = 4};
  const auto expected = heed::search(translator.model, sources, options);
  const auto found = translator.translate(std::vector<std::string>{lines[0]}, options).front();
  ASSERT_EQ(found.size(), expected[0].size());
  std::size_t joined_words = 0;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const heed::SubwordSentence target = translator.join_target(expected[0][k].tokens);
    EXPECT_EQ(found[k].words, target.words);
    EXPECT_EQ(found[k].text, heed::join_words(target.words));
    EXPECT_EQ(found[k].score, expected[0][k].score);
    EXPECT_EQ(found[k].source, words);
    ASSERT_EQ(found[k].alignment.size(), found[k].words.size());
    joined_words += expected[0][k].tokens.size() - found[k].words.size();
    // The weight of a source word is the sum over its pieces, that of a target word the mean over its pieces.
    const auto source_words = translator.split_source(words).word_of_piece;
    for (Index word = 0; word < std::ssize(target.words); ++word) {
      std::vector<double> weights(words.size());
      for (std::size_t j = 0; j < target.pieces.size(); ++j) {
        if (target.word_of_piece[j] != word) continue;
        for (std::size_t i = 0; i < source_words.size(); ++i) {
          weights[static_cast<std::size_t>(source_words[i])] +=
              expected[0][k].weights(static_cast<Index>(i), static_cast<Index>(j));
        }
      }
      const Index at = found[k].alignment[static_cast<std::size_t>(word)];
      ASSERT_GE(at, 0);
      ASSERT_LT(at, std::ssize(words));
      EXPECT_NEAR(weights[static_cast<std::size_t>(at)], *std::max_element(weights.begin(), weights.end()), 1e-5);
    }
  }
  EXPECT_GT(joined_words, 0U) << "every word was one piece";
}

TEST(SubwordTranslator, TranslatesManyLinesLikeOne) {
  const Translator translator = random_translator();
  std::vector<std::string> many;
  for (std::size_t i = 0; i < 150; ++i) many.push_back(lines[i % lines.size()]);
  const auto found = translator.translate(many, {.beam = 2});
  ASSERT_EQ(found.size(), many.size());
  for (std::size_t i = 0; i < many.size(); ++i) {
    const Translation alone = translator.translate(many[i], {.beam = 2});
    ASSERT_EQ(found[i].size(), 1U);
    EXPECT_EQ(found[i][0].text, alone.text) << i;
    EXPECT_EQ(found[i][0].alignment, alone.alignment) << i;
    EXPECT_EQ(found[i][0].source, heed::split_words(many[i]));
    EXPECT_EQ(found[i][0].text.find(Subwords::word_mark), std::string::npos) << found[i][0].text;
  }
  EXPECT_NE(found[0][0].text, "");
  EXPECT_EQ(found[1][0].text, "");
  EXPECT_TRUE(found[1][0].alignment.empty());
}

TEST(SubwordTranslator, HasNoAlignmentWithoutAttention) {
  TranslatorConfig config = small();
  config.decoder = "plain";
  const Translation found = random_translator(config).translate(lines[0]);
  EXPECT_FALSE(found.words.empty());
  EXPECT_TRUE(found.alignment.empty());
}

TEST(SubwordTranslator, TranslatesNaturalText) {
  TranslatorConfig config = small();
  config.source_tokenizer = "en";
  config.target_tokenizer = "fr";
  const Translator translator = random_translator(config);
  const std::vector<std::string> natural = {"The QUEEN\u2019s cat.", "the queen 's cat ."};
  const auto found = translator.translate(natural, {.beam = 3, .maximum_length = 14});
  EXPECT_EQ(found[0][0].source, (Words{"The", "QUEEN", "'s", "cat", "."}));
  EXPECT_EQ(found[1][0].source, (Words{"the", "queen", "'s", "cat", "."}));
  EXPECT_EQ(translator.split_source(found[0][0].source).words, found[1][0].source);
  EXPECT_EQ(translator.encode(found[0][0].source), translator.encode(found[1][0].source));
  EXPECT_EQ(found[0][0].words, found[1][0].words);
  EXPECT_EQ(found[0][0].alignment, found[1][0].alignment);
  EXPECT_EQ(found[0][0].alignment.size(), found[0][0].words.size());
  EXPECT_EQ(found[0][0].text, heed::Tokenizer("fr").detokenize(found[0][0].words));
  EXPECT_NE(found[0][0].text, heed::join_words(found[0][0].words));
}

TEST(SubwordTranslator, ThreadsCanUseItAtTheSameTime) {
  const Translator translator = random_translator();
  const heed::SearchOptions options{.beam = 2, .best = 2};
  const auto expected = translator.translate(lines, options);
  std::vector<std::vector<std::vector<Translation>>> found(3);
  std::vector<std::thread> threads;
  for (auto& own : found) threads.emplace_back([&] { own = translator.translate(lines, options); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& own : found) expect_equal(own, expected);
}

}  // namespace subword_translator_test
