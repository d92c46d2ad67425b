#pragma once

#include "support/allocation_counter.hpp"

#include <heed/core/errors.hpp>
#include <heed/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace heed::test {

/// What a reader may ask for in all its calls together, whatever it gives back between them.
struct MemoryBudget {
  std::size_t per_byte;  ///< of the input
  std::size_t beside = 32 << 10;
};

/// Beside the input, where the sizes of small models say how large a claimed one would be (io/model_size.hpp).
inline constexpr std::size_t small_models = 2 << 20;

/// How often a reader took what it was fed, and how often it did not.
inline std::size_t taken = 0, refused = 0;

/// The most bytes that were asked for, beside those every input may cost, for each byte of the input.
inline double max_per_byte = 0;

/// What inputs are called in messages.
inline constexpr std::string_view fed = "fed";

[[noreturn]] inline void blame(std::string_view problem, std::string_view of) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(problem.size()), problem.data(), static_cast<int>(of.size()),
               of.data());
  std::abort();
}

/// A message that can be printed: it begins with the input's name and holds short lines of valid UTF-8.
inline void check_message(std::string_view message) {
  if (!message.starts_with(fed)) blame("a refusal that does not name the file", message);
  if (invalid_utf8(message)) blame("a refusal that is not UTF-8", message);
  for (std::string_view rest = message; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (detail::first_unprintable(line)) blame("a refusal with a control character", message);
    if (line.size() > 2000) blame("a refusal with an endless line", message);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

/// Calls `read`, which may take its input of `size` bytes or refuse it with an `Error`. Aborts if the message cannot be
/// printed or the memory is more than allowed; anything else that is thrown ends the program by itself.
template <class Read>
void feed(std::size_t size, MemoryBudget budget, Read&& read) {
  std::string message;
  message.reserve(budget.beside);  // before it is counted
  const AllocationCounter counter;
  try {
    read();
    ++taken;
  } catch (const Error& error) {
    ++refused;
    message = error.what();
  }
  const std::size_t asked = counter.total(), allowed = budget.per_byte * size + budget.beside;
  if (size > 0 && asked > budget.beside) {
    max_per_byte = std::max(max_per_byte, static_cast<double>(asked - budget.beside) / static_cast<double>(size));
  }
  if (asked > allowed) {
    blame("a reader asked for " + std::to_string(asked) + " bytes of memory for an input of " + std::to_string(size),
          "allowed are " + std::to_string(allowed));
  }
  if (!message.empty()) check_message(message);
}

}  // namespace heed::test
