# Runs the programs and commands of a document in an empty folder with a link to `examples`, and compares their output with
# the output in the document.
#
#   cmake -D document=docs/tutorial.md -D snippets=FOLDER -D programs=page=PATH,57=PATH -D bin=FOLDER_OF_TRANSLATE
#     -D root=FOLDER_OF_THE_PROJECT -D scratch=FOLDER -P tests/docs/run.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${scratch})
file(MAKE_DIRECTORY ${scratch})
file(CREATE_LINK ${root}/examples ${scratch}/examples SYMBOLIC)

# Runs a command line and returns its output. Shows its error output if it fails.
function(run what out)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${scratch}
    OUTPUT_VARIABLE printed ERROR_VARIABLE errors RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(SEND_ERROR "${document}: ${what} ended with ${result}\n${printed}${errors}")
  endif()
  set(${out} "${printed}" PARENT_SCOPE)
endfunction()

# Compares the output of the block in `line` with the text below the block, if there is one.
function(compare line printed)
  if(NOT EXISTS ${snippets}/${line}.txt)
    return()
  endif()
  file(READ ${snippets}/${line}.txt expected)
  if(NOT printed STREQUAL expected)
    message(SEND_ERROR "${document}:${line}: the text below this block says\n${expected}\nbut it prints\n${printed}")
  endif()
endfunction()

# Splits the output of several blocks and compares each part.
function(compare_all printed)
  set(mark "--- ${document}:")
  string(FIND "${printed}" "${mark}" begin)
  while(begin GREATER_EQUAL 0)
    string(LENGTH "${mark}" length)
    math(EXPR begin "${begin} + ${length}")
    string(SUBSTRING "${printed}" ${begin} -1 printed)
    string(FIND "${printed}" "\n" end)
    string(SUBSTRING "${printed}" 0 ${end} line)
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${printed}" ${end} -1 printed)
    string(FIND "${printed}" "${mark}" begin)
    string(SUBSTRING "${printed}" 0 ${begin} part)
    compare(${line} "${part}")
  endwhile()
endfunction()

file(READ ${snippets}/commands.sh commands)
if(NOT commands STREQUAL "")
  run("a command" printed ${CMAKE_COMMAND} -E env "PATH=${bin}:$ENV{PATH}" bash -euo pipefail ${snippets}/commands.sh)
  compare_all("${printed}")
endif()
string(REPLACE "," ";" programs "${programs}")
foreach(program IN LISTS programs)
  string(REGEX MATCH "^([^=]*)=(.*)$" program "${program}")
  set(line ${CMAKE_MATCH_1})
  set(path ${CMAKE_MATCH_2})
  run("its program ${line}" printed ${path})
  if(line STREQUAL "page")
    compare_all("${printed}")
  else()
    compare(${line} "${printed}")
  endif()
endforeach()
