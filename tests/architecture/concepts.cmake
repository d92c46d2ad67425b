# Checks the compiler errors for a class that lacks a function of a concept or has it in another form. The errors must be
# short, and state that the class does not satisfy the concept and the name of the function.
#
#   cmake -D compilers=g++,clang++ -D include=include -D eigen=/usr/include/eigen3 -D parts=tests/architecture/concepts
#     -D scratch=FOLDER -P tests/architecture/concepts.cmake
#
# Compilers that are too old for heed are skipped. Every file in `parts` has a complete class and code that uses it. All
# cases are made from these files. Each case has its own namespace and `#line` file name, and all cases are compiled
# together. A message belongs to the file that it names last.
cmake_minimum_required(VERSION 3.25)

set(most_lines 25)         # maximum number of lines of the messages about one case
set(most_scorer_lines 65)  # clang++ adds the templates that use the scorer, and errors that follow from the missing function

set(text "#include <heed/heed.hpp>

using heed::Index, heed::RandomStreams;
using In = heed::In<double>;
using Out = heed::Out<double>;
using Buffer = heed::Buffer<double>;
using Memory = heed::Memory<double>;
struct Wrong {
  Wrong(int) {}
  Wrong(heed::Carried) {}
};
")
set(cases)         # "name of the case|name that the messages must contain"
set(complete_cases)

function(add_case name body)
  string(MAKE_C_IDENTIFIER "${name}" space)
  set(text "${text}namespace ${space} {\n#line 1 \"${name}\"\n${body}}\n" PARENT_SCOPE)
endfunction()

file(GLOB files ${parts}/*.hpp)
foreach(file IN LISTS files)
  cmake_path(GET file STEM part)
  file(READ ${file} body)
  add_case("${part} complete" "${body}")
  list(APPEND complete_cases "${part} complete")
  string(REGEX MATCHALL " [a-z_]+\\([^\n]*{" functions "${body}")
  foreach(function IN LISTS functions)
    string(REGEX MATCH "[a-z_]+" function "${function}")
    string(REGEX REPLACE "\n[^\n]* ${function}\\([^\n]*" "" without "${body}")
    string(REGEX REPLACE "[A-Za-z:]+ ${function}\\(\\)" "Wrong ${function}()" wrong "${body}")
    if(wrong STREQUAL body)
      string(REPLACE " ${function}(" " ${function}(Wrong, " wrong "${body}")
    endif()
    add_case("${part} without ${function}" "${without}")
    add_case("${part} with wrong ${function}" "${wrong}")
    list(APPEND cases "${part} without ${function}|${function}" "${part} with wrong ${function}|${function}")
  endforeach()
endforeach()
list(LENGTH cases count)
if(count LESS 100)
  message(FATAL_ERROR "only ${count} cases were made of ${parts}")
endif()

add_case("row-major" "
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
void attend(const heed::DotScorer<double>& scorer, const RowMajor& values, Out scores, Buffer& scratch) {
  scorer.score(values, values, scores, scratch);
}
")
file(WRITE ${scratch}/all.cpp "${text}")

# Matrices of other scalars, as an input and as an output. They are compiled separately, so that all messages are counted.
file(WRITE ${scratch}/scalars.cpp "#include <heed/scorers/dot.hpp>
using In = heed::In<double>;
using Out = heed::Out<double>;
void input(const heed::DotScorer<double>& scorer, const Eigen::MatrixXf& values, Out scores, heed::Buffer<double>& b) {
  scorer.score(scores, values, scores, b);
}
void output(const heed::DotScorer<double>& scorer, const In& values, Eigen::MatrixXi& scores, heed::Buffer<double>& b) {
  scorer.score(values, values, scores, b);
}
")

# Splits the messages of a compiler into errors, each with the lines about its context: g++ writes these before the line of
# the error, clang after it.
function(split_errors said out)
  string(REGEX REPLACE "\n(In file included|[^\n]*: In instantiation of|[^\n]*: error:)" ";\n\\1" parts
    "${said}")
  set(errors)
  set(error "")
  foreach(part IN LISTS parts)
    string(APPEND error "${part}")
    if(part MATCHES ": error:")
      list(APPEND errors "${error}")
      set(error "")
    endif()
  endforeach()
  set(${out} "${errors}" PARENT_SCOPE)
endfunction()

# The errors of a case.
function(find_block errors name out)
  set(block "")
  foreach(error IN LISTS errors)
    string(FIND "${error}" "\n${name}:" found)
    if(found GREATER_EQUAL 0)
      string(APPEND block "${error}")
    endif()
  endforeach()
  set(${out} "${block}" PARENT_SCOPE)
endfunction()

string(REPLACE "," ";" compilers "${compilers}")
foreach(compiler IN LISTS compilers)
  execute_process(COMMAND ${compiler} --version OUTPUT_VARIABLE title COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${compiler} -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  set(oldest 12)
  set(unlimited -fmax-errors=0)
  if(title MATCHES "clang")
    set(oldest 14)
    set(unlimited -ferror-limit=0)
  endif()
  if(version VERSION_LESS oldest)
    message(STATUS "${compiler} ${version} is older than ${oldest}")
    continue()
  endif()
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${compiler} -std=c++20 -fsyntax-only ${unlimited}
      -I ${include} -isystem ${eigen} ${scratch}/all.cpp
    RESULT_VARIABLE failed ERROR_VARIABLE said)
  string(REPLACE ";" " " said "\n${said}")  # semicolons and brackets have a meaning in CMake lists
  string(REPLACE "[" "(" said "${said}")
  string(REPLACE "]" ")" said "${said}")
  split_errors("${said}" errors)
  if(NOT failed)
    message(SEND_ERROR "${compiler} takes parts that are not complete")
  endif()
  foreach(name IN LISTS complete_cases)
    find_block("${errors}" "${name}" block)
    if(block)
      message(SEND_ERROR "${compiler} refuses the ${name} one:\n${block}")
    endif()
  endforeach()
  foreach(case IN LISTS cases)
    string(REPLACE "|" ";" case "${case}")
    list(GET case 0 name)
    list(GET case 1 function)
    find_block("${errors}" "${name}" block)
    string(REGEX MATCHALL "\n" lines "${block}")
    list(LENGTH lines lines)
    set(wanted "[.:]${function}\\(")
    set(most ${most_lines})
    if(name MATCHES "^scorer")
      set(wanted "error: static[^\n]*[ `]${function}\\(")  # the line of the error must name the function
      set(most ${most_scorer_lines})
    endif()
    if(NOT block MATCHES "${wanted}")
      message(SEND_ERROR "${compiler} does not name ${function} of a ${name}, but says:\n${block}")
    elseif(lines GREATER most)
      message(SEND_ERROR "${compiler} says ${lines} lines of a ${name}:\n${block}")
    endif()
  endforeach()
  if(NOT said MATCHES "error: static assertion failed[^\n]*heed takes column-major matrices"
      AND NOT said MATCHES "error: static_assert failed[^\n]*heed takes column-major matrices")
    message(SEND_ERROR "${compiler} does not say why a row-major matrix is refused")
  endif()

  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${compiler} -std=c++20 -fsyntax-only ${unlimited}
      -I ${include} -isystem ${eigen} ${scratch}/scalars.cpp
    ERROR_VARIABLE said)
  string(REPLACE ";" " " said "${said}")
  string(REGEX MATCHALL "error: " errors "${said}")
  string(REGEX MATCHALL "error: static( assertion|_assert) failed[^\n]*heed does not convert between scalars" expected
    "${said}")
  list(LENGTH errors errors)
  list(LENGTH expected expected)
  if(NOT errors EQUAL 2 OR NOT expected EQUAL 2)
    message(SEND_ERROR "${compiler} does not say in one line each why matrices of other scalars are refused:\n${said}")
  endif()
endforeach()
