#include <heed/text/corpus.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace corpus_test {

using heed::Links;
using heed::ReadOptions;
using heed::SentencePair;
using heed::Words;

std::vector<SentencePair> pairs_of(const std::string& text, const ReadOptions& options = {}) {
  std::istringstream in(text);
  return heed::read_pairs(in, "pairs.tsv", options);
}

template <class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal(const std::string& text, const ReadOptions& options = {}) {
  return message_of([&] { pairs_of(text, options); });
}

/// Creates a folder for each test and removes it afterwards.
class Corpus : public testing::Test {
 protected:
  Corpus() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() / (std::string("heed_corpus_") + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~Corpus() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

std::string many_words(std::size_t count) {
  std::string line;
  for (std::size_t i = 0; i < count; ++i) line += "w ";
  return line;
}

TEST(ReadPairs, ReadsFiveColumns) {
  const auto pairs = pairs_of("the black cat .\tle chat noir .\t0-0 1-2 2-1 3-3\t0-1 0-2\tadjpost,topic\n");
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].source, (Words{"the", "black", "cat", "."}));
  EXPECT_EQ(pairs[0].target, (Words{"le", "chat", "noir", "."}));
  EXPECT_EQ(pairs[0].sure, (Links{{0, 0}, {1, 2}, {2, 1}, {3, 3}}));
  EXPECT_EQ(pairs[0].possible, (Links{{0, 1}, {0, 2}}));
  EXPECT_EQ(pairs[0].tags, (std::vector<std::string>{"adjpost", "topic"}));
  EXPECT_EQ(pairs[0].line, 1u);
}

TEST(ReadPairs, ReadsTwoToFiveColumnsInOneFile) {
  const auto pairs = pairs_of("a\tb\na\tb\t0-0\na\tb\t\t0-0\na\tb\t0-0\t-\tx\n");
  ASSERT_EQ(pairs.size(), 4u);
  EXPECT_TRUE(pairs[0].sure.empty() && pairs[0].possible.empty() && pairs[0].tags.empty());
  EXPECT_EQ(pairs[1].sure, Links(1));
  EXPECT_TRUE(pairs[2].sure.empty());
  EXPECT_EQ(pairs[2].possible, Links(1));
  EXPECT_TRUE(pairs[3].possible.empty());
  EXPECT_EQ(pairs[3].tags, std::vector<std::string>{"x"});
  EXPECT_EQ(pairs[3].line, 4u);
}

TEST(ReadPairs, AcceptsADashOrNothingForNoLinks) {
  for (const std::string none : {"", "-", " ", " - "}) {
    EXPECT_TRUE(pairs_of("a\tb\t" + none + "\t" + none)[0].sure.empty());
    EXPECT_TRUE(pairs_of("a\tb\t" + none + "\t" + none)[0].possible.empty());
  }
}

TEST(ReadPairs, SupportsSpacesInTagsAndIgnoresEmptyTags) {
  EXPECT_EQ(pairs_of("a\tb\t\t\tone tag (with; marks),,two,")[0].tags,
            (std::vector<std::string>{"one tag (with; marks)", "two"}));
}

TEST(ReadPairs, IgnoresByteOrderMarkCarriageReturnsAndExtraSpaces) {
  const auto pairs = pairs_of("\xef\xbb\xbf a  b \t c \r\nd\te\t0-0\r\n");
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].source, (Words{"a", "b"}));
  EXPECT_EQ(pairs[0].target, Words{"c"});
  EXPECT_EQ(pairs[1].sure, Links(1));
}

TEST(ReadPairs, AcceptsALastLineWithoutNewline) { EXPECT_EQ(pairs_of("a\tb\nc\td").size(), 2u); }

TEST(ReadPairs, AcceptsAMissingTargetOnlyIfAllowed) {
  const std::string text = "a\tb\nthe girl\t-\t-\t-\ttag\n";
  EXPECT_EQ(refusal(text), "pairs.tsv:2: the target is \"-\" (no reference), but a reference is required");
  const auto pairs = pairs_of(text, {.allow_missing_target = true});
  EXPECT_EQ(pairs[1].source, (Words{"the", "girl"}));
  EXPECT_TRUE(pairs[1].target.empty() && pairs[1].sure.empty() && pairs[1].possible.empty());
  EXPECT_EQ(refusal("a\t-\t0-0", {.allow_missing_target = true}),
            "pairs.tsv:1: link \"0-0\" points outside of a pair of 1 source and 0 target words");
}

TEST(ReadPairs, TreatsADashAmongOtherWordsAsAWord) {
  EXPECT_EQ(pairs_of("-\ta - b\n")[0].target, (Words{"a", "-", "b"}));
}

