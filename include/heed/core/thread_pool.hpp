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

/// Waits until `number` differs from `old`. Spins for about ten microseconds, the time that a wake-up takes, then
/// sleeps.
template <class T>
void await_change(const std::atomic<T>& number, T old) {
  for (int looks = 0; looks < 20000; ++looks) {
    if (number.load(std::memory_order_acquire) != old) return;
  }
  while (number.load(std::memory_order_acquire) == old) number.wait(old, std::memory_order_acquire);
}

}  // namespace detail

/// A thread pool. Its threads are kept between calls, because starting a thread takes longer than encoding a sentence.
class ThreadPool {
 public:
  /// Starts `size` - 1 threads; the thread that calls `run` is one more. Throws heed::Error if `size` is below 1 or if
  /// the system cannot start a thread.
  explicit ThreadPool(int size = 1) : size_(size) {
    require(size >= 1, [&] { return "ThreadPool: size must be at least 1, got " + std::to_string(size); });
    if (size > 1) errors_.resize(static_cast<std::size_t>(size));
    for (int i = 1; i < size; ++i) start(i);
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// The number of threads, including the caller's.
  int size() const { return size_; }

  /// Calls work(0) ... work(size() - 1) in parallel and waits for all. Of several exceptions, rethrows the one with the
  /// lowest index. Only one thread at a time may call this function, and `work` must not call it.
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
  /// The threads other than the caller's. The destructor stops and joins them, also if the constructor of the pool
  /// throws.
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
      fail("ThreadPool: cannot start thread " + std::to_string(i + 1) + " of " + std::to_string(size_) + " (" +
           error.code().message() + "); use fewer threads");
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
  std::vector<std::exception_ptr> errors_;  ///< one per thread, of the current round
  const void* work_ = nullptr;
  void (*call_)(const void*, int) = nullptr;
  std::atomic<int> busy_ = 0;
  Others others_;  ///< declared last: its threads end before the members they use
};

/// A barrier for the threads of a pool: `wait` returns only after all of them have called it.
///
/// The work between two calls must not throw: the other threads would wait forever.
class Barrier {
 public:
  /// A barrier for `members` threads.
  explicit Barrier(int members) : members_(members) {}

  /// Returns when all threads have called it.
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
  alignas(64) std::atomic<int> arrived_ = 0;  // separate cache lines: waiting threads do not slow down arriving ones
  alignas(64) std::atomic<unsigned> round_ = 0;
};

}}  // namespace heed::v0_2
