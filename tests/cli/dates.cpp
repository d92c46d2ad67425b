#include "cli/program.hpp"

namespace dates_test {

using namespace heed::test;

/// One of the programs that use examples/support/pair_task.hpp.
class Dates : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    program_ = DATES_PROGRAM;
  }

  Arguments training_with(const std::string& claim) const {
    return {"--out",
            path("results"),
            "--pairs",
            "64",
            "--unseen",
            "5",
            "--hidden-size",
            "8",
            "--embedding-size",
            "4",
            "--epochs",
            "1",
            "--threads",
            "1",
            "--claim",
            claim};
  }
};

TEST_F(Dates, ListsEveryOption) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* const option :
       {"--model", "--out", "--pairs", "--unseen", "--claim", "--hidden-size", "--embedding-size", "--epochs",
        "--batch-size", "--learning-rate", "--seed", "--threads"}) {
    EXPECT_NE(outcome.out.find(std::string("  ") + option + ' '), std::string::npos) << option;
  }
}

TEST_F(Dates, FailsIfItsClaimFails) {
  const Outcome passing = run(training_with("0"));
  EXPECT_EQ(passing.code, 0) << passing.err;
  EXPECT_NE(passing.out.find("Exact match on 5 unseen lines"), std::string::npos);
  EXPECT_NE(contents(path("results") + "/alignment.svg").find("<svg"), std::string::npos);
  const Outcome failing = run(training_with("99"));
  EXPECT_EQ(failing.code, 1);
  EXPECT_NE(failing.err.find("below --claim 99 %"), std::string::npos) << failing.err;

  const Outcome answered = run({"--model", path("results") + "/model.safetensors"}, "12 May 2010\n\n3.4.1999\n");
  EXPECT_EQ(answered.code, 0) << answered.err;
  EXPECT_EQ(lines_of(answered.out).size(), 3U) << answered.out;
}

TEST_F(Dates, RejectsInvalidInput) {
  expect_error(run(with(training_with("0"), "--pairs", "0")), {"pairs"});
  expect_error(run(with(training_with("0"), "--claim", "101")), {"claim"});
  expect_error(run(with(training_with("0"), "--learning-rate", "nan")), {"rate"});
  expect_error(run({"--model", path("missing")}, "12 may 2010\n"), {"missing"});
  write("text", "not a model");
  expect_error(run({"--model", path("text")}, "12 may 2010\n"), {"text"});
  expect_error(run({"--model", path("text"), "--out", path("results")}), {"--out"});
  expect_error(run(with(training_with("0"), "--out", path("text"))), {"text"});
}

}  // namespace dates_test
