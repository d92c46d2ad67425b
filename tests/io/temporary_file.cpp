#include <heed/io/safetensors_reader.hpp>

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>

#if defined(HEED_POSIX_FILES)

#include <signal.h>
#include <sys/wait.h>

#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>
#endif

namespace temporary_file_test {

namespace fs = std::filesystem;

class TemporaryFile : public testing::Test {
 protected:
  static std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& path, std::string_view text, mode_t mode = 0644) {
    std::ofstream(path, std::ios::binary) << text;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0);
    return status.st_mode & mode_t{07777};
  }
  static uid_t owner_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0);
    return status.st_uid;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path only_temporary() const {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().filename().string().starts_with(".heed-")) return entry.path();
    }
    return {};
  }
  static std::string refusal(const fs::path& path, std::string_view text = "new") {
    try {
      heed::write_file_atomically(path, text);
    } catch (const heed::Error& error) {
      return error.what();
    }
    return "";
  }

  /// The message of the error that reading the file throws, or "".
  static std::string reading_error(const fs::path& path) {
    try {
      heed::SafetensorsFile::read(path);
    } catch (const heed::Error& error) {
      return error.what();
    }
    return "";
  }

  /// Runs `body` in a child process, whose exit code is the result of `body`, and returns the wait status.
  static int in_child(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = -1;
    waitpid(child, &status, 0);
    return status;
  }

  static constexpr int skipped = 77;
  static constexpr uid_t other_user = 65534;

  /// Runs `body` in a child process as another user, if this user may change its id.
  static int as_other_user(const std::function<int()>& body) {
    return in_child([&] { return setgid(other_user) != 0 || setuid(other_user) != 0 ? skipped : body(); });
  }

#if defined(__linux__)
  /// Runs `body` in a child process with its own mount namespace.
  static int with_mounts(const std::function<int()>& body) {
    return in_child([&] {
      const bool own = unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
      return own ? body() : skipped;
    });
  }
#endif

  const heed::test::TemporaryFolder temporary_;
  const fs::path& folder_ = temporary_.path();
  const fs::path path_ = folder_ / "a.txt";
};

#define SKIP_IF_NOT_PERMITTED(status) \
  if (WIFEXITED(status) && WEXITSTATUS(status) == skipped) GTEST_SKIP() << "this test needs another user or a mount"

TEST_F(TemporaryFile, IsReadableOnlyByItsOwnerUntilCommit) {
  const mode_t mask = umask(022);
  heed::AtomicFile file(path_);
  file.write("new");
  EXPECT_EQ(mode_of(only_temporary()), 0600U);
  file.commit();
  EXPECT_EQ(mode_of(path_), 0644U);
  umask(027);
  heed::write_file_atomically(folder_ / "b.txt", "new");
  EXPECT_EQ(mode_of(folder_ / "b.txt"), 0640U);
  umask(mask);
}

TEST_F(TemporaryFile, PreservesTheModeOfTheReplacedFile) {
  write(path_, "old", 0604);
  heed::AtomicFile file(path_);
  EXPECT_EQ(mode_of(only_temporary()), 0600U);
  file.commit();
  EXPECT_EQ(mode_of(path_), 0604U);
}

TEST_F(TemporaryFile, OfAKilledProgramIsRemovedByTheNextWriter) {
  for (int killed = 0; killed < 3; ++killed) {
    EXPECT_TRUE(WIFSIGNALED(in_child([&] {
      heed::AtomicFile file(path_), other(folder_ / "other.txt"), second(path_);
      file.write("never finished");
      return raise(SIGKILL);
    })));
  }
  EXPECT_EQ(files(), 3U) << "each killed program removed the files of the previous one";
  heed::write_file_atomically(path_, "new");
  EXPECT_EQ(contents(path_), "new");
  EXPECT_EQ(files(), 2U) << "the temporary file of other.txt is still there";
  heed::write_file_atomically(folder_ / "other.txt", "new");
  EXPECT_EQ(files(), 2U);
}

TEST_F(TemporaryFile, OfAnActiveWriterIsKept) {
  heed::AtomicFile first(path_), second(path_);
  first.write("first");
  second.write("second");
  heed::write_file_atomically(path_, "third");
  EXPECT_EQ(files(), 3U);
  first.commit();
  EXPECT_EQ(contents(path_), "first");
  second.commit();
  EXPECT_EQ(contents(path_), "second");
  EXPECT_EQ(files(), 1U);
}

TEST_F(TemporaryFile, OnlyRegularFilesOfThisUserAreRemoved) {
  const auto paths = heed::detail::temporary_paths(path_);
  write(folder_ / "data", "data");
  fs::create_symlink("data", paths[0]);
  fs::create_hard_link(folder_ / "data", paths[1]);
  fs::create_directory(paths[2]);
  ASSERT_EQ(mkfifo(paths[3].c_str(), 0600), 0);
  const bool root = geteuid() == 0;
  if (root) {
    write(paths[4], "another user's");
    ASSERT_EQ(chown(paths[4].c_str(), other_user, other_user), 0);
  }
  const std::size_t before = files();
  heed::write_file_atomically(path_, "new");
  EXPECT_EQ(files(), before + 1);
  EXPECT_EQ(contents(folder_ / "data"), "data");
  EXPECT_EQ(contents(path_), "new");
  EXPECT_EQ(contents(paths[4]), root ? "another user's" : "");
}

