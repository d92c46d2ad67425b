#include "cli/killing.hpp"
#include "support/xml.hpp"

#include <heed/io/subwords.hpp>
#include <heed/text/subword_training.hpp>

#include <nlohmann/json.hpp>

namespace translate_subwords_test {

using namespace heed::test;
using heed::Subwords;
using nlohmann::ordered_json;

const std::string mark(Subwords::word_mark);

/// The program `translate` with models of subwords.
class TranslateSubwords : public KilledTraining {
 protected:
  static constexpr const char* joint = "--subwords bpe --vocabulary-size 100 --joint-vocabulary";

  Arguments training_with(const std::string& save, const std::string& options) const {
    return training(save) + arguments(options);
  }
  std::string trained_with(const std::string& save, const std::string& options) const {
    return trained(save, arguments(options));
  }
  Outcome succeeding(const Arguments& command, const std::string& text = "") const {
    const Outcome outcome = translate(command, text);
    EXPECT_EQ(outcome.code, 0) << testing::PrintToString(command) << outcome.err;
    return outcome;
  }
  bool same_file(const std::string& a, const std::string& b) const {
    EXPECT_TRUE(fs::exists(path(a)) && fs::exists(path(b)));
    return contents(path(a)) == contents(path(b));
  }

  /// The subwords of a model file; `side` is source or target.
  Subwords subwords_of(const std::string& model, const std::string& side) const {
    return heed::detail::load_subwords(heed::SafetensorsFile::read(model), "subwords." + side);
  }
  static std::size_t vocabulary_size(const std::string& model, const std::string& side) {
    const auto file = heed::SafetensorsFile::read(model);
    return lines_of(std::string(file.metadata().find("vocabulary." + side)->second)).size();
  }

  /// Writes the SentencePiece model that is trained on a column of the training data.
  std::string write_model(const std::string& name, std::size_t side, const heed::SubwordTraining& options) const {
    return write(name, model_of({side}, options).model());
  }
  static Subwords model_of(const std::vector<std::size_t>& columns, const heed::SubwordTraining& options) {
    std::vector<std::string> lines;
    for (const std::string& pair : lines_of(pairs_of("train.tsv", 48))) {
      for (const std::size_t side : columns) lines.push_back(lines_of(column(pair, side)).front());
    }
    return model_of_lines(lines, options);
  }
  static Subwords model_of_lines(const std::vector<std::string>& lines, const heed::SubwordTraining& options) {
    const auto next = [&lines, i = std::size_t{0}](std::string& line) mutable {
      if (i == lines.size()) return false;
      line = lines[i++];
      return true;
    };
    return heed::train_subwords(next, options);
  }

  /// Trains a model that knows a few sentences and their links by heart.
  std::string memorizing(const std::string& options) const {
    write("few.tsv", few_);
    Arguments command = with(with(training("few"), "--pairs", path("few.tsv")), "--epochs", "150");
    command = with(with(with(command, "--batch-size", "5"), "--learning-rate", "0.02"), "--hidden-size", "24");
    succeeding(command + arguments(options));
    return path("few");
  }
  static constexpr const char* memorized_ = "--subwords bpe --vocabulary-size 24 --guided-alignment 1";
  const std::string few_ =
      "the black cat\tle chat noir\t0-0 1-2 2-1\nthe red cat\tle chat rouge\t0-0 1-2 2-1\n"
      "the black dog\tle chien noir\t0-0 1-2 2-1\nthe cat sleeps\tle chat dort\t0-0 1-1 2-2\n"
      "a bird eats\tun oiseau mange\t0-0 1-1 2-2\n";

  ordered_json evaluated(const std::string& model, const std::string& pairs, const Arguments& more = {}) const {
    ordered_json scores =
        ordered_json::parse(succeeding(Arguments{"evaluate", "--json", "--model", model, "--pairs", pairs} + more).out);
    scores.erase("seconds");
    return scores;
  }

