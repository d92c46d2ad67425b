#include "cli/killing.hpp"

namespace checkpoints_test {

using namespace heed::test;

class TranslateCheckpoints : public KilledTraining {
 protected:
  Arguments long_run(const std::string& save) const { return with(command(save, settings()[0]), "--epochs", "100000"); }

  /// Waits until `arrived()` is true, for at most five minutes.
  template <class Arrived>
  static bool wait_until(const Arrived& arrived) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (!arrived() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return arrived();
  }
  bool wait_for_line(const std::string& text) const {
    return wait_until([&] { return contents(path("err")).find(text) != std::string::npos; });
  }

  /// Starts a run, and sends signals, one right after the other, when standard error holds `text`.
  Outcome signalled(const Arguments& arguments, const std::vector<int>& signals, const std::string& text) const {
    const pid_t process = start(arguments);
    EXPECT_TRUE(wait_for_line(text));
    for (const int signal_number : signals) kill(process, signal_number);
    return finish(process);
  }

  static void expect_saved(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("repeat the command with --resume"), std::string::npos) << outcome.err;
  }

  /// The value of a key of a state file.
  static std::string value_of(const std::string& state, const std::string& key) {
    const std::string name = "\"training." + key + "\":\"";
    const auto begin = state.find(name);
    if (begin == std::string::npos) return "";
    const std::string rest = state.substr(begin + name.size());
    return rest.substr(0, rest.find('"'));
  }
};

TEST_F(TranslateCheckpoints, KilledRunsResumeToTheSameModel) {
  for (std::size_t i = 0; i < settings().size(); ++i) {
    expect_kills_to_change_nothing(settings()[i], 1, static_cast<unsigned>(i) + 1);
    fs::remove(path("whole"));
    fs::remove(path("parts"));
  }
}

TEST_F(TranslateCheckpoints, SavesTheStateOnSighup) {
  expect_saved(signalled(long_run("model"), {SIGHUP}, "epoch 2: "));
  EXPECT_TRUE(fs::exists(path("model.training")));
}

TEST_F(TranslateCheckpoints, NohupIgnoresSighup) {
  std::string line = "trap '' HUP; exec " + program_;
  for (const std::string& argument : command("model", settings()[0])) line += ' ' + argument;
  program_ = "/bin/sh";
  const Outcome outcome = signalled({"-c", line}, {SIGHUP}, "epoch 2: ");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("trained in"), std::string::npos) << outcome.err;
}

TEST_F(TranslateCheckpoints, CountsSignalsInQuickSuccessionOnce) {
  expect_saved(signalled(long_run("model"), {SIGINT, SIGINT, SIGTERM, SIGHUP}, "epoch 2: "));
}

