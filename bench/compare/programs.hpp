#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace compare {

/// A program that compares heed with one library, or the reason why it was not built.
struct Program {
  std::string name;    ///< "onednn"
  std::string absent;  ///< the reason why the program was not built; empty if it was
};

/// The programs from the string that the build defines: "eigen||onednn|the library was not found".
inline std::vector<Program> programs(const std::string& built) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= built.size();) {
    const std::size_t end = std::min(built.find('|', begin), built.size());
    words.push_back(built.substr(begin, end - begin));
    begin = end + 1;
  }
  std::vector<Program> result;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) result.push_back({words[i], words[i + 1]});
  return result;
}

/// Runs a program with the output streams of this program, and waits for it. Throws unless it succeeds.
inline void run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  if (!std::filesystem::exists(program)) {
    throw std::runtime_error("there is no program " + program.string() + ": build the target run_bench");
  }
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], nullptr, nullptr, argv.data(), environ);
  if (error != 0) throw std::runtime_error("cannot start " + program.string() + ": " + std::strerror(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("cannot wait for " + program.string());
  }
  if (WIFSIGNALED(status)) {
    throw std::runtime_error(program.string() + " was ended by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    throw std::runtime_error(program.string() + " failed with status " + std::to_string(WEXITSTATUS(status)));
  }
}

}  // namespace compare
