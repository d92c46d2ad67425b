/// sentiment: classifies sentences and highlights the words with the largest weights.

#include "sentiment/demo_command.hpp"
#include "sentiment/run_command.hpp"
#include "sentiment/train_command.hpp"
#include "support/program.hpp"

namespace {

int sentiment_program(int argc, char** argv) {
  CLI::App app(
      "Classifies sentences with a recurrent encoder and attention pooling (Yang et al. 2016).\n"
      "Results go to standard output, progress and errors to standard error.");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);

  examples::SentimentTrainCommand train;
  examples::SentimentRunCommand run;
  examples::SentimentDemoCommand demo;
  auto* const train_command = app.add_subcommand("train", "Train on a file of labelled sentences");
  auto* const run_command = app.add_subcommand("run", "Label standard input, one sentence per line");
  auto* const demo_command = app.add_subcommand("demo", "Train on sentences from a grammar and show the result");
  train.add_to(*train_command);
  run.add_to(*run_command);
  demo.add_to(*demo_command);

  return examples::parse_and_execute(app, argc, argv, [&] {
    if (*train_command) return train.execute();
    if (*run_command) return run.execute();
    return demo.execute();
  });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("sentiment", [&] { return sentiment_program(argc, argv); });
}
