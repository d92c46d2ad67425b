#pragma once

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// Runs a program with a command line and returns its two output streams and its exit code. The program is `translate`
/// unless a test sets another one.
namespace heed::test {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// The arguments of a command line without quotes.
inline Arguments arguments(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<std::string>(words), {}};
}

/// Restores the default actions of signals that end a program, because background jobs may be started with ignored
/// signals.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&signals, signal_number);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

inline std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The tensor data of a model file without its header. Models that differ only in metadata have the same data.
inline std::string parameters_of(const fs::path& path) {
  const std::string bytes = contents(path);
  std::uint64_t header = 0;
  if (bytes.size() < sizeof header) return "";
  for (std::size_t i = 0; i < sizeof header; ++i) {
    header |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return bytes.substr(8 + static_cast<std::size_t>(header));
}

struct Outcome {
  int code = -1;  ///< exit code; 128 + N if signal N ended the program
  std::string out, err;
};

/// Creates a temporary folder for each test and runs a program with files in this folder.
class Program : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

  /// The first `count` lines of a file of the example data.
  static std::string pairs_of(const std::string& file, std::size_t count) {
    std::ifstream in(std::string(EXAMPLE_DATA) + '/' + file);
    std::string text, line;
    for (std::size_t i = 0; i < count && std::getline(in, line); ++i) text += line + '\n';
    return text;
  }

  /// One column of tab-separated text, from 0.
  static std::string column(const std::string& text, std::size_t number) {
    std::string result;
    for (const std::string& line : lines_of(text)) {
      std::istringstream in(line);
      std::string field;
      for (std::size_t i = 0; i <= number; ++i) std::getline(in, field, '\t');
      result += field + '\n';
    }
    return result;
  }

  /// Arguments that train a small model on little data, in some hundredths of a second.
  Arguments training(const std::string& save) const {
    if (!fs::exists(path("train.tsv"))) write("train.tsv", pairs_of("train.tsv", 48));
    return {"train",
            "--pairs",
            path("train.tsv"),
            "--hidden-size",
            "16",
            "--embedding-size",
            "8",
            "--epochs",
            "1",
            "--batch-size",
            "16",
            "--threads",
            "1",
            "--save",
            path(save)};
  }

  /// `arguments` with one option set to another value.
  static Arguments with(Arguments arguments, const std::string& option, const std::string& value) {
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
      if (arguments[i] != option) continue;
      arguments[i + 1] = value;
      return arguments;
    }
    return arguments + Arguments{option, value};
  }

  /// Trains a model with the additional options `more` and returns its path.
  std::string trained(const std::string& name, const Arguments& more = {}) const {
    const Outcome outcome = translate(training(name) + more);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return path(name);
  }

  /// Starts the program. Its streams are files of the folder; `out`, if given, is the file of standard output.
  pid_t start(const Arguments& arguments, const std::string& in = "/dev/null", const std::string& out = "") const {
    fs::remove(path("err"));
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    constexpr int made = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, (out.empty() ? path("out") : out).c_str(), made, 0600);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, path("err").c_str(), made, 0600);
    std::string program = program_;
    Arguments copies = arguments;
    std::vector<char*> argv{program.data()};
    for (std::string& argument : copies) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_t process = -1;
    const SpawnAttributes attributes;
    const int error = posix_spawn(&process, program.c_str(), &files, attributes.get(), argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    EXPECT_EQ(error, 0) << program << ": " << std::strerror(error);
    return process;
  }

  /// Waits for the end of the program, and kills it after five minutes.
  Outcome finish(pid_t process) const {
    Outcome outcome;
    if (process <= 0) return outcome;
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (waitpid(process, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > deadline) kill(process, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = contents(path("out"));
    outcome.err = contents(path("err"));
    for (const char* const crash : {"Sanitizer", "runtime error:", "terminate called"}) {
      EXPECT_EQ(outcome.err.find(crash), std::string::npos) << outcome.err;
    }
    return outcome;
  }

  Outcome run(const Arguments& arguments) const { return finish(start(arguments)); }

  /// Runs the program with `text` on standard input.
  Outcome run(const Arguments& arguments, std::string_view text) const {
    return finish(start(arguments, write("in", text)));
  }

  template <class... Text>
  Outcome translate(const Arguments& arguments, const Text&... text) const {
    return run(arguments, text...);
  }

  /// The names of all files in the folder except the program's streams.
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename().string());
    for (const char* const stream : {"in", "out", "err"}) names.erase(stream);
    return names;
  }

  std::string program_ = TRANSLATE_PROGRAM;
  const heed::test::TemporaryFolder temporary_;
  const fs::path& folder_ = temporary_.path();
};

/// Expects that the program reported an error: an exit code from 1 to 127, nothing on standard output, and a message on
/// standard error that contains all of `parts`.
inline void expect_error(const Outcome& outcome, const std::vector<std::string>& parts) {
  EXPECT_GT(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_LT(outcome.code, 128) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  for (const std::string& part : parts)
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << '\n' << outcome.err;
}

}  // namespace heed::test
