#include <heed/text/corpus.hpp>

#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace sentence_marks_test {

using heed::Vocabulary;
using heed::Words;

std::string error_of_pairs(const std::string& text) {
  return refusal([&] {
    std::istringstream in(text);
    heed::read_pairs(in, "pairs.tsv");
  });
}

TEST(SentenceMarks, AreRejectedInPairs) {
  EXPECT_EQ(
      error_of_pairs("a\tb\n<s> the cat </s>\t<s> le chat </s>\n"),
      "pairs.tsv:2: the source contains the sentence mark <s>: remove it, sentence marks are added automatically");
  EXPECT_EQ(
      error_of_pairs("the cat\tle chat </s>\n"),
      "pairs.tsv:1: the target contains the sentence mark </s>: remove it, sentence marks are added automatically");
}

TEST(SentenceMarks, AreRejectedInSentencesAndParallelFiles) {
  const heed::test::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    const std::string path = (folder.path() / name).string();
    std::ofstream(path) << text;
    return path;
  };
  const std::string good = write("good", "a\nb\n"), bad = write("bad", "a\nb </s>\n");
  for (const std::string& message :
       {refusal([&] { heed::read_sentences(bad); }), refusal([&] { heed::read_parallel(good, bad); }),
        refusal([&] { heed::read_parallel(bad, good); })}) {
    EXPECT_EQ(message, bad +
                           ":2: the line contains the sentence mark </s>: remove it, sentence marks are added "
                           "automatically");
  }
}

TEST(SentenceMarks, AreRejectedOnlyAsWholeWords) {
  EXPECT_EQ(error_of_pairs("<s>x <S> < s >\tx</s> <s/> &lt;s&gt;\n"), "accepted");
}

TEST(SentenceMarks, UnkInDataIsEncodedAsUnk) {
  std::istringstream in("the <unk> cat\tle <unk>\nthe <unk>\tle\n");
  const auto pairs = heed::read_pairs(in, "pairs.tsv");
  const auto vocabulary = Vocabulary::build(pairs, 1, &heed::SentencePair::source);
  EXPECT_EQ(vocabulary.words(), (Words{"<unk>", "<s>", "</s>", "the", "cat"}));
  EXPECT_EQ(vocabulary.encode(pairs[0].source), (std::vector<heed::Token>{3, Vocabulary::unknown, 4}));
}

}  // namespace sentence_marks_test
