#pragma once

#if defined(EIGEN_CORE_H)
#error "allocation_counter.hpp comes before Eigen: it says what Eigen's checks do"
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

/// Eigen's checks hold in release builds too: there its own would do nothing, and a size that does not fit would be read
/// past its end rather than counted.
#define eigen_assert(condition) \
  ((condition) ? static_cast<void>(0) : ::heed::test::stop(#condition, __FILE__, __LINE__))

namespace heed::test {

/// Whether this C library lets a program count what it allocates.
#if defined(__GLIBC__)
inline constexpr bool allocations_are_counted = true;
#else
inline constexpr bool allocations_are_counted = false;
#endif

/// Counts the calls of this thread that ask for memory, from its construction on: malloc and all its kin, and what stands
/// on them, such as operator new. One at a time.
class AllocationCounter {
 public:
  AllocationCounter();
  ~AllocationCounter();
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  long count() const;

  /// The most bytes that one of the calls asked for.
  std::size_t largest() const;

  /// The bytes that all of the calls asked for together, whatever was given back between them.
  std::size_t total() const;
};

/// How often `call` asks for memory.
template <class Call>
long allocations(Call&& call) {
  const AllocationCounter counter;
  call();
  return counter.count();
}

/// The same once its buffers have grown: the first of two calls grows them.
template <class Call>
long steady_allocations(Call&& call) {
  call();
  return allocations(call);
}

}  // namespace heed::test
