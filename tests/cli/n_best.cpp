#include "cli/program.hpp"

namespace n_best_test {

using namespace heed::test;
using TranslateNBest = Program;

TEST_F(TranslateNBest, TextsAreUniqueWithReplacedUnknownWords) {
  // Rare target words make <unk> likely. Some source words are target words, so texts with and without <unk> become
  // equal.
  std::string pairs, text;
  for (int i = 0; i < 40; ++i) pairs += "a b a\ta rare" + std::to_string(i) + " b\n";
  write("train.tsv", pairs);
  const std::string model = path("model");
  ASSERT_EQ(translate(with(with(training("model"), "--epochs", "3"), "--batch-size", "8") +
                      Arguments{"--learning-rate", "0.02", "--min-frequency", "2"})
                .code,
            0);
  const std::vector<std::string> sources{"a a a", "b b", "a b a", "b"};
  for (const std::string& source : sources) text += source + '\n';
  const auto texts = [&](const char* const options) {
    std::vector<std::vector<std::string>> all(sources.size());
    const Arguments command = Arguments{"run", "--model", model, "--max-length", "8"} + arguments(options);
    const Outcome outcome = translate(command, text);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    for (const std::string& line : lines_of(outcome.out)) {
      all.at(std::stoul(column(line, 0)) - 1).push_back(column(line, 2));
    }
    return all;
  };
  const auto plain = texts("--beam-size 8 --n-best 8"), replaced = texts("--beam-size 8 --n-best 8 --replace-unk"),
             few = texts("--beam-size 8 --n-best 3 --replace-unk");
  std::size_t fewer = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for (const auto* list : {&replaced[i], &few[i]}) {
      EXPECT_EQ(std::set<std::string>(list->begin(), list->end()).size(), list->size()) << sources[i];
    }
    fewer += replaced[i].size() < plain[i].size();
    ASSERT_EQ(few[i].size(), std::min<std::size_t>(3, replaced[i].size()));
    for (std::size_t k = 0; k < few[i].size(); ++k) EXPECT_EQ(few[i][k], replaced[i][k]);
  }
  EXPECT_GT(fewer, 0U) << "no texts were equal, so nothing was tested";
}

}  // namespace n_best_test
