# Checks the language of comments and documents, which is plain technical English. A comment, a list item or a table cell
# must not begin with a relative clause ("What the softmax divides by"). Some phrases are banned because readers have to
# guess their meaning; the list below has the common terms.
#
#   cmake -D root=FOLDER_OF_THE_PROJECT -P tests/architecture/language.cmake
#
# Checks the comments in include/, src/, examples/ and bench/, and README.md and docs/*.md without their code. Text in
# backticks and quotes is not checked.
cmake_minimum_required(VERSION 3.25)

# The first words of a comment, a list item or a table cell. A question may begin with them.
set(openings what who whose whoever whatever whichever those of "for who" "for whom" "where there" "where no" "the same,")

# The first words of every other sentence. A question may begin with them.
set(sentence_openings What Who Whose Whoever "Those that" "Those who" "For who")

# Banned phrases: regular expressions on text in lower case without punctuation inside of a clause.
set(phrases
  "look(s|ed|ing)? (at|back)"                     # attend to
  "for whom?"
  "as (it|they) (is|are|was|were|pleases?)"       # unchanged
  "(is|are) made of"                              # consists of
  "ha(s|ve|d) no say"
  "go(es)? on"                                    # continues
  "unfold(s|ed|ing)?"                             # converts
  "narrow(s|ed|er|ing)?"                          # converts to bfloat16
  "own words?"                                    # sampled token
  "without (more|further|much) ado"
  "likeliest"                                     # most probable
  "refus(e|es|ed|al|als|ing)"                     # throws, rejects
  "(begin|end) symbols?"                          # bos, eos
  "to and fro"
  "(is|are|was|were) told"                        # gets, is reported
  "tells?( [a-z]+)? (what|whether|how|which|why|who|where)"
  "tak(e|es|ing) turns|takes? (its|their) turns?" # alternates
  "c[ao]mes? of"                                  # results from
  "hand(s|ed|ing)? (on|out|over|down)"            # passes, returns
  "(can|could|must|to) be had"
  "stands? (side|beside|between|above|below|in|here|there|twice|apart)"  # is
  "(was|is|were|are) asked for"                   # is selected
  "(bytes|words|tokens|operations|multiply adds?|seconds|nanoseconds) an? (second|unit|call|step|turn|word|element|sentence|pass)"
  "(once|twice) an? (word|step|pass|call|turn)"   # per second, per word
  "the least (time|times|seconds|work|that|one|form)|in its least"  # minimum
  "all that (is|are|was|were|does|do|has|have|an?|the|it|they)"     # everything
  "first impression"
  "makes? of it"
  "number by number"                              # element by element
  "(at|to|by) the letter"
  "(lest|whilst|albeit|henceforth|hitherto|amidst)"
  "(there|where|here)(by|in|of|to|upon)"
  "has read|have read"                            # has encoded
  "learn(s|ed)? from"                             # is trained on
  "(is|are) others"                               # differ
  "brought? from|headers alone|a road in"
  "the team"                                      # thread pool
  "so to (say|speak)")

# Accepted phrases, as `file|phrase`, with the reason. An entry that is not needed is an error.
set(exceptions
  "docs/programs.md|has read"  # translate run reads lines
)

# Replaces the characters that have a meaning in lists of CMake, and splits the text into lines.
macro(split_lines text)
  string(REGEX REPLACE "[][;\\]" "," lines "${${text}}")
  string(REPLACE "\n" ";" lines "${lines}")
endmacro()

# Appends the paragraph to the list of paragraphs, as `line:text`, and begins a new one.
macro(end_paragraph)
  if(NOT paragraph STREQUAL "")
    list(APPEND paragraphs "${first_line}:${paragraph}")
  endif()
  set(paragraph "")
endmacro()

# Adds a line of text, the variable `content`. Items, cells and headings are separate paragraphs.
macro(add_line)
  if(content MATCHES "^[ \t]*$")
    end_paragraph()
  elseif(content MATCHES "^[ \t]*[|]")
    end_paragraph()
    string(REPLACE "|" ";" cells "${content}")
    foreach(cell IN LISTS cells)
      string(STRIP "${cell}" paragraph)
      set(first_line ${number})
      end_paragraph()
    endforeach()
  elseif(content MATCHES "^[ \t]*([*-]|[0-9]+[.]|#+)[ ]+(.*)$")
    set(marker "${CMAKE_MATCH_1}")
    set(rest "${CMAKE_MATCH_2}")
    end_paragraph()
    set(paragraph "${rest}")
    set(first_line ${number})
    if(marker MATCHES "#")
      end_paragraph()
    endif()
  elseif(paragraph STREQUAL "")
    string(STRIP "${content}" paragraph)
    set(first_line ${number})
  else()
    string(STRIP "${content}" content)
    string(APPEND paragraph " ${content}")
  endif()
