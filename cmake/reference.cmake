# The target `reference`: HTML of every public name and of the pages in docs/, by Doxygen, into reference/html of the build
# folder. It fails on a name that nothing explains.

find_program(HEED_DOXYGEN doxygen)
find_program(HEED_AWK awk)
if(HEED_DOXYGEN AND HEED_AWK)
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