TEST(ReadPairs, RejectsAnEmptyFileLineOrSide) {
  EXPECT_EQ(refusal(""), "pairs.tsv: is empty, expected at least one sentence pair");
  EXPECT_EQ(refusal("a\tb\n\nc\td\n"), "pairs.tsv:2: the line is empty");
  EXPECT_EQ(refusal("a\tb\n  \r\n"), "pairs.tsv:2: the line is empty");
  EXPECT_EQ(refusal("\xef\xbb\xbf"), "pairs.tsv:1: the line is empty");
  EXPECT_EQ(refusal("\tb\n"), "pairs.tsv:1: the source is empty");
  EXPECT_EQ(refusal("a\t \n"), "pairs.tsv:1: the target is empty");
  EXPECT_EQ(refusal("a\t \n", {.allow_missing_target = true}), "pairs.tsv:1: the target is empty");
}

TEST(ReadPairs, RejectsAWrongNumberOfColumns) {
  const std::string expected =
      "expected 2 to 5 columns separated by tabs (source, target, sure links, possible links, tags), found ";
  EXPECT_EQ(refusal("a\tb\na b\n"), "pairs.tsv:2: " + expected + "1");
  EXPECT_EQ(refusal("a\tb\t\t\t\t"), "pairs.tsv:1: " + expected + "6");
  EXPECT_EQ(refusal("a" + std::string(100000, '\t')), "pairs.tsv:1: " + expected + "100001");
}

TEST(ReadPairs, RejectsMalformedLinks) {
  for (const std::string bad : {"0", "0-", "-0", "--", "0-0-0", "-1-0", "0--1", "+0-0", "0-+0", "0.0-0", "a-b", "0:0",
                                "0-0,0-0", "0x0-0", "- -", "0-0 -", "0-0\xc2\xa0"}) {
    EXPECT_TRUE(refusal("a\tb\t" + bad)
                    .starts_with("pairs.tsv:1: a link must be SOURCE-TARGET, two word positions counted from 0"))
        << bad << ": " << refusal("a\tb\t" + bad);
  }
  EXPECT_EQ(refusal("a\tb\t\t0?0"),
            "pairs.tsv:1: a link must be SOURCE-TARGET, two word positions counted from 0 such as 3-4, got \"0?0\"");
}

TEST(ReadPairs, RejectsLinksOutsideThePair) {
  for (const std::string bad :
       {"2-0", "0-3", "9223372036854775807-0", "99999999999999999999999-0", "0-18446744073709551616"}) {
    const std::string expected =
        "pairs.tsv:1: link \"" + bad + "\" points outside of a pair of 2 source and 3 target words";
    EXPECT_EQ(refusal("a b\tc d e\t" + bad), expected);
    EXPECT_EQ(refusal("a b\tc d e\t0-0\t1-2 " + bad), expected);
  }
}

TEST(ReadPairs, RejectsTooLongSentences) {
  EXPECT_EQ(pairs_of(many_words(1000) + "\tb")[0].source.size(), 1000u);
  EXPECT_EQ(refusal("a\tb\n" + many_words(100000) + "\tb"),
            "pairs.tsv:2: the source has 100000 words, at most 1000 are allowed");
  EXPECT_EQ(refusal("a\t" + many_words(1001)), "pairs.tsv:1: the target has 1001 words, at most 1000 are allowed");
  EXPECT_EQ(refusal("a b c\td", {.max_words = 2}), "pairs.tsv:1: the source has 3 words, at most 2 are allowed");
  EXPECT_EQ(pairs_of("a b c\td", {.max_words = 3}).size(), 1u);
}

TEST(ReadPairs, RejectsInvalidUtf8AndControlCharacters) {
  EXPECT_EQ(refusal("a\tb\na\t\xe9\n"), "pairs.tsv:2: invalid UTF-8 (0xe9) at byte offset 2 of the line");
  EXPECT_EQ(refusal(std::string("a\tb\0\n", 5)), "pairs.tsv:1: control character 0x00 at byte offset 3 of the line");
}

TEST_F(Corpus, ReadPairsReadsAFile) {
  const std::string file = write("pairs", "a\tb\t0-0\nc d\te\n");
  ASSERT_EQ(heed::read_pairs(file).size(), 2u);
  EXPECT_EQ(heed::read_pairs(file)[1].source, (Words{"c", "d"}));
  EXPECT_EQ(message_of([&] { heed::read_pairs(file, {.max_words = 1}); }),
            file + ":2: the source has 2 words, at most 1 are allowed");
}

TEST_F(Corpus, ReadPairsRejectsMissingAndEmptyFiles) {
  EXPECT_EQ(message_of([&] { heed::read_pairs(path("none")); }),
            path("none") + ": cannot be opened: No such file or directory");
  EXPECT_EQ(message_of([&] { heed::read_pairs(path("")); }), path("") + ": is a folder, expected a text file");
  EXPECT_EQ(message_of([&] { heed::read_pairs(write("empty", "")); }),
            path("empty") + ": is empty, expected at least one sentence pair");
}

