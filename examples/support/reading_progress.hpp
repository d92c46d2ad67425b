#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>

namespace examples {

/// Reports that a program is still reading: one line every five seconds, so nothing for small files.
class ReadingProgress {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ReadingProgress(std::FILE* out = stderr, Clock::time_point start = Clock::now()) : out_(out), last_(start) {}

  /// Reports the number of lines read so far. May be called for every line: the clock is read once in 1024 lines.
  void show(std::size_t lines) {
    if (lines % 1024 == 0) show(lines, Clock::now());
  }
  void show(std::size_t lines, Clock::time_point now) {
    if (now - last_ < std::chrono::seconds(5)) return;
    last_ = now;
    std::fprintf(out_, "reading: %zu lines\n", lines);
    std::fflush(out_);
  }

 private:
  std::FILE* out_;
  Clock::time_point last_;
};

}  // namespace examples
