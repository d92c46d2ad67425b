#include "../../../examples/support/interrupt.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace {

TEST(InterruptDeathTest, SetsAFlagFirst) {
  EXPECT_EXIT(
      {
        examples::catch_interrupts();
        const bool before = examples::interrupted();
        raise(SIGINT);
        std::_Exit(!before && examples::interrupted() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(InterruptDeathTest, EndsTheProgramTheSecondTimeWhicheverSignalItIs) {
  EXPECT_EXIT(
      {
        examples::catch_interrupts();
        raise(SIGINT);
        raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
