#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#if !defined(__cpp_exceptions)
#include <cstdio>
#include <cstdlib>
#endif

/// heed: attention on Eigen. Every public name is in this namespace. The inline namespace names the release, so that
/// the symbols of two releases differ.
namespace heed { inline namespace v0_2 {

/// The exception that heed throws for an invalid input. `what()` states the expected and the given value.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reports every error of the library: throws `Error`, or prints the message and aborts if exceptions are disabled.
[[noreturn]] inline void fail(const std::string& message) {
#if defined(__cpp_exceptions)
  throw Error(message);
#else
  std::fputs(("heed: " + message + "\n").c_str(), stderr);
  std::abort();
#endif
}

/// Calls `fail(message())` unless `holds`. `message` is a callable, so that a check that passes builds no string.
template <class Message>
requires std::is_invocable_v<Message>
void require(bool holds, Message&& message) {
  if (!holds) fail(message());
}
/// Overload for a message that is a string literal.
inline void require(bool holds, const char* message) {
  if (!holds) fail(message);
}

namespace detail {

/// Formats a number for a message with up to `digits` significant digits, independent of the locale. std::to_chars is
/// not used, because macOS before 13.3 has it for integers only.
inline std::string number_text(double value, int digits = 6) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(digits);
  text << value;
  return text.str();
}

/// Calls `undo()` at the end of its scope unless `cancel()` was called. Used to clear an object that an exception would
/// leave partly written. Also works if exceptions are disabled.
template <class Call>
class Undo {
 public:
  explicit Undo(Call call) : call_(std::move(call)) {}
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo() {
    if (!cancelled_) call_();
  }

  void cancel() { cancelled_ = true; }

 private:
  Call call_;
  bool cancelled_ = false;
};

}  // namespace detail

}}  // namespace heed::v0_2
