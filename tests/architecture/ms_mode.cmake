# Checks that the core headers compile in the mode of clang that accepts Microsoft's C++, where neither __GNUC__ nor POSIX may be
# taken for granted. Needs libc++: libstdc++ is written for GNU C++. What this cannot check is Microsoft's own compiler and
# standard library.
#
#   cmake -D compiler=clang++ -D root=FOLDER_OF_THE_PROJECT -D eigen=/usr/include/eigen3 -D scratch=FOLDER -P tests/architecture/ms_mode.cmake
cmake_minimum_required(VERSION 3.25)

set(mode -std=c++20 -stdlib=libc++ -fms-extensions -fms-compatibility -fms-compatibility-version=19.29 -fsyntax-only)

# A compiler without libc++, or other than clang, is no failure of heed's.
file(WRITE ${scratch}/probe.cpp "#include <string>\n#include <thread>\n")
execute_process(COMMAND ${compiler} ${mode} ${scratch}/probe.cpp RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
if(failed)
  message("heed: skipped, ${compiler} does not compile libc++ in this mode")
  return()
endif()

# All core headers, and a use that instantiates templates.
file(WRITE ${scratch}/core.cpp "#include <heed/heed.hpp>\n#include \"${root}/tests/consumers/attend.cpp\"\n")
execute_process(
  COMMAND ${compiler} ${mode} -Wall -Wextra -Werror -I ${root}/include -isystem ${eigen} ${scratch}/core.cpp
  RESULT_VARIABLE failed ERROR_VARIABLE said)
if(failed)
  message(FATAL_ERROR "${said}")
endif()
