# Checks docs/mechanisms.md: every header of a cell, scorer, normaliser or decoder has a line, and every line has the correct
# locations of its type, its test and its benchmark.
#
#   cmake -D root=FOLDER_OF_THE_PROJECT -P tests/architecture/mechanisms.cmake
cmake_minimum_required(VERSION 3.25)

# Headers without a mechanism: concepts, shared code and choices at run time.
set(others cells/cell cells/any_cell cells/layer_norm cells/conventions scorers/scorer scorers/any_scorer
  normalizers/normalizer normalizers/any_normalizer decoders/decoder decoders/any_decoder decoders/context_decoder
  decoders/attentional_decoder decoders/bridge decoders/decoder_parts decoders/decoder_tape decoders/stack
  decoders/readout decoders/deep_output decoders/maxout_readout decoders/state_readout)

# Returns a list of the errors in the tables in `text`, one sentence each; empty if there are none.
function(find_untruths text out)
  set(untruths)
  set(listed)
  file(GLOB benches ${root}/bench/*.cpp)
  set(rows "")
  foreach(bench IN LISTS benches)
    file(READ ${bench} source)
    string(APPEND rows "${source}")
  endforeach()
  string(REGEX MATCHALL "\n\\| `[^\n]+" lines "\n${text}")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^\n\\| `([A-Za-z0-9]+)`.*\\| `([a-z_/0-9]+)\\.hpp` \\| `([a-z_/0-9]+\\.cpp)` \\| `([a-z_/-]+)` \\|$")
      list(APPEND untruths "this line has no type, header, test and row:${line}")
      continue()
    endif()
    set(type ${CMAKE_MATCH_1})
    set(header ${CMAKE_MATCH_2})
    set(test ${CMAKE_MATCH_3})
    set(row ${CMAKE_MATCH_4})
    list(APPEND listed ${header})
    set(source "")
    if(EXISTS ${root}/include/heed/${header}.hpp)
      file(READ ${root}/include/heed/${header}.hpp source)
    endif()
    if(NOT source MATCHES "(struct|class|using) ${type}[ <{:\n]")
      list(APPEND untruths "${header}.hpp does not define ${type}")
    endif()
    set(source "")
    if(EXISTS ${root}/${test})
      file(READ ${root}/${test} source)
    endif()
    if(NOT source MATCHES "${type}")
      list(APPEND untruths "${test} does not test ${type}")
    endif()
    if(NOT rows MATCHES "\"[^\"\n]*${row}[^\"\n]*\"")
      list(APPEND untruths "bench/ has no row ${row}, that of ${type}")
    endif()
  endforeach()
  foreach(folder IN ITEMS cells scorers normalizers decoders)
    file(GLOB headers RELATIVE ${root}/include/heed ${root}/include/heed/${folder}/*.hpp)
    foreach(header IN LISTS headers)
      string(REGEX REPLACE "\\.hpp$" "" header ${header})
      if(NOT header IN_LIST listed AND NOT header IN_LIST others)
        list(APPEND untruths "${header}.hpp has no line")
      endif()
    endforeach()
  endforeach()
  set(${out} "${untruths}" PARENT_SCOPE)
endfunction()

file(READ ${root}/docs/mechanisms.md text)
string(REPLACE ";" "," text "${text}")  # a semicolon would separate the items of a list

# --- Self-tests of the checks: a changed line, and the expected error.

function(expect from to expected)
  string(REPLACE "${from}" "${to}" changed "${text}")
  find_untruths("${changed}" found)
  if(NOT expected IN_LIST found)
    message(SEND_ERROR "self-test: with ${to} for ${from}\n  expected: ${expected}\n  found:    ${found}")
  endif()
endfunction()

expect("`DotScorer`" "`DodScorer`" "scorers/dot.hpp does not define DodScorer")
expect("`tests/scorers/dot.cpp`" "`tests/scorers/none.cpp`" "tests/scorers/none.cpp does not test DotScorer")
expect("| `dot` |" "| `nothing` |" "bench/ has no row nothing, that of DotScorer")
expect("| `DotScorer`" "DotScorer" "scorers/dot.hpp has no line")

# --- The check of the tables.

find_untruths("${text}" untruths)
foreach(untruth IN LISTS untruths)
  message(SEND_ERROR "docs/mechanisms.md: ${untruth}")
endforeach()
