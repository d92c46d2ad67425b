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

/// heed: attention on Eigen. Every public name lives in this namespace; the inline version keeps two releases apart.
namespace heed { inline namespace v0_2 {

/// What heed throws when it is given something it cannot use; `what()` states what was expected and what came.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The one place an error leaves the library: throws `Error`, or prints and aborts where exceptions are off.
[[noreturn]] inline void fail(const std::string& message) {
#if defined(__cpp_exceptions)
  throw Error(message);
#else
  std::fputs(("heed: " + message + "\n").c_str(), stderr);
  std::abort();
#endif
}

/// Fails with `message()` unless `holds`. The message is a callable, so that a check that holds builds no string.
template <class Message>
requires std::is_invocable_v<Message>
void require(bool holds, Message&& message) {
  if (!holds) fail(message());
}
/// The same with a message that is known at compile time.
inline void require(bool holds, const char* message) {
  if (!holds) fail(message);
}

namespace detail {

/// A number with up to `digits` significant digits, the same in every locale. For messages. Not std::to_chars: macOS before
/// 13.3 has it for integers only.
inline std::string number_text(double value, int digits = 6) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(digits);
  text << value;
  return text.str();
}

/// Calls `undo()` at the end of its scope unless `cancel()` was called: makes an object empty that an exception would
/// leave half written. Works where exceptions are off.
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
