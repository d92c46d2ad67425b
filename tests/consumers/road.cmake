# Tests one way to use heed in another project (a "road"): creates the project, builds it with one compiler and one set of
# options without warnings, runs it and compares its output. All folders have spaces in their names. If the machine lacks a
# required tool, a line that starts with "heed: skipped" is printed.
#
#   cmake -D road=copied_headers -D compiler=g++ -D standard=20 -D flags=-O2 -D eigen=/usr/include/eigen3
#     -D root=FOLDER_OF_THE_PROJECT -D scratch=FOLDER -P tests/consumers/road.cmake
#
# Optional: `eigen_package` is the folder of Eigen3Config.cmake of this Eigen, `generator` is the CMake generator, and `name`
# distinguishes simultaneous runs of one road. The road `install` leaves a package in `scratch` for the roads `find_package`
# and `pkg_config`.
cmake_minimum_required(VERSION 3.25)

set(consumers ${root}/tests/consumers)
set(expected "0.571428571429 0.285714285714 0.142857142857\n")
set(installed "${scratch}/an installed package")
if(NOT DEFINED name)
  set(name ${road})
endif()
set(here "${scratch}/consumer by ${name}")
set(build "${here}/a build folder")
file(REMOVE_RECURSE "${here}")

file(STRINGS ${root}/CMakeLists.txt version REGEX "^  VERSION ")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${version}")
string(REGEX REPLACE "^([0-9]+)\\.([0-9]+).*" "v\\1_\\2" namespace "${version}")

separate_arguments(flags UNIX_COMMAND "${flags}")
list(APPEND flags -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion -Werror)
set(std -std=c++${standard})
if(standard EQUAL 23)
  set(std -std=c++2b)  # the name in the oldest clang
endif()

# Runs a command that must not fail. Shows its output only if it fails.
function(must)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${said}")
  endif()
endfunction()

function(must_print wanted)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE said)
  if(failed OR NOT said STREQUAL wanted)
    message(FATAL_ERROR "${ARGN} ended with ${failed}\n  expected: ${wanted}\n  printed:  ${said}")
  endif()
endfunction()

# Compiles `program` from the given sources and options, without a build system.
function(compile program)
  must(${compiler} ${std} ${flags} ${ARGN} -isystem ${eigen} -o "${here}/${program}")
endfunction()

# The files that are copied into another project or packed into an archive.
function(copy_heed folder)
  file(COPY ${root}/CMakeLists.txt ${root}/LICENSE ${root}/cmake ${root}/docs ${root}/include ${root}/src DESTINATION "${folder}")
endfunction()

