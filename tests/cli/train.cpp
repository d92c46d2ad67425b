#include "cli/program.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace train_test {

using namespace heed::test;
using TranslateTrain = Program;

TEST_F(TranslateTrain, WritesAUsableModel) {
  const std::string dev = write("dev.tsv", pairs_of("dev.tsv", 12));
  const Outcome outcome = translate(training("model") + Arguments{"--dev", dev});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 2U) << outcome.out;
  EXPECT_EQ(lines[0].rfind("trained in ", 0), 0U);
  EXPECT_EQ(lines[1].rfind("dev: perplexity ", 0), 0U);
  EXPECT_NE(outcome.err.find("48 pairs"), std::string::npos);
  EXPECT_NE(outcome.err.find("epoch 1/1  100 %"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("tokens/s"), std::string::npos);
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos) << "a file is no terminal";
  EXPECT_EQ(files(), (std::set<std::string>{"dev.tsv", "model", "train.tsv"}));
  EXPECT_EQ(translate({"evaluate", "--model", path("model"), "--pairs", dev}).code, 0);
  EXPECT_EQ(translate({"run", "--model", path("model")}, "the cat\n").code, 0);
}

TEST_F(TranslateTrain, IsDeterministic) {
  for (const Arguments& more : {Arguments{}, Arguments{"--dropout", "0.3", "--layers", "2", "--seed", "5"},
                                Arguments{"--cell", "lstm", "--dropout", "0.3", "--recurrent-dropout", "0.2",
                                          "--teacher-forcing", "0.5", "--sampled-token", "sample", "--accum-count", "2",
                                          "--average-decay", "0.5", "--variational-dropout", "--tie-embeddings"}}) {
    for (const char* const threads : {"1", "2"}) {
      trained("first", more);
      ASSERT_EQ(translate(with(training("first"), "--threads", threads) + more).code, 0);
      ASSERT_EQ(translate(with(training("second"), "--threads", threads) + more).code, 0);
      EXPECT_TRUE(contents(path("first")) == contents(path("second")));
    }
  }
}

TEST_F(TranslateTrain, ParallelFilesMatchOneFileOfPairs) {
  const std::string train = pairs_of("train.tsv", 48), dev = pairs_of("dev.tsv", 12);
  const Outcome one = translate(training("one") + Arguments{"--dev", write("dev.tsv", dev)});
  Arguments two = training("two");
  two.erase(two.begin() + 1, two.begin() + 3);
  two = two + Arguments{"--source",     write("source", column(train, 0)),
                        "--target",     write("target", column(train, 1)),
                        "--dev-source", write("dev.source", column(dev, 0)),
                        "--dev-target", write("dev.target", column(dev, 1))};
  const Outcome other = translate(two);
  ASSERT_EQ(one.code, 0) << one.err;
  ASSERT_EQ(other.code, 0) << other.err;
  EXPECT_EQ(lines_of(one.out).at(1), lines_of(other.out).at(1));
  EXPECT_TRUE(contents(path("one")) == contents(path("two")));
}

