#include "../../../examples/support/interrupt.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

namespace interrupt_test {

void wait_ms(long ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}

/// Restores the default actions of signals, because background jobs may be started with ignored signals.
class InterruptDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(signal_number, SIG_DFL);
  }
};

TEST_F(InterruptDeathTest, FirstSignalSetsAFlag) {
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    EXPECT_EXIT(
        {
          examples::catch_interrupts();
          const bool before = examples::interrupted();
          raise(signal_number);
          std::_Exit(!before && examples::interrupted() ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST_F(InterruptDeathTest, SecondSignalEndsTheProgram) {
  EXPECT_EXIT(
      {
        examples::catch_interrupts();
        raise(SIGINT);
        wait_ms(110);
        raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST_F(InterruptDeathTest, CountsSignalsInQuickSuccessionOnce) {
  EXPECT_EXIT(
      {
        examples::catch_interrupts();
        for (const int signal_number : {SIGINT, SIGINT, SIGTERM, SIGHUP}) raise(signal_number);
        std::_Exit(examples::interrupted() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(InterruptDeathTest, BrokenPipeNeverEndsTheProgram) {
  EXPECT_EXIT(
      {
        examples::catch_interrupts();
        raise(SIGPIPE);
        wait_ms(110);
        raise(SIGPIPE);
        std::_Exit(examples::interrupted() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(InterruptDeathTest, LeavesIgnoredSignalsIgnored) {
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(
        {
          signal(signal_number, SIG_IGN);
          examples::catch_interrupts();
          raise(signal_number);
          std::_Exit(examples::interrupted() ? 1 : 0);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST_F(InterruptDeathTest, PreservesErrno) {
  EXPECT_EXIT(
      {
        examples::catch_interrupts();
        errno = EDOM;
        raise(SIGINT);
        std::_Exit(errno == EDOM ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(InterruptDeathTest, SignalEndsTheProgramAfterTheScope) {
  EXPECT_EXIT(
      {
        { const examples::InterruptScope scope; }
        raise(SIGHUP);
      },
      testing::KilledBySignal(SIGHUP), "");
}

}  // namespace interrupt_test
