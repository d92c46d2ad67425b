#pragma once

#include <errno.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <cstdint>

namespace examples {

namespace detail {

/// When the first signal came, in milliseconds of the monotonic clock, at least 1; 0 if none came.
inline std::atomic<std::int64_t> interrupt_time{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

/// Signals this close together are one: Ctrl-C under `timeout` or a job scheduler is delivered twice.
inline constexpr std::int64_t same_interrupt_ms = 100;

/// Returns the time of the first signal before this one, 0 if this is the first.
inline std::int64_t note_interrupt(std::int64_t now) {
  std::int64_t first = 0;
  interrupt_time.compare_exchange_strong(first, now);
  return first;
}

inline std::int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000 + 1;
}

extern "C" inline void on_interrupt(int signal_number) {
  const int error = errno;
  const std::int64_t now = detail::monotonic_ms(), first = detail::note_interrupt(now);
  if (first != 0 && now - first >= detail::same_interrupt_ms) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);  // delivered, and deadly, when the handler returns
  }
  errno = error;
}

/// A reader of the progress lines that is gone asks for an end too, but it cannot ask twice: every line is a signal.
extern "C" inline void on_broken_pipe(int) {
  const int error = errno;
  detail::note_interrupt(detail::monotonic_ms());
  errno = error;
}

inline void handle(int signal_number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // a file that is being written stays whole
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

}  // namespace detail

/// From here on Ctrl-C, a polite kill, a closed terminal or a closed pipe sets a flag instead of ending the program. A
/// second signal, 100 ms later or more, ends it at once. A program that was told to outlive its terminal does.
inline void catch_interrupts() {
  detail::handle(SIGINT, detail::on_interrupt);
  detail::handle(SIGTERM, detail::on_interrupt);
  struct sigaction hang_up {};
  if (sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) {  // nohup
    detail::handle(SIGHUP, detail::on_interrupt);
  }
  detail::handle(SIGPIPE, detail::on_broken_pipe);
}

/// Whether the user asked the program to end.
inline bool interrupted() { return detail::interrupt_time.load() != 0; }

/// Catches interrupts while it lives. Then signals end the program again, as they did before.
class InterruptScope {
 public:
  InterruptScope() { catch_interrupts(); }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
  ~InterruptScope() {
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
      struct sigaction now {};
      const bool caught = sigaction(signal_number, nullptr, &now) == 0 &&
                          (now.sa_handler == detail::on_interrupt || now.sa_handler == detail::on_broken_pipe);
      if (caught) detail::handle(signal_number, SIG_DFL);
    }
  }
};

}  // namespace examples
