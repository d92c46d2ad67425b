#pragma once

#include <heed/core/parameters.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

/// Calls functions with arguments of wrong sizes. They must throw an error that states the expected and the actual
/// size. The calls are no template parameters, so that the checks are compiled once.
namespace size_errors {

using heed::Index;

/// An argument of a function and its expected size.
struct Argument {
  enum Kind {
    exact,
    at_most,      ///< fewer rows are valid: a block of an input
    like_others,  ///< as many rows as another argument
    per_column,   ///< one row for each column of another argument
    optional,     ///< no rows are valid, which has another meaning
    room,         ///< more columns are valid: a buffer of a tape
    at_least,     ///< more rows and more columns are valid: a buffer of a tape
    any_columns,  ///< only the rows are checked
    unchanged,    ///< has no wrong sizes, but an error can name it
  };

  std::string name;  ///< as in messages
  Index rows, cols;  ///< expected size
  Kind kind = exact;
  std::function<void(Index, Index)> resize = {};  ///< resizes it and sets its coefficients
};

/// An argument that the call refers to. Its present size is the expected one.
template <class X>
Argument argument(std::string name, X& member, Argument::Kind kind = Argument::exact) {
  auto& x = heed::detail::matrix_of(member);
  const bool vector = std::remove_reference_t<decltype(x)>::ColsAtCompileTime == 1;
  if (vector && kind == Argument::exact) kind = Argument::any_columns;
  return {std::move(name), x.rows(), x.cols(), kind, [&x](Index rows, Index cols) {
            x.resize(rows, cols);
            x.setZero();
          }};
}

/// The parameters of dynamic size. Each is called by its name.
template <class Part>
std::vector<Argument> parameters(Part& part) {
  std::vector<Argument> all;
  for_each_parameter(
      [&](const heed::ParameterName& name, auto& x) {
        if constexpr (std::remove_reference_t<decltype(x)>::SizeAtCompileTime == heed::Dynamic) {
          all.push_back(argument(name.str(), x));
        }
      },
      part);
  return all;
}

/// Wrong sizes of an argument: one row or one column more or less, or empty.
inline std::vector<std::pair<Index, Index>> sizes(const Argument& x) {
  const bool columns = x.kind != Argument::any_columns, empty = x.kind != Argument::optional;
  std::vector<std::pair<Index, Index>> all;
  if (x.kind == Argument::unchanged) return all;
  if (x.kind != Argument::at_least) all.emplace_back(x.rows + 1, x.cols);
  if (x.kind != Argument::at_most && x.rows > (empty ? 0 : 1)) all.emplace_back(x.rows - 1, x.cols);
  if (columns && x.kind != Argument::room && x.kind != Argument::at_least) all.emplace_back(x.rows, x.cols + 1);
  if (columns && x.cols > 0) all.emplace_back(x.rows, x.cols - 1);
  if (columns && x.cols > 0 && empty) all.emplace_back(0, 0);
  return all;
}

/// The parts of a message "FUNCTION: NAME must be R x C, got R x C". A note can follow the expected size, and advice
/// such as "; call forward first" the given size. A message on a buffer has "N with room for C columns" instead of C.
struct SizeError {
  std::string function, name;
  Index rows = 0, cols = 0;  ///< expected size
  bool room = false;         ///< true if more than `cols` columns are valid
  std::string got;           ///< "R x C"

  static std::optional<SizeError> parse(std::string_view text) {
    const std::size_t colon = text.find(": "), must = text.find(" must be ", colon), got = text.rfind(", got ");
    if (got == text.npos || must >= got) return {};
    SizeError parts;
    parts.function = text.substr(0, colon);
    parts.name = text.substr(colon + 2, must - colon - 2);
    parts.got = text.substr(got + 6, text.substr(got + 6).find("; "));
    text = text.substr(must + 9);
    if (!read(text, parts.rows) || !skip(text, " x ")) return {};
    parts.room = skip(text, "N with room for ");
    if (!read(text, parts.cols)) return {};
    return parts;
  }

 private:
  static bool skip(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) return false;
    text.remove_prefix(prefix.size());
    return true;
  }
  static bool read(std::string_view& text, Index& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc();
  }
};

