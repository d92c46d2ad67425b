#include "cli/program.hpp"

namespace {

using namespace heed::test;
using TranslateHelp = Program;

TEST_F(TranslateHelp, ListsTheCommands) {
  const Outcome outcome = translate({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const char* const command : {"train", "evaluate", "run", "demo"}) {
    EXPECT_NE(outcome.out.find(std::string("\n  ") + command + ' '), std::string::npos) << command << '\n'
                                                                                        << outcome.out;
  }
}

TEST_F(TranslateHelp, ListsEveryOptionOfEveryCommand) {
  const Arguments data{"--pairs", "--source", "--target"}, search{"--beam", "--length-penalty", "--max-length"};
  const Arguments model{"--cell",        "--layers",        "--direction", "--reverse-source", "--decoder",
                        "--copy-states", "--scorer",        "--attention", "--window",         "--longest",
                        "--hidden",      "--input-feeding", "--embedding", "--dropout"};
  const Arguments learning{"--epochs", "--batch", "--rate", "--schedule", "--clip", "--label-smoothing", "--seed"};
  const std::vector<std::pair<std::string, Arguments>> commands{
      {"train", data + model + learning + search +
                    Arguments{"--dev", "--dev-source", "--dev-target", "--save", "--resume", "--threads",
                              "--min-frequency", "--max-words"}},
      {"evaluate", data + search + Arguments{"--model", "--weights", "--threads", "--json"}},
      {"run", search + Arguments{"--model", "--weights", "--alignment", "--show", "--max-words"}},
      {"demo", learning + Arguments{"--threads", "--data", "--out"}},
  };
  for (const auto& [command, options] : commands) {
    const Outcome outcome = translate({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_EQ(outcome.err, "");
    for (const std::string& option : options) {
      const bool listed = outcome.out.find("  " + option + ' ') != std::string::npos ||
                          outcome.out.find("  " + option + ',') != std::string::npos;
      EXPECT_TRUE(listed) << option << " of " << command << '\n' << outcome.out;
    }
  }
}

}  // namespace
