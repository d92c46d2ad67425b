#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace examples {

/// The progress of a training run.
struct ProgressState {
  int epoch = 0, epochs = 0;
  double done = 0;       ///< share of the whole run, 0 to 1
  double loss = 0;       ///< loss to show
  long long tokens = 0;  ///< since the start
};

namespace detail {

/// 9 s, 3:07, 1:02:03
inline std::string duration(double seconds) {
  if (!(seconds < 360'000)) return "over 100 h";
  const long all = std::lround(std::max(seconds, 0.0));
  const auto two = [](long n) { return std::string(n < 10 ? "0" : "") += std::to_string(n); };
  if (all < 60) return std::to_string(all) + " s";
  if (all < 3600) return std::to_string(all / 60) + ':' + two(all % 60);
  return std::to_string(all / 3600) + ':' + two(all / 60 % 60) + ':' + two(all % 60);
}

/// Formats a number with a printf format, without truncation: the largest doubles have 309 digits before the point.
inline std::string formatted(const char* format, double value) {
  const int size = std::snprintf(nullptr, 0, format, value);
  std::string text(static_cast<std::size_t>(std::max(size, 0)), '\0');
  std::snprintf(text.data(), text.size() + 1, format, value);
  return text;
}

}  // namespace detail

/// One line of ASCII about a run that has taken `seconds` so far. `left` is the remaining time in seconds, negative if
/// unknown.
inline std::string progress_text(const ProgressState& state, double seconds, double left) {
  const double done = std::clamp(state.done, 0.0, 1.0);
  const double rate = seconds > 0 ? static_cast<double>(state.tokens) / seconds : 0;
  std::string text = "epoch " + std::to_string(state.epoch) + '/' + std::to_string(state.epochs) + "  " +
                     std::to_string(static_cast<int>(done * 100)) + " %  loss " +
                     detail::formatted("%.4f", state.loss) + "  " + detail::formatted("%.0f", rate) + " tokens/s";
  if (done >= 1) return text + "  " + detail::duration(seconds);
  if (left >= 0) text += "  " + detail::duration(left) + " left";
  return text;
}

/// Shows the progress of a run: on a terminal, one line that is rewritten in place; elsewhere (a file, a pipe,
/// TERM=dumb), plain lines at long intervals. NO_COLOR turns colours off.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Progress(std::FILE* out = stderr) : Progress(out, can_rewrite(out), Clock::now()) {}

  /// For tests: sets the kind of output and the start time.
  Progress(std::FILE* out, bool live, Clock::time_point start) : out_(out), live_(live), start_(start) {
    const char* const no_color = std::getenv("NO_COLOR");
    colour_ = live && (no_color == nullptr || *no_color == '\0');
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { finish(); }

  /// Shows a state. Writes at most ten times a second on a terminal and every five seconds elsewhere, so it may be
  /// called at every update.
  void show(const ProgressState& state, Clock::time_point now = Clock::now()) {
    const auto seconds = [&](Clock::time_point since) { return std::chrono::duration<double>(now - since).count(); };
    share_ = std::clamp(state.done, 0.0, 1.0);
    // The estimate leaves out the first step, which includes one-time setup, and the steps before a resumed run.
    if (!started_) {
      started_ = true;
      first_ = now;
      first_share_ = share_;
    }
    const double gained = share_ - first_share_;
    pending_ = progress_text(state, seconds(start_), gained > 0 ? seconds(first_) * (1 - share_) / gained : -1);
    if (written_ && now - last_ < (live_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000))) return;
    last_ = now;
    written_ = true;
    write_pending();
  }

  /// Writes a permanent line above the live one.
  void line(std::string_view text) {
    clear();
    std::fprintf(out_, "%.*s\n", static_cast<int>(text.size()), text.data());
    std::fflush(out_);
  }

  /// Clears the live line, or writes the last plain one. Called by the destructor too.
  void finish() {
    clear();
    if (!live_ && !pending_.empty()) write_pending();
    pending_.clear();
  }

 private:
  static bool can_rewrite(std::FILE* out) {
    const char* const term = std::getenv("TERM");
    return isatty(fileno(out)) == 1 && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
  }

  std::size_t terminal_width() const {
    winsize size{};
    const bool known = ioctl(fileno(out_), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
  }

  void write_pending() {
    if (!live_) {
      std::fprintf(out_, "%s\n", pending_.c_str());
      pending_.clear();
    } else {
      const std::size_t room = terminal_width() - 1;  // a full last column makes some terminals begin a new line
      std::string text = bar(room) + pending_;
      text.resize(std::min(text.size(), room));
      if (colour_ && text.front() == '[') text = "\x1b[36m" + text.insert(bar_width, "\x1b[0m");
      std::fprintf(out_, "\r%s\x1b[K", text.c_str());
      on_screen_ = true;
    }
    std::fflush(out_);
  }

  /// A progress bar before the text, if the terminal has room for both.
  std::string bar(std::size_t room) const {
    if (pending_.size() + bar_width + 2 > room) return {};
    constexpr std::size_t inside = bar_width - 2;
    const auto full = static_cast<std::size_t>(share_ * inside);
    return '[' + std::string(full, '#') + std::string(inside - full, '.') + "]  ";
  }

  void clear() {
    if (!on_screen_) return;
    std::fputs("\r\x1b[K", out_);
    std::fflush(out_);
    on_screen_ = false;
  }

  static constexpr std::size_t bar_width = 22;

  std::FILE* out_;
  bool live_, colour_ = false, written_ = false, on_screen_ = false, started_ = false;
  Clock::time_point start_, last_{}, first_{};
  std::string pending_;
  double share_ = 0, first_share_ = 0;
};

}  // namespace examples