# Makes an Eigen that is only a folder of headers visible to CMake and pkg-config.
function(make_eigen_package folder)
  set(macros ${eigen}/Eigen/Version)
  if(NOT EXISTS ${macros})
    set(macros ${eigen}/Eigen/src/Core/util/Macros.h)
  endif()
  file(STRINGS ${macros} parts REGEX "^#define EIGEN_(WORLD|MAJOR|MINOR|PATCH)_VERSION ")
  string(REGEX REPLACE "#define EIGEN_[A-Z]+_VERSION " "" parts "${parts}")
  list(LENGTH parts count)
  if(count EQUAL 4)
    list(POP_FRONT parts)  # drops EIGEN_WORLD_VERSION, which is still 3 in Eigen 5
  endif()
  list(JOIN parts "." eigen_version)
  file(WRITE "${folder}/Eigen3Config.cmake" "set(Eigen3_VERSION ${eigen_version})
if(NOT TARGET Eigen3::Eigen)
  add_library(Eigen3::Eigen INTERFACE IMPORTED)
  target_include_directories(Eigen3::Eigen INTERFACE ${eigen})
endif()\n")
  file(WRITE "${folder}/eigen3.pc" "Name: eigen3\nDescription: Eigen\nVersion: ${eigen_version}\nCflags: -I${eigen}\n")
endfunction()

function(configure source build)
  must(${CMAKE_COMMAND} -S "${source}" -B "${build}" -G "${generator}" -D CMAKE_CXX_COMPILER=${compiler}
    -D "Eigen3_DIR=${eigen_package}" ${ARGN})
endfunction()

# Builds and runs the project `road`, and checks what heed has added to it. heed's headers must be in `include`.
function(build_consumer include)
  string(REPLACE ";" " " flags "${flags}")
  set(options -D "CMAKE_CXX_FLAGS=${flags}" -D CMAKE_EXPORT_COMPILE_COMMANDS=ON
    -D CMAKE_PROJECT_consumer_INCLUDE=${consumers}/inspect.cmake -D "CMAKE_PREFIX_PATH=${installed}")
  if(NOT standard EQUAL 20)  # heed itself requires C++20
    list(APPEND options -D CMAKE_CXX_STANDARD=${standard})
  endif()
  configure("${here}/${road}" "${build}" ${options})
  must(${CMAKE_COMMAND} --build "${build}")
  must_print("${expected}" "${build}/attend")

  file(READ "${build}/compile_commands.json" commands)
  string(FIND "${commands}" "-I\\\"${include}\\\"" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "${include} is no ordinary include folder, so that no warning of heed is heard:\n${commands}")
  endif()
  must(${CMAKE_COMMAND} --install "${build}" --prefix "${here}/prefix")
  file(GLOB_RECURSE strangers "${here}/prefix/*")
  if(strangers)
    message(FATAL_ERROR "with the consumer these are installed: ${strangers}")
  endif()
endfunction()

# --- Tools that this machine lacks.

if(compiler MATCHES "NOTFOUND$")
  message("heed: skipped, since there is no such compiler")
  return()
endif()
if(NOT EXISTS ${eigen}/Eigen/Core)
  message("heed: skipped, since there is no Eigen in \"${eigen}\"")
  return()
endif()
execute_process(COMMAND ${compiler} --version OUTPUT_VARIABLE title COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${compiler} -dumpversion OUTPUT_VARIABLE compiler_version OUTPUT_STRIP_TRAILING_WHITESPACE)
set(oldest 12)
if(title MATCHES "clang")
  set(oldest 14)
endif()
if(compiler_version VERSION_LESS oldest)
  message("heed: skipped, since ${compiler} ${compiler_version} is older than ${oldest}")
  return()
endif()
find_program(pkg_config pkg-config)
if(road STREQUAL "pkg_config" AND NOT pkg_config)
  message("heed: skipped, since there is no pkg-config")
  return()
endif()
if(NOT DEFINED generator)
  set(generator "Unix Makefiles")
endif()
if(NOT eigen_package)
  set(eigen_package "${here}/eigen")
  make_eigen_package("${eigen_package}")
endif()

# --- The roads.

if(road STREQUAL "install")
  copy_heed("${here}/heed")
  configure("${here}/heed" "${build}" -D HEED_BUILD_TESTS=OFF -D HEED_BUILD_BENCH=OFF -D HEED_BUILD_EXAMPLES=OFF)
  must(${CMAKE_COMMAND} --install "${build}" --prefix "${here}/prefix")
  file(REMOVE_RECURSE "${installed}")
  file(RENAME "${here}/prefix" "${installed}")  # the package must be relocatable
  file(REMOVE_RECURSE "${here}")

elseif(road STREQUAL "find_package")
  file(COPY ${consumers}/attend.cpp ${consumers}/find_package ${consumers}/versions DESTINATION "${here}")
  build_consumer("${installed}/include")
  configure("${here}/versions" "${here}/versions build" -D "CMAKE_PREFIX_PATH=${installed}")

elseif(road STREQUAL "compiled")  # the component translator, a static or a shared library
  copy_heed("${here}/heed")
  foreach(shared IN ITEMS OFF ON)
    configure("${here}/heed" "${build} ${shared}" -D HEED_BUILD_TESTS=OFF -D HEED_BUILD_BENCH=OFF
      -D HEED_BUILD_EXAMPLES=OFF -D HEED_BUILD_TRANSLATOR=ON -D BUILD_SHARED_LIBS=${shared})
    must(${CMAKE_COMMAND} --build "${build} ${shared}")
    must(${CMAKE_COMMAND} --install "${build} ${shared}" --prefix "${here}/prefix ${shared}")
    file(COPY ${consumers}/compiled DESTINATION "${here}")
    configure("${here}/compiled" "${here}/consumer ${shared}" -D "CMAKE_PREFIX_PATH=${here}/prefix ${shared}")
    must(${CMAKE_COMMAND} --build "${here}/consumer ${shared}")
    must_print("x y\n" "${here}/consumer ${shared}/translate")
  endforeach()

elseif(road STREQUAL "fetch_content")
  file(COPY ${consumers}/attend.cpp ${consumers}/fetch_content DESTINATION "${here}")
  copy_heed("${here}/packed/heed-${version}")
  must(${CMAKE_COMMAND} -E chdir "${here}/packed"
    ${CMAKE_COMMAND} -E tar cz "${here}/fetch_content/heed.tar.gz" heed-${version})
  build_consumer("${build}/_deps/heed-src/include")

elseif(road STREQUAL "add_subdirectory")
  file(COPY ${consumers}/attend.cpp ${consumers}/add_subdirectory DESTINATION "${here}")
  copy_heed("${here}/add_subdirectory/heed")
  build_consumer("${here}/add_subdirectory/heed/include")

elseif(road STREQUAL "leaks")  # not a road: checks that inspect.cmake detects leaks
  file(COPY ${consumers}/attend.cpp ${consumers}/add_subdirectory DESTINATION "${here}")
  file(COPY ${consumers}/leaky/ DESTINATION "${here}/add_subdirectory/heed")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S "${here}/add_subdirectory" -B "${here}/build" -G "${generator}"
      -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_PROJECT_consumer_INCLUDE=${consumers}/inspect.cmake
    OUTPUT_QUIET ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  foreach(leak IN ITEMS "the target docs" "the test floors" "the cache variable BUILD_EVERYTHING"
      "HEED_BUILD_TESTS, which is on" "the value Release of the cache variable CMAKE_BUILD_TYPE"
      "the value Release of CMAKE_BUILD_TYPE" "the value -march=native of CMAKE_CXX_FLAGS"
      "COMPILE_OPTIONS -Wall into the directory" "INTERFACE_COMPILE_OPTIONS -ffast-math"
      "INTERFACE_COMPILE_DEFINITIONS EIGEN_MAX_ALIGN_BYTES=64")
    string(FIND "${said}" "heed leaks ${leak} " found)
    if(found EQUAL -1)
      message(SEND_ERROR "inspect.cmake does not see ${leak}, but says:\n${said}")
    endif()
  endforeach()

elseif(road STREQUAL "pkg_config")
  file(MAKE_DIRECTORY "${here}")
  set(ENV{PKG_CONFIG_PATH} "${installed}/share/pkgconfig:${eigen_package}:$ENV{PKG_CONFIG_PATH}")
  execute_process(COMMAND ${pkg_config} --cflags heed OUTPUT_VARIABLE cflags COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(cflags UNIX_COMMAND "${cflags}")
  compile(attend ${consumers}/attend.cpp ${cflags})
  must_print("${expected}" "${here}/attend")

elseif(road STREQUAL "copied_headers")
  file(COPY ${root}/include DESTINATION "${here}")
  compile(attend ${consumers}/attend.cpp -I "${here}/include")
  must_print("${expected}" "${here}/attend")

elseif(road STREQUAL "no_exceptions")
  file(GLOB_RECURSE headers RELATIVE ${root}/include ${root}/include/*.hpp)
  list(REMOVE_ITEM headers heed/training/mpi.hpp)  # it needs MPI
  list(TRANSFORM headers REPLACE "^.+$" "#include <\\0>\n")
  set(core ${headers})
  list(FILTER core EXCLUDE REGEX "/io/")
  list(FILTER headers INCLUDE REGEX "/io/")
  file(WRITE "${here}/all.cpp" ${core} "#if __has_include(<nlohmann/json.hpp>)\n" ${headers} "#endif\n")
  file(COPY ${root}/include DESTINATION "${here}")
  must(${compiler} ${std} ${flags} -fsyntax-only -fno-exceptions -fno-rtti "${here}/all.cpp" -I "${here}/include"
    -isystem ${eigen})
  compile(refuse ${consumers}/refuse.cpp -I "${here}/include" -fno-exceptions)
  execute_process(COMMAND "${here}/refuse" RESULT_VARIABLE result ERROR_VARIABLE said)
  if(NOT result MATCHES "abort" OR NOT said STREQUAL
      "heed: attend: the memory is empty, there is nothing to attend to\n")
    message(FATAL_ERROR "a program without exceptions did not abort with the message, but ended with ${result}: ${said}")
  endif()

elseif(road STREQUAL "single_header")
  file(MAKE_DIRECTORY "${here}")
  must(${CMAKE_COMMAND} -D "out=${here}/heed.hpp" -P ${root}/cmake/single_header.cmake)
  compile(attend ${consumers}/single_header.cpp -I "${here}")
  must_print("${expected}" "${here}/attend")

  # It contains the code of every header once, and the version of the project.
  file(READ "${here}/heed.hpp" all)
  file(GLOB_RECURSE headers RELATIVE ${root}/include ${root}/include/*.hpp)
  list(FILTER headers EXCLUDE REGEX "^heed/(heed\\.hpp|io/|text/|compiled/|training/mpi\\.hpp)")
  foreach(header IN LISTS headers)
    file(READ ${root}/include/${header} text)
    string(FIND "${text}" "\nnamespace heed { inline namespace ${namespace} {" begin)  # after its includes
    if(begin EQUAL -1)
      message(SEND_ERROR "${header} is not in namespace ${namespace}, as version ${version} is")
      continue()
    endif()
    string(SUBSTRING "${text}" ${begin} -1 text)
    string(FIND "${all}" "${text}" first)
    string(FIND "${all}" "${text}" last REVERSE)
    if(first EQUAL -1 OR NOT first EQUAL last)
      message(SEND_ERROR "${header} is not in the single header once")
    endif()
  endforeach()
  if(NOT all MATCHES "\n// heed ${version} in one file")
    message(SEND_ERROR "the single header does not say that it is version ${version}")
  endif()
  if(all MATCHES "\n#include [<\"]heed/" OR all MATCHES "\n#pragma once")
    message(SEND_ERROR "the single header includes others, or holds a line that belongs to a file of its own")
  endif()

elseif(road STREQUAL "two_files")  # two source files that both include everything
  file(COPY ${root}/include DESTINATION "${here}")
  compile(attend ${consumers}/two_files/main.cpp ${consumers}/two_files/weights.cpp -I "${here}/include")
  must_print("${expected}" "${here}/attend")

elseif(road STREQUAL "two_versions")  # two versions in one program, which differ in the text of a message
  file(COPY ${root}/include DESTINATION "${here}")
  file(COPY ${root}/include/ DESTINATION "${here}/older")
  file(GLOB_RECURSE headers "${here}/older/*.hpp")
  foreach(header IN LISTS headers)
    file(READ "${header}" text)
    string(REPLACE "inline namespace ${namespace}" "inline namespace v0_0" text "${text}")
    string(REPLACE ": the memory is empty" ": there is no memory" text "${text}")
    file(WRITE "${header}" "${text}")
  endforeach()
  compile(older.o ${consumers}/two_versions/said.cpp -c -D WHICH=older -I "${here}/older")
  compile(newer.o ${consumers}/two_versions/said.cpp -c -D WHICH=newer -I "${here}/include")
  compile(said ${consumers}/two_versions/main.cpp "${here}/older.o" "${here}/newer.o")
  must_print("attend: there is no memory, there is nothing to attend to
attend: the memory is empty, there is nothing to attend to\n" "${here}/said")

else()
  message(FATAL_ERROR "there is no road ${road}")
endif()
