# Runs an example and compares its standard output with the comment at the top of its source: the lines below "Output".
#
#   cmake -D program=PATH -D source=FILE -P examples/check_output.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${program} OUTPUT_VARIABLE output RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${program}: exit code ${code}, output:\n${output}")
endif()

file(READ ${source} text)
if(NOT text MATCHES "\n// Output[^\n]*:(\n(//   [^\n]*\n)+)")
  message(FATAL_ERROR "${source}: the comment at the top has no output")
endif()
string(REPLACE "\n//   " "\n" expected "${CMAKE_MATCH_1}")
string(REPLACE "\r" "" output "\n${output}")
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "${source}: expected the output${expected}got${output}")
endif()
