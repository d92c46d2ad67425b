#pragma once

#include <Eigen/Core>

#ifdef __linux__
#include <sched.h>
#endif

#include <fstream>
#include <string>
#include <string_view>

/// Where and how a comparison runs.
namespace compare {

/// Keeps this thread, and those it starts from now on, on the last `cores` of the cores it was given, which is how a
/// choice by the shell is respected. Tells whether there were so many; does nothing where the system has no such call.
inline bool pin([[maybe_unused]] int cores) {
#ifdef __linux__
  static const cpu_set_t given = [] {
    cpu_set_t all;
    CPU_ZERO(&all);
    sched_getaffinity(0, sizeof(all), &all);
    return all;
  }();
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  int left = cores;
  for (int core = CPU_SETSIZE - 1; core >= 0 && left > 0; --core) {
    if (!CPU_ISSET(static_cast<std::size_t>(core), &given)) continue;
    CPU_SET(static_cast<std::size_t>(core), &chosen);
    --left;
  }
  return left == 0 && sched_setaffinity(0, sizeof(chosen), &chosen) == 0;
#else
  return true;
#endif
}

/// The name of the processor, as far as the system tells it.
inline std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

inline std::string compiler() {
#if defined(__clang__)
  return std::string("Clang ") + __clang_version__;
#elif defined(__GNUC__)
  return std::string("GCC ") + __VERSION__;
#else
  return "unknown compiler";
#endif
}

/// Eigen's version and the instructions it was compiled for.
inline std::string eigen() {
#ifdef EIGEN_PATCH_VERSION  // from Eigen 5 on, which keeps 3 as its "world"
  const std::string version = std::to_string(EIGEN_MAJOR_VERSION) + '.' + std::to_string(EIGEN_MINOR_VERSION) + '.' +
                              std::to_string(EIGEN_PATCH_VERSION);
#else
  const std::string version = std::to_string(EIGEN_WORLD_VERSION) + '.' + std::to_string(EIGEN_MAJOR_VERSION) + '.' +
                              std::to_string(EIGEN_MINOR_VERSION);
#endif
  return version + " (" + Eigen::SimdInstructionSetsInUse() + ')';
}

}  // namespace compare
