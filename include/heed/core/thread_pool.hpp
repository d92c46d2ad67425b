#pragma once

#include <heed/core/checks.hpp>
#include <heed/core/errors.hpp>

#include <atomic>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Waits until a number is no longer `old`: looks for some ten microseconds, since waking up takes as long, then sleeps.
template <class T>
void await_change(const std::atomic<T>& number, T old) {
  for (int looks = 0; looks < 20000; ++looks) {
    if (number.load(std::memory_order_acquire) != old) return;
  }
  while (number.load(std::memory_order_acquire) == old) number.wait(old, std::memory_order_acquire);
}

}  // namespace detail

/// Threads that work together again and again. Starting a thread takes longer than reading a sentence, so they stay.
class ThreadPool {
 public:
  /// Throws unless `size` is 1 or more, and if the system refuses a thread. Who calls `run` is one of the team.
  explicit ThreadPool(int size = 1) : size_(size) {
    require(size >= 1, [&] { return "ThreadPool: 1 or more threads, not " + std::to_string(size); });
    if (size > 1) errors_.resize(static_cast<std::size_t>(size));
    for (int i = 1; i < size; ++i) start(i);
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// How many threads, the caller's among them.
  int size() const { return size_; }

  /// Calls work(0) ... work(size() - 1) at the same time and waits for all. The first exception, by number, is thrown
  /// again. To be called by one thread at a time, and not by the work itself.
  template <class Work>
  void run(const Work& work) {
    if (size_ == 1) {
      work(0);
      return;
    }
    work_ = &work;
    call_ = [](const void* any, int i) { (*static_cast<const Work*>(any))(i); };
    busy_.store(size_ - 1, std::memory_order_relaxed);
    others_.next_round();
    guarded(0);
    for (int busy = busy_.load(std::memory_order_acquire); busy != 0; busy = busy_.load(std::memory_order_acquire)) {
      detail::await_change(busy_, busy);
    }
    std::exception_ptr first;
    for (auto& error : errors_) {
      if (!first) first = error;
      error = nullptr;
    }
    if (first) std::rethrow_exception(first);
  }

 private:
  /// The threads beside the caller's; ended and waited for whatever happens.
  struct Others {
    std::atomic<unsigned> round = 0;
    std::atomic<bool> over = false;
    std::vector<std::thread> threads;

    void next_round() {
      round.fetch_add(1, std::memory_order_release);
      round.notify_all();
    }
    ~Others() {
      over.store(true, std::memory_order_relaxed);
      next_round();
      for (auto& thread : threads) thread.join();
    }
  };

  void start(int i) {
#if defined(__cpp_exceptions)
    try {
      others_.threads.emplace_back([this, i] { serve(i); });
    } catch (const std::system_error& error) {
      fail("ThreadPool: the system refused thread " + std::to_string(i + 1) + " of " + std::to_string(size_) + " (" +
           error.code().message() + "); ask for fewer threads");
    }
#else
    others_.threads.emplace_back([this, i] { serve(i); });
#endif
  }

  void serve(int i) {
    for (unsigned round = 0;; ++round) {
      detail::await_change(others_.round, round);
      if (others_.over.load(std::memory_order_relaxed)) return;
      guarded(i);
      if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
    }
  }

  void guarded(int i) {
#if defined(__cpp_exceptions)
    try {
      call_(work_, i);
    } catch (...) {
      detail::at(errors_, i) = std::current_exception();
    }
#else
    call_(work_, i);
#endif
  }

  const int size_;
  std::vector<std::exception_ptr> errors_;  ///< of the last round, one a member
  const void* work_ = nullptr;
  void (*call_)(const void*, int) = nullptr;
  std::atomic<int> busy_ = 0;
  Others others_;  ///< last: it ends before what it uses
};

/// Where a team's members wait for each other in the middle of their work: all are there before any goes on.
///
/// The work between must not throw: the others would wait for ever.
class Barrier {
 public:
  /// For so many threads.
  explicit Barrier(int members) : members_(members) {}

  /// Returns when all have called it.
  void wait() {
    if (members_ == 1) return;
    const unsigned round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < members_) return detail::await_change(round_, round);
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    round_.notify_all();
  }

 private:
  const int members_;
  alignas(64) std::atomic<int> arrived_ = 0;  // a cache line each: who looks does not disturb who arrives
  alignas(64) std::atomic<unsigned> round_ = 0;
};

}}  // namespace heed::v0_2
