#include <heed/io/fields.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string>

namespace fields_test {

using heed::detail::field_text;

std::optional<double> number(const std::string& text) {
  double value = 0;
  if (!heed::detail::read_field(text, value)) return std::nullopt;
  return value;
}

TEST(Fields, WriteNumbersInTheShortestForm) {
  EXPECT_EQ(field_text(0.0), "0");
  EXPECT_EQ(field_text(-0.0), "-0.0");
  EXPECT_EQ(field_text(0.1), "0.1");
  EXPECT_EQ(field_text(1.0), "1");
  EXPECT_EQ(field_text(1e-9), "1e-09");
  EXPECT_EQ(field_text(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(field_text(65536.0), "65536");
  EXPECT_EQ(field_text(std::uint64_t{18446744073709551615U}), "18446744073709551615");
  EXPECT_EQ(field_text(-3), "-3");
  EXPECT_EQ(field_text(true), "1");
}

TEST(Fields, RoundTripEveryNumber) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isnan(value)) continue;
    ASSERT_EQ(number(field_text(value)), value) << field_text(value);
  }
  using Limits = std::numeric_limits<double>;
  for (const double value : {0.0, Limits::min(), Limits::denorm_min(), Limits::max(), Limits::lowest(),
                             Limits::infinity(), -Limits::infinity(), 5e-324, 1e15, 1e16, 123456789.0}) {
    EXPECT_EQ(number(field_text(value)), value);
  }
  EXPECT_TRUE(std::signbit(*number(field_text(-0.0))));
  EXPECT_TRUE(std::isnan(*number(field_text(Limits::quiet_NaN()))));
}

TEST(Fields, AcceptOtherNumberFormats) {
  EXPECT_EQ(number("1e5"), 1e5);
  EXPECT_EQ(number("1E+05"), 1e5);
  EXPECT_EQ(number("100000000000000000000"), 1e20);
  EXPECT_EQ(number("0.10000000000000000555"), 0.1);
}

TEST(Fields, RejectInvalidNumbers) {
  for (const std::string text :
       {"",   " ",     " 1",  "1 ",  "1\n", "0.1x",  "0,1",  "0x1",  "+1",  "--1", "-",        ".5",  "5.",
        "1e", "1e999", "one", "[1]", "[",   "\"1\"", "true", "null", "1 2", "1,2", "Infinity", "NaN", "1_0"}) {
    EXPECT_EQ(number(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(number(std::string("1\0", 2)), std::nullopt);
}

TEST(Fields, DoNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  bool found = false;
  for (const char* const name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE", "fr_FR"}) {
    found = found || std::setlocale(LC_NUMERIC, name) != nullptr;
  }
  const std::string text = field_text(1234.5);
  const std::optional<double> value = number("1234.5"), comma = number("1234,5");
  std::setlocale(LC_NUMERIC, before.c_str());
  EXPECT_EQ(text, "1234.5");
  EXPECT_EQ(value, 1234.5);
  EXPECT_EQ(comma, std::nullopt);
  if (!found) GTEST_SKIP() << "this machine has no locale with a decimal comma";
}

}  // namespace fields_test
