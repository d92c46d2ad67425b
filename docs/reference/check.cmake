# Generates the reference and fails if Doxygen warns, for example about a class or a function without a comment. Only the
# members of classes need no comment of their own: that of their group or of their concept's contract explains them.
#
#   cmake -D doxygen=PROGRAM -D strict=ON -D folder=BUILD/reference -P docs/reference/check.cmake
#
# Without `strict`, for versions of Doxygen whose warnings are not known, it only prints the warnings.

execute_process(COMMAND ${doxygen} ${folder}/Doxyfile RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "Doxygen failed: ${result}")
endif()
file(STRINGS ${folder}/warnings.txt warnings)
list(FILTER warnings EXCLUDE REGEX "Member .* of (class|struct) .* is not documented")
if(warnings)
  list(JOIN warnings "\n" warnings)
  set(kind WARNING)
  if(strict)
    set(kind FATAL_ERROR)
  endif()
  message(${kind} "Doxygen warns:\n${warnings}")
endif()
if(NOT EXISTS ${folder}/html/index.html)
  message(FATAL_ERROR "Doxygen wrote no ${folder}/html/index.html")
endif()
message("The reference begins at ${folder}/html/index.html")
