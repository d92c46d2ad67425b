#include "failing_allocations/failing_allocation.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

// The linker redirects every call of malloc and the related functions in this program to the functions __wrap_... (see
// CMakeLists.txt), and this file replaces operator new. A call that does not fail calls the real malloc, so a sanitizer
// still sees every block.

namespace {

constinit std::atomic<long> calls = 0, first_failing = 0;  // 0: no allocation fails
constinit std::atomic<bool> all_later = false;

bool fails() {
  const long n = first_failing.load(std::memory_order_relaxed);
  if (n == 0) return false;
  const long call = ++calls;
  const bool failing = all_later.load(std::memory_order_relaxed) ? call >= n : call == n;
  if (failing) errno = ENOMEM;
  return failing;
}

}  // namespace

namespace heed::test {

FailingAllocation::FailingAllocation(long n, Failing which) {
  calls = 0;
  all_later = which == Failing::from_then_on;
  first_failing = n;
}

FailingAllocation::~FailingAllocation() { first_failing = 0; }

bool FailingAllocation::failed() const { return calls >= first_failing; }

}  // namespace heed::test

extern "C" {
void* __real_malloc(std::size_t);
void* __real_calloc(std::size_t, std::size_t);
void* __real_realloc(void*, std::size_t);
void* __real_aligned_alloc(std::size_t, std::size_t);
int __real_posix_memalign(void**, std::size_t, std::size_t);

void* __wrap_malloc(std::size_t size) { return fails() ? nullptr : __real_malloc(size); }
void* __wrap_calloc(std::size_t items, std::size_t size) { return fails() ? nullptr : __real_calloc(items, size); }
void* __wrap_realloc(void* block, std::size_t size) { return fails() ? nullptr : __real_realloc(block, size); }
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  return fails() ? nullptr : __real_aligned_alloc(alignment, size);
}
int __wrap_posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  return fails() ? ENOMEM : __real_posix_memalign(block, alignment, size);
}
}

namespace {

void* allocate(std::size_t size) noexcept { return std::malloc(size == 0 ? 1 : size); }
void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  const auto line = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(line, size == 0 ? line : (size + line - 1) / line * line);
}
void* or_throw(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t size) { return or_throw(allocate(size)); }
void* operator new[](std::size_t size) { return or_throw(allocate(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return or_throw(allocate(size, alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return or_throw(allocate(size, alignment)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, alignment);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
