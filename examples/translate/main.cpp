/// translate: trains and evaluates translators on sentence pairs, and translates.

#include "support/config_file.hpp"
#include "support/processes.hpp"
#include "support/program.hpp"
#include "translate/demo_command.hpp"
#include "translate/evaluate_command.hpp"
#include "translate/pairs_commands.hpp"
#include "translate/run_command.hpp"
#include "translate/train_command.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace {

/// The path of this program's file, also if the shell found the program through PATH.
std::filesystem::path program_path(const char* name) {
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  return unknown ? std::filesystem::absolute(name).lexically_normal() : self;
}

int translate_program(int argc, char** argv) {
  CLI::App app(
      "Trains and runs translators, with or without attention.\n"
      "Results go to standard output, progress and errors to standard error.");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);

  examples::TrainCommand train;
  examples::EvaluateCommand evaluate;
  examples::RunCommand run;
  examples::ScoreCommand score;
  examples::AlignCommand align;
  examples::DemoCommand demo;
  auto* const train_command = app.add_subcommand("train", "Train a model on sentence pairs");
  auto* const evaluate_command = app.add_subcommand("evaluate", "Evaluate a model on sentence pairs");
  auto* const run_command = app.add_subcommand("run", "Translate standard input, one sentence per line");
  auto* const score_command = app.add_subcommand(
      "score", "Print the log-probability, the number of words (</s> included) and the perplexity of each target");
  auto* const align_command =
      app.add_subcommand("align", "Print word alignments of given pairs: links source-target, counted from 0");
  auto* const demo_command = app.add_subcommand("demo", "Train on the data in the repository and show the result");
  train.add_to(*train_command);
  evaluate.add_to(*evaluate_command);
  run.add_to(*run_command);
  score.add_to(*score_command);
  align.add_to(*align_command);
  demo.add_to(*demo_command);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto read_config = [&](CLI::App& command, const std::string& path) {
    if (arguments.empty() || arguments.front() != command.get_name()) return;
    arguments = examples::with_config_file(command, std::move(arguments), path);
  };
  read_config(*train_command, train.config_file);
  read_config(*demo_command, demo.config_file);
  app.name(argv[0]);
  return examples::parse_and_execute(app, std::move(arguments), [&] {
    if (*train_command) return train.execute();
    heed::require(examples::Processes().size() == 1,
                  "only translate train can run in several processes; start the other commands without mpirun");
    if (*evaluate_command) return evaluate.execute();
    if (*run_command) return run.execute();
    if (*score_command) return score.execute();
    if (*align_command) return align.execute();
    return demo.execute(program_path(argv[0]));
  });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("translate", [&] {
    const examples::ProcessScope processes;
    return processes.run("translate", [&] { return translate_program(argc, argv); });
  });
}
