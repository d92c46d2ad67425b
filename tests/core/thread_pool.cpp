#include <heed/core/thread_pool.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace thread_pool_test {

TEST(ThreadPool, CallsEveryThreadOncePerRun) {
  for (const int size : {1, 2, 5}) {
    heed::ThreadPool thread_pool(size);
    EXPECT_EQ(thread_pool.size(), size);
    std::vector<std::atomic<int>> calls(static_cast<std::size_t>(size));
    for (int round = 1; round <= 200; ++round) {
      thread_pool.run([&](int i) { ++calls[static_cast<std::size_t>(i)]; });
      for (const auto& count : calls) ASSERT_EQ(count, round);
    }
  }
}

TEST(ThreadPool, RunsThreadsConcurrently) {
  heed::ThreadPool thread_pool(3);
  std::atomic<int> started = 0;
  thread_pool.run([&](int) {
    ++started;
    while (started < 3) std::this_thread::yield();  // never ends if threads run one after another
  });
  EXPECT_EQ(started, 3);
}

TEST(ThreadPool, RunsAfterLongPause) {
  heed::ThreadPool thread_pool(2);
  std::atomic<int> calls = 0;
  for (int round = 0; round < 3; ++round) {
    thread_pool.run([&](int) { ++calls; });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  thread_pool.run([&](int i) {
    if (i == 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ++calls;
  });
  EXPECT_EQ(calls, 8);
}

TEST(ThreadPool, RethrowsFirstErrorAndRemainsUsable) {
  heed::ThreadPool thread_pool(4);
  for (const int failing : {0, 2}) {
    std::atomic<int> ended = 0;
    const auto work = [&](int i) {
      ++ended;
      if (i >= failing) heed::fail("thread " + std::to_string(i));
    };
    EXPECT_EQ(refusal([&] { thread_pool.run(work); }), "thread " + std::to_string(failing));
    EXPECT_EQ(ended, 4);
    thread_pool.run([&](int) { ++ended; });
    EXPECT_EQ(ended, 8);
  }
  heed::ThreadPool alone;
  EXPECT_EQ(refusal([&] { alone.run([](int i) { heed::fail("thread " + std::to_string(i)); }); }), "thread 0");
}

TEST(ThreadPool, RejectsSizesBelowOne) {
  EXPECT_EQ(refusal([] { heed::ThreadPool(0); }), "ThreadPool: size must be at least 1, got 0");
  EXPECT_EQ(refusal([] { heed::ThreadPool(-3); }), "ThreadPool: size must be at least 1, got -3");
}

TEST(Barrier, BlocksUntilAllThreadsArrive) {
  for (const int size : {1, 2, 4}) {
    heed::ThreadPool thread_pool(size);
    heed::Barrier barrier(size);
    std::vector<int> rounds(static_cast<std::size_t>(size));  // each is written by one thread and read by all
    std::atomic<int> early = 0;
    thread_pool.run([&](int i) {
      for (int round = 1; round <= 300; ++round) {
        rounds[static_cast<std::size_t>(i)] = round;
        barrier.wait();
        for (const int other : rounds) early += other != round ? 1 : 0;
        barrier.wait();
      }
    });
    EXPECT_EQ(early, 0) << size << " threads";
  }
}

}  // namespace thread_pool_test
