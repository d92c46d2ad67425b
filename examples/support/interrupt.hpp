#pragma once

#include <signal.h>

#include <atomic>

namespace examples {

namespace detail {

inline std::atomic<bool> interrupt_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

extern "C" inline void on_interrupt(int signal_number) {
  if (detail::interrupt_flag.exchange(true)) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);  // delivered, and deadly, when the handler returns
  }
}

}  // namespace detail

/// From here on Ctrl-C or a polite kill sets a flag instead of ending the program; a second one ends it at once.
inline void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = detail::on_interrupt;
  action.sa_flags = SA_RESTART;  // a file that is being written stays whole
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

/// Whether the user asked the program to end.
inline bool interrupted() { return detail::interrupt_flag.load(); }

}  // namespace examples
