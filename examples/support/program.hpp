#pragma once

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <new>
#include <string_view>

namespace examples {

/// Results that nobody could read are no success.
inline int with_results_written(std::string_view name, int code) {
  std::cout.flush();
  if (std::cout.good()) return code;
  std::cerr << name << ": standard output cannot be written to\n";
  return 1;
}

/// What `main` does: reads the command line and returns what `execute()` does. Whatever is wrong becomes a line on
/// standard error and a non-zero exit code.
template <class Execute>
int run_program(std::string_view name, CLI::App& app, int argc, char** argv, const Execute& execute) {
  try {
    app.parse(argc, argv);
    return with_results_written(name, execute());
  } catch (const CLI::ParseError& error) {
    return with_results_written(name, app.exit(error));
  } catch (const std::bad_alloc&) {
    std::cerr << name << ": there is not enough memory for this\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace examples
