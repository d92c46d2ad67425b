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

/// The time of the first signal in milliseconds of the monotonic clock, at least 1; 0: no signal yet.
inline std::atomic<std::int64_t> interrupt_time{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

/// Signals within this time count as one: under `timeout` or a job scheduler Ctrl-C is delivered twice.
inline constexpr std::int64_t same_interrupt_ms = 100;

/// Records a signal. Returns the time of the first signal before it, or 0 if there was none.
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

inline std::atomic<int> interrupt_signal{0};  ///< the last signal that interrupted the program; 0: none
inline std::atomic<int> interrupt_pipe{-1};   ///< file descriptor that gets a byte at every interrupt; -1: none

extern "C" inline void on_interrupt(int signal_number) {
  const int error = errno;
  const std::int64_t now = detail::monotonic_ms(), first = detail::note_interrupt(now);
  detail::interrupt_signal.store(signal_number);
  if (const int file = detail::interrupt_pipe.load(); file >= 0) {
    [[maybe_unused]] const auto ignored = write(file, "", 1);
  }
  if (first != 0 && now - first >= detail::same_interrupt_ms) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);  // ends the program when the handler returns
  }
  errno = error;
}

/// A closed pipe of the progress lines is an interrupt. SIGPIPE never ends the program: every further line raises it.
extern "C" inline void on_broken_pipe(int) {
  const int error = errno;
  detail::note_interrupt(detail::monotonic_ms());
  errno = error;
}

inline void handle(int signal_number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // writes to files are not cut short
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

inline constexpr std::array<int, 4> interrupts{SIGINT, SIGTERM, SIGHUP, SIGPIPE};

}  // namespace detail

/// Lets Ctrl-C, SIGTERM, a closed terminal or a closed pipe set a flag instead of ending the program. A second signal,
/// at least 100 ms later, ends it at once. Signals that are ignored when the program starts stay ignored: SIGHUP under
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

/// True if the program was interrupted.
inline bool interrupted() { return detail::interrupt_time.load() != 0; }

/// Catches interrupts during its lifetime. The destructor restores the previous actions of the signals.
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
      // After an interrupt SIGPIPE stays caught: the reader of the messages may be gone, and a message must not end the
      // program.
      if (detail::interrupts[i] != SIGPIPE || !interrupted()) sigaction(detail::interrupts[i], &old_[i], nullptr);
    }
  }

 private:
  std::array<struct sigaction, detail::interrupts.size()> old_{};
};

}  // namespace examples
