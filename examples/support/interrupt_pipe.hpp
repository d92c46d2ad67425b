#pragma once

#include "support/interrupt.hpp"

#include <heed/core/errors.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace examples {

/// Catches interrupts (`catch_interrupts`) for a program that waits for input. After the first interrupt a pipe is
/// readable, so `poll` on the input and the pipe returns in every thread. One per program.
class InterruptPipe {
 public:
  InterruptPipe() {
    heed::require(pipe(ends_) == 0, [] { return "cannot create a pipe: " + std::generic_category().message(errno); });
    for (const int end : ends_) {
      fcntl(end, F_SETFD, FD_CLOEXEC);
      fcntl(end, F_SETFL, O_NONBLOCK);
    }
    detail::interrupt_pipe.store(ends_[1]);
    catch_interrupts();
  }
  InterruptPipe(const InterruptPipe&) = delete;
  InterruptPipe& operator=(const InterruptPipe&) = delete;

  /// The file descriptor that is readable after an interrupt or `wake`.
  int file() const { return ends_[0]; }

  /// Makes `file()` readable.
  void wake() { [[maybe_unused]] const auto ignored = write(ends_[1], "", 1); }

  /// Ends the program by the signal that interrupted it, as its parent expects. Returns if there was none.
  static void end_by_signal() {
    const int number = detail::interrupt_signal.load();
    if (number == 0) return;
    signal(number, SIG_DFL);
    raise(number);
  }

 private:
  int ends_[2] = {-1, -1};  ///< open until the program ends: a handler may write at any time
};

}  // namespace examples
