#pragma once

#include <Eigen/Core>

#ifdef __linux__
#include <sched.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// The machine on which a comparison runs: its cores, processor, compiler and version of Eigen.
namespace compare {

/// The cores that this program may use, by decreasing index, as set when it started. If two of them are hardware
/// threads of one core, the second one comes after the first ones of all cores. Empty if the system does not report the
/// cores.
inline const std::vector<int>& given_cores() {
  static const std::vector<int> given = [] {
    std::vector<int> cores;
#ifdef __linux__
    cpu_set_t all;
    CPU_ZERO(&all);
    sched_getaffinity(0, sizeof(all), &all);
    for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
      if (CPU_ISSET(static_cast<std::size_t>(core), &all)) cores.push_back(core);
    }
    std::stable_partition(cores.begin(), cores.end(), [](int core) {
      std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(core) + "/topology/thread_siblings_list");
      int first = core;
      return !(file >> first) || first == core;
    });
#endif
    return cores;
  }();
  return given;
}

/// Pins all threads of this program, and the threads they start, to the first `count` of `given_cores`. Returns false
/// if there are fewer. Does nothing and returns true on systems other than Linux.
inline bool pin([[maybe_unused]] int count) {
#ifdef __linux__
  const std::vector<int>& given = given_cores();
  if (static_cast<std::size_t>(count) > given.size()) return false;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (int i = 0; i < count; ++i) CPU_SET(static_cast<std::size_t>(given[static_cast<std::size_t>(i)]), &chosen);
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    const int number = std::stoi(thread.path().filename());
    if (sched_setaffinity(number, sizeof(chosen), &chosen) != 0 && errno != ESRCH) return false;  // ESRCH: has ended
  }
#endif
  return true;
}

/// Restarts the program with an environment in which idle OpenMP threads spin for at most half a millisecond. This does
/// not slow down PyTorch. By default they spin much longer, on a core that heed needs. A restart is necessary because
/// OpenMP reads its environment before main starts. Does nothing if the user has set the variables.
inline void wait_shortly([[maybe_unused]] char** argv) {
#ifdef __linux__
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  setenv("GOMP_SPINCOUNT", "10000", 1);
  execv("/proc/self/exe", argv);
#endif
}

/// Numbers of threads: 1, 2, 4 ... up to the number of cores, and at least 1 and 2.
inline std::vector<int> thread_counts() {
  std::vector<int> counts{1, 2};
  while (2 * static_cast<std::size_t>(counts.back()) <= given_cores().size()) counts.push_back(2 * counts.back());
  return counts;
}

/// The name of the processor, if the system reports it.
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

/// The version of Eigen and the instruction set that it uses.
inline std::string eigen() {
#ifdef EIGEN_PATCH_VERSION  // Eigen 5 and later: EIGEN_WORLD_VERSION is still 3
  const std::string version = std::to_string(EIGEN_MAJOR_VERSION) + '.' + std::to_string(EIGEN_MINOR_VERSION) + '.' +
                              std::to_string(EIGEN_PATCH_VERSION);
#else
  const std::string version = std::to_string(EIGEN_WORLD_VERSION) + '.' + std::to_string(EIGEN_MAJOR_VERSION) + '.' +
                              std::to_string(EIGEN_MINOR_VERSION);
#endif
  return version + " (" + Eigen::SimdInstructionSetsInUse() + ')';
}

}  // namespace compare