TEST_F(TemporaryFile, UsesAnotherNameIfAllUsualNamesAreTaken) {
  for (const auto& path : heed::detail::temporary_paths(path_)) fs::create_directory(path);
  const std::size_t before = files();
  heed::write_file_atomically(path_, "new");
  EXPECT_EQ(contents(path_), "new");
  EXPECT_EQ(files(), before + 1);
}

TEST_F(TemporaryFile, HasAShortNameForALongTarget) {
  const fs::path path = folder_ / std::string(255, 'x');
  heed::write_file_atomically(path, "new");
  EXPECT_EQ(contents(path), "new");
}

TEST_F(TemporaryFile, PreservesTheOwnerOfTheReplacedFile) {
  write(path_, "old");
  if (chown(path_.c_str(), other_user, other_user) != 0) GTEST_SKIP() << "only root can change the owner of a file";
  heed::write_file_atomically(path_, "new");
  EXPECT_EQ(contents(path_), "new");
  EXPECT_EQ(owner_of(path_), other_user);
}

TEST_F(TemporaryFile, RejectsATargetThatTheEffectiveUserMayNotWrite) {
  write(path_, "old", 0644);
  ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
  const int status = as_other_user([&] {
    try {
      heed::AtomicFile file(path_);
    } catch (const heed::Error& error) {
      return std::string(error.what()) == "cannot write " + path_.string() + ": Permission denied" ? 0 : 1;
    }
    return 2;
  });
  SKIP_IF_NOT_PERMITTED(status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(contents(path_), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(TemporaryFile, OverwritesAnotherUsersFileInAStickyFolderInPlace) {
  write(path_, "old and longer", 0666);
  ASSERT_EQ(chmod(folder_.c_str(), 01777), 0);
  const int status = as_other_user([&] { return refusal(path_).empty() ? 0 : 1; });
  SKIP_IF_NOT_PERMITTED(status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(contents(path_), "new");
  EXPECT_EQ(owner_of(path_), geteuid());
  EXPECT_EQ(files(), 1U);
}

TEST_F(TemporaryFile, ReadersNameTheCopyOfAKilledInPlaceWriter) {
  const fs::path link = folder_ / "link.txt", copy = heed::detail::temporary_paths(path_).back();
  fs::create_symlink("a.txt", link);
  write(path_, "damaged");
  write(copy, "the new content");
  for (const fs::path& path : {path_, link}) {
    EXPECT_EQ(reading_error(path),
              "cannot read " + path.string() +
                  ": it may be damaged, because a program was stopped while writing it. The complete "
                  "content is in " +
                  copy.string() + ": copy it over the damaged file, then remove the copy");
  }
  {
    const int writer = open(copy.c_str(), O_RDWR);
    ASSERT_EQ(flock(writer, LOCK_EX), 0);
    EXPECT_EQ(reading_error(path_).find("it may be damaged"), std::string::npos) << "its writer is still active";
    close(writer);
  }
  heed::write_file_atomically(path_, "newer");
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_EQ(reading_error(path_).find("it may be damaged"), std::string::npos);
}

#if defined(__linux__)

TEST_F(TemporaryFile, OverwritesAMountPointInPlace) {
  write(path_, "old");
  write(folder_ / "outside.txt", "old and longer");
  const int status = with_mounts([&] {
    if (mount((folder_ / "outside.txt").c_str(), path_.c_str(), nullptr, MS_BIND, nullptr) != 0) return skipped;
    return refusal(path_).empty() && contents(path_) == "new" ? 0 : 1;
  });
  SKIP_IF_NOT_PERMITTED(status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(contents(folder_ / "outside.txt"), "new");
  EXPECT_EQ(files(), 2U);
}

TEST_F(TemporaryFile, IsKeptIfOverwritingInPlaceFails) {
  write(path_, "old");
  fs::create_directory(folder_ / "small");
  const int status = with_mounts([&] {
    const fs::path target = folder_ / "small" / "a.txt";
    if (mount("none", (folder_ / "small").c_str(), "tmpfs", 0, "size=64k") != 0) return skipped;
    write(target, "old");
    if (mount(target.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr) != 0) return skipped;
    const std::string text(100'000, 'x'), reason = refusal(path_, text);
    const fs::path whole = heed::detail::temporary_paths(path_).back();
    if (reason.find("No space left on device") == std::string::npos) return 1;
    if (reason.find("its new content is in " + whole.string()) == std::string::npos) return 2;
    if (contents(whole) != text) return 3;
    if (reading_error(path_).find("content is in " + whole.string()) == std::string::npos) return 6;
    if (!refusal(path_, "short").empty() || contents(path_) != "short") return 4;
    return fs::exists(whole) ? 5 : 0;
  });
  SKIP_IF_NOT_PERMITTED(status);
  EXPECT_EQ(status, 0) << WEXITSTATUS(status);
}

#endif

}  // namespace temporary_file_test

#endif