  /// Starts training, and interrupts it when standard error holds `text`.
  Outcome interrupted(const Arguments& command, const std::string& text) const {
    const pid_t process = start(command);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (contents(path("err")).find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(process, SIGINT);
    return finish(process);
  }
};

TEST_F(TranslateSubwords, TrainsOneVocabularyOrOneForEachLanguage) {
  for (const std::string type : {"bpe", "unigram"}) {
    const std::string options = "--vocabulary-size 100 --subwords " + type;
    const Outcome outcome = succeeding(training_with("separate", options));
    EXPECT_NE(outcome.err.find("48 pairs, 100 source and 100 target subwords"), std::string::npos) << outcome.err;
    EXPECT_EQ(subwords_of(path("separate"), "source"), model_of({0}, {type, 100}));
    EXPECT_EQ(subwords_of(path("separate"), "target"), model_of({1}, {type, 100}));
    const std::string shared = trained_with("joint", options + " --joint-vocabulary");
    EXPECT_EQ(subwords_of(shared, "source"), model_of({0, 1}, {type, 100}));
    EXPECT_EQ(subwords_of(shared, "target"), subwords_of(shared, "source"));
    EXPECT_EQ(vocabulary_size(shared, "source"), 100U);
    EXPECT_FALSE(same_file("joint", "separate"));
  }
}

TEST_F(TranslateSubwords, VocabularySizeIsTheNumberOfTokens) {
  for (const std::string size : {"60", "100", "150"}) {
    const std::string model = trained_with("model", "--subwords bpe --vocabulary-size " + size);
    for (const char* const side : {"source", "target"}) EXPECT_EQ(vocabulary_size(model, side), std::stoul(size));
    EXPECT_EQ(heed::SafetensorsFile::read(model).tensors().find("model.output.b")->second.shape.at(0),
              std::stoul(size));
  }
}

TEST_F(TranslateSubwords, FilesOfModelsReplaceTraining) {
  const std::string source = write_model("en.model", 0, {"bpe", 100}),
                    target = write_model("fr.model", 1, {"bpe", 100});
  trained_with("trained", "--subwords bpe --vocabulary-size 100");
  trained("files", {"--source-subwords", source, "--target-subwords", target});
  EXPECT_TRUE(same_file("files", "trained"));
  const std::string only_source = trained("one", {"--source-subwords", source, "--min-frequency", "2"});
  EXPECT_EQ(subwords_of(only_source, "source"), model_of({0}, {"bpe", 100}));
  EXPECT_TRUE(subwords_of(only_source, "target").empty());
  EXPECT_EQ(vocabulary_size(only_source, "target"),
            vocabulary_size(trained("words", {"--min-frequency", "2"}), "target"));
  const Outcome only_target = succeeding(training("two") + Arguments{"--target-subwords", target});
  EXPECT_NE(only_target.err.find(" target subwords"), std::string::npos) << only_target.err;
  EXPECT_TRUE(subwords_of(path("two"), "source").empty());
  for (const char* const model : {"one", "two"}) {
    const Outcome outcome = succeeding({"run", "--model", path(model), "--max-length", "12"}, "the cat sleeps .\n");
    EXPECT_EQ(outcome.out.find(mark), std::string::npos) << outcome.out;
  }
}

TEST_F(TranslateSubwords, ConfigFileSetsTheOptions) {
  trained_with("line", std::string(joint) + " --subword-sampling 0.2");
  const std::string config =
      write("a.toml", "subwords = \"bpe\"\nvocabulary-size = 100\njoint-vocabulary = true\nsubword-sampling = 0.2\n");
  trained("file", {"--config", config});
  EXPECT_TRUE(same_file("line", "file"));
}

TEST_F(TranslateSubwords, SamplingChangesTheModel) {
  for (const std::string type : {"bpe", "unigram"}) {
    const auto model = [&](const std::string& name, const std::string& more) {
      const Arguments command = with(training_with(name, "--vocabulary-size 100 --subwords " + type), "--epochs", "3");
      succeeding(command + arguments(more));
      return contents(path(name));
    };
    const std::string plain = model("plain", ""), sampled = model("sampled", "--subword-sampling 0.2");
    EXPECT_NE(plain, sampled);
    EXPECT_EQ(model("zero", "--subword-sampling 0"), plain);
    EXPECT_EQ(model("again", "--subword-sampling 0.2"), sampled);
    EXPECT_NE(model("more", "--subword-sampling 0.5"), sampled);
    EXPECT_NE(model("seed", "--subword-sampling 0.2 --seed 2"), sampled);
  }
}

TEST_F(TranslateSubwords, DataCacheGivesTheSameModel) {
  fs::create_directory(path("cache"));
  const std::string options = std::string(joint) + " --word-dropout 3 --guided-alignment 1";
  for (const std::string more : {"", " --subword-sampling 0.2"}) {
    trained_with("memory", options + more);
    trained_with("cached", options + more + " --data-cache " + path("cache"));
    EXPECT_TRUE(same_file("memory", "cached"));
    EXPECT_TRUE(fs::is_empty(path("cache")));
  }
  expect_error(translate(training_with("model", std::string(joint) + " --data-cache " + path("none"))),
               {path("none"), "No such file or directory"});
}

/// A pipe can be read only once.
TEST_F(TranslateSubwords, PipesGiveTheSameModel) {
  const std::string options = std::string(joint) + " --subword-sampling 0.2";
  trained_with("file", options);
  std::string line = "cat " + path("train.tsv") + " | " + program_;
  const Arguments command = with(training_with("pipe", options), "--pairs", "/dev/stdin");
  for (const std::string& argument : command) line += ' ' + argument;
  program_ = "/bin/sh";
  succeeding({"-c", line});
  EXPECT_TRUE(same_file("file", "pipe"));
}

TEST_F(TranslateSubwords, KilledRunsResumeToTheSameModel) {
  const std::string cache = path("");
  for (const std::string& setting :
       {std::string("--subwords bpe --vocabulary-size 90 --subword-sampling 0.2 --word-dropout 3 --dropout 0.2 "
                    "--guided-alignment 0.5 --batch-words 100"),
        "--subwords unigram --vocabulary-size 100 --subword-sampling 0.5 --dev-metric bleu "
        "--checkpoint-minutes 0.0002 --data-cache " +
            cache}) {
    expect_kills_to_change_nothing(setting, 2, 1);
    fs::remove(path("whole"));
    fs::remove(path("parts"));
  }
}

TEST_F(TranslateSubwords, InterruptedRunsResumeToTheSameModel) {
  const std::string options = std::string(joint) + " --subword-sampling 0.3 --dropout 0.2";
  const auto run = [&](const std::string& save) {
    return with(with(training_with(save, options), "--epochs", "60"), "--batch-size", "4");
  };
  succeeding(run("whole"));
  const Outcome stopped = interrupted(run("parts"), "epoch 2: ");
  EXPECT_EQ(stopped.code, 0) << stopped.err;
  ASSERT_TRUE(fs::exists(path("parts.training"))) << "the run ended before the signal";
  for (const char* const other : {"--subword-sampling 0.4", "--vocabulary-size 101", "--subwords unigram"}) {
    const Arguments option = arguments(other);
    expect_error(translate(with(run("parts"), option[0], option[1]) + Arguments{"--resume"}),
                 {path("parts.training"), "the run was started with"});
  }
  succeeding(run("parts") + Arguments{"--resume"});
  EXPECT_TRUE(same_file("whole", "parts"));
}

TEST_F(TranslateSubwords, WordDropoutReplacesSubwords) {
  const std::string plain = contents(trained_with("plain", joint)),
                    dropped = contents(trained_with("dropped", std::string(joint) + " --word-dropout 50"));
  EXPECT_NE(dropped, plain);
  EXPECT_EQ(contents(trained_with("again", std::string(joint) + " --word-dropout 50")), dropped);
}

TEST_F(TranslateSubwords, EvaluatesWords) {
  for (const char* const options : {memorized_,
                                    "--subwords unigram --vocabulary-size 32 --joint-vocabulary "
                                    "--guided-alignment 1 --subword-sampling 0.5"}) {
    const std::string model = memorizing(options);
    const ordered_json scores = evaluated(model, path("few.tsv"));
    EXPECT_EQ(scores.at("sentences"), 5);
    EXPECT_EQ(scores.at("exact_match"), 100) << options;
    EXPECT_EQ(scores.at("word_error_rate"), 0) << options;
    EXPECT_EQ(scores.at("aer"), 0) << options;
    EXPECT_LT(scores.at("perplexity"), 1.2);
    EXPECT_EQ(evaluated(model, path("few.tsv"), {"--threads", "2", "--beam-size", "3"}).at("exact_match"), 100);
  }
}

TEST_F(TranslateSubwords, GuidedAlignmentTrainsTheWeights) {
  memorizing("--subwords bpe --vocabulary-size 24");
  EXPECT_GT(evaluated(path("few"), path("few.tsv")).at("aer"), 0.1);
  const std::string source = write("source", column(few_, 0)), target = write("target", column(few_, 1));
  const Outcome without = translate({"train", "--source", source, "--target", target, "--subwords", "bpe",
                                     "--vocabulary-size", "32", "--guided-alignment", "1"});
  expect_error(without, {"--guided-alignment needs word links"});
}

TEST_F(TranslateSubwords, AlignsAndMarksWords) {
  const std::string model = memorizing(std::string(memorized_) + " --source-tokenizer en --target-tokenizer fr");
  ASSERT_GT(subwords_of(model, "source").split({"the", "black"}).pieces.size(), 3U) << "every word is one piece";
  const Outcome links = succeeding({"align", "--model", model, "--pairs", path("few.tsv")});
  EXPECT_EQ(links.out, "0-0 2-1 1-2\n0-0 2-1 1-2\n0-0 2-1 1-2\n0-0 1-1 2-2\n0-0 1-1 2-2\n");
  EXPECT_EQ(links.err, "translate align: error rate 0.00, precision 1.00, recall 1.00\n");
  EXPECT_EQ(succeeding({"run", "--model", model, "--transfer-tags"}, "The <b>black</b> <i>cat</i>\n<hr/>\n").out,
            "Le <i>chat</i> <b>noir</b>\n<hr/>\n");
  const Arguments tokens = {"run", "--model", model, "--tokens", "--transfer-tags", "--threads", "2"};
  EXPECT_EQ(succeeding(tokens, "The <b>red</b> cat\n").out, "le chat <b>rouge</b>\n");
  for (const std::string command : {"run", "align"}) {
    Arguments all{command, "--model", model, "--alignment", path(command + ".svg")};
    if (command == "align") all = all + Arguments{"--pairs", write("one.tsv", "the black cat\tle chat noir\n")};
    succeeding(all, "the black cat\n");
    const std::string svg = contents(path(command + ".svg"));
    EXPECT_EQ(xml_fault(svg), "");
    for (const char* const word : {">black<", ">chat<", ">noir<", ">cat<"}) EXPECT_EQ(count_of(svg, word), 1U) << word;
    EXPECT_EQ(svg.find(mark), std::string::npos);
  }
  EXPECT_NE(succeeding({"run", "--model", model, "--show"}, "the black cat\n").err.find("noir"), std::string::npos);
}

TEST_F(TranslateSubwords, TranslatesNaturalText) {
  const std::string model =
      trained_with("model", "--subwords bpe --vocabulary-size 100 --source-tokenizer en --target-tokenizer fr");
  const auto run = [&](const std::string& text, const Arguments& more = {}) {
    return succeeding(Arguments{"run", "--model", model, "--min-length", "12", "--max-length", "30"} + more, text);
  };
  const std::string tokenised = "the queen 's cat sleeps .\n\nwho 's the man ?\n",
                    natural = "The queen's cat sleeps.\n\nWho\u2019s the man?\n";
  EXPECT_EQ(run(natural).out, run(tokenised).out);
  EXPECT_EQ(run(natural).err, "");
  const std::string tokens = run(natural, {"--tokens"}).out;
  EXPECT_NE(run(natural).out, tokens);
  EXPECT_EQ(run(natural, {"--tokens", "--threads", "2"}).out, tokens);
  EXPECT_EQ(lines_of(tokens).size(), 3U);
  EXPECT_EQ(tokens.find(mark), std::string::npos);
  EXPECT_TRUE(run(natural, {"--prefix", "L'Homme", "--tokens"}).out.starts_with("l' homme")) << "--prefix";
}

TEST_F(TranslateSubwords, NotesUnknownCharactersOncePerWord) {
  const std::string model = trained_with("model", joint);
  const Outcome outcome =
      succeeding({"run", "--model", model, "--max-length", "3"}, "the 日本 cat\nzebra <unk>\n日a本\n");
  const std::string note = "note: standard input:", text = ": unknown characters in ";
  EXPECT_EQ(outcome.err,
            note + "1" + text + "\"日本\", encoded as <unk>\n" + note + "3" + text + "\"日a本\", encoded as <unk>\n");
}

TEST_F(TranslateSubwords, NBestTextsAreDifferent) {
  std::string pairs;
  for (int i = 0; i < 40; ++i) pairs += "a b a\taa ab b\n";
  write("train.tsv", pairs);
  const std::string model = trained_with("model", "--subwords bpe --vocabulary-size 8");
  const auto texts = [&](const char* const options) {
    std::vector<std::string> all;
    const Arguments command{"run", "--model", model, "--max-length", "6"};
    const Outcome outcome = succeeding(command + arguments(options), "a b\n");
    for (const std::string& line : lines_of(outcome.out)) all.push_back(column(line, 2));
    return all;
  };
  const auto many = texts("--beam-size 12 --n-best 12"), few = texts("--beam-size 12 --n-best 3");
  EXPECT_EQ(std::set<std::string>(many.begin(), many.end()).size(), many.size());
  EXPECT_LT(many.size(), 12U) << "no texts were equal, so nothing was tested";
  ASSERT_EQ(few.size(), 3U);
  for (std::size_t k = 0; k < few.size(); ++k) EXPECT_EQ(few[k], many.at(k));
  EXPECT_EQ(texts("--sample --n-best 12").size(), 12U) << "samples can be equal";
}

/// The targets are <unk>, so each translation is one piece of the source.
TEST_F(TranslateSubwords, ReplacesUnknownPiecesByPiecesOfTheSource) {
  std::string pairs;
  for (int i = 0; i < 8; ++i) pairs += "cat\t<unk>\ndog\t<unk>\nbird\t<unk>\n";
  write("train.tsv", pairs);
  const std::vector<std::string> words = {"cat", "dog", "bird"};
  const Subwords source = model_of_lines(words, {"bpe", 23}),
                 target = model_of_lines({"le chat", "le chien", "un oiseau"}, {"bpe", 20});
  EXPECT_EQ(source.split(words).pieces, (heed::Words{mark + "cat", mark + "dog", mark + "bird"}));
  const std::string source_file = write("source.model", source.model());
  for (const std::string& target_file : {source_file, write("target.model", target.model())}) {
    SCOPED_TRACE(target_file);
    Arguments command = with(training("model"), "--epochs", "40") +
                        Arguments{"--source-subwords", source_file, "--target-subwords", target_file};
    succeeding(with(command, "--learning-rate", "0.02"));
    const auto run = [&](const Arguments& more) {
      return succeeding(Arguments{"run", "--model", path("model")} + more, "cat\ndog\nbird\n").out;
    };
    ASSERT_EQ(run({}), "<unk>\n<unk>\n<unk>\n");
    EXPECT_EQ(run({"--replace-unk"}), "cat\ndog\nbird\n");
    const std::string copies = write("copies.tsv", "cat\tcat\ndog\tdog\n");
    EXPECT_EQ(evaluated(path("model"), copies, {"--replace-unk"}).at("exact_match"), 100);
    EXPECT_EQ(evaluated(path("model"), copies).at("exact_match"), 0);
  }
}

/// Source words are copied as words, whether or not the tokens of a side are subwords.
TEST_F(TranslateSubwords, ReplacesUnknownWordsWithSubwordsOnOneSide) {
  write("train.tsv",
        "the cat\tle <unk>\t0-0 1-1\nthe dog\tle <unk>\t0-0 1-1\nthe bird\tle <unk>\t0-0 1-1\nthe\tle\t0-0\n");
  const std::string source = write("source.model", model_of_lines({"the", "cat", "dog", "bird"}, {"bpe", 28}).model()),
                    target = write("target.model", model_of_lines({"le chat", "le chien"}, {"bpe", 16}).model()),
                    both = write("both.model", model_of_lines({"bird the cat dog", "bird le"}, {"bpe", 30}).model());
  for (const Arguments& subwords :
       {Arguments{}, Arguments{"--source-subwords", source}, Arguments{"--target-subwords", target},
        Arguments{"--source-subwords", both, "--target-subwords", both}}) {
    SCOPED_TRACE(testing::PrintToString(subwords));
    const Arguments command = with(with(training("model"), "--epochs", "80"), "--learning-rate", "0.03");
    succeeding(command + Arguments{"--guided-alignment", "1"} + subwords);
    const auto run = [&](const Arguments& more) {
      return succeeding(Arguments{"run", "--model", path("model")} + more, "the cat\nthe dog\nthe bird\n").out;
    };
    ASSERT_EQ(count_of(run({}), "<unk>"), 3U) << run({});
    EXPECT_EQ(run({"--replace-unk"}), "le cat\nle dog\nle bird\n");
  }
}

TEST_F(TranslateSubwords, TranslationsBeginWithThePrefix) {
  const std::string model = trained_with("model", joint);
  const Arguments run{"run", "--model", model, "--max-length", "20"};
  const Outcome outcome = succeeding(run + Arguments{"--prefix", "la reine"}, "the cat\na dog\n");
  EXPECT_EQ(lines_of(outcome.out).size(), 2U);
  for (const std::string& line : lines_of(outcome.out)) {
    EXPECT_TRUE(line.starts_with("la reine")) << line;
  }
  expect_error(translate(run + Arguments{"--prefix", "la 日"}, "the cat\n"),
               {"--prefix", "the target vocabulary does not contain \"日\""});
  expect_error(translate(with(run, "--max-length", "3") + Arguments{"--prefix", "la reine"}, "the cat\n"),
               {"--prefix", "do not fit into --max-length 3"});
}

TEST_F(TranslateSubwords, ScoresCountPieces) {
  const std::string model = trained_with("model", joint), pairs = write("pairs.tsv", pairs_of("test_iid.tsv", 20));
  const Subwords subwords = subwords_of(model, "target");
  const auto scores = lines_of(succeeding({"score", "--model", model, "--pairs", pairs}).out),
             targets = lines_of(column(contents(pairs), 1));
  ASSERT_EQ(scores.size(), targets.size());
  std::size_t pieces = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::size_t count = subwords.split(heed::split_words(targets[i])).pieces.size() + 1;  // with eos
    EXPECT_EQ(column(scores[i], 1), std::to_string(count) + '\n');
    pieces += count;
  }
  const auto total = ordered_json::parse(succeeding({"score", "--json", "--model", model, "--pairs", pairs}).out);
  EXPECT_EQ(total.at("words"), pieces);
  EXPECT_NEAR(total.at("perplexity"), evaluated(model, pairs).at("perplexity"), 1e-3);
}

TEST_F(TranslateSubwords, LogAndReportShowWords) {
  succeeding(training_with("model", std::string(joint) + " --log " + path("log") + " --report " + path("report.html") +
                                        " --dev " + path("dev.tsv")));
  std::size_t samples = 0;
  for (const std::string& line : lines_of(contents(path("log")))) {
    const auto record = ordered_json::parse(line);
    if (record.at("event") == "start") {
      EXPECT_NE(line.find("\"subword sampling\":\"0\""), std::string::npos) << line;
    }
    if (record.at("event") != "sample") continue;
    EXPECT_EQ(heed::join_words(record.at("source").get<heed::Words>()) + '\n',
              column(lines_of(contents(path("dev.tsv"))).at(samples++), 0));
    EXPECT_EQ(record.at("weights").size(), record.at("translation").size());
    EXPECT_EQ(record.at("weights").at(0).size(), record.at("source").size());
  }
  EXPECT_EQ(samples, 3U);
  EXPECT_EQ(contents(path("log")).find(mark), std::string::npos);
  EXPECT_EQ(contents(path("report.html")).find(mark), std::string::npos);
}

TEST_F(TranslateSubwords, EnsemblesNeedTheSameSubwords) {
  const std::string first = trained_with("first", joint),
                    second = trained_with("second", std::string(joint) + " --seed 2"),
                    separate = trained_with("separate", "--subwords bpe --vocabulary-size 100"),
                    unigram = trained_with("unigram", "--subwords unigram --vocabulary-size 100 --joint-vocabulary"),
                    words = trained_with("words", "");
  const auto run = [&](const Arguments& models) {
    return translate(Arguments{"run", "--max-length", "9", "--model"} + models, "the cat sleeps .\n");
  };
  EXPECT_EQ(run({first, second}).code, 0);
  EXPECT_EQ(run({first, first}).out, run({first}).out);
  for (const std::string& other : {separate, unigram, words}) {
    expect_error(run({first, other}), {other, "has other vocabularies, subwords or tokenizers than " + first});
  }
}

TEST_F(TranslateSubwords, RejectsOptionsThatContradictEachOther) {
  const std::string model = write_model("en.model", 0, {"bpe", 100});
  const auto expect = [&](const Arguments& options, const std::vector<std::string>& parts) {
    SCOPED_TRACE(testing::PrintToString(options));
    expect_error(translate(training("model") + options), parts);
    EXPECT_FALSE(fs::exists(path("model")));
  };
  expect({"--joint-vocabulary"}, {"--joint-vocabulary needs --subwords bpe or unigram"});
  expect({"--vocabulary-size", "100"}, {"--vocabulary-size needs --subwords bpe or unigram"});
  expect(arguments("--subwords none --joint-vocabulary"), {"--joint-vocabulary needs --subwords bpe or unigram"});
  for (const char* const side : {"--source-subwords", "--target-subwords"}) {
    expect({"--subwords", "bpe", side, model},
           {"--subwords trains subwords, so it cannot be used with --source-subwords and --target-subwords"});
  }
  const std::string rare = "--min-frequency has no effect, because all tokens are subwords";
  expect(arguments("--subwords bpe --vocabulary-size 100 --min-frequency 2"), {rare});
  expect({"--source-subwords", model, "--target-subwords", model, "--min-frequency", "2"}, {rare});
  expect(arguments("--subword-sampling 0.1"), {"--subword-sampling needs subwords: give --subwords"});
  for (const char* const sampling : {"-0.1", "1.1", "nan", "x"}) {
    expect({"--subwords", "bpe", "--subword-sampling", sampling}, {"--subword-sampling", sampling});
  }
  for (const char* const type : {"word", "BPE", ""}) expect({"--subwords", type}, {"--subwords", "none,bpe,unigram"});
  for (const char* const size : {"3", "0", "-1", "1000001", "x"}) {
    expect({"--subwords", "bpe", "--vocabulary-size", size}, {"--vocabulary-size", size});
  }
  expect(arguments("--subwords bpe --vocabulary-size 10"), {"with 10 pieces", "smaller than required_chars. 10 vs "});
  expect(arguments("--subwords unigram"), {"with 8000 pieces", "Vocabulary size too high (8000)"});
}

TEST_F(TranslateSubwords, RejectsAVocabularySizeWithoutSubwords) {
  expect_error(translate(training_with("model", "--subwords none --vocabulary-size 100")), {"--vocabulary-size"});
}

TEST_F(TranslateSubwords, RejectsInvalidModelFiles) {
  const std::string model = write_model("en.model", 0, {"bpe", 100});
  const std::string whole = contents(model);
  for (const char* const side : {"--source-subwords", "--target-subwords"}) {
    const auto expect = [&](const std::string& file, const std::string& problem) {
      expect_error(translate(training("model") + Arguments{side, file}), {file + ": ", problem});
      EXPECT_FALSE(fs::exists(path("model")));
    };
    for (const std::string& text : {std::string(), std::string("garbage"), whole.substr(0, whole.size() - 3)}) {
      expect(write("bad.model", text), "this is not a SentencePiece model");
    }
    expect(path("none.model"), "No such file or directory");
    expect(path(""), "folder");
    expect_error(translate(with(training("model"), "--save", model) + Arguments{side, model}), {"would replace the "});
    EXPECT_EQ(contents(model), whole);
  }
}

TEST_F(TranslateSubwords, SamplingNeedsBpeOrUnigrams) {
  std::string model;
  const std::unordered_map<std::string, std::string> settings{
      {"model_type", "char"},
      {"vocab_size", "40"},
      {"hard_vocab_limit", "false"},
      {"minloglevel", "2"},
      {"input", write("text", column(pairs_of("train.tsv", 48), 0))}};
  ASSERT_TRUE(sentencepiece::SentencePieceTrainer::Train(settings, nullptr, &model).ok());
  const Arguments command = training("model") + Arguments{"--source-subwords", write("char.model", model)};
  expect_error(translate(command + arguments("--subword-sampling 0.1")), {"SampleEncode is not available"});
  succeeding(command);
}

TEST_F(TranslateSubwords, LimitsTheSubwordsOfALine) {
  const Arguments limit = arguments("--max-words 20");
  const std::string text = " subwords, at most 20 are allowed (--max-words)", good = "a cat .\tun chat .\n",
                    bad = "the extraordinary photographers .\tun chat .\n";
  const std::string model = trained_with("model", joint), pairs = write("pairs.tsv", good + bad),
                    target = write("target.tsv", good + "a cat .\tthe extraordinary photographers .\n"),
                    source_model = write_model("en.model", 0, {"bpe", 100});
  const Arguments train = training("other") + Arguments{"--source-subwords", source_model} + limit;
  expect_error(translate(with(train, "--pairs", pairs)), {pairs + ":2: the source has 2", text});
  expect_error(translate(with(train, "--pairs", write("good.tsv", good)) + Arguments{"--dev", pairs}),
               {"2: the source has 2", text});
  EXPECT_FALSE(fs::exists(path("other")));
  for (const char* const command : {"evaluate", "score", "align"}) {
    const Arguments limited = Arguments{command, "--model", model} + limit;
    expect_error(translate(limited + Arguments{"--pairs", pairs}), {"2: the source has 2", text});
    expect_error(translate(limited + Arguments{"--pairs", target}), {"2: the target has 2", text});
    succeeding(with(limited, "--max-words", "40") + Arguments{"--pairs", pairs});
  }
  const Arguments run = Arguments{"run", "--model", model, "--max-length", "5"} + limit;
  const std::string lines = column(good + bad + good, 0);
  const Outcome stopped = translate(run, lines);
  EXPECT_EQ(stopped.code, 1);
  EXPECT_NE(stopped.err.find("standard input:2: the line has 2"), std::string::npos) << stopped.err;
  EXPECT_NE(stopped.err.find(text), std::string::npos) << stopped.err;
  const Outcome skipped = translate(run + arguments("--on-error skip"), lines);
  EXPECT_EQ(skipped.code, 2);
  const auto out = lines_of(skipped.out);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[1], "");
  EXPECT_EQ(out[0], out[2]);
  EXPECT_NE(out[0], "");
}

