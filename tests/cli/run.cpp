#include "cli/program.hpp"
#include "support/xml.hpp"

namespace run_test {

using namespace heed::test;
using TranslateRun = Program;

TEST_F(TranslateRun, WritesOneLinePerInputLine) {
  const std::string model = trained("model");
  std::string text;
  for (int i = 0; i < 150; ++i) text += i % 10 == 3 ? "\n" : i % 10 == 7 ? "   \n" : "the cat and the apple .\n";
  const Outcome outcome = translate({"run", "--model", model, "--max-length", "4"}, text);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 150U);
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].empty(), i % 10 == 3 || i % 10 == 7) << i;
  EXPECT_EQ(lines[0], lines[149]) << "a translation does not depend on the other lines";
  EXPECT_EQ(translate({"run", "--model", model}, "").out, "");
  EXPECT_EQ(lines_of(translate({"run", "--model", model}, "the cat\r\n\nthe end without a line end").out).size(), 3U);
}

TEST_F(TranslateRun, HardNeedsMonotonicAttention) {
  const std::string pairs = path("train.tsv"), model = trained("model"),
                    monotonic = trained("monotonic", {"--attention", "monotonic"});
  const auto scores = [&](const Arguments& more) {
    return translate(Arguments{"evaluate", "--model", monotonic, "--pairs", pairs, "--json"} + more);
  };
  const Outcome expected = scores({}), hard = scores({"--hard"});
  ASSERT_EQ(hard.code, 0) << hard.err;
  const auto perplexity = [](const Outcome& outcome) {
    const auto at = outcome.out.find("perplexity");
    return outcome.out.substr(at, outcome.out.find(',', at) - at);
  };
  EXPECT_NE(perplexity(hard), perplexity(expected));
  EXPECT_EQ(translate({"run", "--model", monotonic, "--hard"}, "the cat\n").code, 0);
  for (const char* const command : {"run", "evaluate"}) {
    Arguments arguments{command, "--model", model, "--hard"};
    if (arguments[0] == "evaluate") arguments = arguments + Arguments{"--pairs", pairs};
    const Outcome failed = translate(arguments, "the cat\n");
    EXPECT_NE(failed.code, 0);
    EXPECT_NE(failed.err.find("monotonic"), std::string::npos) << failed.err;
  }
}