TEST_F(TranslateTrain, EveryOptionChangesTheModel) {
  const std::string dev = write("dev.tsv", pairs_of("dev.tsv", 12));
  const std::vector<Arguments> variants{
      {},
      {"--cell", "lstm"},
      {"--cell", "rnn"},
      {"--cell", "rnn-relu"},
      {"--cell", "gru-reset-before"},
      {"--layers", "2"},
      {"--direction", "forward"},
      {"--direction", "forward", "--reverse-source"},
      {"--direction", "forward", "--copy-states"},
      {"--scorer", "dot"},
      {"--scorer", "general"},
      {"--scorer", "concat"},
      {"--scorer", "location"},
      {"--scorer", "convolutional"},
      {"--scorer", "convolutional", "--filters", "3"},
      {"--scorer", "convolutional", "--filter-width", "3"},
      {"--attention", "local-p"},
      {"--normalizer", "entmax"},
      {"--decoder", "plain"},
      {"--decoder", "cho"},
      {"--decoder", "sutskever", "--direction", "forward"},
      {"--decoder", "luong"},
      {"--decoder", "luong", "--no-input-feeding"},
      {"--decoder", "conditional"},
      {"--hidden-size", "12"},
      {"--embedding-size", "6"},
      {"--dropout", "0.2"},
      {"--label-smoothing", "0.1"},
      {"--coverage-loss", "1"},
      {"--doubly-stochastic", "0.5"},
      {"--guided-alignment", "1"},
      {"--word-dropout", "5"},
      {"--batch-size", "8"},
      {"--batch-words", "60"},
      {"--epochs", "3", "--average-best", "2"},
      {"--epochs", "3"},
      {"--epochs", "2"},
      {"--learning-rate", "0.003"},
      {"--schedule", "constant"},
      {"--schedule", "cosine"},
      {"--schedule", "inverse-sqrt"},
      {"--schedule", "inverse-sqrt", "--warmup", "2"},
      {"--warmup", "2"},
      {"--epochs", "6", "--learning-rate", "0.1", "--dev", dev, "--schedule", "constant"},
      {"--epochs", "6", "--learning-rate", "0.1", "--dev", dev, "--schedule", "plateau", "--patience", "0"},
      {"--epochs", "6", "--learning-rate", "0.1", "--dev", dev, "--schedule", "plateau", "--patience", "0",
       "--learning-rate-decay", "0.1"},
      {"--accum-count", "2"},
      {"--average-decay", "0.5"},
      {"--weight-decay", "0.5"},
      {"--teacher-forcing", "0.5"},
      {"--teacher-forcing", "0.5", "--sampled-token", "sample"},
      {"--teacher-forcing", "0.5", "--forcing-schedule", "linear"},
      {"--teacher-forcing", "0", "--forcing-schedule", "inverse-sigmoid", "--forcing-k", "1"},
      {"--teacher-forcing", "0", "--forcing-schedule", "inverse-sigmoid", "--forcing-k", "2"},
      {"--tie-embeddings"},
      {"--tie-embeddings", "--share-embeddings"},
      {"--dropout", "0.2", "--variational-dropout"},
      {"--memory-dropout", "0.2"},
      {"--memory-dropout", "0.2", "--variational-dropout"},
      {"--cell", "lstm", "--recurrent-dropout", "0.2"},
      {"--clip-norm", "0.01"},
      {"--threads", "2"},
      {"--seed", "2"},
      {"--min-frequency", "2"},
  };
  std::map<std::string, std::string> seen;
  for (const Arguments& variant : variants) {
    Arguments command = training("model");
    std::string name = "nothing";
    for (std::size_t i = 0; i < variant.size(); i += 2) {
      const bool flag = i + 1 == variant.size();
      name = (i == 0 ? "" : name + ' ') + variant[i] + (flag ? "" : ' ' + variant[i + 1]);
      command = flag ? command + Arguments{variant[i]} : with(command, variant[i], variant[i + 1]);
    }
    const Outcome outcome = translate(command);
    ASSERT_EQ(outcome.code, 0) << name << '\n' << outcome.err;
    const auto [place, fresh] = seen.emplace(parameters_of(path("model")), name);
    EXPECT_TRUE(fresh) << name << " trains the same model as " << place->second;
    const Outcome run = translate({"run", "--model", path("model"), "--max-length", "5"}, "the cat sleeps .\n");
    EXPECT_EQ(run.code, 0) << name << '\n' << run.err;
  }
  trained("default");
  trained("feeding", {"--decoder", "luong", "--input-feeding"});
  EXPECT_EQ(seen.at(parameters_of(path("default"))), "nothing");
  EXPECT_EQ(seen.at(parameters_of(path("feeding"))), "--decoder luong");
}

