#pragma once

#include "support/interrupt.hpp"

#include <heed/errors.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>

namespace examples {

namespace detail {

inline std::atomic<int> interrupt_signal{0};     ///< the last signal that arrived; 0: none
inline std::atomic<int> interrupt_pipe_end{-1};   ///< where the handler writes; -1: nowhere
inline void (*first_interrupt_handler)(int) = nullptr;

/// Does what `catch_interrupts` installed, then makes the pipe readable.
extern "C" inline void on_interrupt_of_read(int signal_number) {
  const int error = errno;
  interrupt_signal.store(signal_number);
  first_interrupt_handler(signal_number);
  [[maybe_unused]] const auto ignored = write(interrupt_pipe_end.load(), "", 1);
  errno = error;
}

}  // namespace detail

/// Catches interrupts (`catch_interrupts`) for a program that waits for input: from the first interrupt on a pipe is
/// readable, so that `poll` on input and pipe ends in every thread. One per program.
class InterruptPipe {
 public:
  InterruptPipe() {
    heed::require(pipe(ends_) == 0,
                  [] { return "no pipe can be made: " + std::generic_category().message(errno); });
    for (const int end : ends_) {
      fcntl(end, F_SETFD, FD_CLOEXEC);
      fcntl(end, F_SETFL, O_NONBLOCK);
    }
    detail::interrupt_pipe_end.store(ends_[1]);
    catch_interrupts();
    struct sigaction action {};
    sigaction(SIGTERM, nullptr, &action);
    detail::first_interrupt_handler = action.sa_handler;
    action.sa_handler = detail::on_interrupt_of_read;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
      struct sigaction inherited {};
      sigaction(number, nullptr, &inherited);
      if (inherited.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);  // as under nohup
    }
  }
  InterruptPipe(const InterruptPipe&) = delete;
  InterruptPipe& operator=(const InterruptPipe&) = delete;

  /// Readable after an interrupt, or after `wake`.
  int file() const { return ends_[0]; }

  /// Makes it readable.
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