/// The message names the file.
TEST_F(TranslateSubwords, NamesTheFileOfAPairWithTooManySubwords) {
  const std::string model = trained_with("model", joint),
                    pairs = write("pairs.tsv", "the extraordinary photographers .\tun chat .\n");
  for (const char* const command : {"evaluate", "score", "align"}) {
    expect_error(translate({command, "--model", model, "--pairs", pairs, "--max-words", "20"}),
                 {pairs + ":1: the source has 2"});
  }
  const std::string good = write("good.tsv", "a cat .\tun chat .\n"), source = write_model("en.model", 0, {"bpe", 100});
  expect_error(translate(with(training("other"), "--pairs", good) +
                         Arguments{"--dev", pairs, "--source-subwords", source, "--max-words", "20"}),
               {pairs + ":1: the source has 2"});
}

TEST_F(TranslateSubwords, SkipsPairsWithTooManySubwords) {
  const std::string model = trained_with("model", joint);
  const std::string pairs =
      write("pairs.tsv", "a cat .\tun chat .\nthe extraordinary photographers .\tun chat .\na cat .\tun chat .\n");
  for (const char* const command : {"score", "align"}) {
    const Outcome outcome =
        translate(Arguments{command, "--model", model, "--pairs", pairs} + arguments("--max-words 20 --on-error skip"));
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    const auto lines = lines_of(outcome.out);
    ASSERT_EQ(lines.size(), 3U) << command;
    EXPECT_EQ(lines[1], "");
    EXPECT_EQ(lines[0], lines[2]);
  }
}

/// Random pieces can be more than those without sampling.
TEST_F(TranslateSubwords, SamplingDoesNotFailForTooManySubwords) {
  const Subwords subwords = model_of({0}, {"bpe", 100});
  std::size_t longest = 0;
  for (const std::string& line : lines_of(column(pairs_of("train.tsv", 48), 0))) {
    longest = std::max(longest, subwords.split(heed::split_words(line)).pieces.size());
  }
  const Outcome outcome = translate(with(training("model"), "--epochs", "3") +
                                    Arguments{"--source-subwords", write("en.model", subwords.model()),
                                              "--subword-sampling", "0.9", "--max-words", std::to_string(longest)});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

}  // namespace translate_subwords_test
