#include "cli/program.hpp"

namespace interrupt_test {

using namespace heed::test;

/// Training that is interrupted and resumed.
class TranslateInterrupt : public Program {
 protected:
  Arguments run(const std::string& save) const {
    return with(with(training(save), "--epochs", "100"), "--batch-size", "4") +
           Arguments{"--dropout", "0.2", "--learning-rate", "0.002", "--clip-norm", "5", "--dev", path("dev.tsv")};
  }
  void SetUp() override {
    Program::SetUp();
    write("dev.tsv", pairs_of("dev.tsv", 4));
  }

  /// Starts the program and sends the signal once standard error holds `text`.
  Outcome interrupted(const Arguments& arguments, int signal_number, const std::string& text) const {
    const pid_t process = start(arguments);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (contents(path("err")).find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(process, signal_number);
    return finish(process);
  }

  /// A safetensors file with another metadata value, which is given as JSON text.
  static std::string with_metadata(const std::string& file, const std::string& key, const std::string& value) {
    const auto begin = file.find('"' + key + "\":\"") + key.size() + 4, end = file.find('"', begin);
    std::string changed = file.substr(0, begin) + value + file.substr(end);
    std::uint64_t header = 0;
    for (std::size_t i = 8; i-- > 0;) header = header << 8U | static_cast<unsigned char>(file[i]);
    header += changed.size() - file.size();
    for (std::size_t i = 0; i < 8; ++i) changed[i] = static_cast<char>(static_cast<unsigned char>(header >> (8 * i)));
    return changed;
  }

  void expect_usable_model(const std::string& save) const {
    const Outcome outcome = translate({"run", "--model", path(save), "--max-length", "3"}, "the cat\n");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
};

/// The parameter is a list of training options.
class TranslateResume : public TranslateInterrupt, public testing::WithParamInterface<const char*> {};

TEST_P(TranslateResume, ResumesToTheSameModel) {
  const Arguments options = arguments(GetParam());
  const Outcome whole = translate(run("whole") + options);
  ASSERT_EQ(whole.code, 0) << whole.err;
  Arguments command = run("parts") + options;
  Outcome end;
  int stops = 0;
  for (const auto& [signal_number, text] : {std::pair(SIGINT, "epoch 2: "), std::pair(SIGTERM, "epoch 20: "),
                                            std::pair(SIGINT, "epoch 40: "), std::pair(0, "")}) {
    end = signal_number == 0 ? translate(command) : interrupted(command, signal_number, text);
    if (!fs::exists(path("parts.training"))) break;
    ++stops;
    EXPECT_EQ(end.code, 0) << end.err;
    EXPECT_EQ(end.out, "");
    EXPECT_NE(end.err.find("repeat the command with --resume"), std::string::npos) << end.err;
    EXPECT_NE(end.err.find(path("parts.training")), std::string::npos) << end.err;
    expect_usable_model("parts");
    command = run("parts") + options + Arguments{"--resume"};
  }
  ASSERT_GT(stops, 0) << "the run ended before the first signal";
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.err.find("epoch 2: "), std::string::npos) << "it started from the beginning";
  EXPECT_TRUE(contents(path("parts")) == contents(path("whole")));
  EXPECT_EQ(lines_of(end.out).at(1), lines_of(whole.out).at(1));
  EXPECT_FALSE(fs::exists(path("parts.training"))) << "no state is left";
  expect_error(translate(command), {path("parts.training"), "no such file"});
  EXPECT_TRUE(contents(path("parts")) == contents(path("whole")));
}

INSTANTIATE_TEST_SUITE_P(
    , TranslateResume,
    testing::Values(
        "",
        "--average-decay 0.99 --schedule plateau --patience 3 --accum-count 2 --teacher-forcing 0.5 "
        "--forcing-schedule linear --sampled-token sample --weight-decay 0.1 --cell lstm --recurrent-dropout 0.1 "
        "--variational-dropout --memory-dropout 0.2 --tie-embeddings --share-embeddings",
        "--schedule cosine --warmup 150 --accum-count 5 --teacher-forcing 0 --forcing-schedule inverse-sigmoid "
        "--forcing-k 100"));

TEST_F(TranslateInterrupt, RejectsResumingWithOtherSettings) {
  ASSERT_EQ(interrupted(run("model"), SIGINT, "epoch 1: ").code, 0);
  const std::string model = contents(path("model")), state = contents(path("model.training"));
  ASSERT_FALSE(state.empty());
  for (const char* const other : {"--epochs 101",
                                  "--batch-size 5",
                                  "--learning-rate 0.001",
                                  "--schedule constant",
                                  "--schedule cosine",
                                  "--warmup 7",
                                  "--accum-count 2",
                                  "--weight-decay 0.1",
                                  "--clip-norm 2",
                                  "--label-smoothing 0.1",
                                  "--average-decay 0.9",
                                  "--teacher-forcing 0.5",
                                  "--sampled-token sample",
                                  "--threads 2",
                                  "--seed 2",
                                  "--cell lstm",
                                  "--layers 2",
                                  "--direction forward",
                                  "--scorer general",
                                  "--attention monotonic",
                                  "--decoder luong",
                                  "--hidden-size 18",
                                  "--embedding-size 10",
                                  "--dropout 0.3",
                                  "--memory-dropout 0.3",
                                  "--min-frequency 2"}) {
    SCOPED_TRACE(other);
    const Arguments option = arguments(other);
    expect_error(translate(with(run("model"), option[0], option[1]) + Arguments{"--resume"}),
                 {path("model.training"), "the run was started with"});
  }
  for (const char* const flags : {"--variational-dropout", "--tie-embeddings", "--tie-embeddings --share-embeddings"}) {
    SCOPED_TRACE(flags);
    expect_error(translate(run("model") + arguments(flags) + Arguments{"--resume"}),
                 {path("model.training"), "the run was started with"});
  }
  // The same pairs in another order, and other dev data.
  const auto pairs = lines_of(pairs_of("train.tsv", 48));
  std::string reordered, other = pairs_of("dev.tsv", 8);
  for (const std::string& pair : pairs) reordered.insert(0, pair + '\n');
  other.erase(0, pairs_of("dev.tsv", 4).size());
  for (const auto& [option, text] : {std::pair("--pairs", reordered), std::pair("--dev", other)}) {
    SCOPED_TRACE(option);
    expect_error(translate(with(run("model"), option, write("other.tsv", text)) + Arguments{"--resume"}),
                 {path("model.training"), "the run was started with"});
  }
  write("model.training", state.substr(0, state.size() - 7));
  expect_error(translate(run("model") + Arguments{"--resume"}), {path("model.training"), "truncated"});
  write("model.training", model);
  expect_error(translate(run("model") + Arguments{"--resume"}), {path("model.training"), "training.format"});
  EXPECT_TRUE(contents(path("model")) == model);
}

TEST_F(TranslateInterrupt, RejectsInvalidStates) {
  ASSERT_EQ(interrupted(run("model"), SIGINT, "epoch 1: ").code, 0);
  const std::string state = contents(path("model.training"));
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"epoch", "-1"},
                                                                                   {"epoch", "2147483647"},
                                                                                   {"next_update", "-1"},
                                                                                   {"updates", "9223372036854775807"},
                                                                                   {"updates", R"(a\u001b[2J)"},
                                                                                   {"epochs_since_best", "-1"},
                                                                                   {"best.models", "-1"},
                                                                                   {"processes", "-1"},
                                                                                   {"best.0.score", "nan"},
                                                                                   {"plateau.rate", "-1"},
                                                                                   {"plateau.no_better", ""}}) {
    SCOPED_TRACE(key + ' ' + value);
    write("model.training", with_metadata(state, "training." + key, value));
    expect_error(translate(run("model") + Arguments{"--resume"}),
                 {path("model.training") + ": training." + key + " cannot be \""});
  }
  write("model.training", with_metadata(state, "training.best.models", "2"));
  expect_error(translate(run("model") + Arguments{"--resume"}), {path("model.training"), "2 best models, at most 1"});
  for (const auto& [key, value] : {std::pair("training.epoch", "200"), std::pair("training.next_update", "99999")}) {
    write("model.training", with_metadata(state, key, value));
    expect_error(translate(run("model") + Arguments{"--resume"}), {path("model.training") + ": stopped at update "});
  }
  write("model.training", state);
  EXPECT_EQ(translate(with(training("other"), "--hidden-size", "18")).code, 0);
  write("model", contents(path("other")));
  expect_error(translate(run("model") + Arguments{"--resume"}),
               {path("model"), "not the model of the interrupted run"});
}