TEST_F(TranslateRun, ReportsUnknownWordsAndContinues) {
  const Outcome outcome = translate({"run", "--model", trained("model")}, "the cat\n\nthe zebra and the gnu\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(lines_of(outcome.out).size(), 3U);
  EXPECT_NE(outcome.err.find("standard input:3: unknown word \"zebra\""), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("standard input:3: unknown word \"gnu\""), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("standard input:1"), std::string::npos) << outcome.err;
}

TEST_F(TranslateRun, TranslatesNaturalText) {
  const std::string model =
      trained("model", {"--source-tokenizer", "en", "--target-tokenizer", "fr", "--learning-rate", "0.02"});
  const auto run = [&](const std::string& text, const Arguments& more = {}) {
    const Outcome outcome =
        translate(Arguments{"run", "--model", model, "--min-length", "6", "--max-length", "9"} + more, text);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome;
  };
  const std::string tokenised = "the queen 's cat sleeps .\n\nwho 's the man ?\n",
                    natural = "The queen's cat sleeps.\n\nWho\u2019s the man?\n";
  const std::string text = run(natural).out, tokens = run(natural, {"--tokens"}).out;
  EXPECT_EQ(run(tokenised).out, text);
  EXPECT_EQ(run(tokenised, {"--tokens"}).out, tokens);
  EXPECT_NE(text, tokens);
  EXPECT_EQ(lines_of(text).size(), 3U);
  const Outcome unknown = run("The Zebra sleeps.\n");
  EXPECT_NE(unknown.err.find("unknown word \"Zebra\""), std::string::npos) << unknown.err;
  EXPECT_EQ(unknown.err.find("\"The\""), std::string::npos) << unknown.err;
  EXPECT_EQ(run(natural, {"--prefix", "L'Homme", "--tokens"}).out.rfind("l' homme", 0), 0U);
  const auto scores = [&](const std::string& pairs) {
    const std::string out = translate({"score", "--model", model, "--pairs", write("pairs.tsv", pairs)}).out;
    EXPECT_EQ(lines_of(out).size(), 1U);
    return out;
  };
  EXPECT_EQ(scores("The queen's cat sleeps.\tLe chat de l'homme dort.\n"),
            scores("the queen 's cat sleeps .\tle chat de l' homme dort .\n"));
  const Outcome outcome =
      translate({"score", "--model", model, "--source", write("source", "The queen's cat sleeps.\n"), "--target",
                 write("target", "Le chat de l'homme dort.\n")});
  EXPECT_EQ(outcome.out, scores("the queen 's cat sleeps .\tle chat de l' homme dort .\n"));
}

TEST_F(TranslateRun, TransfersTags) {
  const std::string pairs = write("tags.tsv",
                                  "the black cat\tle chat noir\t0-0 1-2 2-1\n"
                                  "the red cat\tle chat rouge\t0-0 1-2 2-1\n"
                                  "the black dog\tle chien noir\t0-0 1-2 2-1\n");
  Arguments command = with(with(training("model"), "--pairs", pairs), "--epochs", "200");
  command = with(with(command, "--batch-size", "3"), "--learning-rate", "0.02");
  ASSERT_EQ(
      translate(command + Arguments{"--source-tokenizer", "en", "--target-tokenizer", "fr", "--guided-alignment", "1"})
          .code,
      0);
  const auto run = [&](const std::string& text, const Arguments& more) {
    const Outcome outcome = translate(Arguments{"run", "--model", path("model")} + more, text);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  const std::string text = "The <b>black</b> <i>cat</i>\n<hr/>\n<p>The red cat</p>\nThe black dog\n";
  EXPECT_EQ(run(text, {"--transfer-tags"}), "Le <i>chat</i> <b>noir</b>\n<hr/>\n<p>Le chat rouge</p>\nLe chien noir\n");
  EXPECT_EQ(run(text, {"--transfer-tags", "--tokens", "--threads", "2"}),
            "le <i>chat</i> <b>noir</b>\n<hr/>\n<p>le chat rouge</p>\nle chien noir\n");
  EXPECT_NE(run(text, {}), run(text, {"--transfer-tags"}));
  expect_error(translate({"run", "--model", trained("plain", {"--decoder", "plain"}), "--transfer-tags"}, text),
               {"plain", "--transfer-tags"});
}

/// Links count words after tokenisation.
TEST_F(TranslateRun, TrainingReadsNaturalTextAndItsLinks) {
  const std::string pairs = write("natural.tsv", "The cat's tail.\tLa queue.\t4-2\nA cat.\tUn chat.\n");
  const Arguments command{"train", "--pairs", pairs, "--epochs", "1", "--hidden-size", "4", "--guided-alignment", "1"};
  EXPECT_EQ(translate(command + Arguments{"--source-tokenizer", "en", "--target-tokenizer", "fr"}).code, 0);
  expect_error(translate(command), {"natural.tsv:1", "4-2", "3 source and 2 target"});
}

TEST_F(TranslateRun, SearchOptionsChangeTheTranslation) {
  const std::string model = trained("model", {"--learning-rate", "0.02"});
  const std::string text = column(pairs_of("train.tsv", 20), 0);
  const auto run = [&](const Arguments& more) {
    return translate(Arguments{"run", "--model", model} + more, text).out;
  };
  const std::string greedy = run({});
  EXPECT_EQ(run({"--beam-size", "1"}), greedy);
  EXPECT_GT(count_of(greedy, " "), 40U) << "translations have several words";
  EXPECT_NE(run({"--beam-size", "8"}), greedy);
  EXPECT_NE(run({"--beam-size", "8", "--length-penalty", "0"}), run({"--beam-size", "8", "--length-penalty", "5"}));
  for (const std::string& line : lines_of(run({"--max-length", "2"}))) {
    EXPECT_LE(count_of(line, " "), 1U) << line;
  }
}

TEST_F(TranslateRun, RespectsLengthLimitsAndPrefix) {
  const std::string model = trained("model", {"--learning-rate", "0.02"});
  const std::string text = column(pairs_of("train.tsv", 20), 0);
  const auto run = [&](const Arguments& more) {
    const Outcome outcome = translate(Arguments{"run", "--model", model} + more, text);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  for (const std::string& line : lines_of(run({"--min-length", "6", "--max-length", "7"}))) {
    EXPECT_GE(count_of(line, " "), 4U) << line;
    EXPECT_LE(count_of(line, " "), 6U) << line;
  }
  const auto prefixed = lines_of(run({"--prefix", " la  le ", "--max-length", "6"}));
  EXPECT_EQ(prefixed.size(), 20U);
  for (const std::string& line : prefixed) EXPECT_EQ(line.rfind("la le", 0), 0U) << line;
  EXPECT_NE(run({"--beam-size", "6", "--coverage-penalty", "5"}), run({"--beam-size", "6"}));
}

TEST_F(TranslateRun, WritesNBestListsInOrder) {
  const std::string model = trained("model", {"--learning-rate", "0.02"});
  const Arguments command{"run", "--model", model, "--beam-size", "6", "--max-length", "8"};
  const auto best = lines_of(translate(command, "the cat\n\nthe apple\n").out);
  ASSERT_EQ(best.size(), 3U);
  const Outcome outcome = translate(command + Arguments{"--n-best", "3"}, "the cat\n\nthe apple\n");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 7U);
  std::set<std::string> different;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string number = column(lines[i], 0), words = column(lines[i], 2);
    EXPECT_EQ(number, i < 3 ? "1\n" : i == 3 ? "2\n" : "3\n");
    different.insert(number + words);
    if (i == 0 || i == 4) {
      EXPECT_EQ(words, best[i / 2] + '\n');
    } else if (i != 3) {
      EXPECT_LE(std::stod(column(lines[i], 1)), std::stod(column(lines[i - 1], 1)));
    }
  }
  EXPECT_EQ(different.size(), 7U);
}

TEST_F(TranslateRun, SamplesTranslations) {
  const std::string model = trained("model", {"--learning-rate", "0.02"});
  const std::string text = column(pairs_of("train.tsv", 20), 0);
  const auto run = [&](const Arguments& more) {
    const Outcome outcome = translate(Arguments{"run", "--model", model, "--max-length", "9"} + more, text);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  const std::string greedy = run({}), drawn = run({"--sample"});
  EXPECT_NE(drawn, greedy);
  EXPECT_EQ(run({"--sample", "--seed", "1"}), drawn);
  EXPECT_NE(run({"--sample", "--seed", "2"}), drawn);
  EXPECT_NE(run({"--sample", "--temperature", "0.3"}), drawn);
  EXPECT_NE(run({"--sample", "--top-k", "3"}), drawn);
  EXPECT_NE(run({"--sample", "--top-p", "0.4"}), drawn);
  EXPECT_EQ(run({"--sample", "--top-k", "1"}), greedy);
  EXPECT_EQ(lines_of(run({"--sample", "--n-best", "3"})).size(), 60U);
}

TEST_F(TranslateRun, ReplacesOrBansUnknownWords) {
  const std::string model = trained("model", {"--learning-rate", "0.02", "--min-frequency", "30"});
  const std::string text = column(pairs_of("train.tsv", 20), 0);
  const auto run = [&](const Arguments& more) {
    return lines_of(translate(Arguments{"run", "--model", model} + more, text).out);
  };
  const auto found = run({}), copied = run({"--replace-unk"}), sources = lines_of(text);
  std::size_t unknown = 0;
  ASSERT_EQ(copied.size(), found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::istringstream before(found[i]), after(copied[i]);
    std::string was, is;
    while (before >> was) {
      ASSERT_TRUE(after >> is) << copied[i];
      if (was == "<unk>") {
        ++unknown;
        EXPECT_NE((' ' + sources[i] + ' ').find(' ' + is + ' '), std::string::npos) << is << " of " << sources[i];
      } else {
        EXPECT_EQ(is, was);
      }
    }
    EXPECT_FALSE(after >> is) << copied[i];
  }
  EXPECT_GT(unknown, 10U);
  for (const std::string& line : run({"--ban-unk", "--beam-size", "3"})) {
    EXPECT_EQ(line.find("<unk>"), std::string::npos) << line;
  }
}

TEST_F(TranslateRun, SupportsAllWeightTypes) {
  const std::string model = trained("model"), text = column(pairs_of("train.tsv", 20), 0);
  const auto run = [&](const std::string& file, const Arguments& more) {
    return translate(Arguments{"run", "--max-length", "8", "--model", file} + more, text);
  };
  const Outcome float32 = run(model, {});
  EXPECT_EQ(run(model, {"--weights", "float32"}).out, float32.out);
  for (const char* const weights : {"bfloat16", "half"}) {
    const Outcome outcome = run(model, {"--weights", weights});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(lines_of(outcome.out).size(), 20U);
  }
  // Models with a weight that is out of range for half, or for bfloat16 too.
  const auto with_weight = [&](const std::string& name, std::string_view bytes) {
    std::string changed = contents(model);
    changed.replace(changed.size() - parameters_of(model).size(), 4, bytes);
    return write(name, changed);
  };
  const std::string large = with_weight("large", std::string_view("\x00\xb8\x88\x47", 4)),
                    huge = with_weight("huge", std::string_view("\xff\xff\x7f\x7f", 4));
  EXPECT_EQ(run(large, {}).code, 0);
  EXPECT_EQ(run(large, {"--weights", "bfloat16"}).code, 0);
  expect_error(run(large, {"--weights", "half"}), {large + ": ", "the largest half value is 65504", "70000"});
  EXPECT_EQ(run(huge, {}).err.find("largest"), std::string::npos);
  expect_error(run(huge, {"--weights", "bfloat16"}), {"the largest bfloat16 value is", "3.4028235e+38"});
}

TEST_F(TranslateRun, WritesAlignmentPictures) {
  const std::string model = trained("model");
  const Outcome outcome = translate({"run", "--model", model, "--max-length", "3", "--alignment", path("picture.svg")},
                                    "the cat & dog\n\nthe <apple>\n");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(files(), (std::set<std::string>{"picture-3.svg", "picture.svg", "model", "train.tsv"}));
  for (const auto& [file, word] : {std::pair("picture.svg", "&amp;"), std::pair("picture-3.svg", "&lt;apple&gt;")}) {
    const std::string svg = contents(path(file));
    EXPECT_EQ(svg.find("<svg"), svg.find('<')) << file;
    EXPECT_NE(svg.find(word), std::string::npos) << file;
    EXPECT_EQ(xml_fault(svg), "") << file;
  }
}

TEST_F(TranslateRun, ShowsAlignmentsOnStandardError) {
  const std::string model = trained("model");
  const Outcome plain = translate({"run", "--model", model, "--max-length", "3"}, "the cat\n");
  const Outcome shown = translate({"run", "--model", model, "--max-length", "3", "--show"}, "the cat\n");
  EXPECT_EQ(shown.code, 0);
  EXPECT_EQ(shown.out, plain.out);
  EXPECT_EQ(count_of(plain.err, "\xe2\x94\x82"), 0U);
  EXPECT_EQ(count_of(shown.err, "\xe2\x94\x82 cat"), 1U) << shown.err;
  EXPECT_NE(shown.err.find(plain.out.substr(0, plain.out.find(' '))), std::string::npos) << shown.err;
}

TEST_F(TranslateRun, RejectsAlignmentsWithoutAttention) {
  for (const std::string decoder : {"plain", "cho"}) {
    const std::string model = trained("model", {"--decoder", decoder});
    for (const Arguments& more : {Arguments{"--alignment", path("picture.svg")}, Arguments{"--show"}}) {
      expect_error(translate(Arguments{"run", "--model", model} + more, "the cat\n"), {model, decoder + " decoder"});
    }
  }
  EXPECT_FALSE(fs::exists(path("picture.svg")));
}

TEST_F(TranslateRun, ReportsUnwritablePictures) {
  const std::string model = trained("model");
  for (const std::string& picture :
       {model + "/picture.svg", path("no/such/picture.svg"), std::string("/proc/picture.svg"), path(".")}) {
    const Outcome outcome = translate({"run", "--model", model, "--alignment", picture}, "the cat\n");
    EXPECT_EQ(outcome.code, 1) << picture;
    EXPECT_NE(outcome.err.find("cannot write " + picture), std::string::npos) << outcome.err;
  }
}

TEST_F(TranslateRun, StopsAtTheFirstInvalidLine) {
  const std::string model = trained("model");
  for (const auto& [line, problem] : {std::pair("the \xff cat", "invalid UTF-8 (0xff) at byte offset 4"),
                                      std::pair("the \x1b[31m cat", "control character 0x1b"),
                                      std::pair("the \xe2\x80\xae cat", "control character U+202E"),
                                      std::pair("<s> the cat", "the line contains the sentence mark <s>: remove it")}) {
    const Outcome outcome =
        translate({"run", "--model", model}, std::string("the cat\nan apple\n") + line + "\nthe end\n");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(lines_of(outcome.out).size(), 2U) << outcome.out;
    EXPECT_NE(outcome.err.find("standard input:3: " + std::string(problem)), std::string::npos) << outcome.err;
  }
}

TEST_F(TranslateRun, RejectsTooLongLines) {
  const std::string model = trained("model");
  std::string line = "the cat\n";
  for (int i = 0; i < 200'000; ++i) line += "the ";
  const Outcome outcome = translate({"run", "--model", model}, line + '\n');
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(lines_of(outcome.out).size(), 1U);
  EXPECT_NE(
      outcome.err.find("standard input:2: the line has more than 260096 bytes, the limit for sentences of at most "
                       "1000 words (--max-words)"),
      std::string::npos)
      << outcome.err.substr(0, 500);
  const Outcome allowed =
      translate({"run", "--model", model, "--max-words", "200000", "--max-length", "2"}, line + '\n');
  EXPECT_EQ(allowed.code, 0);
  EXPECT_EQ(lines_of(allowed.out).size(), 2U);
}

TEST_F(TranslateRun, ReportsUnreadableInput) {
  expect_error(finish(start({"run", "--model", trained("model")}, folder_.string())), {"standard input"});
}

}  // namespace run_test