TEST_F(TranslateTrain, ShareEmbeddingsTrainsOneTable) {
  const Arguments tie{"--tie-embeddings"}, share{"--tie-embeddings", "--share-embeddings"};
  struct Sizes {
    long pairs = 0, source = 0, target = 0, parameters = 0;
  };
  const auto sizes = [&](const Arguments& more) {
    const Outcome outcome = translate(training("model") + more);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    Sizes found;
    EXPECT_EQ(std::sscanf(outcome.err.c_str(), "%ld pairs, %ld source and %ld target words, %ld parameters",
                          &found.pairs, &found.source, &found.target, &found.parameters),
              4)
        << outcome.err;
    return found;
  };
  const Sizes tied = sizes(tie), shared = sizes(share);
  constexpr long embedding = 8, special = 3;
  EXPECT_EQ(shared.source, shared.target);
  EXPECT_GT(shared.target, std::max(tied.source, tied.target));
  EXPECT_LE(shared.target, tied.source + tied.target - special);
  EXPECT_EQ(shared.parameters - tied.parameters,
            (embedding + 1) * (shared.target - tied.target) - embedding * tied.source)
      << "one table, and a bias of the output layer for each word";
  EXPECT_EQ(contents(path("model")).find("model.source.table"), std::string::npos);

  const std::string dev = write("dev.tsv", pairs_of("dev.tsv", 12));
  EXPECT_EQ(translate({"evaluate", "--model", path("model"), "--pairs", dev}).code, 0);
  EXPECT_EQ(translate({"score", "--model", path("model"), "--pairs", dev}).code, 0);
  for (const char* const weights : {"float32", "bfloat16"}) {
    const Outcome run =
        translate({"run", "--model", path("model"), "--weights", weights, "--max-length", "5"}, "the cat sleeps .\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(lines_of(run.out).size(), 1U);
  }
  expect_error(translate(training("model") + Arguments{"--share-embeddings"}),
               {"--share-embeddings", "--tie-embeddings"});
}

TEST_F(TranslateTrain, SearchOptionsApplyToTheDevData) {
  const Arguments command =
      with(training("model"), "--epochs", "3") + Arguments{"--dev", write("dev.tsv", pairs_of("dev.tsv", 12))};
  const auto dev_line = [&](const Arguments& more) { return lines_of(translate(command + more).out).at(1); };
  const std::string greedy = dev_line({});
  EXPECT_EQ(dev_line({}), greedy);
  EXPECT_NE(dev_line({"--max-length", "1"}), greedy);
  EXPECT_NE(dev_line({"--beam-size", "8", "--length-penalty", "5"}), greedy);
}

TEST_F(TranslateTrain, SavesTheBestModelOnTheDevData) {
  const std::string dev = write("dev.tsv", pairs_of("dev.tsv", 12));
  const Outcome outcome = translate(with(training("model"), "--epochs", "12") +
                                    Arguments{"--dev", dev, "--learning-rate", "0.3", "--schedule", "constant"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  double best = 1e300;
  int kept = 0, dropped = 0;
  for (const std::string& line : lines_of(outcome.err)) {
    const auto at = line.find("dev loss ");
    if (at == std::string::npos) continue;
    const double loss = std::stod(line.substr(at + 9));
    const bool saved = line.find(", saved") != std::string::npos;
    EXPECT_EQ(saved, loss < best) << outcome.err;
    best = std::min(best, loss);
    (saved ? kept : dropped) += 1;
  }
  EXPECT_EQ(kept + dropped, 12);
  ASSERT_GT(dropped, 0) << "every epoch was better than the one before, so nothing was tested\n" << outcome.err;
  const std::string line = lines_of(outcome.out).at(1);
  const double perplexity = std::stod(line.substr(std::string("dev: perplexity ").size()));
  EXPECT_NEAR(std::log(perplexity), best, 1e-4);
  const Outcome measured = translate({"evaluate", "--model", path("model"), "--pairs", dev});
  EXPECT_NE(measured.out.find("perplexity   " + std::to_string(perplexity).substr(0, 4)), std::string::npos)
      << line << '\n'
      << measured.out;
}

TEST_F(TranslateTrain, AccumulateMatchesALargeBatch) {
  const Outcome large = translate(with(training("large"), "--batch-size", "48"));
  const Outcome parts = translate(training("parts") + Arguments{"--accum-count", "3"});
  const auto loss = [](const Outcome& outcome) {
    const auto at = outcome.err.find("training loss ");
    return at == std::string::npos ? 0 : std::stod(outcome.err.substr(at + 14));
  };
  EXPECT_GT(loss(large), 1);
  EXPECT_NEAR(loss(parts), loss(large), 1e-3) << "one update, and the loss before it";
}

TEST_F(TranslateTrain, PlateauLowersTheLearningRate) {
  const std::string dev = write("dev.tsv", pairs_of("dev.tsv", 12));
  const auto last_loss = [&](const Arguments& more) {
    const Outcome outcome =
        translate(with(training("model"), "--epochs", "12") + Arguments{"--dev", dev, "--learning-rate", "0.3"} + more);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto at = outcome.err.rfind("dev loss ");
    return at == std::string::npos ? 0 : std::stod(outcome.err.substr(at + 9));
  };
  const double constant = last_loss({"--schedule", "constant"});
  EXPECT_LT(last_loss({"--schedule", "plateau", "--patience", "0", "--learning-rate-decay", "0.1"}), constant);
}

TEST_F(TranslateTrain, ReportsThatNothingIsSavedWithoutSave) {
  Arguments command = training("model");
  command.resize(command.size() - 2);
  const Outcome outcome = translate(command);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("without --save the model is not saved"), std::string::npos);
  EXPECT_EQ(files(), (std::set<std::string>{"train.tsv"}));
}

TEST_F(TranslateTrain, StopsAtNonFiniteLossAndKeepsTheLastModel) {
  const Arguments runaway{"--cell", "rnn-relu", "--learning-rate", "10", "--schedule", "constant", "--clip-norm", "0"};
  trained("model");
  const std::string before = contents(path("model"));
  expect_error(translate(with(training("model"), "--epochs", "20") + runaway), {"translate: ", "not finite"});
  EXPECT_TRUE(contents(path("model")) == before) << "training failed in the first epoch";

  // One update per epoch: the loss is finite in the first epoch, whose model is saved, and not in a later one.
  const Outcome later = translate(with(with(training("later"), "--epochs", "20"), "--batch-size", "48") + runaway);
  expect_error(later, {"epoch 1: ", "saved", "not finite"});
  EXPECT_EQ(translate({"run", "--model", path("later"), "--max-length", "3"}, "\n").code, 0) << "the model can be read";

  const std::string dev = write("dev.tsv", pairs_of("dev.tsv", 12));
  expect_error(translate(with(training("dev"), "--batch-size", "48") + runaway + Arguments{"--dev", dev}),
               {"the loss on the dev data is not finite"});
  EXPECT_FALSE(fs::exists(path("dev")));
}

}  // namespace train_test
