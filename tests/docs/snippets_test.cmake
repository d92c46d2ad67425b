# Tests snippets.cmake and run.cmake with small documents.
#
#   cmake -D scratch=FOLDER -P tests/docs/snippets_test.cmake
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/snippets.cmake)

file(REMOVE_RECURSE ${scratch})

# Reads a document with the given text. Its snippets are written to ${scratch}/snippets.
function(read text programs_out)
  file(REMOVE_RECURSE ${scratch}/snippets)
  file(WRITE ${scratch}/page.md "${text}")
  heed_read_snippets(${scratch} page.md ${scratch}/snippets programs)
  set(${programs_out} "${programs}" PARENT_SCOPE)
endfunction()

function(expect_file name expected)
  set(found "no such file")
  if(EXISTS ${scratch}/snippets/${name})
    file(READ ${scratch}/snippets/${name} found)
  endif()
  if(NOT found STREQUAL expected)
    message(SEND_ERROR "${name}\n--- expected:\n${expected}\n--- found:\n${found}")
  endif()
endfunction()

function(expect_programs found expected)
  if(NOT found STREQUAL expected)
    message(SEND_ERROR "programs expected: ${expected}\nfound: ${found}")
  endif()
endfunction()

# --- Statements are placed inside main, types, templates, functions and constants before main, and includes first.

read([=[
```cpp
#include <span>
int x = twice(1); f[0] = "a;b\n";
/// Twice.
template <class T>
T twice(T t) {
  return t + t;
}
constexpr int n = 3;
auto one = [](int i) {
  return i;
};
for (int i = 0; i < n; ++i) {
}
```

```text
said
```

```cpp
struct A {
  int a;
};
A a;
```

prose

```text
not said
```
]=] programs)
expect_programs("${programs}" "page")
expect_file(1.txt "said\n")
expect_file(21.txt "no such file")
expect_file(page.cpp [=[
#include <heed/heed.hpp>

#include <cstdio>
#include <span>

namespace scope_1 {
#line 5 "page.md"
template <class T>
T twice(T t) {
  return t + t;
}
constexpr int n = 3;
#line 22 "page.md"
struct A {
  int a;
};
void run() {
std::puts("--- page.md:1");
#line 3 "page.md"
int x = twice(1); f[0] = "a;b\n";
/// Twice.
#line 10 "page.md"
auto one = [](int i) {
  return i;
};
for (int i = 0; i < n; ++i) {
}
std::puts("--- page.md:21");
#line 25 "page.md"
A a;
}
}

int main() {
  scope_1::run();
}
]=])

# --- Separate programs, and sections.

read([=[
<!-- snippets: sections -->
```cpp
int x;
```
## Next
```cpp
int main() {}
```
```text
out
```
```cpp
int x;
```
]=] programs)
expect_programs("${programs}" "page;6")
expect_file(6.cpp "#line 6 \"page.md\"\n\nint main() {}\n")
expect_file(6.txt "out\n")
expect_file(page.cpp [=[
#include <heed/heed.hpp>

#include <cstdio>

namespace scope_1 {
void run() {
std::puts("--- page.md:2");
#line 3 "page.md"
int x;
}
}
namespace scope_2 {
void run() {
std::puts("--- page.md:12");
#line 13 "page.md"
int x;
}
}

int main() {
  scope_1::run();
  scope_2::run();
}
]=])

# --- Comparison of the output.

function(expect_run text expected)
  read("${text}" programs)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -D document=page.md -D snippets=${scratch}/snippets -D programs= -D bin=${scratch}
      -D root=${scratch} -D scratch=${scratch}/run -P ${CMAKE_CURRENT_LIST_DIR}/run.cmake
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(result EQUAL 0)
    set(found good)
  else()
    set(found bad)
  endif()
  if(NOT found STREQUAL expected)
    message(SEND_ERROR "this document is ${expected}, and was found ${found}:\n${text}")
  endif()
endfunction()

expect_run("<!-- snippet: run -->\n```sh\necho 'a;b'\n```\n\n```text\na;b\n```\n" good)
expect_run("<!-- snippet: run -->\n```sh\necho 'a;b'\n```\n\n```text\na;c\n```\n" bad)
expect_run("<!-- snippet: run -->\n```sh\necho a\n```\n" good)
expect_run("<!-- snippet: run -->\n```sh\nfalse\n```\n" bad)
expect_run("```sh\nfalse\n```\n" good)
