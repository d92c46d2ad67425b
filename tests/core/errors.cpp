#include <heed/core/errors.hpp>

#include <gtest/gtest.h>

namespace errors_test {

TEST(Errors, FailThrowsErrorWithMessage) {
  try {
    heed::fail("expected 3, got 4");
    FAIL();
  } catch (const heed::Error& error) {
    EXPECT_STREQ(error.what(), "expected 3, got 4");
  }
}

TEST(Errors, RequireBuildsMessageOnlyOnFailure) {
  int made = 0;
  const auto message = [&] { return std::to_string(++made); };
  heed::require(true, message);
  EXPECT_EQ(made, 0);
  EXPECT_THROW(heed::require(false, message), heed::Error);
  EXPECT_EQ(made, 1);
}

}  // namespace errors_test
