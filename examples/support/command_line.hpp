#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace examples::detail {

/// CLI11 creates objects before `main`, where nobody can catch what they throw if memory fails.
[[noreturn]] inline void end_before_main() {
  std::fputs("there is not enough memory to start\n", stderr);
  std::_Exit(1);
}

/// Must be initialised before the objects of the header below.
[[maybe_unused]] static const std::terminate_handler usual_terminate = std::set_terminate(end_before_main);

}  // namespace examples::detail

#include <CLI/CLI.hpp>
