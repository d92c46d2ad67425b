#pragma once

#if defined(EIGEN_CORE_H)
#error "include allocation_counter.hpp before Eigen: it defines eigen_assert"
#endif

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace heed::test {

[[noreturn]] inline void stop(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: Eigen's check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace heed::test

/// Enables Eigen's assertions in release builds too. Otherwise a wrong size would cause a read past the end instead of
/// a counted allocation.
#define eigen_assert(condition) \
  ((condition) ? static_cast<void>(0) : ::heed::test::stop(#condition, __FILE__, __LINE__))

namespace heed::test {

/// True if allocations can be counted with this C library.
#if defined(__GLIBC__)
inline constexpr bool allocations_are_counted = true;
#else
inline constexpr bool allocations_are_counted = false;
#endif

/// Counts the allocations of this thread while it exists: calls of malloc and the related functions, also those by
/// operator new. Only one counter may exist at a time.
class AllocationCounter {
 public:
  AllocationCounter();
  ~AllocationCounter();
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  long count() const;

  /// The size in bytes of the largest allocation.
  std::size_t largest() const;

  /// The total size in bytes of all allocations, including memory that was freed.
  std::size_t total() const;
};

/// The number of allocations of `call`.
template <class Call>
long allocations(Call&& call) {
  const AllocationCounter counter;
  call();
  return counter.count();
}

/// The number of allocations of the second of two calls. The first call grows the buffers.
template <class Call>
long steady_allocations(Call&& call) {
  call();
  return allocations(call);
}

}  // namespace heed::test
