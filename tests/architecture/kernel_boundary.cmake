# Checks that packets, prefetching and the layout of prepacked weights stay in kernels/: no other header names them.
#
#   cmake -D headers=include/heed -P tests/architecture/kernel_boundary.cmake
cmake_minimum_required(VERSION 3.25)

# Names that may occur only in kernels.
set(kernel_words
  "Eigen::internal" "ei::" "prefetch" "_mm[0-9]*_" "immintrin" "__asm__"  # instructions
  "p(add|sub|mul|div|madd|negate|sqrt|max|min|set1|loadu?|storeu?)[<(]"   # Eigen's packet functions
  "Packet<" "PanelProduct" "PanelKernels" "PanelColumns" "PanelLayout")       # registers and layout

# Returns a list of the kernel names in the text of a header.
function(find_kernel_words text out)
  set(found)
  foreach(word IN LISTS kernel_words)
    if("${text}" MATCHES "(^|[^A-Za-z0-9_])(${word})")
      list(APPEND found "${CMAKE_MATCH_2}")
    endif()
  endforeach()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# --- Self-tests of the check: a line of a header, and the name that must be found in it, or none.

function(expect text expected)
  find_kernel_words("${text}" found)
  if(NOT found STREQUAL expected)
    message(SEND_ERROR "self-test: ${text}\n  expected: ${expected}\n  found:    ${found}")
  endif()
endfunction()

expect("  namespace numbers = Eigen::internal" "Eigen::internal")
expect("  io.store(h, ei::fast(out, shown))" "ei::")
expect("  detail::prefetch(column, ahead)" "prefetch")
expect("  x = _mm256_add_ps(x, y)" "_mm256_")
expect("  x = padd(x, y)" "padd(")
expect("x = pmadd(x, y, z)" "pmadd(")
expect("  x = pset1<P>(1)" "pset1<")
expect("  detail::Packet<S> sum" "Packet<")
expect("  PanelProduct<S, 1>::multiply(w, x)" "PanelProduct")
expect("  x = multiply_add(x, y, z)" "")
expect("  step(x)  // a map of gates, upadd(1), in steps of 2_mm_" "")
expect("  weight.packed().multiply(first, count, x)" "")

# --- The check of the headers.

file(GLOB_RECURSE files RELATIVE ${headers} ${headers}/*.hpp)
list(FILTER files EXCLUDE REGEX "^kernels/")
list(LENGTH files count)
if(count EQUAL 0)
  message(SEND_ERROR "there are no headers in ${headers}")
endif()
foreach(file IN LISTS files)
  file(READ ${headers}/${file} text)
  find_kernel_words("${text}" found)
  foreach(word IN LISTS found)
    message(SEND_ERROR "${file} names ${word}, which belongs in kernels/: use the operators of kernels/numbers.hpp")
  endforeach()
endforeach()
