# Runs road.cmake with all choices of a consumer. The compilation of headers does not depend on the way they were installed,
# so only copied headers are compiled with every setting. Every road is tested with every compiler and every Eigen.
#
#   cmake -D compilers=g++,clang++ -D eigens=/usr/include/eigen3,FOLDER -D root=FOLDER_OF_THE_PROJECT -D scratch=FOLDER
#     -P tests/consumers/matrix.cmake
cmake_minimum_required(VERSION 3.25)

set(passed 0)
set(failed 0)
set(skipped 0)

function(take road compiler standard flags eigen)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -D road=${road} -D compiler=${compiler} -D standard=${standard} -D flags=${flags}
      -D eigen=${eigen} -D root=${root} -D scratch=${scratch} -P ${root}/tests/consumers/road.cmake
    RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  set(outcome passed)
  if(result)
    set(outcome failed)
  elseif(said MATCHES "heed: skipped")
    set(outcome skipped)
  else()
    set(said "")
  endif()
  math(EXPR count "${${outcome}} + 1")
  set(${outcome} ${count} PARENT_SCOPE)
  string(STRIP "${road}, ${compiler}, C++${standard}, ${eigen} ${flags}: ${outcome}\n${said}" line)
  message("${line}")
endfunction()

string(REPLACE "," ";" compilers "${compilers}")
string(REPLACE "," ";" eigens "${eigens}")
foreach(eigen IN LISTS eigens)
  foreach(compiler IN LISTS compilers)
    foreach(road IN ITEMS install find_package pkg_config fetch_content add_subdirectory no_exceptions single_header two_files
        two_versions)
      take(${road} ${compiler} 20 -O2 "${eigen}")
    endforeach()
    foreach(standard IN ITEMS 20 23)
      foreach(level IN ITEMS -Og -O2 -O3)
        foreach(without IN ITEMS "" " -fno-exceptions -fno-rtti")
          take(copied_headers ${compiler} ${standard} "${level}${without}" "${eigen}")
        endforeach()
      endforeach()
    endforeach()
  endforeach()
endforeach()

message("${passed} passed, ${failed} failed, ${skipped} skipped")
if(failed)
  message(FATAL_ERROR "heed is not at home everywhere")
endif()
