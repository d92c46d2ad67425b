# heed_dev: how heed's own programs are compiled. Tests, benchmarks and examples link it PRIVATE; it is never installed
# and heed::heed never links it, because warning flags and -march on a header-only target would reach every user, and
# translation units that share Eigen types but not their -march crash together.

set(CMAKE_CXX_EXTENSIONS OFF)

# A compiler takes up to 4 GB for the tests of a folder, compiled as one file: Ninja runs no more compilers than the memory
# can hold.
cmake_host_system_information(RESULT memory QUERY TOTAL_PHYSICAL_MEMORY)  # in MB
math(EXPR compilers "${memory} / 4000")
if(compilers LESS 1)
  set(compilers 1)
endif()
set_property(GLOBAL PROPERTY JOB_POOLS compilers=${compilers})
set(CMAKE_JOB_POOL_COMPILE compilers)

# heed_checks: warnings and sanitizers without an instruction set.
add_library(heed_checks INTERFACE)
add_library(heed_dev INTERFACE)
target_link_libraries(heed_dev INTERFACE heed_checks)

if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(heed_checks INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The compiler collects its garbage less often: it takes less time, and at most 400 MB more memory per file.
    target_compile_options(heed_checks INTERFACE --param=ggc-min-heapsize=500000)
  endif()
  if(HEED_NATIVE)
    target_compile_options(heed_dev INTERFACE -march=native)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # Its own AVX-512 header sets off these warnings wherever it is inlined.
      target_compile_options(heed_dev INTERFACE -Wno-uninitialized -Wno-maybe-uninitialized)
    endif()
  endif()
  if(HEED_SANITIZE)
    target_compile_options(heed_checks INTERFACE
      -fsanitize=${HEED_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(heed_checks INTERFACE -fsanitize=${HEED_SANITIZE})
  endif()
elseif(HEED_NATIVE OR HEED_SANITIZE)
  message(FATAL_ERROR "HEED_NATIVE and HEED_SANITIZE need GCC or Clang, the compiler is ${CMAKE_CXX_COMPILER_ID}")
endif()
