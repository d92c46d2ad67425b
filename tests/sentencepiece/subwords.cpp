#include <heed/text/subword_training.hpp>
#include <heed/text/subwords.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <set>
#include <stdexcept>
#include <thread>
#include <unordered_map>

namespace subwords_test {

using heed::Index;
using heed::Subwords;
using heed::SubwordSentence;
using heed::Words;
using Lines = std::vector<std::string>;

constexpr std::string_view mark = Subwords::word_mark;

/// The first sentences of a column of the training data: 0 is English, 1 is French.
Lines sentences(std::size_t column, std::size_t count) {
  std::ifstream in(EXAMPLE_DATA "/train.tsv");
  Lines lines;
  for (std::string line; lines.size() < count && std::getline(in, line);) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < column; ++i) begin = line.find('\t', begin) + 1;
    lines.push_back(line.substr(begin, line.find('\t', begin) - begin));
  }
  return lines;
}

std::function<bool(std::string&)> reader_of(const Lines& lines) {
  return [&lines, i = std::size_t{0}](std::string& line) mutable {
    if (i == lines.size()) return false;
    line = lines[i++];
    return true;
  };
}

Subwords trained(const std::string& type, std::size_t vocabulary = 150, const Lines& lines = sentences(0, 300)) {
  return heed::train_subwords(reader_of(lines), {type, vocabulary});
}

/// The content of a BPE model file with 120 pieces that SentencePiece trains with other settings, as its programs do.
std::string model_with(std::unordered_map<std::string, std::string> settings) {
  settings.insert({{"model_type", "bpe"}, {"vocab_size", "120"}, {"character_coverage", "1"}, {"minloglevel", "2"}});
  const Lines lines = sentences(0, 300);
  const auto next = reader_of(lines);
  heed::detail::SentencepieceLines iterator(next);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &iterator, &model);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return model;
}

std::string load_error(const std::string& model) {
  return refusal([&] { Subwords{model}; });
}

/// The words of many sentences.
Words many_words(std::size_t column, std::size_t lines = 2000) {
  Words words;
  for (const std::string& line : sentences(column, lines)) {
    for (std::string& word : heed::split_words(line)) words.push_back(std::move(word));
  }
  return words;
}

/// Expects that the pieces of the words join to the same words.
void expect_round_trip(const Subwords& subwords, const Words& words, double sampling = 0) {
  const SubwordSentence split = subwords.split(words, sampling), joined = subwords.join(split.pieces);
  EXPECT_EQ(split.words, words);
  EXPECT_EQ(joined.words, words);
  EXPECT_EQ(joined.pieces, split.pieces);
  EXPECT_EQ(joined.word_of_piece, split.word_of_piece);
}

/// Pieces that are drawn with a seed.
Words drawn(const Subwords& subwords, std::uint32_t seed, double sampling = 0.3,
            const Words& words = {"declarations", "european"}) {
  Words all;
  heed::with_sampling_seed(seed, [&] {
    for (int i = 0; i < 20; ++i) {
      for (std::string& piece : subwords.split(words, sampling).pieces) all.push_back(std::move(piece));
    }
  });
  return all;
}

