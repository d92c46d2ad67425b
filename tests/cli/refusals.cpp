#include "cli/program.hpp"

namespace refusals_test {

using namespace heed::test;

/// Invalid files and options. A model that exists before must survive every error.
class TranslateRejects : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    trained("model");
    good_ = contents(path("model"));
    write("dev.tsv", pairs_of("dev.tsv", 4));
  }
  void TearDown() override {
    EXPECT_TRUE(contents(path("model")) == good_);
    for (const std::string& name : files()) EXPECT_EQ(name.find(".tmp"), std::string::npos) << name;
    EXPECT_FALSE(fs::exists(path("model.training")));
    Program::TearDown();
  }

  /// Expects that every command that reads pairs rejects `file`, for each option that names it.
  void expect_pairs_error(const std::string& file, const std::vector<std::string>& parts) const {
    SCOPED_TRACE(file);
    expect_error(translate(with(training("model"), "--pairs", file)), parts);
    expect_error(translate(training("model") + Arguments{"--dev", file}), parts);
    for (const char* const command : {"evaluate", "score", "align"}) {
      expect_error(translate({command, "--model", path("model"), "--pairs", file}), parts);
    }
  }

  /// Expects that every command rejects these two files of parallel sentences.
  void expect_parallel_error(const std::string& source, const std::string& target,
                             const std::vector<std::string>& parts) const {
    SCOPED_TRACE(source + ' ' + target);
    expect_error(translate({"train", "--source", source, "--target", target, "--epochs", "1", "--hidden-size", "16",
                            "--save", path("model")}),
                 parts);
    expect_error(translate(training("model") + Arguments{"--dev-source", source, "--dev-target", target}), parts);
    for (const char* const command : {"evaluate", "score", "align"}) {
      expect_error(translate({command, "--model", path("model"), "--source", source, "--target", target}), parts);
    }
  }

  void expect_model_error(const std::string& file, const std::vector<std::string>& parts) const {
    SCOPED_TRACE(file);
    for (const char* const command : {"evaluate", "score", "align"}) {
      expect_error(translate({command, "--model", file, "--pairs", path("dev.tsv")}), parts);
    }
    expect_error(translate({"run", "--model", file}, "the cat\n"), parts);
  }

  void expect_options_error(const Arguments& more, const std::vector<std::string>& parts) const {
    SCOPED_TRACE(testing::PrintToString(more));
    expect_error(translate(training("model") + more), parts);
  }

  /// Expects that training rejects a value of an option.
  void expect_value_error(const std::string& option, const std::string& value) const {
    SCOPED_TRACE(option + ' ' + value);
    expect_error(translate(with(training("model"), option, value)), {option.substr(2)});
  }

  std::string good_;
};

TEST_F(TranslateRejects, InvalidPairs) {
  expect_pairs_error(write("empty.tsv", ""), {path("empty.tsv"), "is empty"});
  expect_pairs_error(write("one.tsv", "a\tb\na cat\nc\td\n"), {path("one.tsv") + ":2: ", "columns", "found 1"});
  expect_pairs_error(write("six.tsv", "a\tb\t0-0\t0-0\ttag\tmore\n"), {path("six.tsv") + ":1: ", "found 6"});
  expect_pairs_error(write("source.tsv", "a\tb\n\tb\n"), {path("source.tsv") + ":2: the source is empty"});
  expect_pairs_error(write("target.tsv", "a\tb\na\t  \n"), {path("target.tsv") + ":2: the target is empty"});
  expect_pairs_error(write("line.tsv", "a\tb\n\na\tb\n"), {path("line.tsv") + ":2: the line is empty"});
  expect_pairs_error(write("none.tsv", "a\tb\na\t-\n"), {path("none.tsv") + ":2: ", "no reference"});
  expect_pairs_error(write("link.tsv", "a\tb\t0-1\n"), {path("link.tsv") + ":1: link \"0-1\" points outside"});
  expect_pairs_error(write("utf8.tsv", "a\tb\na\tb\na \xc3(\tb\n"),
                     {path("utf8.tsv") + ":3: invalid UTF-8 (0xc3) at byte offset 2"});
  expect_pairs_error(write("bell.tsv", "a\tb\a\n"), {path("bell.tsv") + ":1: control character 0x07"});
  expect_pairs_error(path("missing.tsv"), {path("missing.tsv"), "No such file"});
  expect_pairs_error(path("missing/data.tsv"), {path("missing/data.tsv"), "No such file"});
  expect_pairs_error(folder_.string(), {folder_.string(), "is a folder"});
}

