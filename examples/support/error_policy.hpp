#pragma once

#include "support/command_line.hpp"

#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>

namespace examples {

/// The treatment of invalid lines of the input.
struct ErrorPolicy {
  std::string on_error = "stop";
  int skip_exit_code = 2;

  bool skips() const { return on_error == "skip"; }

  /// Reports one skipped line; `problem` starts with the file and the line number.
  static void report(std::string_view problem) { std::cerr << "skipped: " + std::string(problem) + '\n'; }

  /// Reports how many of `lines` lines were skipped and returns the exit code.
  int finish(std::string_view program, std::size_t skipped, std::size_t lines) const {
    if (skipped == 0) return 0;
    std::cerr << program << ": skipped " << skipped << " of " << lines << " lines\n";
    return skip_exit_code;
  }
};

/// Adds --on-error and --skip-exit-code. `output` describes the output for a skipped line, for --help.
inline void add_error_policy(CLI::App& command, ErrorPolicy& policy, const std::string& output) {
  auto* const on_error =
      command
          .add_option("--on-error", policy.on_error,
                      "action at an invalid line; stop: end with an error after the lines before it; skip: report it "
                      "on standard error, write " +
                          output + " instead, and report the number of skipped lines at the end")
          ->group("Errors")
          ->check(CLI::IsMember({"stop", "skip"}))
          ->capture_default_str();
  command.add_option("--skip-exit-code", policy.skip_exit_code, "exit code if a line was skipped (--on-error skip)")
      ->group("Errors")
      ->needs(on_error)
      ->check(CLI::Range(0, 125))
      ->capture_default_str();
}

}  // namespace examples