/// The parameter is the type of the model.
class SubwordModel : public testing::TestWithParam<const char*> {
 protected:
  const Subwords subwords_ = trained(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Types, SubwordModel, testing::Values("bpe", "unigram"),
                         [](const auto& test) { return std::string(test.param); });

/// French words have letters that the English model does not know.
TEST_P(SubwordModel, PiecesJoinToTheSameWords) {
  for (const std::size_t column : {std::size_t{0}, std::size_t{1}}) expect_round_trip(subwords_, many_words(column));
  expect_round_trip(subwords_, {"日本", "the", "日a本", "é", "a", "\"<>&\\", "</s>", "<s>"});
  expect_round_trip(subwords_, {});
}

TEST_P(SubwordModel, OnlyTheFirstPieceOfAWordBeginsWithTheMark) {
  const Words words = many_words(0);
  const SubwordSentence split = subwords_.split(words);
  ASSERT_EQ(split.word_of_piece.size(), split.pieces.size());
  EXPECT_GT(split.pieces.size(), words.size());
  Index word = -1;
  std::string text;
  for (std::size_t i = 0; i < split.pieces.size(); ++i) {
    const bool first = split.pieces[i].starts_with(mark);
    EXPECT_EQ(split.pieces[i].find(mark, 1), std::string::npos) << split.pieces[i];
    word += first ? 1 : 0;
    ASSERT_EQ(split.word_of_piece[i], word) << split.pieces[i];
    text += split.pieces[i];
  }
  EXPECT_EQ(word, std::ssize(words) - 1);
  std::string expected;
  for (const std::string& each : words) expected += std::string(mark) + each;
  EXPECT_EQ(text, expected);
}

TEST_P(SubwordModel, KnownTextHasNoUnknownPieces) {
  const heed::Vocabulary vocabulary = subwords_.vocabulary();
  EXPECT_EQ(vocabulary.size(), 150);
  const auto pieces = subwords_.split(many_words(0, 300)).pieces;
  const std::set<std::string> used(pieces.begin(), pieces.end());
  EXPECT_GT(used.size(), 100U);
  for (const std::string& piece : used) EXPECT_TRUE(vocabulary.contains(piece)) << piece;
}

TEST_P(SubwordModel, UnknownCharactersAreUnknownPieces) {
  const heed::Vocabulary vocabulary = subwords_.vocabulary();
  const SubwordSentence split = subwords_.split({"the", "日本", "é日a本"});
  Words unknown;
  for (const std::string& piece : split.pieces) {
    if (!vocabulary.contains(piece)) unknown.push_back(piece);
  }
  EXPECT_EQ(unknown, (Words{"日本", "é日", "本"}));
  const auto tokens = vocabulary.encode(split.pieces);
  EXPECT_EQ(std::count(tokens.begin(), tokens.end(), heed::symbols::unk), 3);
  EXPECT_EQ(subwords_.split({"日本"}).pieces, (Words{std::string(mark), "日本"}));
}

TEST_P(SubwordModel, TheUnknownSymbolIsAPiece) {
  const SubwordSentence split = subwords_.split({"the", "<unk>", "<unk>s"});
  ASSERT_GT(split.pieces.size(), 3U);
  EXPECT_EQ(std::count(split.pieces.begin(), split.pieces.end(), "<unk>"), 1) << "other words are text";
  EXPECT_EQ(subwords_.split({"<unk>"}).pieces, (Words{"▁", "<unk>"}));
  EXPECT_EQ(subwords_.split({"<unk>"}, 0.5).pieces, (Words{"▁", "<unk>"}));
  EXPECT_EQ(subwords_.join({"<unk>"}).words, Words{"<unk>"});
}

TEST_P(SubwordModel, UnknownSymbolsJoinToWords) { expect_round_trip(subwords_, {"the", "<unk>", "<unk>", "girl"}); }

TEST_P(SubwordModel, JoinsPiecesInAnyOrder) {
  const auto expect = [&](const Words& pieces, const Words& words, const std::vector<Index>& word_of_piece) {
    SCOPED_TRACE(heed::join_words(pieces));
    const SubwordSentence joined = subwords_.join(pieces);
    EXPECT_EQ(joined.words, words);
    EXPECT_EQ(joined.word_of_piece, word_of_piece);
    EXPECT_EQ(joined.pieces, pieces);
  };
  const std::string alone(mark);
  expect({}, {}, {});
  expect({"e", "▁a"}, {"e", "a"}, {0, 1});
  expect({"e", "n", "▁the", "e"}, {"en", "thee"}, {0, 0, 1, 1});
  expect({alone, "e"}, {"e"}, {0, 0});
  expect({alone, alone, "e"}, {"e"}, {0, 0, 0});
  expect({alone, "▁a"}, {"a"}, {0, 0});
  expect({"▁a", alone, "▁the", "e"}, {"a", "thee"}, {0, 1, 1, 1});
  expect({"▁a", alone, "e", "▁the"}, {"a", "e", "the"}, {0, 1, 1, 2});
  expect({"▁a", alone}, {"a"}, {0, 0});
  expect({"▁a", "▁the", alone, alone}, {"a", "the"}, {0, 1, 1, 1});
  expect({"<unk>"}, {"<unk>"}, {0});
  expect({alone, "<unk>"}, {"<unk>"}, {0, 0});
  expect({"<unk>", alone}, {"<unk>"}, {0, 0});
  expect({"▁a", "<unk>", "e", "▁the"}, {"a<unk>e", "the"}, {0, 0, 0, 1});
  expect({"▁a", alone, "<unk>", alone, "<unk>"}, {"a", "<unk>", "<unk>"}, {0, 1, 1, 2, 2});
  for (const Words& pieces : {Words{alone}, Words{alone, alone}}) {
    const SubwordSentence joined = subwords_.join(pieces);
    EXPECT_TRUE(joined.words.empty() && joined.pieces.empty() && joined.word_of_piece.empty());
  }
}

/// Pieces of another model are copied with --replace-unk.
TEST_P(SubwordModel, JoinsPiecesThatTheModelDoesNotHave) {
  EXPECT_EQ(subwords_.join({"▁a", "日本", "▁t"}).words, (Words{"a日本", "t"}));
  const SubwordSentence joined = subwords_.join({"▁a", "▁zébr", "e"});
  EXPECT_EQ(joined.words, (Words{"a", "zébre"}));
  EXPECT_EQ(joined.word_of_piece, (std::vector<Index>{0, 1, 1}));
}

TEST_P(SubwordModel, SampledPiecesJoinToTheSameWords) {
  const Words words = many_words(0), few(words.begin(), words.begin() + 2000);
  const std::size_t plain = subwords_.split(few).pieces.size();
  for (const double sampling : {0.1, 0.5, 1.0}) {
    heed::with_sampling_seed(3, [&] { expect_round_trip(subwords_, few, sampling); });
    EXPECT_NE(drawn(subwords_, 3, sampling, few).size(), 20 * plain) << sampling;
  }
  heed::with_sampling_seed(3, [&] { expect_round_trip(subwords_, {"日本", "é日a本"}, 0.5); });
}

TEST_P(SubwordModel, SampledPiecesDependOnTheSeed) {
  const Words first = drawn(subwords_, 1), second = drawn(subwords_, 2);
  EXPECT_NE(first, second);
  subwords_.split({"declarations"}, 0.3);  // the generator of this thread is another one
  EXPECT_EQ(drawn(subwords_, 1), first);
  EXPECT_EQ(drawn(Subwords(subwords_.model()), 2), second);
  EXPECT_NE(drawn(subwords_, 0), first);
  const std::size_t count = subwords_.split({"declarations", "european"}).pieces.size() * 20;
  EXPECT_NE(first.size(), count) << "the pieces are those without sampling";
  EXPECT_EQ(drawn(subwords_, 1, 0).size(), count);
}

TEST_P(SubwordModel, LargeSeedsGiveOtherPieces) {
  const Words first = drawn(subwords_, 1);
  EXPECT_NE(drawn(subwords_, 4294967294U), first);
  EXPECT_THROW(drawn(subwords_, 4294967295U), heed::Error) << "SentencePiece reserves this seed";
}

TEST(Subwords, SamplingOfBpeSkipsMerges) {
  const Subwords subwords = trained("bpe");
  const auto pieces = [&](double sampling) { return drawn(subwords, 1, sampling).size(); };
  EXPECT_LT(pieces(0), pieces(0.2));
  EXPECT_LT(pieces(0.2), pieces(0.6));
  EXPECT_EQ(pieces(1), 20 * std::string("_declarations_european").size()) << "all pieces are characters";
}

TEST(Subwords, SamplingOfUnigramsPrefersProbableSegmentations) {
  const Subwords subwords = trained("unigram");
  const auto as_plain = [&](double sampling) {
    int count = 0;
    const auto plain = subwords.split({"declarations"}).pieces;
    heed::with_sampling_seed(1, [&] {
      for (int i = 0; i < 200; ++i) count += subwords.split({"declarations"}, sampling).pieces == plain ? 1 : 0;
    });
    return count;
  };
  EXPECT_LT(as_plain(0.05), as_plain(1));
  EXPECT_LT(as_plain(1), 200);
}

TEST(Subwords, WithSamplingSeedThrowsErrors) {
  EXPECT_THROW(heed::with_sampling_seed(1, [] { throw std::out_of_range("x"); }), std::out_of_range);
}

TEST_P(SubwordModel, TrainingGivesTheSameModelAgain) {
  EXPECT_EQ(trained(GetParam()).model(), subwords_.model());
  EXPECT_NE(trained(GetParam(), 151), subwords_);
  EXPECT_NE(trained(GetParam(), 150, sentences(1, 300)), subwords_);
  EXPECT_EQ(trained(GetParam(), 151).vocabulary().size(), 151);
}

TEST_P(SubwordModel, CanBeLoadedAgain) {
  const Subwords loaded(subwords_.model()), copy = subwords_;
  EXPECT_FALSE(loaded.empty());
  EXPECT_EQ(loaded, subwords_);
  EXPECT_EQ(copy, subwords_);
  EXPECT_EQ(loaded.vocabulary(), subwords_.vocabulary());
  const Words words = many_words(1);
  EXPECT_EQ(loaded.split(words).pieces, subwords_.split(words).pieces);
}

TEST_P(SubwordModel, ThreadsCanUseItAtTheSameTime) {
  const Words words = many_words(0);
  const SubwordSentence expected = subwords_.split(words);
  constexpr int count = 4;
  std::vector<SubwordSentence> found(count), joined(count);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < count; ++k) {
    threads.emplace_back([&, k] {
      subwords_.split(words, 0.3);
      found[k] = subwords_.split(words);
      joined[k] = subwords_.join(found[k].pieces);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t k = 0; k < count; ++k) {
    EXPECT_EQ(found[k].pieces, expected.pieces);
    EXPECT_EQ(joined[k].words, words);
  }
}

TEST(Subwords, WithoutAModelWordsArePieces) {
  const Subwords none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.model(), "");
  EXPECT_EQ(none, Subwords());
  EXPECT_NE(none, trained("bpe"));
  const Words words = {"the", "▁a", "▁", "<unk>", "日本"};
  for (const SubwordSentence& sentence : {none.split(words), none.split(words, 0.5), none.join(words)}) {
    EXPECT_EQ(sentence.words, words);
    EXPECT_EQ(sentence.pieces, words);
    EXPECT_EQ(sentence.word_of_piece, (std::vector<Index>{0, 1, 2, 3, 4}));
  }
  EXPECT_EQ(refusal([&] { none.vocabulary(); }), "Subwords.vocabulary: there is no model");
}

TEST(Subwords, BytesReplaceUnknownCharacters) {
  const Subwords subwords(model_with({{"byte_fallback", "true"}, {"vocab_size", "400"}}));
  const heed::Vocabulary vocabulary = subwords.vocabulary();
  EXPECT_EQ(vocabulary.size(), 400);
  const SubwordSentence split = subwords.split({"é", "the日"});
  EXPECT_EQ(split.pieces, (Words{"▁", "<0xC3>", "<0xA9>", "▁the", "<0xE6>", "<0x97>", "<0xA5>"}));
  for (const std::string& piece : split.pieces) EXPECT_TRUE(vocabulary.contains(piece)) << piece;
  expect_round_trip(subwords, many_words(1));
  EXPECT_EQ(subwords.join({"<0xC3>", "<0xA9>", "▁a"}).words, (Words{"é", "a"}));
  EXPECT_EQ(subwords.join({"▁a", "<0xC3>"}).words, Words{"a\uFFFD"});
  EXPECT_EQ(subwords.join({"▁a", "<0xC3>", "<unk>", "<0xA9>"}).words, Words{"a\uFFFD<unk>\uFFFD"});
}

/// Such words would be two words, or two lines, in the output of a program.
TEST(Subwords, BytesDoNotPutSpacesAndControlCharactersIntoWords) {
  const Subwords subwords(model_with({{"byte_fallback", "true"}, {"vocab_size", "400"}}));
  for (const char* const byte : {"<0x20>", "<0x0A>", "<0x00>", "<0x09>"}) {
    for (const std::string& word : subwords.join({"▁a", byte, "▁b", byte, "b"}).words) {
      EXPECT_FALSE(heed::detail::first_unprintable(word)) << byte;
      EXPECT_EQ(word.find(' '), std::string::npos) << byte;
    }
  }
}

TEST(Subwords, SupportsModelsWithOtherSpecialSymbols) {
  const Words words = many_words(0, 300);
  const Subwords usual(model_with({{"normalization_rule_name", "identity"}}));
  const auto expect_same_pieces = [&](std::unordered_map<std::string, std::string> settings, Index size) {
    SCOPED_TRACE(testing::PrintToString(settings));
    settings.insert({"normalization_rule_name", "identity"});
    const Subwords subwords(model_with(settings));
    const heed::Vocabulary vocabulary = subwords.vocabulary();
    EXPECT_EQ(vocabulary.size(), size);
    EXPECT_FALSE(vocabulary.contains("<pad>"));
    EXPECT_EQ(subwords.split({"the"}).pieces, usual.split({"the"}).pieces);
    for (const heed::Token token : vocabulary.encode(subwords.split(words).pieces)) ASSERT_GE(token, 3);
    expect_round_trip(subwords, words);
  };
  expect_same_pieces({}, 120);
  expect_same_pieces({{"unk_id", "3"}, {"bos_id", "1"}, {"eos_id", "2"}, {"pad_id", "0"}}, 119);
  expect_same_pieces({{"bos_id", "-1"}, {"eos_id", "-1"}}, 122);
  expect_same_pieces({{"unk_piece", "[UNK]"}, {"bos_piece", "[CLS]"}, {"eos_piece", "[SEP]"}}, 120);
  expect_same_pieces({{"control_symbols", "<en>,<fr>"}}, 118);
}

TEST(Subwords, UserDefinedSymbolsStayWhole) {
  const Subwords subwords(model_with({{"user_defined_symbols", "<sep>,▁x,qq"}}));
  EXPECT_EQ(subwords.vocabulary().size(), 120);
  EXPECT_EQ(subwords.vocabulary().word(3), "<sep>");
  const Words words = {"<sep>", "<sep>a", "xqq", "qqq"};
  EXPECT_EQ(subwords.split(words).pieces, (Words{"▁", "<sep>", "▁", "<sep>", "a", "▁x", "qq", "▁", "qq", "q"}));
  expect_round_trip(subwords, words);
}

TEST(Subwords, SupportsModelsThatNormaliseText) {
  const Subwords subwords(model_with({{"normalization_rule_name", "nmt_nfkc"}}));
  EXPECT_EQ(subwords.split({"\uFB01\uFF4E"}).pieces, subwords.split({"fin"}).pieces);
  const SubwordSentence split = subwords.split({"the", "\u200B", "a"});  // the second word has no characters left
  EXPECT_EQ(split.word_of_piece.back(), 2);
  EXPECT_EQ(split.pieces[split.pieces.size() - 2], "<unk>");
}

TEST(Subwords, SupportsCharactersAndWords) {
  const Subwords characters(model_with({{"model_type", "char"}, {"vocab_size", "30"}})),
      words(model_with({{"model_type", "word"}}));
  EXPECT_EQ(characters.split({"the", "a"}).pieces, (Words{"▁", "t", "h", "e", "▁", "a"}));
  EXPECT_EQ(words.split({"the", "zzz"}).pieces, (Words{"▁the", "▁zzz"}));
  EXPECT_EQ(words.vocabulary().id("▁zzz"), heed::symbols::unk);
  for (const Subwords* const subwords : {&characters, &words}) {
    EXPECT_EQ(refusal([&] { subwords->split({"the"}, 0.5); }),
              "Subwords: cannot split \"the\": SampleEncode is not available for the current model.");
  }
}

TEST(Subwords, RejectsOtherFiles) {
  const std::string problem = "Subwords: this is not a SentencePiece model";
  for (const std::string& model :
       {std::string(), std::string("garbage"), std::string(100, '\0'), std::string(1000, 'x'), sentences(0, 1)[0]}) {
    EXPECT_TRUE(load_error(model).starts_with(problem)) << model << load_error(model);
  }
}

TEST(Subwords, RejectsTruncatedModels) {
  for (const char* const type : {"bpe", "unigram"}) {
    const std::string model = trained(type).model();
    std::vector<std::size_t> accepted;
    for (std::size_t size = 0; size < model.size(); ++size) {
      if (load_error(model.substr(0, size)) == "accepted") accepted.push_back(size);
    }
    EXPECT_EQ(accepted.size(), 0U) << type << ": the first of " << model.size() << " bytes is " << accepted.front();
  }
}

TEST(Subwords, ErrorsDoNotNameTheSourceOfSentencePiece) {
  for (const std::string& error :
       {load_error("garbage"), refusal([&] { trained("bpe", 0); }), refusal([&] { trained("unigram", 1); }),
        refusal([&] { trained("bpe", 30, {}); }), refusal([&] {
          trained("unigram", 30, {"", ""});
        })}) {
    EXPECT_NE(error, "accepted");
    EXPECT_EQ(error.find("./src"), std::string::npos) << error;
    EXPECT_EQ(error.find(".cc("), std::string::npos) << error;
  }
}

TEST(Subwords, RejectsPiecesWithSpaces) {
  for (const char* const type : {"bpe", "unigram"}) {
    const std::string error =
        load_error(model_with({{"model_type", type}, {"split_by_whitespace", "false"}, {"vocab_size", "300"}}));
    const std::string expected =
        "Subwords: pieces must not contain a space between characters (split_by_whitespace=false), but \"▁";
    EXPECT_TRUE(error.starts_with(expected)) << error;
    EXPECT_TRUE(error.ends_with("\" does")) << error;
  }
  EXPECT_EQ(load_error(model_with({{"user_defined_symbols", "x▁y"}})),
            "Subwords: pieces must not contain a space between characters (split_by_whitespace=false), but \"x▁y\" "
            "does");
}

TEST(Subwords, RejectsWordsThatDoNotBeginWithTheMark) {
  const std::string expected =
      "Subwords: words must begin with U+2581 (add_dummy_prefix=true, treat_whitespace_as_suffix=false), but the first "
      "piece of \"a\" is ";
  EXPECT_EQ(load_error(model_with({{"add_dummy_prefix", "false"}})), expected + "\"a\"");
  EXPECT_EQ(load_error(model_with({{"treat_whitespace_as_suffix", "true"}})), expected + "\"a▁\"");
}

TEST(Subwords, RejectsPiecesThatAVocabularyCannotHold) {
  EXPECT_EQ(load_error(model_with({{"unk_piece", "[UNK]"}, {"user_defined_symbols", "<unk>"}})),
            "Vocabulary: word 3, \"<unk>\", duplicates word 0");
  const std::string error = load_error(model_with({{"user_defined_symbols", "x\ty"}}));
  EXPECT_TRUE(error.starts_with("Vocabulary: word 3, ")) << error;
}

TEST(SubwordTraining, RejectsUnsuitableSizesAndTypes) {
  for (const std::string type : {"bpe", "unigram"}) {
    const auto expect = [&](std::size_t vocabulary, const std::string& problem) {
      const std::string error = refusal([&] { trained(type, vocabulary); });
      const std::string expected =
          "cannot train a " + type + " model with " + std::to_string(vocabulary) + " pieces: " + problem;
      EXPECT_TRUE(error.starts_with(expected)) << error;
    };
    expect(10, "Vocabulary size is smaller than required_chars. 10 vs ");
    expect(5000, "Vocabulary size too high (5000). Please set it to a value <= ");
  }
  for (const std::string type : {"word", "char", "BPE", ""}) {
    EXPECT_EQ(refusal([&] { trained(type); }), "train_subwords: type must be bpe or unigram, got \"" + type + "\"");
  }
}

/// SentencePiece ends the process if one of its own checks fails.
TEST(SubwordTraining, RejectsTextWithoutWords) {
  for (const std::string type : {"bpe", "unigram"}) {
    for (const Lines& lines : {Lines{}, Lines{""}, Lines{" ", "  "}, Lines{"▁"}, Lines{"", "▅"}}) {
      EXPECT_EXIT(
          {
            const std::string error = refusal([&] { trained(type, 30, lines); });
            std::exit(error.starts_with("cannot train a " + type + " model with 30 pieces") ? 0 : 2);
          },
          testing::ExitedWithCode(0), "")
          << type << ' ' << testing::PrintToString(lines);
    }
  }
}

/// The lines of a larger text are sampled.
TEST(SubwordTraining, LargeTextGivesTheSameModelAgain) {
  const auto train = [] {
    std::uint32_t number = 0;
    const auto next = [&](std::string& line) {
      const std::uint32_t mixed = ++number * 2654435761U;
      line.clear();
      for (std::uint32_t shift = 6; shift < 26; shift += 5) line += static_cast<char>('a' + (mixed >> shift) % 16);
      return number <= 1'050'000;
    };
    return heed::train_subwords(next, {"bpe", 40});
  };
  EXPECT_EQ(train(), train());
}

TEST(SubwordTraining, UsesLongLinesAndDoesNotNormaliseText) {
  std::string line;
  for (int i = 0; i < 3000; ++i) line += "\uFB01 ½ \uFF21 ";
  const heed::Vocabulary vocabulary = trained("bpe", 7, {line, "½"}).vocabulary();
  EXPECT_EQ(std::set<std::string>(vocabulary.words().begin(), vocabulary.words().end()),
            (std::set<std::string>{"<unk>", "<s>", "</s>", "▁", "½", "\uFB01", "\uFF21"}));
}

}  // namespace subwords_test
