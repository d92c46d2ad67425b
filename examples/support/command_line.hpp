#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace examples::detail {

/// CLI11 creates objects before `main`, where an exception from a failed allocation cannot be caught.
[[noreturn]] inline void end_before_main() {
  std::fputs("there is not enough memory to start\n", stderr);
  std::_Exit(1);
}

/// Must be initialised before the objects of the header below.
[[maybe_unused]] static const std::terminate_handler usual_terminate = std::set_terminate(end_before_main);

}  // namespace examples::detail

#include <CLI/CLI.hpp>