TEST_F(TranslateCheckpoints, SavesTheStateIfThePipeOfItsOutputCloses) {
  std::string line = "{ " + program_;
  for (const std::string& argument : long_run("model")) line += ' ' + argument;
  program_ = "/bin/sh";
  const Outcome outcome = run({"-c", line + " 2>&1; echo $? >" + path("status") + "; } | head -n 3"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(wait_until([&] { return contents(path("status")) == "0\n"; })) << contents(path("status"));
  EXPECT_NE(value_of(contents(path("model.training")), "next_update"), "");
}

TEST_F(TranslateCheckpoints, SignalBeforeTrainingEndsTheProgram) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const pid_t process = start(with(training("model"), "--pairs", path("pipe")));
  const int pipe = open(path("pipe").c_str(), O_WRONLY);  // returns when the program reads
  kill(process, SIGTERM);
  EXPECT_EQ(finish(process).code, 128 + SIGTERM);
  close(pipe);
}

TEST_F(TranslateCheckpoints, SavesTheStateAtTheGivenInterval) {
  write("train.tsv", pairs_of("train.tsv", 1500));
  const Arguments run = with(training("model"), "--batch-size", "1");
  ASSERT_EQ(translate(with(run, "--save", path("whole"))).code, 0);
  const auto next_update = [&] { return value_of(contents(path("model.training")), "next_update"); };
  pid_t process = start(run + Arguments{"--checkpoint-minutes", "0"});
  EXPECT_TRUE(wait_for_line("epoch 1/1"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(next_update(), "0");
  kill(process, SIGKILL);
  EXPECT_EQ(finish(process).code, 128 + SIGKILL);
  process = start(run + Arguments{"--resume", "--checkpoint-minutes", "0.0005"});
  EXPECT_TRUE(wait_until([&] { return next_update() != "0" && next_update() != ""; }));
  kill(process, SIGKILL);
  EXPECT_EQ(finish(process).code, 128 + SIGKILL);
  EXPECT_NE(next_update(), "0");
  EXPECT_NE(next_update(), "");
  EXPECT_EQ(translate(run + Arguments{"--resume"}).code, 0);
  EXPECT_TRUE(contents(path("model")) == contents(path("whole")));
}

TEST_F(TranslateCheckpoints, RejectsDiscardingAnUnfinishedRun) {
  const Arguments run = with(long_run("model"), "--epochs", "40");
  ASSERT_EQ(translate(with(run, "--save", path("whole"))).code, 0);
  ASSERT_EQ(translate(with(run, "--save", path("other")) + Arguments{"--restart"}).code, 0) << "nothing to discard";
  expect_saved(signalled(run, {SIGINT}, "epoch 2: "));
  const std::string state = contents(path("model.training")), model = contents(path("model"));
  expect_error(translate(run), {path("model.training"), "unfinished run", "--resume", "--restart"});
  expect_error(translate(run + Arguments{"--resume", "--restart"}), {"--resume excludes --restart"});
  EXPECT_TRUE(contents(path("model.training")) == state);
  EXPECT_TRUE(contents(path("model")) == model);
  const Outcome again = translate(run + Arguments{"--restart"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("epoch 1: "), std::string::npos) << again.err;
  EXPECT_TRUE(contents(path("model")) == contents(path("whole")));
  EXPECT_FALSE(fs::exists(path("model.training")));
}

TEST_F(TranslateCheckpoints, RestoresTheBestModelFromTheState) {
  // The dev loss is best in an early epoch.
  const Arguments run = with(command("model", "--learning-rate 0.1"), "--epochs", "40");
  ASSERT_EQ(translate(with(run, "--save", path("whole"))).code, 0);
  expect_saved(signalled(run, {SIGINT}, "epoch 20: "));
  ASSERT_TRUE(contents(path("model")) == contents(path("whole"))) << "a later epoch was better";
  fs::remove(path("model"));
  const Outcome end = translate(run + Arguments{"--resume"});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_TRUE(contents(path("model")) == contents(path("whole")));
}

class SentimentCheckpoints : public TranslateCheckpoints {
 protected:
  void SetUp() override {
    TranslateCheckpoints::SetUp();
    program_ = SENTIMENT_PROGRAM;
    std::string lines;
    for (const char* const label : {"up", "down"}) {
      for (int i = 0; i < 40; ++i) {
        lines += label + std::string("\tthe ") + label + " soup " + std::to_string(i % 7) + '\n';
      }
    }
    write("labelled.tsv", lines);
  }
  Arguments sentiment(const std::string& save, const std::string& epochs) const {
    return arguments(
               "train --min-frequency 1 --hidden-size 8 --embedding-size 8 --batch-size 4 --threads 1 --dropout 0.2") +
           Arguments{"--learning-rate", "0.01",     "--train",  path("labelled.tsv"),
                     "--save",          path(save), "--epochs", epochs};
  }
};

TEST_F(SentimentCheckpoints, StoppedRunsResumeToTheSameModel) {
  const Arguments command = sentiment("model", "60");
  const Outcome whole = run(sentiment("whole", "60"));
  ASSERT_EQ(whole.code, 0) << whole.err;
  Outcome end;
  int stops = 0;
  for (const auto& [signal_number, text] :
       {std::pair(SIGKILL, "epoch 3: "), std::pair(SIGINT, "epoch 10: "), std::pair(SIGHUP, "epoch 20: ")}) {
    const Arguments next = stops == 0 ? command : command + Arguments{"--resume"};
    end = signalled(next, {signal_number}, text);
    if (!fs::exists(path("model.training"))) break;
    ++stops;
    EXPECT_EQ(end.code, signal_number == SIGKILL ? 128 + SIGKILL : 0) << end.err;
    expect_error(run(command), {path("model.training"), "unfinished run", "--resume", "--restart"});
    if (fs::exists(path("model"))) {
      EXPECT_EQ(run({"run", "--model", path("model")}, "the up soup\n").code, 0);
    }
  }
  ASSERT_GT(stops, 0) << "the run ended before the first signal";
  if (fs::exists(path("model.training"))) end = run(command + Arguments{"--resume"});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, whole.out);
  EXPECT_TRUE(contents(path("model")) == contents(path("whole")));
  EXPECT_EQ(files(), (std::set<std::string>{"dev.tsv", "labelled.tsv", "model", "whole"}));
}

TEST_F(SentimentCheckpoints, RejectsResumingWithOtherSettingsOrData) {
  ASSERT_EQ(signalled(sentiment("model", "100000"), {SIGINT}, "epoch 2: ").code, 0);
  const Arguments resume = sentiment("model", "100000") + Arguments{"--resume"};
  for (const char* const other :
       {"--epochs 9", "--batch-size 5", "--learning-rate 0.02", "--clip-norm 2", "--threads 2", "--seed 2",
        "--hidden-size 9", "--embedding-size 9", "--dropout 0.3", "--word-dropout 0.2", "--held-out 0.2"}) {
    SCOPED_TRACE(other);
    const Arguments option = arguments(other);
    expect_error(run(with(resume, option[0], option[1])), {path("model.training"), "the run was started with"});
  }
  write("labelled.tsv", contents(path("labelled.tsv")) + "up\tthe up soup 3\n");
  expect_error(run(resume), {path("model.training"), "the run was started with"});
}

}  // namespace checkpoints_test
