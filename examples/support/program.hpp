#pragma once

#include "support/command_line.hpp"
#include "support/output.hpp"

#include <exception>
#include <iostream>
#include <new>
#include <string_view>

namespace examples {

/// Reads the command line and returns what `execute()` does. Wrong options become a message and an exit code.
template <class Execute>
int parse_and_execute(CLI::App& app, int argc, char** argv, const Execute& execute) {
  try {
    app.parse(argc, argv);
    return execute();
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
}

/// Returns what `body()` does, which is all of a program: it makes the options too, as they need memory. Whatever is wrong
/// becomes a line on standard error and a non-zero exit code.
template <class Body>
int run_program(std::string_view name, const Body& body) {
  std::set_terminate(detail::usual_terminate);
  try {
    const int code = body();
    flush_output();
    return code;
  } catch (const std::bad_alloc&) {
    std::cerr << name << ": there is not enough memory for this\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace examples
