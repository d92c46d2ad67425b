#include "cli/program.hpp"

#include <nlohmann/json.hpp>

namespace evaluate_test {

using namespace heed::test;
using nlohmann::ordered_json;

class TranslateEvaluate : public Program {
 protected:
  ordered_json measure(const Arguments& arguments) const {
    const Outcome outcome = translate(Arguments{"evaluate", "--json"} + arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(lines_of(outcome.out).size(), 1U) << outcome.out;
    EXPECT_EQ(outcome.out.back(), '\n');
    return ordered_json::parse(outcome.out);
  }

  static std::vector<std::string> keys(const ordered_json& scores) {
    std::vector<std::string> names;
    for (const auto& [key, value] : scores.items()) {
      EXPECT_TRUE(value.is_number()) << key;
      names.push_back(key);
    }
    return names;
  }

  const std::vector<std::string> always_{"sentences",       "bleu",       "chrf",   "exact_match",
                                         "word_error_rate", "perplexity", "seconds"};
  const std::vector<std::string> with_links_{"sentences",  "bleu",    "chrf", "exact_match",         "word_error_rate",
                                             "perplexity", "seconds", "aer",  "alignment_precision", "alignment_recall",
                                             "crossing"};
};

TEST_F(TranslateEvaluate, PrintsOneLineOfJson) {
  const std::string model = trained("model"), linked = write("linked.tsv", pairs_of("test_iid.tsv", 30));
  const ordered_json scores = measure({"--model", model, "--pairs", linked});
  EXPECT_EQ(keys(scores), with_links_);
  EXPECT_EQ(scores.at("sentences"), 30);
  EXPECT_GE(scores.at("bleu"), 0);
  EXPECT_LE(scores.at("bleu"), 100);
  EXPECT_EQ(scores.at("exact_match"), 0) << "after one epoch";
  EXPECT_GT(scores.at("perplexity"), 1);
  EXPECT_LT(scores.at("perplexity"), 1000);
  EXPECT_GE(scores.at("seconds"), 0);
  EXPECT_GT(scores.at("aer"), 0);
  EXPECT_LE(scores.at("aer"), 1);
  EXPECT_GE(scores.at("crossing"), 0);
  EXPECT_LE(scores.at("crossing"), 1);
}

TEST_F(TranslateEvaluate, ScoresAlignmentsOnlyWithGoldLinks) {
  const std::string model = trained("model"), linked = write("linked.tsv", pairs_of("test_iid.tsv", 20));
  const std::string source = write("source", column(contents(linked), 0));
  const std::string target = write("target", column(contents(linked), 1));
  EXPECT_EQ(keys(measure({"--model", model, "--source", source, "--target", target})), always_);
  const std::string plain = trained("plain", {"--decoder", "plain"});
  EXPECT_EQ(keys(measure({"--model", plain, "--pairs", linked})), always_) << "it has no attention";
}

TEST_F(TranslateEvaluate, BeamKeepsTheKeysAndThreadsKeepTheScores) {
  const std::string model = trained("model"), linked = write("linked.tsv", pairs_of("test_iid.tsv", 100));
  ordered_json greedy = measure({"--model", model, "--pairs", linked, "--threads", "1"});
  EXPECT_EQ(keys(measure({"--model", model, "--pairs", linked, "--beam-size", "4"})), keys(greedy));
  EXPECT_NE(measure({"--model", model, "--pairs", linked, "--max-length", "1"}).at("bleu"), greedy.at("bleu"));
  ordered_json threaded = measure({"--model", model, "--pairs", linked, "--threads", "3"});
  greedy.erase("seconds");
  threaded.erase("seconds");
  EXPECT_EQ(threaded, greedy);
}

TEST_F(TranslateEvaluate, SupportsEnsembles) {
  const std::string first = trained("first", {"--learning-rate", "0.02"}),
                    second = trained("second", {"--learning-rate", "0.02", "--decoder", "luong", "--seed", "2"}),
                    linked = write("linked.tsv", pairs_of("test_iid.tsv", 40));
  const auto scores = [&](const Arguments& models) {
    ordered_json all = measure(Arguments{"--pairs", linked, "--beam-size", "3", "--model"} + models);
    all.erase("seconds");
    return all;
  };
  const ordered_json both = scores({first, second});
  EXPECT_FALSE(both.contains("perplexity") || both.contains("aer"));
  EXPECT_NE(both.at("chrf"), scores({first}).at("chrf"));
  EXPECT_NE(both.at("chrf"), scores({second}).at("chrf"));
  EXPECT_EQ(scores({first, first}).at("chrf"), scores({first}).at("chrf"));
  EXPECT_EQ(scores({first, "--model", second}), both);
  const std::string text = column(contents(linked), 0);
  const Outcome run = translate({"run", "--model", first, second, "--beam-size", "3", "--threads", "2"}, text);
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, translate({"run", "--model", first, second, "--beam-size", "3"}, text).out);
  EXPECT_NE(run.out, translate({"run", "--model", first, "--beam-size", "3"}, text).out);
  EXPECT_NE(translate({"run", "--model", first, second, "--sample"}, text).out, run.out);
  const std::string other = trained("other", {"--min-frequency", "2"}),
                    natural = trained("natural", {"--source-tokenizer", "en"});
  for (const std::string& model : {other, natural}) {
    expect_error(translate({"run", "--model", first, model}, text),
                 {model, "other vocabularies, subwords or tokenizers", first});
  }
}

TEST_F(TranslateEvaluate, SamplesDoNotDependOnThreads) {
  const std::string model = trained("model", {"--learning-rate", "0.02"});
  const std::string linked = write("linked.tsv", pairs_of("test_iid.tsv", 100));
  const auto scores = [&](const Arguments& more) {
    ordered_json all = measure(Arguments{"--model", model, "--pairs", linked, "--max-length", "12"} + more);
    all.erase("seconds");
    return all;
  };
  const ordered_json drawn = scores({"--sample", "--threads", "1"});
  EXPECT_EQ(scores({"--sample", "--threads", "3"}), drawn);
  EXPECT_NE(scores({"--sample", "--seed", "2"}), drawn);
  EXPECT_NE(scores({}), drawn);
}

TEST_F(TranslateEvaluate, SupportsAllWeightTypes) {
  const std::string model = trained("model", {"--learning-rate", "0.02"});
  const std::string linked = write("linked.tsv", pairs_of("test_iid.tsv", 30));
  const auto scores = [&](const Arguments& more) {
    ordered_json all = measure(Arguments{"--model", model, "--pairs", linked} + more);
    all.erase("seconds");
    return all;
  };
  const ordered_json float32 = scores({});
  EXPECT_EQ(scores({"--weights", "float32"}), float32);
  const double perplexity = float32.at("perplexity");
  const double bfloat16 = scores({"--weights", "bfloat16"}).at("perplexity"),
               half = scores({"--weights", "half"}).at("perplexity");
  EXPECT_NEAR(bfloat16, perplexity, 1e-2 * perplexity);
  EXPECT_NEAR(half, perplexity, 2e-3 * perplexity);
  EXPECT_NE(bfloat16, perplexity);
  EXPECT_NE(half, perplexity);
  EXPECT_NE(half, bfloat16);
}

TEST_F(TranslateEvaluate, PrintsTheScoresAsText) {
  const std::string model = trained("model"), linked = write("linked.tsv", pairs_of("test_iid.tsv", 20));
  const Outcome outcome = translate({"evaluate", "--model", model, "--pairs", linked});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const char* const name : {"sentences    20\n", "exact match  ", "word errors  ", "BLEU  ", "chrF  ",
                                 "perplexity  ", "error rate ", "precision ", "recall ", "crossing "}) {
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name << '\n' << outcome.out;
  }
}

TEST_F(TranslateEvaluate, ReportsPerfectScoresForMemorizedSentences) {
  const std::string pairs = write("few.tsv",
                                  "the black cat\tle chat noir\t0-0 1-2 2-1\t\tadjpost\n"
                                  "the red cat\tle chat rouge\t0-0 1-2 2-1\t\tadjpost\n"
                                  "the cat sleeps\tle chat dort\t0-0 1-1 2-2\n"
                                  "a bird eats\tun oiseau mange\t0-0 1-1 2-2\n");
  Arguments command = with(with(training("model"), "--pairs", pairs), "--epochs", "150");
  command = with(with(command, "--batch-size", "4"), "--learning-rate", "0.02");
  ASSERT_EQ(translate(command).code, 0);
  for (const char* const beam : {"1", "3"}) {
    const ordered_json scores = measure({"--model", path("model"), "--pairs", pairs, "--beam-size", beam});
    EXPECT_EQ(scores.at("sentences"), 4);
    EXPECT_EQ(scores.at("exact_match"), 100);
    EXPECT_LT(scores.at("perplexity"), 1.2);
    EXPECT_GE(scores.at("perplexity"), 1);
  }
}

}  // namespace evaluate_test
