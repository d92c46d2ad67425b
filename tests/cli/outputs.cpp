#include "cli/program.hpp"

namespace outputs_test {

using namespace heed::test;

/// A command never overwrites a file that it reads, whatever the names of its outputs.
class TranslateOutputs : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    data_ = pairs_of("train.tsv", 48);
    write("train.tsv", data_);
    trained("model");
    model_ = contents(path("model"));
  }

  /// Expects that the command fails before it writes anything.
  void expect_input_kept(const Arguments& command, const std::string& text = "") const {
    SCOPED_TRACE(testing::PrintToString(command));
    const auto before = files();
    expect_error(translate(command, text), {"would replace the "});
    EXPECT_EQ(files(), before);
    EXPECT_EQ(contents(path("train.tsv")), data_);
    EXPECT_TRUE(contents(path("model")) == model_);
  }

  std::string data_, model_;
};

TEST_F(TranslateOutputs, ModelDoesNotReplaceItsData) {
  fs::create_symlink("train.tsv", path("link"));
  fs::create_hard_link(path("train.tsv"), path("hard"));
  fs::create_directory(path("sub"));
  for (const char* const save : {"train.tsv", "./train.tsv", "sub/../train.tsv", "link", "hard"}) {
    expect_input_kept(training(save));
    const Arguments other = with(training(save), "--pairs", write("other.tsv", data_));
    expect_input_kept(other + Arguments{"--dev", path("train.tsv")});
  }
}

TEST_F(TranslateOutputs, StateDoesNotReplaceItsData) {
  fs::create_symlink("train.tsv", path("link.training"));
  fs::create_hard_link(path("train.tsv"), path("hard.training"));
  fs::rename(path("train.tsv"), path("named.training"));
  fs::create_symlink("named.training", path("train.tsv"));
  for (const char* const save : {"link", "hard", "named"}) {
    expect_input_kept(training(save));
    expect_input_kept(training(save) + Arguments{"--restart"});
    expect_input_kept(with(training(save), "--pairs", path("named.training")));
  }
}

TEST_F(TranslateOutputs, TemporaryFilesDoNotReplaceItsData) {
  // Find the name of the temporary file of `next`, which a killed run leaves behind.
  pid_t process = start(with(with(training("next"), "--epochs", "100000"), "--hidden-size", "256"));
  std::string temporary;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (temporary.empty() && std::chrono::steady_clock::now() < deadline) {
    for (const std::string& name : files()) {
      if (name.starts_with(".heed-")) temporary = name;
    }
  }
  kill(process, SIGKILL);
  finish(process);
  ASSERT_FALSE(temporary.empty());
  for (const char* const file : {"next", "next.training"}) fs::remove(path(file));
  expect_input_kept(with(training("next"), "--pairs", write(temporary, data_)));
  EXPECT_EQ(contents(path(temporary)), data_);
}

TEST_F(TranslateOutputs, PictureDoesNotReplaceModelOrPairs) {
  const Arguments align{"align", "--model", path("model"), "--pairs", path("train.tsv"), "--alignment"};
  for (const char* const file : {"model", "train.tsv"}) expect_input_kept(align + Arguments{path(file)});
  const Arguments run{"run", "--model", path("model"), "--alignment"};
  expect_input_kept(run + Arguments{path("model")}, "the cat\n");
  fs::create_symlink("model", path("picture.svg"));
  expect_input_kept(run + Arguments{path("picture.svg")}, "the cat\n");
  write("in", "the cat\n");
  expect_error(translate(run + Arguments{path("in")}, "the cat\n"), {"would replace the file of standard input"});
  EXPECT_EQ(contents(path("in")), "the cat\n");
}

TEST_F(TranslateOutputs, NumberedPicturesDoNotReplaceModelOrPairs) {
  fs::create_symlink("train.tsv", path("picture-3.svg"));
  fs::create_symlink("model", path("seen-2.svg"));
  const Outcome align =
      translate({"align", "--model", path("model"), "--pairs", path("train.tsv"), "--alignment", path("picture.svg")});
  EXPECT_EQ(align.code, 1);
  EXPECT_NE(align.err.find("would replace the data file"), std::string::npos) << align.err;
  EXPECT_TRUE(fs::exists(path("picture-2.svg")));
  const Outcome run = translate({"run", "--model", path("model"), "--alignment", path("seen.svg")},
                                "the cat sleeps .\nthe cat sleeps .\nthe cat sleeps .\n");
  EXPECT_EQ(contents(path("train.tsv")), data_);
  EXPECT_TRUE(contents(path("model")) == model_);
  if (fs::exists(path("seen.svg"))) {
    EXPECT_EQ(run.code, 1);
    EXPECT_NE(run.err.find("would replace the model"), std::string::npos) << run.err;
  }
}

TEST_F(TranslateOutputs, OutputsDoNotReplaceEachOther) {
  fs::create_symlink("next", path("next.training"));
  expect_input_kept(training("next"));
}

TEST_F(TranslateOutputs, OtherProgramsDoNotReplaceTheirInputs) {
  program_ = FROM_PYTORCH_PROGRAM;
  const std::string given = std::string(EXAMPLE_DATA) + "/../from_pytorch/luong.safetensors", torch = path("luong");
  fs::copy_file(given, torch);
  for (const Arguments& outputs : {Arguments{"--save", torch}, Arguments{"--back", torch},
                                   Arguments{"--save", path("new"), "--back", path("./new")}}) {
    expect_input_kept(Arguments{torch} + outputs);
  }
  EXPECT_TRUE(contents(torch) == contents(given));
  program_ = SENTIMENT_PROGRAM;
  const std::string labelled = write("labelled.training", "up\tfine\ndown\tbad\n");
  expect_input_kept({"train", "--train", labelled, "--save", path("labelled")});
  EXPECT_EQ(contents(labelled), "up\tfine\ndown\tbad\n");
  expect_input_kept({"run", "--model", path("model"), "--picture", path("model")}, "fine\n");
}

}  // namespace outputs_test
