#pragma once

#include <heed/core/types.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

/// The expected size of an argument of a function.
struct Argument {
  std::string name;  ///< as in messages
  heed::Index rows, cols;
  enum Rows { fixed, at_most, like_others } kind = fixed;  ///< `at_most`: a block of an input may have fewer rows
};

/// Expects a message such as "LstmCell.step: s must be 16 x 2 (h above c), got 8 x 2" that names one of the arguments.
/// `given` has one matrix for each argument.
template <class Matrix>
void expect_size_error(const std::string& message, const std::string& function, const std::vector<Argument>& arguments,
                       const std::vector<Matrix>& given) {
  EXPECT_NE(message.find(function + ": "), std::string::npos) << message;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (message.find(": " + arguments[i].name + " must ") == std::string::npos) continue;
    const std::string rows = std::to_string(arguments[i].rows),
                      end = ", got " + heed::detail::size_text(given[i].rows(), given[i].cols());
    if (arguments[i].kind != Argument::like_others) {
      EXPECT_NE(message.find(" must be " + rows + " x "), std::string::npos) << message;
    }
    EXPECT_EQ(message.find(" be " + heed::detail::size_text(given[i].rows(), given[i].cols())), std::string::npos)
        << message;
    EXPECT_TRUE(message.size() > end.size() && message.substr(message.size() - end.size()) == end) << message;
    return;
  }
  ADD_FAILURE() << function << ": no argument is named in: " << message;
}

/// Expects that `call(matrices)` accepts arguments of the expected sizes. Expects that it throws if an argument is
/// empty or has one row or one column too many or too few.
template <class S = double, class Call>
void expect_sizes_are_checked(const std::string& function, const std::vector<Argument>& arguments, const Call& call) {
  std::vector<heed::Matrix<S>> right;
  for (const Argument& a : arguments) right.push_back(heed::Matrix<S>::Constant(a.rows, a.cols, S(0.25)));
  auto given = right;
  EXPECT_EQ(refusal([&] { call(given); }), "accepted") << function;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& [name, rows, cols, kind] = arguments[i];
    const auto expect_error = [&, i](heed::Index wrong_rows, heed::Index wrong_cols) {
      given = right;
      given[i] = heed::Matrix<S>::Constant(wrong_rows, wrong_cols, S(0.25));
      SCOPED_TRACE(arguments[i].name + " of " + heed::detail::size_text(wrong_rows, wrong_cols));
      expect_size_error(refusal([&] { call(given); }), function, arguments, given);
    };
    expect_error(rows + 1, cols);
    if (kind != Argument::at_most) expect_error(rows - 1, cols);
    expect_error(rows, cols + 1);
    expect_error(rows, cols - 1);
    expect_error(0, 0);
  }
}
