#include "cli/program.hpp"

namespace config_test {

using namespace heed::test;

class TranslateConfig : public Program {
 protected:
  /// The model that `train` saves with these options in addition.
  std::string model(const Arguments& more) const {
    const Outcome outcome = translate(training("model") + more + Arguments{"--restart"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return contents(path("model"));
  }
};

TEST_F(TranslateConfig, FileSetsOptions) {
  const std::string file = write("recipe.toml",
                                 "# a comment\n"
                                 "\n"
                                 "scorer = \"general\"\n"
                                 "layers = 2        # another comment\n"
                                 "learning-rate = 1e-2\n"
                                 "input-feeding = false\n"
                                 "decoder = luong\n");
  EXPECT_EQ(model({"--config", file}), model({"--scorer", "general", "--layers", "2", "--learning-rate", "1e-2",
                                              "--decoder", "luong", "--no-input-feeding"}));
  EXPECT_EQ(model({"--config=" + file}), model({"--config", file}));
}

TEST_F(TranslateConfig, CommandLineWins) {
  const std::string file = write("recipe.toml", "layers = 2\ninput-feeding = false\ndecoder = \"luong\"\n");
  EXPECT_EQ(model({"--config", file, "--layers", "1"}), model({"--no-input-feeding", "--decoder", "luong"}));
  EXPECT_EQ(model({"--config", file, "--layers=1", "--input-feeding"}), model({"--decoder", "luong"}));
}

TEST_F(TranslateConfig, RejectsInvalidFiles) {
  const auto expect_config_error = [&](const std::string& text, const std::vector<std::string>& parts) {
    SCOPED_TRACE(text);
    expect_error(translate({"train", "--pairs", write("pairs.tsv", "a\tb\n"), "--config", write("bad.toml", text)}),
                 parts);
  };
  expect_config_error("layer = 2\n", {"bad.toml", "train has no option \"layer\""});
  expect_config_error("config = \"x\"\n", {"bad.toml", "no option \"config\""});
  expect_config_error("[train]\nlayers = 2\n", {"bad.toml", "without sections", "\"train\""});
  expect_config_error("layers = two\n", {"--layers", "two"});
  expect_config_error("layers = [1, 2]\n", {"--layers"});
  expect_error(translate({"train", "--config", path("missing.toml")}), {"missing.toml", "cannot be opened"});
  expect_error(translate({"train", "--config", path("")}), {"folder"});
  expect_error(translate({"train", "--config"}), {"--config"});
}

/// The recipes are valid.
TEST_F(TranslateConfig, RecipesHaveKnownOptions) {
  int recipes = 0;
  for (const auto& entry : fs::directory_iterator(HEED_RECIPES)) {
    ++recipes;
    const Outcome outcome = translate({"train", "--config", entry.path().string()});
    EXPECT_NE(outcome.err.find("--pairs, or --source and --target, is required"), std::string::npos)
        << entry.path() << '\n'
        << outcome.err;
  }
  EXPECT_GE(recipes, 1);
}

}  // namespace config_test
