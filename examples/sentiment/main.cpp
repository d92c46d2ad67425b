/// sentiment: learns to tell what a sentence says from labelled sentences, and shows which of its words told.

#include "sentiment/demo_command.hpp"
#include "sentiment/run_command.hpp"
#include "sentiment/train_command.hpp"
#include "support/program.hpp"

namespace {

int sentiment_program(int argc, char** argv) {
  CLI::App app(
      "Learns to label sentences: a recurrent encoder, attention that pools its states, a classifier (Yang et al. "
      "2016).\n"
      "Results go to standard output, progress and errors to standard error.");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);

  examples::SentimentTrainCommand train;
  examples::SentimentRunCommand run;
  examples::SentimentDemoCommand demo;
  auto* const train_command = app.add_subcommand("train", "Learn from a file of labelled sentences");
  auto* const run_command = app.add_subcommand("run", "Label standard input, one sentence a line");
  auto* const demo_command = app.add_subcommand("demo", "Learn from sentences made by a grammar and show the result");
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
