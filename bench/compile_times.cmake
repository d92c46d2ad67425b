# What heed costs to compile, as Markdown tables: the seconds that each header takes beyond Eigen/Core, which all of them
# include, and what one model adds to a program.
#
#   cmake -P bench/compile_times.cmake > tables.md
#   cmake -D compilers=g++,clang++ -D eigen=/usr/include/eigen3 -D rounds=3 -P bench/compile_times.cmake
#
# Seconds are the compiler's own (user time), since others may use the machine meanwhile; the median of the rounds. What
# lies beyond Eigen/Core is measured with Eigen/Core compiled beforehand: a difference of two long times would be noise.
cmake_minimum_required(VERSION 3.25)

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
set(scratch ${CMAKE_CURRENT_BINARY_DIR}/compile_times)
find_path(eigen Eigen/Core PATHS /usr /usr/local /opt/homebrew PATH_SUFFIXES include/eigen3 include REQUIRED)
find_program(bash bash REQUIRED)
if(NOT DEFINED rounds)
  set(rounds 3)
endif()
if(NOT DEFINED compilers)
  foreach(name IN ITEMS g++ clang++)
    find_program(found_${name} ${name})
    if(found_${name})
      list(APPEND compilers ${name})
    endif()
  endforeach()
endif()
string(REPLACE "," ";" compilers "${compilers}")

# A line of the tables, on stdout.
function(say line)
  execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${line}")
endfunction()

# How many milliseconds a compiler works on a file.
function(measure compiler file out)
  set(times)
  foreach(round RANGE 1 ${rounds})
    execute_process(
      COMMAND ${bash} -c "TIMEFORMAT=%3U; time \"$@\"" bash
        ${compiler} -std=c++20 -I ${root}/include -isystem ${eigen} ${ARGN} ${file}
      RESULT_VARIABLE failed ERROR_VARIABLE said OUTPUT_QUIET)
    string(STRIP "${said}" said)
    if(failed OR NOT said MATCHES "^[0-9]+[.,][0-9][0-9][0-9]$")
      message(FATAL_ERROR "${compiler} does not compile ${file}:\n${said}")
    endif()
    string(REGEX REPLACE "[.,]" "" said "${said}")
    list(APPEND times ${said})
  endforeach()
  list(SORT times COMPARE NATURAL)
  math(EXPR middle "${rounds} / 2")
  list(GET times ${middle} time)
  math(EXPR time "${time}")  # without zeros before it
  set(${out} ${time} PARENT_SCOPE)
endfunction()

# 1234 milliseconds are 1.23 seconds; what is below nothing is noise.
function(in_seconds milliseconds out)
  if(milliseconds LESS 0)
    set(milliseconds 0)
  endif()
  math(EXPR hundredths "(${milliseconds} + 5) / 10 + 100000")
  string(REGEX REPLACE "^10*([0-9]+)(..)$" "\\1.\\2" seconds ${hundredths})
  set(${out} ${seconds} PARENT_SCOPE)
endfunction()

# A row of a table: what `header` takes beyond Eigen/Core.
function(add_row title header)
  file(WRITE ${scratch}/lone.cpp "#include <${header}>\n")
  set(row "| ${title} |")
  foreach(compiler IN LISTS compilers)
    measure(${compiler} ${scratch}/lone.cpp time -fsyntax-only -include ${scratch}/${compiler}/core.hpp)
    math(EXPR time "${time} - ${beforehand_${compiler}}")
    in_seconds(${time} seconds)
    string(APPEND row " ${seconds} |")
  endforeach()
  say("${row}")
endfunction()

set(titles "")
set(line "|---|")
set(core "| `Eigen/Core` itself |")
set(model "| a model at -O2, with `Eigen/Core` |")
set(size "| its object file, KiB |")
file(WRITE ${scratch}/core.cpp "#include <Eigen/Core>\n")
file(WRITE ${scratch}/nothing.cpp "")
foreach(compiler IN LISTS compilers)
  execute_process(COMMAND ${compiler} -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(APPEND titles " ${compiler} ${version} |")
  string(APPEND line "---|")

  measure(${compiler} ${scratch}/core.cpp time -fsyntax-only)
  in_seconds(${time} seconds)
  string(APPEND core " ${seconds} |")

  measure(${compiler} ${CMAKE_CURRENT_LIST_DIR}/compile_times/model.cpp time -O2 -c -o ${scratch}/model.o)
  in_seconds(${time} seconds)
  string(APPEND model " ${seconds} |")
  file(SIZE ${scratch}/model.o bytes)
  math(EXPR kibibytes "(${bytes} + 512) / 1024")
  string(APPEND size " ${kibibytes} |")

  set(ahead ${scratch}/${compiler}/core.hpp)
  file(MAKE_DIRECTORY ${scratch}/${compiler})
  file(COPY_FILE ${scratch}/core.cpp ${ahead})
  execute_process(
    COMMAND ${compiler} -std=c++20 -I ${root}/include -isystem ${eigen} -x c++-header ${ahead} -o ${ahead}.gch
    COMMAND_ERROR_IS_FATAL ANY)
  measure(${compiler} ${scratch}/nothing.cpp beforehand_${compiler} -fsyntax-only -include ${ahead})
endforeach()

say("| seconds |${titles}")
say("${line}")
say("${core}")
add_row("`heed.hpp` beyond it" heed/heed.hpp)
say("${model}")
say("${size}")

say("")
say("| seconds beyond `Eigen/Core` |${titles}")
say("${line}")
file(GLOB headers RELATIVE ${root}/include ${root}/include/heed/*.hpp)
file(GLOB_RECURSE deeper RELATIVE ${root}/include ${root}/include/heed/*.hpp)
list(REMOVE_ITEM headers heed/heed.hpp)
list(REMOVE_ITEM deeper heed/heed.hpp ${headers})
foreach(header IN LISTS headers deeper)
  string(REGEX REPLACE "^heed/" "" title ${header})
  add_row("`${title}`" ${header})
endforeach()
