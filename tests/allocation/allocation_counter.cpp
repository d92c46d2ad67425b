#include "support/allocation_counter.hpp"
#include "support/sanitized.hpp"

#include <cerrno>
#include <cstddef>

// A sanitizer that replaces malloc has hooks that report every call.
#if defined(HEED_TEST_SANITIZED)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));
#endif

namespace {

thread_local constinit bool counting = false;
thread_local constinit long counted = 0;
thread_local constinit std::size_t largest_size = 0, sum = 0;

[[gnu::noinline]] void count(std::size_t size) {
  if (!counting) return;
  ++counted;
  if (size > largest_size) largest_size = size;
  sum += size;
}

#if defined(HEED_TEST_SANITIZED)
const int hooks = __sanitizer_install_malloc_and_free_hooks([](const volatile void*, std::size_t size) { count(size); },
                                                            [](const volatile void*) {});
#endif

}  // namespace

namespace heed::test {

AllocationCounter::AllocationCounter() {
  counted = 0;
  largest_size = sum = 0;
  counting = true;
}

AllocationCounter::~AllocationCounter() { counting = false; }

long AllocationCounter::count() const { return counted; }

std::size_t AllocationCounter::largest() const { return largest_size; }

std::size_t AllocationCounter::total() const { return sum; }

}  // namespace heed::test

#if defined(__GLIBC__) && !defined(HEED_TEST_SANITIZED)

// The C library's own functions, which it exports for replacements such as those below.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
  count(size);
  return __libc_malloc(size);
}

void* calloc(std::size_t items, std::size_t size) noexcept {
  count(items * size);
  return __libc_calloc(items, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  count(size);
  return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  count(size);
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  count(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  count(size);
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
}

#endif
