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

/// Calls functions with every argument in a wrong size, which must throw an error that states both sizes.
namespace wrong_sizes {

using heed::Index;

/// An argument that the test can resize.
struct Argument {
  std::string name;
  Index rows, cols;                          ///< its right size
  std::function<void(Index, Index)> resize;  ///< leaves zeros in it
  bool grows = true;                         ///< whether more columns are wrong, too
  bool empties = true;                       ///< whether no rows are wrong, too
  bool rows_only = false;                    ///< whether its columns are fixed, or may be any number
  bool deepens = true;                       ///< whether more rows are wrong, too
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
/// Room on a tape, which may have more columns than are used.
template <class X>
Argument room(std::string name, X& x) {
  Argument made = argument(std::move(name), x);
  made.grows = false;
  return made;
}

/// Room on a tape, which may have more columns and more rows than are used.
template <class X>
Argument least(std::string name, X& x) {
  Argument made = room(std::move(name), x);
  made.deepens = false;
  return made;
}

/// A matrix that may have no rows, which means something else.
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

/// Sizes an argument must not have: a row or a column more or less, or none.
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
/// columns are wrong, the error may name another argument, which should have as many. `functions` are the names that the
/// error may begin with.
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

/// The same, where the error may name another argument that the wrong one does not fit.
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
