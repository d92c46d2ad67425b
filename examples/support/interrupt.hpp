#pragma once

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
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

inline std::atomic<int> interrupt_signal{0};  ///< the last signal that asked for an end; 0: none
inline std::atomic<int> interrupt_pipe{-1};   ///< a file to write a byte to at every interrupt; -1: none

extern "C" inline void on_interrupt(int signal_number) {
  const int error = errno;
  const std::int64_t now = detail::monotonic_ms(), first = detail::note_interrupt(now);
  detail::interrupt_signal.store(signal_number);
  if (const int file = detail::interrupt_pipe.load(); file >= 0) {
    [[maybe_unused]] const auto ignored = write(file, "", 1);
  }
  if (first != 0 && now - first >= detail::same_interrupt_ms) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);  // delivered, and deadly, when the handler returns
  }
  errno = error;
}

/// A closed pipe of progress lines interrupts too. SIGPIPE never ends the program: every further line raises it.
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

inline constexpr std::array<int, 4> interrupts{SIGINT, SIGTERM, SIGHUP, SIGPIPE};

}  // namespace detail

/// From here on Ctrl-C, SIGTERM, a closed terminal or a closed pipe sets a flag instead of ending the program. A second
/// signal, 100 ms later or more, ends it at once. Signals that the program was started to ignore stay ignored: SIGHUP under
/// nohup, SIGINT of a background job.
inline void catch_interrupts() {
  for (const int signal_number : detail::interrupts) {
    struct sigaction inherited {};
    if (sigaction(signal_number, nullptr, &inherited) != 0) continue;
    if (signal_number == SIGPIPE) {
      detail::handle(signal_number, detail::on_broken_pipe);
    } else if (inherited.sa_handler != SIG_IGN) {
      detail::handle(signal_number, detail::on_interrupt);
    }
  }
}

/// Whether the user asked the program to end.
inline bool interrupted() { return detail::interrupt_time.load() != 0; }

/// Catches interrupts while it lives. Then signals do what they did before.
class InterruptScope {
 public:
  InterruptScope() {
    for (std::size_t i = 0; i < old_.size(); ++i) sigaction(detail::interrupts[i], nullptr, &old_[i]);
    catch_interrupts();
  }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
  ~InterruptScope() {
    for (std::size_t i = 0; i < old_.size(); ++i) {
      // After an interrupt, a message must not end the program: the reader of its messages may be gone.
      if (detail::interrupts[i] != SIGPIPE || !interrupted()) sigaction(detail::interrupts[i], &old_[i], nullptr);
    }
  }

 private:
  std::array<struct sigaction, detail::interrupts.size()> old_{};
};

}  // namespace examples