TEST_F(TranslateRejects, TooLongLines) {
  std::string line;
  for (int i = 0; i < 200'000; ++i) line += "the ";
  expect_pairs_error(write("source.tsv", "a\tb\n" + line + "\tb\n"),
                     {path("source.tsv") + ":2: the line has more than 260096 bytes", "1000 words (--max-words)"});
  expect_pairs_error(write("target.tsv", "a\tb\na\t" + line + "\n"),
                     {path("target.tsv") + ":2: the line has more than 260096 bytes"});
  expect_parallel_error(write("long", line + '\n'), write("short", "a\n"), {path("long") + ":1: ", "260096 bytes"});
  const std::string few = write("few.tsv", "a b c\td e f\n");
  expect_error(translate(with(training("model"), "--pairs", few) + Arguments{"--max-words", "2"}),
               {few + ":1: the source has 3 words, at most 2 are allowed (--max-words)"});
}

TEST_F(TranslateRejects, InvalidParallelFiles) {
  const std::string two = write("two", "a\nb\n"), three = write("three", "a\nb\nc\n");
  expect_parallel_error(two, three, {three + ":3: no source for this line", "target is longer"});
  expect_parallel_error(three, two, {three + ":3: no target for this line", "source is longer"});
  expect_parallel_error(two, write("gap", "a\n\n"), {path("gap") + ":2: the line is empty"});
  expect_parallel_error(write("tab", "a\tb\n"), two, {path("tab") + ":1: ", "found a tab"});
  expect_parallel_error(write("utf8", "a\n\xed\xa0\x80\n"), two, {path("utf8") + ":2: invalid UTF-8"});
  expect_parallel_error(write("empty", ""), two, {path("empty"), "is empty"});
  expect_parallel_error(two, path("missing"), {path("missing"), "No such file"});
  expect_parallel_error(two, folder_.string(), {folder_.string(), "is a folder"});
}

TEST_F(TranslateRejects, InvalidModels) {
  expect_model_error(path("missing"), {path("missing"), "there is no such file"});
  expect_model_error(folder_.string(), {folder_.string(), "is a folder"});
  expect_model_error(write("empty", ""), {path("empty"), "has 0 bytes"});
  for (const std::size_t size :
       {std::size_t{5}, std::size_t{8}, std::size_t{100}, good_.size() / 2, good_.size() - 1}) {
    expect_model_error(write("cut", good_.substr(0, size)), {path("cut"), size < 8 ? "5 bytes" : "truncated"});
  }
  expect_model_error(write("spare", good_ + "x"), {path("spare"), "has 1 extra bytes"});
  std::string noise;
  for (std::uint32_t x = 1; noise.size() < 5000; x = x * 1664525U + 1013904223U) noise += static_cast<char>(x >> 24U);
  expect_model_error(write("noise", noise), {path("noise")});
  expect_model_error(path("train.tsv"), {path("train.tsv"), "safetensors"});

  std::string bad = good_;
  bad.replace(bad.size() - 4, 4, std::string("\0\0\xc0\x7f", 4));
  expect_model_error(write("nan", bad), {path("nan"), "not finite: model."});
  bad.replace(bad.size() - 4, 4, std::string("\0\0\x80\xff", 4));
  expect_model_error(write("infinite", bad), {path("infinite"), "not finite: model."});
}

TEST_F(TranslateRejects, IncompatibleModels) {
  const auto changed = [&](const std::string& name, const std::string& from, const std::string& to) {
    std::string bytes = good_;
    EXPECT_EQ(from.size(), to.size());
    const auto at = bytes.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) bytes.replace(at, from.size(), to);
    return write(name, bytes);
  };
  expect_model_error(changed("size", "\"config.hidden\":\"16\"", "\"config.hidden\":\"17\""),
                     {path("size"), "parameters"});
  expect_model_error(changed("cell", "\"config.cell\":\"gru\"", "\"config.cell\":\"rnn\""),
                     {path("cell"), "parameters"});
  expect_model_error(changed("choice", "\"config.cell\":\"gru\"", "\"config.cell\":\"gry\""), {path("choice"), "gry"});
  expect_model_error(changed("number", "\"config.layers\":\"1\"", "\"config.layers\":\"x\""),
                     {path("number"), "config.layers"});
  expect_model_error(changed("zero", "\"config.layers\":\"1\"", "\"config.layers\":\"0\""), {path("zero"), "layers"});
  expect_model_error(changed("type", "\"dtype\":\"F32\"", "\"dtype\":\"I32\""), {path("type"), "type: model."});
  expect_model_error(changed("format", "heed-translator-4", "heed-translator-5"),
                     {path("format"), "\"heed-translator-5\" is newer than heed-translator-4"});
  expect_model_error(changed("unknown", "\"config.reverse_source\"", "\"config.reverse_sourcf\""),
                     {path("unknown"), "config.reverse_sourc"});
  expect_model_error(changed("escape", "\\n's\\n", "\\n\xc2\x9b\\n"), {path("escape"), "<U+009B>"});
  expect_model_error(changed("name", "\"model.output.b\"", "\"model.output.c\""),
                     {path("name"), "missing: model.output.b"});
  expect_model_error(changed("words", "\"<unk>\\n<s>", "\"<unk>\\n<t>"), {path("words"), "must be <s>"});
  expect_model_error(write("foreign", std::string("\x02\0\0\0\0\0\0\0{}", 10)),
                     {path("foreign"), "is not a translation model"});
}

