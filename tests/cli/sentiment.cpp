#include "cli/program.hpp"

namespace sentiment_test {

using namespace heed::test;

class Sentiment : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    program_ = SENTIMENT_PROGRAM;
    std::string lines;
    for (int i = 0; i < 12; ++i) {
      for (const char* const word : {"fine", "lovely", "warm"})
        lines += std::string("up\tthe soup was ") + word + " .\n";
      for (const char* const word : {"stale", "cold", "grim"})
        lines += std::string("down\tthe soup was ") + word + " .\n";
    }
    write("train.tsv", lines);
  }

  Arguments training(const std::string& save) const {
    return {"train",
            "--train",
            path("train.tsv"),
            "--hidden-size",
            "8",
            "--embedding-size",
            "8",
            "--epochs",
            "20",
            "--learning-rate",
            "0.02",
            "--dropout",
            "0",
            "--batch-size",
            "8",
            "--word-dropout",
            "0",
            "--threads",
            "1",
            "--save",
            path(save)};
  }
};

TEST_F(Sentiment, ListsEveryOptionOfEveryCommand) {
  const Arguments training_options = arguments(
      "--embedding-size --hidden-size --dropout --word-dropout --epochs --batch-size --learning-rate --clip-norm "
      "--seed --threads "
      "--checkpoint-minutes --resume --restart");
  const std::vector<std::pair<std::string, Arguments>> commands{
      {"train",
       training_options + Arguments{"--train", "--dev", "--save", "--held-out", "--min-frequency", "--max-words"}},
      {"run", {"--model", "--picture", "--max-words"}},
      {"demo", training_options + Arguments{"--out", "--sentences"}},
  };
  for (const auto& [command, options] : commands) {
    const Outcome outcome = run({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    for (const auto& option : options) EXPECT_NE(outcome.out.find("  " + option + ' '), std::string::npos) << option;
  }
}

TEST_F(Sentiment, TrainsSavesAndLabels) {
  write("dev.tsv", "down\tthe soup was grim .\nup\tthe soup was fine .\n");
  const Outcome training_run = run(training("model") + Arguments{"--dev", path("dev.tsv")});
  EXPECT_EQ(training_run.code, 0) << training_run.err;
  EXPECT_NE(training_run.out.find("dev accuracy: 100.00 %"), std::string::npos) << training_run.out;
  const Outcome labelled = run({"run", "--model", path("model"), "--picture", path("picture.svg")},
                               "the soup was lovely .\nthe soup was stale .\n");
  EXPECT_EQ(labelled.code, 0) << labelled.err;
  const auto lines = lines_of(labelled.out);
  ASSERT_EQ(lines.size(), 2U) << labelled.out;
  EXPECT_EQ(lines[0].substr(0, 3), "up ");
  EXPECT_EQ(lines[1].substr(0, 5), "down ");
  EXPECT_NE(lines[1].find("\tthe"), std::string::npos);
  EXPECT_NE(contents(path("picture.svg")).find("<title>lovely: "), std::string::npos);
}

TEST_F(Sentiment, IsDeterministicForASeed) {
  for (const char* const name : {"one", "two"}) EXPECT_EQ(run(training(name)).code, 0);
  EXPECT_EQ(run(training("three") + Arguments{"--seed", "2"}).code, 0);
  EXPECT_EQ(parameters_of(path("one")), parameters_of(path("two")));
  EXPECT_NE(parameters_of(path("one")), parameters_of(path("three")));
}

TEST_F(Sentiment, RejectsInvalidData) {
  const auto expect_data_error = [&](const std::string& text, const std::vector<std::string>& parts) {
    write("bad.tsv", text);
    expect_error(run(with(training("model"), "--train", path("bad.tsv"))), parts);
    EXPECT_FALSE(fs::exists(path("model")));
  };
  expect_data_error("", {"bad.tsv", "is empty"});
  expect_data_error("no label here\n", {"bad.tsv:1", "found 1 column"});
  expect_data_error("up\ta\tb\n", {"bad.tsv:1", "found 3 columns"});
  expect_data_error("up\tfine\ndown\t\n", {"bad.tsv:2", "the sentence is empty"});
  expect_data_error("two words\tfine\n", {"bad.tsv:1", "the label must be one word"});
  expect_data_error("up\tfine\nup\tgood\n", {"all sentences are labelled up"});
  write("few.tsv", "up\tfine\ndown\tbad\n");
  expect_error(run(with(training("model"), "--train", path("few.tsv")) + Arguments{"--held-out", "0.9"}),
               {"few.tsv", "2 sentences are too few for --held-out"});
  expect_error(run(with(training("model"), "--train", path("missing"))), {"missing", "cannot be opened"});
  write("dev.tsv", "sideways\tthe soup was grim .\n");
  expect_error(run(training("model") + Arguments{"--dev", path("dev.tsv")}), {"\"sideways\"", "down up"});
  expect_error(run(with(training("model"), "--save", path("train.tsv"))), {"would replace the data file"});
}

TEST_F(Sentiment, RejectsOptionsOutOfRange) {
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{{"--epochs", "0"},
                                                                                      {"--hidden-size", "-1"},
                                                                                      {"--dropout", "1"},
                                                                                      {"--held-out", "nan"},
                                                                                      {"--seed", "-1"},
                                                                                      {"--threads", "0"}}) {
    expect_error(run(with(training("model"), option, value)), {option.substr(2)});
  }
  expect_error(run({}), {"subcommand"});
}

TEST_F(Sentiment, RejectsInvalidModelsAndLines) {
  expect_error(run({"run", "--model", path("train.tsv")}, "fine\n"), {"train.tsv"});
  EXPECT_EQ(run(training("model")).code, 0);
  const std::string whole = contents(path("model"));
  write("cut", whole.substr(0, whole.size() - 4));
  expect_error(run({"run", "--model", path("cut")}, "fine\n"), {"cut"});
  for (const std::string bad : {R"(up\ndown)", R"(aaa\t\nb)", R"(up\nd  p)"}) {
    std::string labels = whole;
    const auto at = labels.find(R"(down\nup)");
    ASSERT_NE(at, std::string::npos);
    write("labels", labels.replace(at, bad.size(), bad));
    expect_error(run({"run", "--model", path("labels")}, "fine\n"),
                 {path("labels") + ": the labels must be distinct words"});
  }
  expect_error(run({"run", "--model", path("model")}, "\n"), {"standard input:1", "the line is empty"});
}

}  // namespace sentiment_test
