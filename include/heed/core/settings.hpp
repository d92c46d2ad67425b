#pragma once

#include <heed/core/errors.hpp>

#include <cmath>
#include <string>

namespace heed { inline namespace v0_2 { namespace detail {

/// Throws unless `holds`. `value` is a setting of the user, `expected` its valid range: "Adam: the learning rate must
/// be finite and 0 or more, got nan".
inline void check_setting(bool holds, const char* who, const char* name, const char* expected, double value) {
  require(holds, [&] {
    return std::string(who) + ": the " + name + " must be " + expected + ", got " + number_text(value, 9);
  });
}

inline void check_not_negative(const char* who, const char* name, double value) {
  check_setting(std::isfinite(value) && value >= 0, who, name, "finite and 0 or more", value);
}

inline void check_positive(const char* who, const char* name, double value) {
  check_setting(std::isfinite(value) && value > 0, who, name, "finite and above 0", value);
}

inline void check_below_one(const char* who, const char* name, double value) {
  check_setting(value >= 0 && value < 1, who, name, "in [0, 1)", value);
}

inline void check_share(const char* who, const char* name, double value) {
  check_setting(value >= 0 && value <= 1, who, name, "in [0, 1]", value);
}

}}}  // namespace heed::v0_2::detail