TEST_F(TranslateRejects, UnwritableOutputs) {
  for (const std::string& place : {path("model/under/a/file"), path("train.tsv/model"), std::string("/proc/heed-model"),
                                   path("no/such/folder/model"), folder_.string(), folder_.string() + '/'}) {
    SCOPED_TRACE(place);
    const Outcome outcome = translate(with(training("model"), "--save", place));
    expect_error(outcome, {"cannot write " + place});
    EXPECT_EQ(outcome.err.find("epoch"), std::string::npos) << "the error comes before training";
  }
  EXPECT_EQ(files(), (std::set<std::string>{"dev.tsv", "model", "train.tsv"}));
}

TEST_F(TranslateRejects, ModelThatReplacesItsData) {
  const std::string before = contents(path("train.tsv"));
  expect_error(translate(training("train.tsv")), {"would replace the data file " + path("train.tsv")});
  expect_error(translate(training("dev.tsv") + Arguments{"--dev", folder_.string() + "/./dev.tsv"}), {"would replace"});
  EXPECT_TRUE(contents(path("train.tsv")) == before);
  fs::create_directories(path("other.training"));
  expect_error(translate(training("other")), {"cannot write " + path("other.training")});
}

TEST_F(TranslateRejects, OptionsOutOfRange) {
  for (const char* const option : {"--hidden-size", "--embedding-size", "--layers", "--batch-size", "--epochs",
                                   "--threads", "--beam-size", "--min-frequency", "--max-words", "--accum-count"}) {
    for (const char* const value : {"0", "-1", "x", "1.5", "", "99999999999999999999"})
      expect_value_error(option, value);
  }
  for (const char* const option :
       {"--dropout", "--label-smoothing", "--learning-rate", "--clip-norm", "--length-penalty", "--recurrent-dropout",
        "--weight-decay", "--average-decay", "--teacher-forcing", "--forcing-k", "--learning-rate-decay",
        "--checkpoint-minutes"}) {
    for (const char* const value : {"-0.1", "x", "nan", "inf", "1e12", ""}) expect_value_error(option, value);
  }
  for (const char* const value : {"1", "1.5"}) {
    expect_value_error("--dropout", value);
    expect_value_error("--label-smoothing", value);
    expect_value_error("--recurrent-dropout", value);
    expect_value_error("--average-decay", value);
    expect_value_error("--learning-rate-decay", value);
  }
  expect_value_error("--teacher-forcing", "1.5");
  for (const char* const option : {"--warmup", "--patience"}) {
    for (const char* const value : {"-1", "x", "1.5", ""}) expect_value_error(option, value);
  }
  expect_value_error("--learning-rate", "0");
  expect_value_error("--hidden-size", "16385");
  expect_value_error("--layers", "17");
  for (const char* const option :
       {"--cell", "--scorer", "--attention", "--normalizer", "--decoder", "--direction", "--schedule",
        "--sampled-token", "--forcing-schedule", "--source-tokenizer", "--target-tokenizer"}) {
    expect_value_error(option, "foo");
    expect_value_error(option, "");
  }
  for (const char* const value : {"-1", "x", "1.5", "99999999999999999999"}) expect_value_error("--seed", value);
  for (const char* const value : {"-1", "x"}) expect_value_error("--max-length", value);
  expect_error(translate(with(training("model"), "--hidden-size", "15") + Arguments{"--scorer", "dot"}),
               {"hidden must be even", "got 15"});
  expect_options_error({"--decoder", "sutskever"}, {"unidirectional"});
  expect_options_error({"--copy-states"}, {"unidirectional"});
  expect_error(translate(training("model") + Arguments{"--scorer", "coverage", "--attention", "local-m"}),
               {"coverage", "global"});
  for (const char* const option : {"--window", "--longest", "--filters", "--filter-width"}) {
    expect_value_error(option, "0");
  }
  expect_error(translate(training("model") + Arguments{"--scorer", "convolutional", "--filter-width", "4"}),
               {"filter_width must be odd, got 4"});
  for (const char* const option : {"--coverage-loss", "--doubly-stochastic", "--guided-alignment"}) {
    expect_value_error(option, "-1");
    expect_error(translate(training("model") + Arguments{"--decoder", "plain", option, "1"}), {option, "plain"});
  }
  expect_value_error("--word-dropout", "-1");
  expect_error(translate({"train", "--pairs", write("unlinked.tsv", "a\tb\n"), "--guided-alignment", "1"}),
               {"--guided-alignment needs word links", "--links"});
  expect_error(translate(training("model") + Arguments{"--links", write("links", "0-0\n")}),
               {"--links has no effect", "--guided-alignment", "--word-dropout"});
  EXPECT_EQ(
      translate(with(training("odd"), "--hidden-size", "15") + Arguments{"--scorer", "dot", "--direction", "forward"})
          .code,
      0);
}

