#pragma once

#include "support/command_line.hpp"
#include "support/output.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

/// Parses the arguments of a program and returns `execute()`. If an option is wrong, prints a message and returns an
/// exit code.
template <class Execute>
int parse_and_execute(CLI::App& app, std::vector<std::string> arguments, const Execute& execute) {
  try {
    std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 expects
    app.parse(std::move(arguments));
    return execute();
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
}

/// Parses the arguments of `main` and returns `execute()`, as above.
template <class Execute>
int parse_and_execute(CLI::App& app, int argc, char** argv, const Execute& execute) {
  app.name(argv[0]);
  return parse_and_execute(app, std::vector<std::string>(argv + 1, argv + argc), execute);
}

/// Runs a program and returns the exit code of `body()`. `body()` also creates the options, because that allocates
/// memory. An exception becomes a line on standard error and exit code 1.
template <class Body>
int run_program(std::string_view name, const Body& body) {
  std::set_terminate(detail::usual_terminate);
  try {
    const int code = body();
    flush_output();
    return code;
  } catch (const std::bad_alloc&) {
    std::cerr << name << ": there is not enough memory\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace examples