endmacro()

# The paragraphs in the comments of a C++ file.
function(read_comments text out)
  split_lines(text)
  set(paragraphs)
  set(paragraph "")
  set(trailing FALSE)
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES "^([ \t]*)//[/!]?<?(.*)$")
      set(content "${CMAKE_MATCH_2}")
      string(LENGTH "${CMAKE_MATCH_1}" indentation)
      if(trailing AND indentation LESS 20)  # otherwise the line continues the comment beside the code above
        end_paragraph()
        set(trailing FALSE)
      endif()
      add_line()
    else()
      end_paragraph()
      set(trailing FALSE)
      if(line MATCHES "[ \t]//[/!]?<?([ \t][^\"]*)$")
        set(content "${CMAKE_MATCH_1}")
        set(trailing TRUE)
        add_line()
      endif()
    endif()
  endforeach()
  end_paragraph()
  set(${out} "${paragraphs}" PARENT_SCOPE)
endfunction()

# The paragraphs of a document, without its blocks of code.
function(read_document text out)
  split_lines(text)
  set(paragraphs)
  set(paragraph "")
  set(code FALSE)
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES "^[ \t]*```")
      end_paragraph()
      if(code)
        set(code FALSE)
      else()
        set(code TRUE)
      endif()
    elseif(NOT code AND NOT (paragraph STREQUAL "" AND line MATCHES "^    "))
      set(content "${line}")
      add_line()
    endif()
  endforeach()
  end_paragraph()
  set(${out} "${paragraphs}" PARENT_SCOPE)
endfunction()

# The violations in the text of a file: a list of `file:line: what was found`, empty if there are none. Appends the
# exceptions that were needed to `used`.
function(find_violations file text out)
  if(file MATCHES "[.]md$")
    read_document("${text}" paragraphs)
  else()
    read_comments("${text}" paragraphs)
  endif()
  list(JOIN openings "|" first_words)
  list(JOIN sentence_openings "|" sentence_words)
  set(violations)
  set(all_words)
  foreach(paragraph IN LISTS paragraphs)
    string(REGEX MATCH "^[0-9]+" number "${paragraph}")
    string(REGEX REPLACE "^[0-9]+:" "" prose "${paragraph}")
    string(REGEX REPLACE "`[^`]*`|\"[^\"]*\"|[(][^() ]*[./#][^() ]*[)]" "x" prose "${prose}")
    string(TOLOWER "${prose}" words)
    string(REGEX REPLACE "^[^a-z0-9]+" "" start "${words}")
    if(NOT start MATCHES "^[^.?!]*[?]" AND start MATCHES "^(${first_words})([ ,:].*|)$")
      list(APPEND violations "${file}:${number}: begins with \"${CMAKE_MATCH_1}\"")
    endif()
    if(prose MATCHES "[.:!] (${sentence_words}) [^.?!]*([.?!]|$)" AND NOT CMAKE_MATCH_2 STREQUAL "?")
      list(APPEND violations "${file}:${number}: a sentence begins with \"${CMAKE_MATCH_1}\"")
    endif()
    string(REGEX REPLACE "[.,:!?()]+" " . " words "${words}")
    string(REGEX REPLACE "[^a-z0-9.]+" " " words "${words}")
    list(APPEND all_words "${number} ${words} ")
  endforeach()
  foreach(phrase IN LISTS phrases)
    if(NOT "${all_words}" MATCHES " (${phrase}) ")
      continue()
    endif()
    foreach(words IN LISTS all_words)
      if(NOT words MATCHES " (${phrase}) ")
        continue()
      endif()
      set(found "${CMAKE_MATCH_1}")
      if("${file}|${found}" IN_LIST exceptions)
        list(APPEND used "${file}|${found}")
      else()
        string(REGEX MATCH "^[0-9]+" number "${words}")
        list(APPEND violations "${file}:${number}: \"${found}\"")
      endif()
    endforeach()
  endforeach()
  set(${out} "${violations}" PARENT_SCOPE)
  set(used "${used}" PARENT_SCOPE)
endfunction()

# --- Do the checks fire?