/// Expects an error "FUNCTION: NAME must be R x C, got R x C" after `x` was resized to rows x cols. FUNCTION must be in
/// `functions`. NAME can be another argument that must have as many columns as x or, if it is `like_others`, as many
/// rows.
inline void expect_error(const std::string& message, const std::vector<std::string>& functions,
                         const std::vector<Argument>& arguments, const Argument& x, Index rows, Index cols) {
  const std::optional<SizeError> parts = SizeError::parse(message);
  ASSERT_TRUE(parts) << "the error must have the form \"FUNCTION: NAME must be R x C, got R x C\"";
  EXPECT_NE(std::find(functions.begin(), functions.end(), parts->function), functions.end());
  if (!parts->room) {
    EXPECT_NE(heed::detail::size_text(parts->rows, parts->cols), parts->got);
  }
  const auto named = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const Argument& argument) { return argument.name == parts->name; });
  ASSERT_TRUE(named != arguments.end()) << "the error must name an argument of the test";
  if (named->name == x.name) {
    EXPECT_EQ(parts->got, heed::detail::size_text(rows, cols));
    if (x.kind != Argument::like_others) {
      EXPECT_EQ(parts->rows, x.rows);
    }
    return;
  }
  EXPECT_EQ(parts->got, heed::detail::size_text(named->rows, named->cols));
  if (named->kind == Argument::like_others) {
    EXPECT_EQ(parts->rows, rows);
  } else if (named->kind == Argument::per_column && parts->rows != named->rows) {
    EXPECT_EQ(parts->rows, cols);
  } else {
    EXPECT_EQ(parts->rows, named->rows);
    EXPECT_EQ(parts->cols, cols);
  }
}

/// Expects that `call` accepts the expected sizes. Then gives each argument x each of its wrong sizes, and calls
/// `check(x, rows, cols, message)` with the message of the error that `call` throws.
inline void for_each_wrong_size(const std::vector<Argument>& arguments, FunctionRef<> call,
                                FunctionRef<const Argument&, Index, Index, const std::string&> check) {
  EXPECT_EQ(refusal(call), "accepted");
  for (const Argument& x : arguments) {
    for (const auto& [rows, cols] : sizes(x)) {
      x.resize(rows, cols);
      const std::string message = refusal(call);
      x.resize(x.rows, x.cols);
      SCOPED_TRACE(testing::Message() << x.name << " of " << rows << " x " << cols << ", not " << x.rows << " x "
                                      << x.cols << ": " << message);
      check(x, rows, cols, message);
    }
  }
}

/// Expects that `call` throws for each wrong size of each argument. The error must name one of `functions` and one of
/// the arguments: see `expect_error`.
inline void expect_errors(const std::vector<std::string>& functions, const std::vector<Argument>& arguments,
                          FunctionRef<> call) {
  SCOPED_TRACE(functions.front());
  for_each_wrong_size(arguments, call, [&](const Argument& x, Index rows, Index cols, const std::string& message) {
    expect_error(message, functions, arguments, x, rows, cols);
  });
}

/// Expects that `call` throws for each wrong size of each argument. The error can name any function and argument.
inline void expect_any_error(const std::vector<Argument>& arguments, FunctionRef<> call) {
  for_each_wrong_size(arguments, call, [](const Argument&, Index, Index, const std::string& message) {
    EXPECT_TRUE(message.find(" must ") != std::string::npos && message.find(", got ") != std::string::npos);
  });
}

/// Like `expect_errors`, for a `call` that takes a vector of matrices, one for each argument.
template <class S = double>
void expect_sizes_are_checked(const std::vector<std::string>& functions, std::vector<Argument> arguments,
                              std::type_identity_t<FunctionRef<std::vector<heed::Matrix<S>>&>> call) {
  std::vector<heed::Matrix<S>> correct, given;
  for (const Argument& x : arguments) correct.push_back(heed::Matrix<S>::Constant(x.rows, x.cols, S(0.25)));
  given = correct;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    arguments[i].resize = [&, i](Index rows, Index cols) {
      given = correct;  // the call may have overwritten other arguments
      given[i] = heed::Matrix<S>::Constant(rows, cols, S(0.25));
    };
  }
  expect_errors(functions, arguments, [&] { call(given); });
}

/// Overload for one function.
template <class S = double>
void expect_sizes_are_checked(const std::string& function, const std::vector<Argument>& arguments,
                              std::type_identity_t<FunctionRef<std::vector<heed::Matrix<S>>&>> call) {
  expect_sizes_are_checked<S>(std::vector{function}, arguments, call);
}

}  // namespace size_errors
