#include "cli/program.hpp"

namespace help_test {

using namespace heed::test;
using TranslateHelp = Program;

TEST_F(TranslateHelp, ListsTheCommands) {
  const Outcome outcome = translate({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const char* const command : {"train", "evaluate", "run", "score", "align", "demo"}) {
    EXPECT_NE(outcome.out.find(std::string("\n  ") + command + ' '), std::string::npos) << command << '\n'
                                                                                        << outcome.out;
  }
}

TEST_F(TranslateHelp, ListsEveryOptionOfEveryCommand) {
  const Arguments data{"--pairs", "--source", "--target"},
      search{"--beam-size", "--length-penalty", "--coverage-penalty", "--min-length", "--max-length", "--ban-unk"};
  const Arguments decoding =
      search + Arguments{"--sample", "--temperature", "--top-k", "--top-p", "--seed", "--hard", "--replace-unk"};
  const Arguments model = arguments(
      "--source-tokenizer --target-tokenizer --cell --layers --direction --reverse-source --decoder --copy-states "
      "--scorer --attention --normalizer --window "
      "--longest --filters --filter-width --hidden-size --input-feeding "
      "--embedding-size --dropout --memory-dropout --recurrent-dropout --variational-dropout --tie-embeddings "
      "--share-embeddings");
  const Arguments training_options = arguments(
      "--epochs --batch-size --batch-words --accum-count --learning-rate --schedule --warmup --patience "
      "--learning-rate-decay "
      "--weight-decay --clip-norm "
      "--coverage-loss --doubly-stochastic --guided-alignment --word-dropout --dev-metric --early-stopping "
      "--average-best --log --log-every --report "
      "--average-decay --label-smoothing "
      "--teacher-forcing --forcing-schedule "
      "--forcing-k --sampled-token --seed --checkpoint-minutes --resume --restart");
  const Arguments errors{"--on-error", "--skip-exit-code"};
  const std::vector<std::pair<std::string, Arguments>> commands{
      {"train", data + model + training_options + search +
                    arguments("--links --dev --dev-source --dev-target --save --threads --min-frequency --max-words "
                              "--data-cache --subwords --vocabulary-size --joint-vocabulary --source-subwords "
                              "--target-subwords --subword-sampling --config")},
      {"evaluate",
       data + decoding + Arguments{"--links", "--model", "--weights", "--threads", "--json", "--max-words"}},
      {"run", decoding + errors +
                  Arguments{"--model", "--weights", "--threads", "--alignment", "--show", "--max-words", "--n-best",
                            "--prefix", "--tokens", "--transfer-tags"}},
      {"score", data + errors + Arguments{"--model", "--weights", "--threads", "--json", "--max-words"}},
      {"align",
       data + errors + Arguments{"--links", "--model", "--weights", "--threads", "--alignment", "--max-words"}},
      {"demo", model + training_options + Arguments{"--threads", "--data", "--out", "--config"}},
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

}  // namespace help_test
