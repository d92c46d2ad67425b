#include "cli/program.hpp"

namespace dates_test {

using namespace heed::test;

/// One of the programs of support/pair_task.hpp.
class Dates : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    program_ = DATES_PROGRAM;
  }

  Arguments learning(const std::string& claim) const {
    return {"--out", path("results"), "--pairs", "64",        "--unseen", "5",       "--hidden", "8", "--embedding",
            "4",     "--epochs",      "1",       "--threads", "1",        "--claim", claim};
  }
};

TEST_F(Dates, ListsEveryOption) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* const option : {"--model", "--out", "--pairs", "--unseen", "--claim", "--hidden", "--embedding",
                                   "--epochs", "--batch", "--rate", "--seed", "--threads"}) {
    EXPECT_NE(outcome.out.find(std::string("  ") + option + ' '), std::string::npos) << option;
  }
}

TEST_F(Dates, FailsWhereItsClaimDoes) {
  const Outcome modest = run(learning("0"));
  EXPECT_EQ(modest.code, 0) << modest.err;
  EXPECT_NE(modest.out.find("Exact match on 5 unseen lines"), std::string::npos);
  EXPECT_NE(contents(path("results") + "/alignment.svg").find("<svg"), std::string::npos);
  const Outcome bold = run(learning("99"));
  EXPECT_EQ(bold.code, 1);
  EXPECT_NE(bold.err.find("below --claim 99 %"), std::string::npos) << bold.err;

  const Outcome answered = run({"--model", path("results") + "/model.safetensors"}, "12 May 2010\n\n3.4.1999\n");
  EXPECT_EQ(answered.code, 0) << answered.err;
  EXPECT_EQ(lines_of(answered.out).size(), 3U) << answered.out;
}

TEST_F(Dates, RefusesWhatItCannotUse) {
  expect_refusal(run(with(learning("0"), "--pairs", "0")), {"pairs"});
  expect_refusal(run(with(learning("0"), "--claim", "101")), {"claim"});
  expect_refusal(run(with(learning("0"), "--rate", "nan")), {"rate"});
  expect_refusal(run({"--model", path("missing")}, "12 may 2010\n"), {"missing"});
  write("text", "not a model");
  expect_refusal(run({"--model", path("text")}, "12 may 2010\n"), {"text"});
  expect_refusal(run({"--model", path("text"), "--out", path("results")}), {"--out"});
  expect_refusal(run(with(learning("0"), "--out", path("text"))), {"text"});
}

}  // namespace dates_test