TEST_F(TranslateRejects, InvalidDecodingOptions) {
  const auto expect_decoding_error = [&](const Arguments& more, const std::vector<std::string>& parts) {
    SCOPED_TRACE(testing::PrintToString(more));
    expect_error(translate(Arguments{"run", "--model", path("model")} + more, "the cat\n"), parts);
    if (more.front() == "--n-best" || more.front() == "--prefix") return;
    expect_error(translate(Arguments{"evaluate", "--model", path("model"), "--pairs", path("dev.tsv")} + more), parts);
  };
  for (const char* const value : {"-0.1", "nan", "inf", "101", "x", ""}) {
    expect_decoding_error({"--coverage-penalty", value}, {"--coverage-penalty"});
  }
  for (const char* const value : {"0", "-1", "nan", "inf", "x"}) {
    expect_decoding_error({"--sample", "--temperature", value}, {"--temperature"});
  }
  for (const char* const value : {"0", "-0.5", "1.01", "nan", "x"}) {
    expect_decoding_error({"--sample", "--top-p", value}, {"--top-p"});
  }
  for (const char* const value : {"-1", "1.5", "x"}) {
    expect_decoding_error({"--sample", "--top-k", value}, {"--top-k"});
    expect_decoding_error({"--sample", "--seed", value}, {"--seed"});
    expect_decoding_error({"--min-length", value}, {"--min-length"});
    expect_decoding_error({"--n-best", value}, {"--n-best"});
  }
  for (const char* const option : {"--temperature", "--top-k", "--top-p", "--seed"}) {
    expect_decoding_error({option, "1"}, {option, "requires --sample"});
  }
  for (const char* const option : {"--beam-size", "--length-penalty", "--coverage-penalty"}) {
    expect_decoding_error({"--sample", option, "1"}, {option, "excludes --sample"});
  }
  expect_decoding_error({"--replace-unk", "--ban-unk"}, {"--ban-unk excludes --replace-unk"});
  expect_decoding_error({"--min-length", "6", "--max-length", "5"}, {"--min-length: 6 is more than --max-length 5"});
  expect_decoding_error({"--n-best", "5", "--beam-size", "4"},
                        {"--n-best: 5 must not exceed the beam size (--beam-size 4)"});
  expect_decoding_error({"--prefix", "le zebra"}, {"--prefix: the target vocabulary does not contain \"zebra\""});
  expect_decoding_error({"--prefix", "</s>"}, {"--prefix: the target vocabulary does not contain \"</s>\""});
  expect_decoding_error({"--prefix", "le le le", "--max-length", "3"},
                        {"--prefix: 3 tokens and </s> do not fit into --max-length 3"});
  const std::string plain = trained("plain", {"--decoder", "plain"});
  for (const Arguments& more : {Arguments{"--coverage-penalty", "0.2"}, Arguments{"--replace-unk"}}) {
    expect_error(translate(Arguments{"run", "--model", plain} + more, "the cat\n"), {plain, "plain decoder"});
    expect_error(translate(Arguments{"evaluate", "--model", plain, "--pairs", path("dev.tsv")} + more),
                 {plain, "plain decoder"});
  }
  expect_options_error({"--decoder", "plain", "--coverage-penalty", "0.2"}, {"plain decoder"});
  expect_options_error({"--min-length", "6", "--max-length", "5"}, {"--min-length: 6 is more"});
}

