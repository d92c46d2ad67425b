#pragma once

#include "cli/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace heed::test {

/// A program that runs in parallel to the test, with pipes for its input and output.
class Coprocess {
 public:
  Coprocess(const std::string& program, Arguments arguments, const std::string& err) {
    signal(SIGPIPE, SIG_IGN);  // for the test itself; SpawnAttributes resets it for the program
    std::array<int, 2> to{}, from{};
    EXPECT_EQ(pipe(to.data()) + pipe(from.data()), 0);
    for (const int end : {to[0], to[1], from[0], from[1]}) fcntl(end, F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, from[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::string name = program;
    std::vector<char*> argv{name.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const SpawnAttributes attributes;
    EXPECT_EQ(posix_spawn(&process_, program.c_str(), &files, attributes.get(), argv.data(), environ), 0) << program;
    posix_spawn_file_actions_destroy(&files);
    close(to[0]);
    close(from[1]);
    in_ = to[1];
    out_ = from[0];
  }
  Coprocess(const Coprocess&) = delete;
  Coprocess& operator=(const Coprocess&) = delete;
  ~Coprocess() {
    close_input();
    close_output();
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  /// Writes to the program's input; false if that is not possible.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const auto count = write(in_, text.data(), text.size());
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  void send_signal(int number) const { kill(process_, number); }

  /// The next line of output, without its end; "(nothing)" if none comes within the time.
  std::string line(int milliseconds = 60'000) {
    for (;;) {
      const auto end = received_.find('\n');
      if (end != std::string::npos) {
        std::string next = received_.substr(0, end);
        received_.erase(0, end + 1);
        return next;
      }
      if (!receive(milliseconds)) return "(nothing)";
    }
  }

  /// All output until the program closes it.
  std::string rest() {
    while (receive(60'000)) {
    }
    return std::exchange(received_, {});
  }

  void close_input() { close(std::exchange(in_, -1)); }
  void close_output() { close(std::exchange(out_, -1)); }

  /// Waits for the end of the program and returns its status as a shell does: 128 + N for signal N.
  int finish() {
    int status = 0;
    waitpid(std::exchange(process_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  bool receive(int milliseconds) {
    pollfd file{out_, POLLIN, 0};
    if (poll(&file, 1, milliseconds) <= 0) return false;
    std::array<char, 4096> bytes{};
    const auto count = read(out_, bytes.data(), bytes.size());
    if (count > 0) received_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  pid_t process_ = -1;
  int in_ = -1, out_ = -1;
  std::string received_;
};

}  // namespace heed::test