function(expect file text expected)
  find_violations(${file} "${text}" found)
  if(NOT found STREQUAL expected)
    message(SEND_ERROR "self-test: ${file} with\n${text}\n  expected: ${expected}\n  found:    ${found}")
  endif()
endfunction()

# Openings.
expect(a.hpp "/// What the softmax divides by.\n" "a.hpp:1: begins with \"what\"")
expect(a.hpp "/// The normaliser.\n///\n/// Of each column.\n" "a.hpp:3: begins with \"of\"")
expect(a.hpp "int a;  ///< of the epoch\nint b;  // for who reads\n"
  "a.hpp:1: begins with \"of\";a.hpp:2: begins with \"for who\";a.hpp:2: \"for who\"")
expect(a.hpp "/// The same, for a batch.\n" "a.hpp:1: begins with \"the same,\"")
expect(a.hpp "/// Whatever\n" "a.hpp:1: begins with \"whatever\"")
expect(a.hpp "/// | name | what it does |\n" "a.hpp:1: begins with \"what\"")
expect(a.hpp "/// - a scale\n/// - those of the cell\n" "a.hpp:2: begins with \"those\"")
expect(a.hpp "/// Offsets, official whole numbers\n/// of sentences.\n" "")
expect(a.hpp "/// What is a query? A vector.\n" "")
expect(a.hpp "int a;                  ///< the length\n                        ///< of a sentence\n" "")
expect(a.hpp "int a;                  ///< the length\n/// Of a sentence.\n" "a.hpp:2: begins with \"of\"")
expect(a.hpp "/// Adds a row. What is left is zero.\n" "a.hpp:1: a sentence begins with \"What\"")
expect(a.hpp "/// Adds a row. What is left? Nothing.\n" "")
expect(a.hpp "  }  // namespace\n  call(\"what // who\");\nint what = 1;\n" "")

# Phrases, also on two lines.
expect(a.cpp "/// The decoder looks\n/// back.\n" "a.cpp:1: \"looks back\"")
expect(a.cpp "int a;\n// as they\n// are\n" "a.cpp:2: \"as they are\"")
expect(a.cpp "int a;  // bytes a second\nint b;  // bytes per second\n" "a.cpp:1: \"bytes a second\"")
expect(a.cpp "// The outlook at `looks at`, \"begin symbol\"; narrowly.\n" "")
expect(a.cpp "// [begin-symbol] (to be, had)\n" "a.cpp:1: \"begin symbol\"")

# Documents.
expect(a.md "# Title\n\nText that\nunfolds.\n* Who reads\n" "a.md:5: begins with \"who\";a.md:3: \"unfolds\"")
expect(a.md "Text.\n```cpp\n// What looks at it\n```\n1. It goes on.\n" "a.md:5: \"goes on\"")
expect(a.md "    what = 1\n\n[A link](what/looks-at.md) is refused.\n" "a.md:3: \"refused\"")
expect(a.md "| command | what it does |\n|---|---|\n| `a` | is told |\n"
  "a.md:1: begins with \"what\";a.md:3: \"is told\"")
expect(a.md "## What is a query?\n" "")

# Exceptions.
set(kept_exceptions "${exceptions}")
set(exceptions "a.md|goes on")
expect(a.md "It goes on.\n" "")
expect(b.md "It goes on.\n" "b.md:1: \"goes on\"")
set(used)
find_violations(a.md "It goes on.\n" found)
if(NOT used STREQUAL "a.md|goes on")
  message(SEND_ERROR "self-test: the exception a.md|goes on was needed\n  found: ${used}")
endif()
set(exceptions "${kept_exceptions}")

# --- The files themselves.

set(files)
foreach(folder IN ITEMS include src examples bench)
  file(GLOB_RECURSE sources RELATIVE ${root} ${root}/${folder}/*.hpp ${root}/${folder}/*.cpp)
  list(APPEND files ${sources})
endforeach()
file(GLOB documents RELATIVE ${root} ${root}/README.md ${root}/docs/*.md)
list(APPEND files ${documents})
list(LENGTH files count)
if(count LESS 100)
  message(SEND_ERROR "expected the files of the project in ${root}, found ${count}")
endif()

set(used)
foreach(file IN LISTS files)
  file(READ ${root}/${file} text)
  find_violations(${file} "${text}" violations)
  foreach(violation IN LISTS violations)
    message(SEND_ERROR "${violation}")
  endforeach()
endforeach()
foreach(exception IN LISTS exceptions)
  if(NOT exception IN_LIST used)
    message(SEND_ERROR "the exception ${exception} is not needed")
  endif()
endforeach()
