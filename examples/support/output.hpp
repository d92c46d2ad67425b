#pragma once

#include <heed/core/errors.hpp>

#include <signal.h>

#include <iostream>
#include <string>

namespace examples {

/// Restores the default action of SIGPIPE, which a parent may have made the program ignore: if the reader of standard
/// output is gone (`| head -1`), the program ends without a message, with the status of SIGPIPE.
inline void end_on_closed_output() { signal(SIGPIPE, SIG_DFL); }

/// Flushes standard output. Throws heed::Error if that fails.
inline void flush_output() {
  std::cout.flush();
  heed::require(std::cout.good(), "standard output cannot be written to");
}

}  // namespace examples
