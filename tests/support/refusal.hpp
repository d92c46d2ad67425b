#pragma once

#include <heed/core/errors.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

/// A reference to a function, like std::function_ref of C++26. A function with such a parameter is compiled once. A
/// template with a parameter for the type of a lambda is compiled once per lambda.
template <class... Arguments>
class FunctionRef {
 public:
  /// Refers to `function`, which must exist as long as this object is used. Its result is ignored.
  template <class Function>
  requires(!std::same_as<std::remove_cvref_t<Function>, FunctionRef>) FunctionRef(Function&& function)  // NOLINT
      : function_(std::addressof(function)), call_([](const void* called, Arguments... arguments) {
          (*static_cast<std::remove_reference_t<Function>*>(const_cast<void*>(called)))(
              std::forward<Arguments>(arguments)...);
        }) {}

  void operator()(Arguments... arguments) const { call_(function_, std::forward<Arguments>(arguments)...); }

 private:
  const void* function_;
  void (*call_)(const void*, Arguments...);
};

/// The message of the error that `call` throws, or "accepted".
inline std::string refusal(FunctionRef<> call) {
  try {
    call();
  } catch (const heed::Error& error) {
    return error.what();
  }
  return "accepted";
}
