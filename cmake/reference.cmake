# The target `reference`: HTML of every public name and of the pages in docs/, by Doxygen, into reference/html of the build
# folder. With the Doxygen that it was written for, a name that nothing explains is an error; others warn of other things.

find_program(HEED_DOXYGEN doxygen)
find_program(HEED_AWK awk)
if(HEED_DOXYGEN AND HEED_AWK)
  set(heed_known_doxygen 1.9.4)
  execute_process(COMMAND ${HEED_DOXYGEN} --version OUTPUT_VARIABLE heed_doxygen_version OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX MATCH "^[0-9.]+" heed_doxygen_version "${heed_doxygen_version}")
  set(reference_warnings NO)
  if(heed_doxygen_version STREQUAL heed_known_doxygen)
    set(reference_warnings FAIL_ON_WARNINGS)
  endif()
  set(reference_folder ${PROJECT_BINARY_DIR}/reference)
  file(MAKE_DIRECTORY ${reference_folder})
  configure_file(docs/reference/Doxyfile.in ${reference_folder}/Doxyfile @ONLY)
  set(heed_build_reference ${HEED_DOXYGEN} ${reference_folder}/Doxyfile)
  add_custom_target(reference
    COMMAND ${heed_build_reference}
    COMMAND ${CMAKE_COMMAND} -E echo "The reference begins at ${reference_folder}/html/index.html"
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    VERBATIM)
endif()
