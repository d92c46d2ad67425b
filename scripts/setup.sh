#!/usr/bin/env bash
# Installs what heed needs and this machine lacks, with the machine's own package manager: a C++20 compiler, Ninja,
# CMake, pkg-config, and the libraries of heed, its tests, benchmarks and examples. Does nothing when all is there.
# `scripts/setup.sh mpi` also installs MPI, for the preset mpi; `scripts/setup.sh sentencepiece` SentencePiece.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

has() { command -v "$1" >/dev/null 2>&1; }

has_compiler() {
  printf '#include <concepts>\n#include <span>\n#if __cplusplus < 202002L\n#error\n#endif\nint main() {}\n' \
    >"$scratch/probe.cpp"
  local compiler
  for compiler in ${CXX:-c++ g++ clang++}; do
    if has "$compiler" && "$compiler" -std=c++20 "$scratch/probe.cpp" -o "$scratch/probe" 2>/dev/null; then return 0; fi
  done
  return 1
}

has_cmake() {
  has cmake || return 1
  echo 'if(CMAKE_VERSION VERSION_LESS 3.25)
          message(FATAL_ERROR "too old")
        endif()' >"$scratch/version.cmake"
  cmake -P "$scratch/version.cmake" >/dev/null 2>&1
}

missing_tools() {
  has_compiler || echo compiler
  has ninja || echo ninja
  has_cmake || echo cmake
  has pkg-config || echo pkg-config
}

# Asks CMake itself, so that a library counts as there exactly if the build will find it.
missing_libraries() {
  mkdir -p "$scratch/probe.d"
  cat >"$scratch/probe.d/CMakeLists.txt" <<'PROBE'
cmake_minimum_required(VERSION 3.25)
project(probe CXX)
foreach(package IN ITEMS Eigen3 GTest benchmark nlohmann_json CLI11)
  find_package(${package} CONFIG QUIET)
  if(NOT ${package}_FOUND OR (package STREQUAL "Eigen3" AND Eigen3_VERSION VERSION_LESS 3.4))
    file(APPEND ${CMAKE_BINARY_DIR}/missing "${package}\n")
  endif()
endforeach()
PROBE
  rm -rf "$scratch/build"
  cmake -S "$scratch/probe.d" -B "$scratch/build" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; return 1; }
  if [ -e "$scratch/build/missing" ]; then cat "$scratch/build/missing"; fi
}

missing_mpi() {
  has mpicxx || echo mpi-compiler
  has mpirun || echo mpi-programs
}

missing_sentencepiece() {
  printf '#include <sentencepiece_trainer.h>\nint main() { sentencepiece::TrainerSpec* spec = nullptr; return spec != nullptr; }\n' \
    >"$scratch/probe.cpp"
  local compiler
  for compiler in ${CXX:-c++ g++ clang++}; do
    if has "$compiler" && "$compiler" -std=c++17 "$scratch/probe.cpp" -o "$scratch/probe" -lsentencepiece_train \
      -lsentencepiece 2>/dev/null; then return 0; fi
  done
  echo sentencepiece
}

package_manager() {
  local manager
  for manager in apt-get dnf brew; do
    if has "$manager"; then echo "$manager"; return; fi
  done
  echo none
}

# What the package manager $1 calls the thing $2.
package_of() {
  case "$1:$2" in
    apt-get:compiler) echo g++ ;;
    apt-get:ninja) echo ninja-build ;;
    apt-get:Eigen3) echo libeigen3-dev ;;
    apt-get:GTest) echo libgtest-dev ;;
    apt-get:benchmark) echo libbenchmark-dev ;;
    apt-get:nlohmann_json) echo nlohmann-json3-dev ;;
    apt-get:CLI11) echo libcli11-dev ;;
    apt-get:mpi-compiler) echo libopenmpi-dev ;;
    apt-get:mpi-programs) echo openmpi-bin ;;
    apt-get:sentencepiece) echo libsentencepiece-dev ;;
    dnf:sentencepiece) echo sentencepiece-devel ;;
    dnf:mpi-*) echo openmpi-devel ;;
    brew:mpi-*) echo open-mpi ;;
    dnf:compiler) echo gcc-c++ ;;
    dnf:ninja) echo ninja-build ;;
    dnf:pkg-config) echo pkgconf-pkg-config ;;
    dnf:Eigen3) echo eigen3-devel ;;
    dnf:GTest) echo gtest-devel ;;
    dnf:benchmark) echo google-benchmark-devel ;;
    dnf:nlohmann_json) echo json-devel ;;
    dnf:CLI11) echo cli11-devel ;;
    brew:compiler) echo gcc ;;
    brew:pkg-config) echo pkgconf ;;
    brew:Eigen3) echo eigen ;;
    brew:GTest) echo googletest ;;
    brew:benchmark) echo google-benchmark ;;
    brew:nlohmann_json) echo nlohmann-json ;;
    brew:CLI11) echo cli11 ;;
    *) echo "$2" ;;
  esac
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif has sudo; then
    sudo "$@"
  else
    echo "setup: this must be run as root, or sudo must be installed: $*" >&2
    exit 1
  fi
}

lists_updated=no

# Installs the things named.
install() {
  local manager thing packages=()
  manager=$(package_manager)
  if [ "$manager" = none ]; then
    echo "setup: found none of apt-get, dnf and brew; please install: $*" >&2
    exit 1
  fi
  for thing in "$@"; do packages+=("$(package_of "$manager" "$thing")"); done
  echo "setup: installing with $manager: ${packages[*]}"
  case "$manager" in
    apt-get)
      if [ "$lists_updated" = no ]; then
        # A broken list of somebody else's packages is no reason to stop: the installation will tell.
        as_root apt-get update || echo "setup: apt-get update failed, trying to install all the same" >&2
        lists_updated=yes
      fi
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
      ;;
    dnf) as_root dnf install -y "${packages[@]}" ;;
    brew) brew install "${packages[@]}" ;;
  esac
}

# Installs what the function $1 names, and stops if it is still missing afterwards.
provide() {
  local missing
  missing=$("$1")
  if [ -z "$missing" ]; then return 0; fi
  # shellcheck disable=SC2086 # a word a thing
  install $missing
  missing=$("$1")
  if [ -z "$missing" ]; then return 0; fi
  echo "setup: still missing or too old after the installation:" $missing >&2
  case " "$missing" " in *cmake*) echo "setup: heed needs CMake 3.25 or newer; see https://cmake.org/download" >&2 ;; esac
  exit 1
}

provide missing_tools
provide missing_libraries
for option in "$@"; do
  case "$option" in
    mpi) provide missing_mpi ;;
    sentencepiece) provide missing_sentencepiece ;;
    *) echo "setup: unknown option $option; the options are mpi and sentencepiece" >&2; exit 1 ;;
  esac
done
echo "setup: everything is here"
