#include "cli/program.hpp"
#include "support/xml.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace training_log_test {

using namespace heed::test;
using nlohmann::json;

class TranslateTrainingLog : public Program {
 protected:
  Arguments command() const {
    return with(with(training("model"), "--epochs", "4"), "--batch-size", "8") +
           Arguments{"--dev", write("dev.tsv", pairs_of("dev.tsv", 30)), "--log", path("log"), "--log-every", "4"};
  }
  std::vector<json> records(const std::string& event) const {
    std::vector<json> found;
    for (const std::string& line : lines_of(contents(path("log")))) {
      json record = json::parse(line);
      if (record.at("event") == event) found.push_back(std::move(record));
    }
    return found;
  }
};

TEST_F(TranslateTrainingLog, RecordsUpdatesEpochsAndSamples) {
  const Outcome outcome = translate(with(command(), "--threads", "2"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_EQ(records("start").size(), 1U);
  const json start = records("start")[0];
  EXPECT_EQ(start.at("settings").at("epochs"), "4");
  EXPECT_EQ(start.at("environment").at("threads"), "2");
  EXPECT_EQ(start.at("environment").at("heed"), "0.2.0");
  const auto updates = records("updates");
  ASSERT_EQ(updates.size(), 8U) << "six updates in each epoch: four and two";
  EXPECT_EQ(updates[1].at("update"), 6);
  EXPECT_EQ(updates[1].at("epoch"), 1);
  EXPECT_EQ(updates[7].at("update"), 24);
  const auto words_of = [&](std::size_t i) { return updates[i].at("words").get<int>(); };
  std::size_t words = 0;
  for (const std::string& line : lines_of(column(contents(path("train.tsv")), 1))) words += count_of(line, " ") + 2;
  EXPECT_EQ(words_of(0) + words_of(1), static_cast<int>(words)) << "eos included";
  for (const json& update : updates) {
    EXPECT_GT(update.at("loss"), 0);
    EXPECT_GT(update.at("seconds"), 0);
    EXPECT_GE(update.at("largest_gradient_norm"), update.at("gradient_norm"));
  }
  EXPECT_GT(updates[1].at("learning_rate"), updates[7].at("learning_rate"));
  const auto epochs = records("epoch");
  ASSERT_EQ(epochs.size(), 4U);
  for (const json& epoch : epochs) {
    const std::string loss = std::to_string(epoch.at("dev_loss").get<double>());
    EXPECT_NE(outcome.err.find("dev loss " + loss.substr(0, 5)), std::string::npos) << loss << '\n' << outcome.err;
    for (const char* const key : {"training_loss", "bleu", "chrf", "exact_match"}) EXPECT_GE(epoch.at(key), 0) << key;
  }
  EXPECT_EQ(records("sample").size(), 12U);
  const json sample = records("sample").back();
  EXPECT_EQ(sample.at("weights").size(), sample.at("translation").size());
  std::size_t sentences = 0;
  for (const json& lengths : records("lengths")) sentences += lengths.at("sentences").get<std::size_t>();
  EXPECT_EQ(sentences, 4 * 30U);
  EXPECT_EQ(records("end").size(), 1U);
}

TEST_F(TranslateTrainingLog, WritesAReport) {
  const Outcome outcome = translate(command() + Arguments{"--report", path("report.html")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string html = contents(path("report.html"));
  EXPECT_NE(html.find("Loss per target word"), std::string::npos);
  EXPECT_NE(html.find("Ended "), std::string::npos);
  EXPECT_GT(count_of(html, "<svg"), 4U) << "four charts, and alignments";
}

TEST_F(TranslateTrainingLog, DoesNotChangeTheModel) {
  ASSERT_EQ(translate(command()).code, 0);
  const std::string logged = contents(path("model"));
  Arguments plain = command();
  plain.resize(plain.size() - 4);
  ASSERT_EQ(translate(plain).code, 0);
  EXPECT_TRUE(contents(path("model")) == logged);
}

TEST_F(TranslateTrainingLog, RejectsInvalidPaths) {
  Arguments unlogged = command();
  unlogged.resize(unlogged.size() - 4);
  expect_error(translate(unlogged + Arguments{"--report", path("r.html")}), {"--report", "--log"});
  expect_error(translate(unlogged + Arguments{"--log", path("train.tsv")}), {"--log", "train.tsv"});
  expect_error(translate(unlogged + Arguments{"--log", path("none/log")}), {"none/log", "cannot be opened"});
  expect_error(translate(command() + Arguments{"--report", path("model")}), {"--report", "model"});
}

/// An invalid command does not delete the log of an earlier run.
TEST_F(TranslateTrainingLog, KeepsTheOldLogIfTheOptionsAreInvalid) {
  write("log", "old\n");
  Arguments invalid = with(training("model"), "--schedule", "plateau") + Arguments{"--log", path("log")};
  expect_error(translate(invalid), {"--schedule plateau needs dev data"});
  EXPECT_EQ(contents(path("log")), "old\n");
}

TEST_F(TranslateTrainingLog, StopsEarly) {
  const Arguments diverging{"--learning-rate", "0.3", "--schedule", "constant"};
  Arguments run = with(command(), "--epochs", "60") + diverging;
  const Outcome outcome = translate(run + Arguments{"--early-stopping", "3"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("no improvement in 3 epochs: training stops"), std::string::npos) << outcome.err;
  const auto epochs = records("epoch");
  ASSERT_LT(epochs.size(), 60U);
  ASSERT_GE(epochs.size(), 4U);
  for (std::size_t i = epochs.size() - 3; i < epochs.size(); ++i) EXPECT_EQ(epochs[i].at("saved"), false);
  EXPECT_EQ(epochs[epochs.size() - 4].at("saved"), true);
}

TEST_F(TranslateTrainingLog, BleuSelectsTheModel) {
  const Arguments more{"--learning-rate", "0.05", "--schedule", "constant", "--dev-metric", "bleu"};
  const Outcome outcome = translate(with(command(), "--epochs", "20") + more);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  double best = -1, kept = 0, lowest = 1e300, kept_loss = 0;
  for (const json& epoch : records("epoch")) {
    const double bleu = epoch.at("bleu"), loss = epoch.at("dev_loss");
    EXPECT_EQ(epoch.at("saved"), bleu > best + 1e-9);
    best = std::max(best, bleu);
    lowest = std::min(lowest, loss);
    if (epoch.at("saved")) kept = bleu, kept_loss = loss;
  }
  EXPECT_EQ(kept, best);
  EXPECT_GT(kept_loss, lowest) << "the loss would have selected another model";
  EXPECT_NE(outcome.out.find("BLEU " + std::to_string(best).substr(0, 4)), std::string::npos) << outcome.out;
}

TEST_F(TranslateTrainingLog, AveragesTheBestModels) {
  const Outcome outcome = translate(command() + Arguments{"--average-best", "2", "--learning-rate", "0.02"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto at = outcome.err.find("average of 2 epochs, dev loss ");
  ASSERT_NE(at, std::string::npos) << outcome.err;
  const double average = std::stod(outcome.err.substr(at + 30)), last = records("epoch").back().at("dev_loss");
  const bool saved = outcome.err.find(", saved", at) != std::string::npos;
  EXPECT_EQ(saved, average < last) << "the last epoch was the best";
  const double perplexity = std::stod(lines_of(outcome.out).at(1).substr(16));
  EXPECT_NEAR(std::log(perplexity), std::min(average, last), 1e-3);
  Arguments undeveloped = with(training("other"), "--epochs", "3");
  EXPECT_NE(translate(undeveloped + Arguments{"--average-best", "2"}).err.find("average of 2 epochs, saved"),
            std::string::npos);
  expect_error(translate(training("x") + Arguments{"--early-stopping", "1"}), {"--early-stopping", "--dev"});
  expect_error(translate(training("x") + Arguments{"--dev-metric", "bleu"}), {"--dev-metric", "--dev"});
}

}  // namespace training_log_test
