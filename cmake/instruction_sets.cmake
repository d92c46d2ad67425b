# Programs that are compiled once for every instruction set that heed has kernels for and this machine runs: x86 without
# vectors wider than SSE2, AVX2 with fused multiply-adds, and AVX-512. Elsewhere, and with other compilers, once.

include(CheckCXXSourceRuns)

# NAMES becomes the instruction sets, with their flags in heed_flags_NAME.
function(heed_instruction_sets names)
  set(${names} default PARENT_SCOPE)
  set(heed_flags_default "" PARENT_SCOPE)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$"
     OR CMAKE_CROSSCOMPILING)
    return()
  endif()
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_runs("int main() { return !(__builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\")); }"
    HEED_RUNS_AVX2)
  check_cxx_source_runs("int main() { return !(__builtin_cpu_supports(\"avx512f\") && __builtin_cpu_supports(\"avx512dq\")
    && __builtin_cpu_supports(\"avx512bw\") && __builtin_cpu_supports(\"avx512vl\")); }" HEED_RUNS_AVX512)
  set(found sse2)
  set(heed_flags_sse2 -march=x86-64 PARENT_SCOPE)
  if(HEED_RUNS_AVX2)
    list(APPEND found avx2)
    set(heed_flags_avx2 -march=x86-64 -mavx2 -mfma PARENT_SCOPE)
  endif()
  if(HEED_RUNS_AVX512)
    list(APPEND found avx512)
    set(flags -march=x86-64 -mavx2 -mfma -mavx512f -mavx512dq -mavx512bw -mavx512vl)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # Its own AVX-512 header sets off these warnings wherever it is inlined.
      list(APPEND flags -Wno-uninitialized -Wno-maybe-uninitialized)
    endif()
    set(heed_flags_avx512 ${flags} PARENT_SCOPE)
  endif()
  set(${names} ${found} PARENT_SCOPE)
endfunction()

# Compiles an executable TARGET for the instruction set NAME. It does not link heed_dev, whose -march=native would win.
function(heed_compile_for target name)
  target_compile_options(${target} PRIVATE ${heed_flags_${name}})
  target_compile_definitions(${target} PRIVATE HEED_INSTRUCTION_SET="${name}")
  target_link_libraries(${target} PRIVATE heed::heed heed_checks Threads::Threads)
endfunction()
