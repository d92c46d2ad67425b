#pragma once

/// HEED_TEST_SANITIZED is defined if the program is compiled with a sanitizer that replaces malloc and reserves memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEED_TEST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEED_TEST_SANITIZED
#endif
#endif

namespace heed::test {

#if defined(HEED_TEST_SANITIZED)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// True if `ulimit -v` limits the memory of a program. Sanitizers reserve more memory, and macOS ignores the limit.
#if defined(__APPLE__)
inline constexpr bool memory_can_be_limited = false;
#else
inline constexpr bool memory_can_be_limited = !sanitized;
#endif

}  // namespace heed::test
