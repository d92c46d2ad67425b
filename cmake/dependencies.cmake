# Finds what the enabled options need, and fetches what is not installed.
#
# Packages are found without a version: a range is refused by Eigen 3.4.0 and a plain 3.4 by Eigen 5. Targets are found
# GLOBAL, so that a project that takes heed by add_subdirectory sees the ones that heed::heed links.

include(FetchContent)

# Says that PACKAGE will be fetched, or stops where that is forbidden.
function(heed_announce_fetch package)
  if(NOT HEED_FETCH_DEPS)
    message(FATAL_ERROR
      "heed needs ${package}, which was not found, and HEED_FETCH_DEPS is off: "
      "run scripts/setup.sh, or install ${package} yourself and name its place in CMAKE_PREFIX_PATH")
  endif()
  message(STATUS "heed: ${package} was not found, fetching it (scripts/setup.sh installs it instead)")
endfunction()

# Fetches an archive for its headers alone, without its build, and makes TARGET of its folder INCLUDE.
# The target is IMPORTED because an export may name imported targets, but no alias.
function(heed_fetch_headers name target include url hash)
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} SOURCE_SUBDIR no-such-dir)
  FetchContent_MakeAvailable(${name})
  FetchContent_GetProperties(${name} SOURCE_DIR source)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE ${source}/${include})
endfunction()

# Fetches an archive and builds it as a part of this tree, only as far as it is used.
function(heed_fetch_project name url hash)
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} SYSTEM)
  FetchContent_MakeAvailable(${name})
endfunction()

if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG QUIET GLOBAL)
  if(NOT Eigen3_FOUND)
    heed_announce_fetch(Eigen3)
    heed_fetch_headers(eigen Eigen3::Eigen .
      https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
      8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
  elseif(Eigen3_VERSION VERSION_LESS 3.4)
    message(FATAL_ERROR "heed needs Eigen 3.4 or newer, found ${Eigen3_VERSION} in ${Eigen3_DIR}")
  endif()
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json CONFIG QUIET GLOBAL)
  if(NOT nlohmann_json_FOUND AND (HEED_BUILD_TESTS OR HEED_BUILD_BENCH OR HEED_BUILD_EXAMPLES))
    heed_announce_fetch(nlohmann_json)
    heed_fetch_headers(json nlohmann_json::nlohmann_json include
      https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
      d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d)
  endif()
endif()

if((HEED_BUILD_BENCH OR HEED_BUILD_EXAMPLES) AND NOT TARGET CLI11::CLI11)
  find_package(CLI11 CONFIG QUIET GLOBAL)
  if(NOT CLI11_FOUND)
    heed_announce_fetch(CLI11)
    heed_fetch_headers(cli11 CLI11::CLI11 include
      https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
      f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a)
  endif()
endif()

if(HEED_BUILD_TESTS AND NOT TARGET GTest::gtest_main)
  find_package(GTest CONFIG QUIET GLOBAL)
  if(NOT GTest_FOUND)
    # Debian's libgtest-dev has the sources too. They are needed where its library does not fit, as with libc++.
    if(NOT FETCHCONTENT_SOURCE_DIR_GOOGLETEST AND EXISTS /usr/src/googletest/CMakeLists.txt)
      set(FETCHCONTENT_SOURCE_DIR_GOOGLETEST /usr/src/googletest)
    endif()
    if(NOT FETCHCONTENT_SOURCE_DIR_GOOGLETEST)
      heed_announce_fetch(GTest)
    endif()
    set(INSTALL_GTEST OFF CACHE INTERNAL "")
    set(BUILD_GMOCK OFF CACHE INTERNAL "")
    heed_fetch_project(googletest
      https://github.com/google/googletest/releases/download/v1.15.2/googletest-1.15.2.tar.gz
      7b42b4d6ed48810c5362c265a17faebe90dc2373c885e5216439d37927f02926)
  endif()
endif()

if(HEED_BUILD_BENCH AND NOT TARGET benchmark::benchmark)
  find_package(benchmark CONFIG QUIET GLOBAL)
  if(NOT benchmark_FOUND)
    heed_announce_fetch(benchmark)
    set(BENCHMARK_ENABLE_TESTING OFF CACHE INTERNAL "")
    set(BENCHMARK_ENABLE_INSTALL OFF CACHE INTERNAL "")
    heed_fetch_project(benchmark
      https://github.com/google/benchmark/archive/refs/tags/v1.8.3.tar.gz
      6bc180a57d23d4d9515519f92b0c83d61b05b5bab188961f36ac7b06b0d9e9ce)
  endif()
endif()

if(HEED_BUILD_TESTS OR HEED_BUILD_BENCH OR HEED_BUILD_EXAMPLES OR HEED_BUILD_ACCURACY)
  find_package(Threads REQUIRED)
endif()
