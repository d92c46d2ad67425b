# The target `reference`: HTML of every public name, by Doxygen, into reference/html of the build folder. With the known
# version of Doxygen, a warning is an error; other versions have other warnings.

find_program(HEED_DOXYGEN doxygen)
if(HEED_DOXYGEN)
  set(heed_known_doxygen 1.9.4)
  execute_process(COMMAND ${HEED_DOXYGEN} --version OUTPUT_VARIABLE heed_doxygen_version OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX MATCH "^[0-9.]+" heed_doxygen_version "${heed_doxygen_version}")
  set(reference_folder ${PROJECT_BINARY_DIR}/reference)
  file(MAKE_DIRECTORY ${reference_folder})
  configure_file(docs/reference/Doxyfile.in ${reference_folder}/Doxyfile @ONLY)
  set(strict OFF)
  if(heed_doxygen_version STREQUAL heed_known_doxygen)
    set(strict ON)
  endif()
  set(heed_build_reference ${CMAKE_COMMAND} -D doxygen=${HEED_DOXYGEN} -D folder=${reference_folder} -D strict=${strict}
    -P ${PROJECT_SOURCE_DIR}/docs/reference/check.cmake)
  add_custom_target(reference COMMAND ${heed_build_reference} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
endif()
