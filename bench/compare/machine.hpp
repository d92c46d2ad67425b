#pragma once

#include <Eigen/Core>

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// Where and how a comparison runs.
namespace compare {

/// The cores this program was given when it began, by the shell or by the system, as numbers that fall. What the system
/// counts as a core may be half of one; the second halves come after all first ones. Empty where no system tells.
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

/// Keeps all threads of this program, and those they start, on the first `count` of the cores given. Tells whether there
/// were so many; does nothing where the system has no such call.
inline bool pin([[maybe_unused]] int count) {
#ifdef __linux__
  const std::vector<int>& given = given_cores();
  if (static_cast<std::size_t>(count) > given.size()) return false;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (int i = 0; i < count; ++i) CPU_SET(static_cast<std::size_t>(given[static_cast<std::size_t>(i)]), &chosen);
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    const int number = std::stoi(thread.path().filename());
    if (sched_setaffinity(number, sizeof(chosen), &chosen) != 0 && errno != ESRCH) return false;  // it may have ended
  }
#endif
  return true;
}

/// 1, 2, 4 ... as many threads as there are cores for, and 2 at least.
inline std::vector<int> thread_counts() {
  std::vector<int> counts{1, 2};
  while (2 * static_cast<std::size_t>(counts.back()) <= given_cores().size()) counts.push_back(2 * counts.back());
  return counts;
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