TEST_F(TranslateInterrupt, KeepsTheOldModelUntilTheFirstSave) {
  write("model", "something else");
  const Arguments command = with(with(run("model"), "--epochs", "100000"), "--learning-rate", "1e-9");
  const Outcome first = interrupted(command, SIGINT, "epoch 1/");
  ASSERT_EQ(first.code, 0) << first.err;
  const bool saved = first.err.find("epoch 1: ") != std::string::npos;
  EXPECT_EQ(contents(path("model")) == "something else", !saved);
  const Outcome second = interrupted(command + Arguments{"--resume"}, SIGINT, "epoch 3: ");
  EXPECT_EQ(second.code, 0) << second.err;
  expect_usable_model("model");
}

TEST_F(TranslateInterrupt, EndsCleanlyWithoutSaveOption) {
  Arguments command = run("model");
  for (std::size_t i = 0; i < command.size(); ++i) {
    if (command[i] != "--save") continue;
    command.erase(command.begin() + static_cast<std::ptrdiff_t>(i),
                  command.begin() + static_cast<std::ptrdiff_t>(i + 2));
  }
  const Outcome outcome = interrupted(command, SIGINT, "epoch 1: ");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("interrupted\n"), std::string::npos) << outcome.err;
  EXPECT_EQ(files(), (std::set<std::string>{"dev.tsv", "train.tsv"}));
}

}  // namespace interrupt_test
