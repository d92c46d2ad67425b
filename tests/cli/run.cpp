#include "cli/program.hpp"
#include "support/xml.hpp"

namespace {

using namespace heed::test;
using TranslateRun = Program;

TEST_F(TranslateRun, AnswersEveryLineWithALine) {
  const std::string model = trained("model");
  std::string text;
  for (int i = 0; i < 150; ++i) text += i % 10 == 3 ? "\n" : i % 10 == 7 ? "   \n" : "the cat and the apple .\n";
  const Outcome outcome = translate({"run", "--model", model, "--max-length", "4"}, text);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 150U);
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].empty(), i % 10 == 3 || i % 10 == 7) << i;
  EXPECT_EQ(lines[0], lines[149]) << "a sentence is translated alike in any company";
  EXPECT_EQ(translate({"run", "--model", model}, "").out, "");
  EXPECT_EQ(lines_of(translate({"run", "--model", model}, "the cat\r\n\nthe end without a line end").out).size(), 3U);
}

TEST_F(TranslateRun, NotesUnknownWordsAndGoesOn) {
  const Outcome outcome = translate({"run", "--model", trained("model")}, "the cat\n\nthe zebra and the gnu\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(lines_of(outcome.out).size(), 3U);
  EXPECT_NE(outcome.err.find("standard input:3: unknown word \"zebra\""), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("standard input:3: unknown word \"gnu\""), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("standard input:1"), std::string::npos) << outcome.err;
}

TEST_F(TranslateRun, SearchOptionsChangeTheTranslation) {
  const std::string model = trained("model", {"--rate", "0.02"});
  const std::string text = column(pairs_of("train.tsv", 20), 0);
  const auto run = [&](const Arguments& more) {
    return translate(Arguments{"run", "--model", model} + more, text).out;
  };
  const std::string greedy = run({});
  EXPECT_EQ(run({"--beam", "1"}), greedy);
  EXPECT_GT(count_of(greedy, " "), 40U) << "words beside one another";
  EXPECT_NE(run({"--beam", "8"}), greedy);
  EXPECT_NE(run({"--beam", "8", "--length-penalty", "0"}), run({"--beam", "8", "--length-penalty", "5"}));
  for (const std::string& line : lines_of(run({"--max-length", "2"}))) {
    EXPECT_LE(count_of(line, " "), 1U) << line;
  }
}

TEST_F(TranslateRun, KeepsTheWeightsAsItIsTold) {
  const std::string model = trained("model"), text = column(pairs_of("train.tsv", 20), 0);
  const auto run = [&](const std::string& file, const Arguments& more) {
    return translate(Arguments{"run", "--max-length", "8", "--model", file} + more, text);
  };
  const Outcome whole = run(model, {});
  EXPECT_EQ(run(model, {"--weights", "float32"}).out, whole.out);
  for (const char* const weights : {"bfloat16", "half"}) {
    const Outcome outcome = run(model, {"--weights", weights});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(lines_of(outcome.out).size(), 20U);
  }
  // Models with a weight that the one kind does not hold and the kind before it does.
  const auto with_weight = [&](const std::string& name, std::string_view bytes) {
    std::string changed = contents(model);
    changed.replace(changed.size() - parameters_of(model).size(), 4, bytes);
    return write(name, changed);
  };
  const std::string large = with_weight("large", std::string_view("\x00\xb8\x88\x47", 4)),
                    huge = with_weight("huge", std::string_view("\xff\xff\x7f\x7f", 4));
  EXPECT_EQ(run(large, {}).code, 0);
  EXPECT_EQ(run(large, {"--weights", "bfloat16"}).code, 0);
  expect_refusal(run(large, {"--weights", "half"}), {"half holds no number beyond 65504", "70000"});
  EXPECT_EQ(run(huge, {}).err.find("holds no number"), std::string::npos);
  expect_refusal(run(huge, {"--weights", "bfloat16"}), {"bfloat16 holds no number beyond", "3.4028235e+38"});
}

TEST_F(TranslateRun, DrawsWhereItLooked) {
  const std::string model = trained("model");
  const Outcome outcome = translate({"run", "--model", model, "--max-length", "3", "--alignment", path("look.svg")},
                                    "the cat & dog\n\nthe <apple>\n");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(files(), (std::set<std::string>{"look-3.svg", "look.svg", "model", "train.tsv"}));
  for (const auto& [file, word] : {std::pair("look.svg", "&amp;"), std::pair("look-3.svg", "&lt;apple&gt;")}) {
    const std::string svg = contents(path(file));
    EXPECT_EQ(svg.find("<svg"), svg.find('<')) << file;
    EXPECT_NE(svg.find(word), std::string::npos) << file;
    EXPECT_EQ(xml_fault(svg), "") << file;
  }
}

TEST_F(TranslateRun, ShowsWhereItLookedOnStandardError) {
  const std::string model = trained("model");
  const Outcome plain = translate({"run", "--model", model, "--max-length", "3"}, "the cat\n");
  const Outcome shown = translate({"run", "--model", model, "--max-length", "3", "--show"}, "the cat\n");
  EXPECT_EQ(shown.code, 0);
  EXPECT_EQ(shown.out, plain.out);
  EXPECT_EQ(count_of(plain.err, "\xe2\x94\x82"), 0U);
  EXPECT_EQ(count_of(shown.err, "\xe2\x94\x82 cat"), 1U) << shown.err;
  EXPECT_NE(shown.err.find(plain.out.substr(0, plain.out.find(' '))), std::string::npos) << shown.err;
}

TEST_F(TranslateRun, RefusesToShowWhatADecoderWithoutAttentionDoesNotHave) {
  for (const std::string decoder : {"plain", "cho"}) {
    const std::string model = trained("model", {"--decoder", decoder});
    for (const Arguments& more : {Arguments{"--alignment", path("look.svg")}, Arguments{"--show"}}) {
      expect_refusal(translate(Arguments{"run", "--model", model} + more, "the cat\n"), {model, decoder + " decoder"});
    }
  }
  EXPECT_FALSE(fs::exists(path("look.svg")));
}

TEST_F(TranslateRun, ReportsAPictureThatCannotBeWritten) {
  const std::string model = trained("model");
  for (const std::string& picture :
       {model + "/look.svg", path("no/such/look.svg"), std::string("/proc/look.svg"), path(".")}) {
    const Outcome outcome = translate({"run", "--model", model, "--alignment", picture}, "the cat\n");
    EXPECT_EQ(outcome.code, 1) << picture;
    EXPECT_NE(outcome.err.find("cannot write " + picture), std::string::npos) << outcome.err;
  }
}

TEST_F(TranslateRun, StopsAtALineThatIsNotTextAfterAnsweringTheOnesBefore) {
  const std::string model = trained("model");
  for (const auto& [line, problem] : {std::pair("the \xff cat", "invalid UTF-8 (0xff) at byte offset 4"),
                                      std::pair("the \x1b[31m cat", "control character 0x1b")}) {
    const Outcome outcome =
        translate({"run", "--model", model}, std::string("the cat\nan apple\n") + line + "\nthe end\n");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(lines_of(outcome.out).size(), 2U) << outcome.out;
    EXPECT_NE(outcome.err.find("standard input:3: " + std::string(problem)), std::string::npos) << outcome.err;
  }
}

TEST_F(TranslateRun, RefusesALineOfTwoHundredThousandWords) {
  const std::string model = trained("model");
  std::string line = "the cat\n";
  for (int i = 0; i < 200'000; ++i) line += "the ";
  const Outcome outcome = translate({"run", "--model", model}, line + '\n');
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(lines_of(outcome.out).size(), 1U);
  EXPECT_NE(outcome.err.find("standard input:2: a line of 200000 words"), std::string::npos)
      << outcome.err.substr(0, 500);
  const Outcome allowed =
      translate({"run", "--model", model, "--max-words", "200000", "--max-length", "2"}, line + '\n');
  EXPECT_EQ(allowed.code, 0);
  EXPECT_EQ(lines_of(allowed.out).size(), 2U);
}

TEST_F(TranslateRun, ReportsAnInputThatCannotBeRead) {
  expect_refusal(finish(start({"run", "--model", trained("model")}, folder_.string())), {"standard input"});
}

}  // namespace
