// A library that makes allocations of a program fail when it is preloaded; tests/failing_allocations/programs.py uses
// it.
//
//   HEED_FAIL_AT=N       the N-th allocation after the program has been loaded fails
//   HEED_FAIL_LATER=1    all later allocations fail, too
//   HEED_COUNT_FILE=F    the number of allocations is written to F at the end

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

// Functions that the C library exports for such libraries.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

constinit std::atomic<long> calls = 0;
constinit std::atomic<bool> active = false;
constinit long first_failing = 0;
constinit bool all_later = false;

bool fails() {
  if (!active.load(std::memory_order_relaxed)) return false;
  const long call = ++calls;
  if (first_failing == 0 || (all_later ? call < first_failing : call != first_failing)) return false;
  errno = ENOMEM;
  return true;
}

[[gnu::constructor]] void begin() {
  if (const char* const at = std::getenv("HEED_FAIL_AT")) first_failing = std::atol(at);
  all_later = std::getenv("HEED_FAIL_LATER") != nullptr;
  active = true;
}

[[gnu::destructor]] void end() {
  active = false;
  const char* const path = std::getenv("HEED_COUNT_FILE");
  const int file = path == nullptr ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) return;
  char text[32];
  std::snprintf(text, sizeof text, "%ld\n", calls.load());
  [[maybe_unused]] const ssize_t written = write(file, text, std::strlen(text));
  close(file);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept { return fails() ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t items, std::size_t size) noexcept { return fails() ? nullptr : __libc_calloc(items, size); }
void* realloc(void* block, std::size_t size) noexcept { return fails() ? nullptr : __libc_realloc(block, size); }
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return fails() ? nullptr : __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return memalign(alignment, size); }
int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  void* const found = memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *block = found;
  return 0;
}
}
