# Makes one file of heed.hpp and all that it includes of heed, comments and all, for projects that copy one file rather
# than a folder. Needs Eigen beside it, and nothing else. The headers of io/ and text/ are not in it.
#
#   cmake -P cmake/single_header.cmake                    writes heed.hpp into the current folder
#   cmake -D out=FOLDER/heed.hpp -P cmake/single_header.cmake
cmake_minimum_required(VERSION 3.25)

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
if(NOT DEFINED out)
  set(out heed.hpp)
endif()

# What a header says itself, without what every header says and what it includes of heed.
function(read_own_text header text_out)
  file(READ ${root}/include/${header} text)
  string(REGEX REPLACE "#pragma once\n+" "" text "${text}")
  string(REGEX REPLACE "#include <heed/[^>\n]+>\n" "" text "${text}")
  string(REGEX REPLACE "^\n+" "" text "${text}")
  set(${text_out} "${text}" PARENT_SCOPE)
endfunction()

# Appends a header to `all`, after those that it includes, unless it is there.
function(append header)
  get_property(appended GLOBAL PROPERTY appended)
  if(header IN_LIST appended)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY appended ${header})
  file(STRINGS ${root}/include/${header} includes REGEX "^#include <heed/[^>]+>")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^#include <([^>]+)>.*" "\\1" include "${include}")
    append(${include})
  endforeach()
  if(NOT header STREQUAL "heed/heed.hpp")  # which says nothing itself
    read_own_text(${header} text)
    set_property(GLOBAL APPEND_STRING PROPERTY all "\n// ${header}\n\n${text}")
  endif()
endfunction()

file(STRINGS ${root}/CMakeLists.txt version REGEX "^  VERSION ")
string(REGEX REPLACE "^  VERSION " "" version "${version}")
file(READ ${root}/LICENSE licence)
string(STRIP "${licence}" licence)
string(REGEX REPLACE "\n" "\n// " licence "// ${licence}")
string(REGEX REPLACE "// \n" "//\n" licence "${licence}")

append(heed/heed.hpp)
get_property(all GLOBAL PROPERTY all)
file(WRITE ${out} "#pragma once

// heed ${version} in one file, made of its headers by cmake/single_header.cmake: change those, not this.
//
${licence}
${all}")
