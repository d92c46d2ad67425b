#pragma once

#include <heed/core/types.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

/// Calls functions with arguments of wrong sizes. They must throw an error that states the expected and the actual
/// size.
namespace wrong_sizes {

using heed::Index;

/// An argument that a test can resize.
struct Argument {
  std::string name;
  Index rows, cols;                          ///< expected size
  std::function<void(Index, Index)> resize;  ///< resizes it and sets it to zero
  bool grows = true;                         ///< true if more columns are an error
  bool empties = true;                       ///< true if zero rows are an error
  bool rows_only = false;                    ///< true if only the rows are checked
  bool deepens = true;                       ///< true if more rows are an error
};

template <class X>
Argument argument(std::string name, X& member) {
  auto& x = heed::detail::matrix_of(member);
  return {std::move(name),
          x.rows(),
          x.cols(),
          [&x](Index rows, Index cols) {
            x.resize(rows, cols);
            x.setZero();
          },
          true,
          true,
          std::remove_reference_t<decltype(x)>::ColsAtCompileTime == 1};
}
/// A buffer of a tape, which may have more columns than are used.
template <class X>
Argument room(std::string name, X& x) {
  Argument made = argument(std::move(name), x);
  made.grows = false;
  return made;
}

/// A buffer of a tape, which may have more columns and more rows than are used.
template <class X>
Argument least(std::string name, X& x) {
  Argument made = room(std::move(name), x);
  made.deepens = false;
  return made;
}

/// A matrix that may have no rows, which has another meaning.
template <class X>
Argument optional(std::string name, X& x) {
  Argument made = argument(std::move(name), x);
  made.empties = false;
  return made;
}

/// A matrix with any number of columns.
template <class X>
Argument rows_of(std::string name, X& x) {
  Argument made = argument(std::move(name), x);
  made.rows_only = true;
  return made;
}

/// Wrong sizes of an argument: one row or one column more or less, or empty.
inline std::vector<std::pair<Index, Index>> sizes(const Argument& x) {
  std::vector<std::pair<Index, Index>> all;
  if (x.deepens) all.emplace_back(x.rows + 1, x.cols);
  if (x.rows > (x.empties ? 0 : 1)) all.emplace_back(x.rows - 1, x.cols);
  if (!x.rows_only && x.grows) all.emplace_back(x.rows, x.cols + 1);
  if (!x.rows_only && x.cols > 0) all.emplace_back(x.rows, x.cols - 1);
  if (!x.rows_only && x.cols > 0 && x.empties) all.emplace_back(0, 0);
  return all;
}

/// Expects that `call` throws for a wrong size of each argument: "FUNCTION: NAME must be R x C, got R x C". If only the
/// columns are wrong, the error may name another argument that must have the same number of columns. The error must
/// start with one of `functions`.
template <class Call>
void expect_errors(const std::vector<std::string>& functions, const std::vector<Argument>& arguments,
                   const Call& call) {
  EXPECT_EQ(refusal(call), "accepted") << functions.front();
  const std::regex form(R"(([A-Za-z0-9_.]+): (.+) must be (\d+) x (\d+|N).*, got (\d+) x (\d+)(;.*)?)");
  for (const Argument& x : arguments) {
    for (const auto& [rows, cols] : sizes(x)) {
      x.resize(rows, cols);
      const std::string message = refusal(call);
      SCOPED_TRACE(testing::Message() << functions.front() << " with " << x.name << " of " << rows << " x " << cols
                                      << ", not " << x.rows << " x " << x.cols << ": " << message);
      x.resize(x.rows, x.cols);
      std::smatch parts;
      const bool matches = std::regex_match(message, parts, form);
      EXPECT_TRUE(matches);
      if (!matches) continue;
      EXPECT_NE(std::find(functions.begin(), functions.end(), parts[1].str()), functions.end());
      if (parts[2].str() == x.name) {
        EXPECT_EQ(parts[3].str(), std::to_string(x.rows));
        EXPECT_EQ(parts[5].str() + " x " + parts[6].str(), std::to_string(rows) + " x " + std::to_string(cols));
      } else {
        EXPECT_TRUE(parts[3].str() == std::to_string(cols) || parts[4].str() == std::to_string(cols));
      }
    }
  }
}

/// Expects that `call` throws for a wrong size of each argument. The error may name another argument.
template <class Call>
void expect_any_error(const std::vector<Argument>& arguments, const Call& call) {
  EXPECT_EQ(refusal(call), "accepted");
  for (const Argument& x : arguments) {
    for (const auto& [rows, cols] : sizes(x)) {
      x.resize(rows, cols);
      const std::string message = refusal(call);
      x.resize(x.rows, x.cols);
      EXPECT_TRUE(message.find(" must ") != std::string::npos && message.find(", got ") != std::string::npos)
          << x.name << " of " << rows << " x " << cols << ", not " << x.rows << " x " << x.cols << ": " << message;
    }
  }
}

}  // namespace wrong_sizes
