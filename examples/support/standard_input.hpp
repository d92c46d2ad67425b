#pragma once

#include "support/interrupt_pipe.hpp"

#include <heed/core/errors.hpp>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <istream>
#include <streambuf>
#include <string>
#include <system_error>
#include <vector>

namespace examples {

/// Standard input that knows whether a whole line has arrived. Interrupts end every wait.
///
/// `stream()` reads from it. System errors and `std::bad_alloc` are thrown through the stream.
class StandardInput : private std::streambuf {
 public:
  StandardInput() : stream_(this) { stream_.exceptions(std::ios::badbit); }

  std::istream& stream() { return stream_; }

  /// True if the next line or the end of the input can be read without waiting. After an interrupt no more input is
  /// requested from the system: only the lines that have arrived are left.
  bool line_ready() {
    while (!has_line()) {
      if (stopped() || !wait(0)) return false;
      fill();
    }
    return true;
  }

  /// Waits until `line_ready()`. False after an interrupt or `stop`.
  bool wait_for_line() {
    while (!line_ready()) {
      if (stopped()) return false;
      wait(-1);
    }
    return true;
  }

  /// Ends every wait in all threads.
  void stop() {
    stop_.store(true);
    pipe_.wake();
  }

  /// True if the last line is incomplete because the wait for its rest was interrupted.
  bool cut_off() const { return cut_off_; }

 protected:
  int_type underflow() override {
    if (gptr() == egptr() && !ended_) {
      // This point is reached only inside a line that is longer than the buffer.
      while (!stopped() && !wait(-1)) {
      }
      if (stopped()) {
        cut_off_ = true;
        return traits_type::eof();
      }
      fill();
    }
    return gptr() == egptr() ? traits_type::eof() : traits_type::to_int_type(*gptr());
  }

 private:
  static constexpr std::size_t chunk = std::size_t{1} << 14U;  ///< bytes read at a time
  static constexpr std::size_t limit = std::size_t{1} << 20U;  ///< maximum bytes kept; a longer line is read in parts

  bool stopped() const { return stop_.load() || interrupted(); }

  std::size_t size() const { return static_cast<std::size_t>(egptr() - gptr()); }

  /// True if the buffer holds a whole line or the rest of the input, or is full.
  bool has_line() {
    if (ended_ || size() >= limit) return true;
    const char* const from = std::max(scanned_, static_cast<const char*>(gptr()));
    scanned_ = egptr();
    const auto length = static_cast<std::size_t>(egptr() - from);
    const void* const found = length == 0 ? nullptr : std::memchr(from, '\n', length);
    if (found == nullptr) return false;
    scanned_ = static_cast<const char*>(found);
    return true;
  }

  /// Waits for input for at most `milliseconds`; -1: without a limit. Returns true if input is available.
  bool wait(int milliseconds) const {
    pollfd files[] = {{STDIN_FILENO, POLLIN, 0}, {pipe_.file(), POLLIN, 0}};
    const int ready = poll(files, 2, milliseconds);
    heed::require(ready >= 0 || errno == EINTR || errno == EAGAIN, [] { return failure(errno); });
    return ready > 0 && files[0].revents != 0;
  }

  /// Reads input that has arrived into the buffer.
  void fill() {
    const std::size_t kept = size();
    if (kept > 0 && gptr() != buffer_.data()) std::memmove(buffer_.data(), gptr(), kept);
    setg(buffer_.data(), buffer_.data(), buffer_.data() + kept);
    scanned_ = egptr();
    if (buffer_.size() < kept + chunk) {
      buffer_.resize(std::max(2 * buffer_.size(), kept + chunk));
      setg(buffer_.data(), buffer_.data(), buffer_.data() + kept);
      scanned_ = egptr();
    }
    const auto count = read(STDIN_FILENO, egptr(), chunk);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    heed::require(count >= 0, [] { return failure(errno); });
    ended_ = count == 0;
    setg(gptr(), gptr(), egptr() + count);
  }

  static std::string failure(int error) {
    return "standard input cannot be read: " + std::generic_category().message(error);
  }

  /// Throws heed::Error if standard input is closed: a new pipe would get its file descriptor.
  static InterruptPipe make_pipe() {
    heed::require(fcntl(STDIN_FILENO, F_GETFD) != -1, [] { return failure(errno); });
    return InterruptPipe();
  }

  InterruptPipe pipe_ = make_pipe();
  std::vector<char> buffer_;
  const char* scanned_ = nullptr;  ///< there is no line end between gptr() and here
  bool ended_ = false, cut_off_ = false;
  std::atomic<bool> stop_{false};
  std::istream stream_;
};

}  // namespace examples
