#include "support/program.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memory_test {

using examples::parse_and_execute;
using examples::run_program;

/// The exit code of `run` and the text that it writes to standard error.
template <class Run>
std::pair<int, std::string> outcome_of(const Run& run) {
  testing::internal::CaptureStderr();
  const int code = run();
  return {code, testing::internal::GetCapturedStderr()};
}

TEST(ExampleProgram, ReportsBadAlloc) {
  const auto [code, err] = outcome_of([] { return run_program("name", []() -> int { throw std::bad_alloc(); }); });
  EXPECT_EQ(code, 1);
  EXPECT_EQ(err, "name: there is not enough memory\n");
}

TEST(ExampleProgram, ReturnsTheExitCodeOfWrongOptions) {
  std::string name = "name", option = "--unknown";
  char* argv[] = {name.data(), option.data()};
  const auto [code, err] = outcome_of([&] {
    return run_program("name", [&] {
      CLI::App app("about");
      return parse_and_execute(app, 2, argv, [] { return 0; });
    });
  });
  EXPECT_GT(code, 1);
  EXPECT_NE(err.find("--unknown"), std::string::npos) << err;
}

TEST(ExampleProgram, ExitsCleanlyIfMemoryFailsBeforeMain) {
  EXPECT_EXIT(examples::detail::end_before_main(), testing::ExitedWithCode(1), "there is not enough memory to start");
}

}  // namespace memory_test
