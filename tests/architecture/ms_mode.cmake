# Checks that the core headers compile in clang's mode for Microsoft's C++, in which neither __GNUC__ nor POSIX may be
# assumed. Needs libc++, because libstdc++ is written for GNU C++. Microsoft's own compiler and standard library are not
# tested.
#
#   cmake -D compiler=clang++ -D root=FOLDER_OF_THE_PROJECT -D eigen=/usr/include/eigen3 -D scratch=FOLDER -P tests/architecture/ms_mode.cmake
cmake_minimum_required(VERSION 3.25)

set(mode -std=c++20 -stdlib=libc++ -fms-extensions -fms-compatibility -fms-compatibility-version=19.29 -fsyntax-only)

# The test is skipped if the compiler is not clang or has no libc++.
file(WRITE ${scratch}/probe.cpp "#include <string>\n#include <thread>\n")
execute_process(COMMAND ${compiler} ${mode} ${scratch}/probe.cpp RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
if(failed)
  message("heed: skipped, ${compiler} does not compile libc++ in this mode")
  return()
endif()

# All core headers, and code that instantiates templates.
file(WRITE ${scratch}/core.cpp "#include <heed/heed.hpp>\n#include \"${root}/tests/consumers/attend.cpp\"\n")
execute_process(
  COMMAND ${compiler} ${mode} -Wall -Wextra -Werror -I ${root}/include -isystem ${eigen} ${scratch}/core.cpp
  RESULT_VARIABLE failed ERROR_VARIABLE said)
if(failed)
  message(FATAL_ERROR "${said}")
endif()
