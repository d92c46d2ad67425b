# RTNeural's two fast backends, each in a namespace of its own. It is used as headers alone.
include(CheckCXXCompilerFlag)

heed_comparison(rtneural SOURCES rtneural.cpp rtneural_eigen.cpp)
target_include_directories(compare_rtneural SYSTEM PRIVATE ${HEED_RTNEURAL_INCLUDE})

set(version "of unknown version")
if(EXISTS ${HEED_RTNEURAL_INCLUDE}/CMakeLists.txt)
  file(STRINGS ${HEED_RTNEURAL_INCLUDE}/CMakeLists.txt project REGEX "project\\(RTNeural VERSION")
  string(REGEX MATCH "[0-9.]+" version "${project}")
endif()
if(EXISTS ${HEED_RTNEURAL_INCLUDE}/.git)
  find_package(Git QUIET)
  execute_process(
    COMMAND ${GIT_EXECUTABLE} -C ${HEED_RTNEURAL_INCLUDE} log -1 --format=%h
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(APPEND version " ${commit}")
endif()

find_path(HEED_XSIMD_INCLUDE xsimd/xsimd.hpp HINTS ${HEED_RTNEURAL_INCLUDE}/modules/xsimd/include)
if(HEED_XSIMD_INCLUDE)
  target_sources(compare_rtneural PRIVATE rtneural_xsimd.cpp)
  target_compile_definitions(compare_rtneural PRIVATE HEED_COMPARE_XSIMD)
  target_include_directories(compare_rtneural SYSTEM PRIVATE ${HEED_XSIMD_INCLUDE})
  check_cxx_compiler_flag(-mno-avx512f HEED_HAS_AVX512_FLAG)
  if(HEED_HAS_AVX512_FLAG)
    set_source_files_properties(rtneural_xsimd.cpp PROPERTIES COMPILE_OPTIONS -mno-avx512f)
  endif()
  string(APPEND version ", the faster of Eigen and xsimd")
else()
  string(APPEND version ", its Eigen backend")
endif()
target_compile_definitions(compare_rtneural PRIVATE "HEED_COMPARE_RTNEURAL=\"${version}\"")