TEST_F(TranslateRejects, UnknownWeightTypes) {
  for (const Arguments& command : {Arguments{"run", "--model", path("model")},
                                   Arguments{"score", "--model", path("model"), "--pairs", path("dev.tsv")},
                                   Arguments{"align", "--model", path("model"), "--pairs", path("dev.tsv")},
                                   Arguments{"evaluate", "--model", path("model"), "--pairs", path("dev.tsv")}}) {
    for (const char* const value : {"foo", "", "Half", "float16", "16"}) {
      SCOPED_TRACE(command.front() + ' ' + value);
      expect_error(translate(command + Arguments{"--weights", value}), {"--weights: ", "float32,bfloat16,half"});
    }
    expect_error(translate(command + Arguments{"--weights"}), {"--weights"});
  }
  expect_options_error({"--weights", "half"}, {"--weights"});  // training needs float32 weights
}

TEST_F(TranslateRejects, ConflictingOptions) {
  expect_options_error({"--bogus"}, {"--bogus"});
  expect_options_error({"stray"}, {"stray"});
  expect_options_error({"--layers"}, {"--layers"});
  expect_options_error({"--source", path("train.tsv"), "--target", path("train.tsv")}, {"--pairs", "excludes"});
  expect_options_error({"--dev-source", path("train.tsv")}, {"--dev-source", "requires --dev-target"});
  expect_options_error({"--dev", path("dev.tsv"), "--dev-source", "a", "--dev-target", "b"}, {"--dev", "excludes"});
  expect_options_error({"--schedule", "plateau"}, {"--schedule plateau", "--dev"});
  expect_options_error({"--schedule", "constant", "--warmup", "1"}, {"--schedule constant has no --warmup"});
  expect_options_error({"--schedule", "plateau", "--dev", path("dev.tsv"), "--warmup", "1"}, {"has no --warmup"});
  expect_options_error({"--patience", "1"}, {"--schedule linear has no --patience"});
  expect_options_error({"--learning-rate-decay", "0.5"}, {"--schedule linear has no", "--learning-rate-decay"});
  expect_options_error({"--warmup", "3"}, {"--warmup is 3, but the run has only 3 updates"});
  expect_options_error({"--forcing-schedule", "linear"}, {"--forcing-schedule linear falls to --teacher-forcing"});
  expect_options_error({"--teacher-forcing", "0.5", "--forcing-k", "9"}, {"constant has no --forcing-k"});
  expect_options_error({"--teacher-forcing", "0.5", "--forcing-schedule", "inverse-sigmoid"}, {"needs --forcing-k"});
  expect_options_error({"--recurrent-dropout", "0.1"}, {"recurrent dropout needs the cell lstm"});
  expect_options_error({"--resume"}, {path("model.training"), "no such file"});
  const Arguments nothing{"train", "--save", path("model")};
  expect_error(translate(nothing), {"--pairs", "required"});
  expect_error(translate(nothing + Arguments{"--source", path("train.tsv")}), {"--source requires --target"});
  expect_error(translate(nothing + Arguments{"--target", path("train.tsv")}), {"--target requires --source"});
  expect_error(translate({"train", "--pairs", path("train.tsv"), "--resume"}), {"--resume requires --save"});
  for (const char* const command : {"evaluate", "score", "align"}) {
    expect_error(translate({command, "--model", path("model")}), {"--pairs", "required"});
    expect_error(translate({command, "--pairs", path("dev.tsv")}), {"--model is required"});
  }
  expect_error(translate({"run"}), {"--model is required"});
  expect_error(translate({}), {"subcommand is required"});
  expect_error(translate({"fly"}), {"subcommand is required"});
}

TEST_F(TranslateRejects, FullStandardOutput) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const Arguments evaluate{"evaluate", "--model", path("model"), "--pairs", path("dev.tsv")};
  const Arguments run{"run", "--model", path("model")};
  const Arguments score{"score", "--model", path("model"), "--pairs", path("dev.tsv")};
  const Arguments align{"align", "--model", path("model"), "--pairs", path("dev.tsv")};
  for (const Arguments& command :
       {evaluate, evaluate + Arguments{"--json"}, run, score, align, training("other"), Arguments{"--help"}}) {
    SCOPED_TRACE(command.front());
    const Outcome outcome = finish(start(command, write("in", "the cat\n"), "/dev/full"));
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_NE(outcome.err.find("standard output cannot be written to"), std::string::npos) << outcome.err;
  }
}

}  // namespace refusals_test