TEST_F(Corpus, ReadParallelPairsLinesInOrder) {
  const auto pairs = heed::read_parallel(write("en", "a b\n-\n"), write("fr", "c\n- d"));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].source, (Words{"a", "b"}));
  EXPECT_EQ(pairs[0].target, Words{"c"});
  EXPECT_EQ(pairs[1].source, Words{"-"});
  EXPECT_EQ(pairs[1].target, (Words{"-", "d"}));
  EXPECT_EQ(pairs[1].line, 2u);
}

TEST_F(Corpus, ReadParallelReportsWhichFileIsLonger) {
  const std::string one = write("one", "a\n"), three = write("three", "a\nb\nc\n");
  EXPECT_EQ(message_of([&] { heed::read_parallel(one, three); }), three + ":2: no source for this line: the source " +
                                                                      one + " has 1 lines, the target " + three +
                                                                      " has 3, so the target is longer");
  EXPECT_EQ(message_of([&] { heed::read_parallel(three, one); }), three + ":2: no target for this line: the source " +
                                                                      three + " has 3 lines, the target " + one +
                                                                      " has 1, so the source is longer");
}

TEST_F(Corpus, ReadParallelErrorsNameFileAndLine) {
  const std::string good = write("good", "a\nb\n");
  const auto error_of = [&](const std::string& text) {
    const std::string bad = write("bad", text);
    const std::string as_target = message_of([&] { heed::read_parallel(good, bad); });
    EXPECT_EQ(message_of([&] { heed::read_parallel(bad, good); }), as_target);
    EXPECT_TRUE(as_target.starts_with(bad)) << as_target;
    return as_target.substr(std::min(bad.size(), as_target.size()));
  };
  EXPECT_EQ(error_of(""), ": is empty, expected at least one sentence");
  EXPECT_EQ(error_of("a\n\n"), ":2: the line is empty");
  EXPECT_EQ(error_of("a\nb\tc\n"), ":2: expected one sentence per line, without tabs; found a tab");
  EXPECT_EQ(error_of("a\nb\xff\n"), ":2: invalid UTF-8 (0xff) at byte offset 1 of the line");
  EXPECT_EQ(error_of(many_words(1001) + "\nb"), ":1: the line has 1001 words, at most 1000 are allowed");
  EXPECT_EQ(message_of([&] { heed::read_parallel(good, path("none")); }),
            path("none") + ": cannot be opened: No such file or directory");
}

TEST_F(Corpus, ReadLinksReplacesSureLinks) {
  auto pairs = pairs_of("a b\tc d\t0-0\t1-1\nx\ty\t0-0\nx\ty\n");
  heed::read_links(write("links", "1-0 0-1\n\n0-0"), pairs);
  EXPECT_EQ(pairs[0].sure, (Links{{1, 0}, {0, 1}}));
  EXPECT_EQ(pairs[0].possible, (Links{{1, 1}}));
  EXPECT_EQ(pairs[1].sure, Links{});
  EXPECT_EQ(pairs[2].sure, (Links{{0, 0}}));
}

TEST_F(Corpus, ReadLinksErrorsNameFileAndLine) {
  auto pairs = pairs_of("a b\tc d\nx\ty\n");
  const auto refusal_of = [&](const std::string& text) {
    return message_of([&] { heed::read_links(write("links", text), pairs); });
  };
  EXPECT_EQ(refusal_of("0-0\n0-1\n"),
            path("links") + ":2: link \"0-1\" points outside of a pair of 1 source and 1 target words");
  EXPECT_EQ(refusal_of("0-0\n0:0\n").substr(0, path("links").size() + 2), path("links") + ":2");
  for (const auto& [text, found] : {std::pair("0-0\n", "1"), std::pair("\n\n\n", "3")}) {
    EXPECT_EQ(refusal_of(text),
              path("links") + ": expected one line of links for each of 2 pairs, found " + found + " lines");
  }
  EXPECT_NE(message_of([&] { heed::read_links(path("missing"), pairs); }), "accepted");
}

TEST_F(Corpus, ReadParallelChecksMaxWords) {
  const std::string file = write("file", "a b c");
  EXPECT_EQ(heed::read_parallel(file, file, {.max_words = 3}).size(), 1u);
  EXPECT_THROW(heed::read_parallel(file, file, {.max_words = 2}), heed::Error);
}

TEST_F(Corpus, ReadSentencesReadsAFileOrAStream) {
  const std::vector<Words> expected = {{"a", "b"}, {"c"}};
  EXPECT_EQ(heed::read_sentences(write("file", "a b\nc\n")), expected);
  std::istringstream in("a b\nc\n");
  EXPECT_EQ(heed::read_sentences(in, "stream"), expected);
}

}  // namespace corpus_test
