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

/// The bytes that a reader may allocate in total, including memory that it frees again.
struct MemoryBudget {
  std::size_t per_byte;  ///< bytes per byte of the input
  std::size_t fixed = 32 << 10;
};

/// A fixed allowance for readers that make small models to compute the size of a claimed one (io/model_size.hpp).
inline constexpr std::size_t small_models = 2 << 20;

/// The numbers of inputs that a reader accepted and rejected.
inline std::size_t accepted = 0, rejected = 0;

/// The maximum of the bytes allocated per byte of the input, without the fixed allowance.
inline double max_per_byte = 0;

/// The file name of the inputs in messages.
inline constexpr std::string_view input_name = "fed";

[[noreturn]] inline void abort_with(std::string_view problem, std::string_view detail) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(problem.size()), problem.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

/// Aborts unless a message starts with the name of the input and has short, printable lines of valid UTF-8.
inline void check_message(std::string_view message) {
  if (!message.starts_with(input_name)) abort_with("an error that does not name the file", message);
  if (invalid_utf8(message)) abort_with("an error that is not UTF-8", message);
  for (std::string_view rest = message; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (detail::first_unprintable(line)) abort_with("an error with a control character", message);
    if (line.size() > 2000) abort_with("an error with a too long line", message);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

/// Calls `read`, which may accept its input of `size` bytes or reject it with an `Error`. Aborts if the message cannot
/// be printed or if more memory than allowed was allocated. Any other exception ends the program.
template <class Read>
void feed(std::size_t size, MemoryBudget budget, Read&& read) {
  std::string message;
  message.reserve(budget.fixed);  // before the counter starts
  const AllocationCounter counter;
  try {
    read();
    ++accepted;
  } catch (const Error& error) {
    ++rejected;
    message = error.what();
  }
  const std::size_t asked = counter.total(), allowed = budget.per_byte * size + budget.fixed;
  if (size > 0 && asked > budget.fixed) {
    max_per_byte = std::max(max_per_byte, static_cast<double>(asked - budget.fixed) / static_cast<double>(size));
  }
  if (asked > allowed) {
    abort_with(
        "a reader asked for " + std::to_string(asked) + " bytes of memory for an input of " + std::to_string(size),
        "allowed are " + std::to_string(allowed));
  }
  if (!message.empty()) check_message(message);
}

}  // namespace heed::test
