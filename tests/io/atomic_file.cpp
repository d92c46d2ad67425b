#include <heed/io/atomic_file.hpp>

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/resource.h>
#include <sys/stat.h>
#define HEED_TEST_POSIX 1
#endif

namespace atomic_file_test {

namespace fs = std::filesystem;

class AtomicFile : public testing::Test {
 protected:
  static std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static std::string refusal(const fs::path& path, std::string_view text = "new") {
    try {
      heed::write_file_atomically(path, text);
    } catch (const heed::Error& error) {
      return error.what();
    }
    return "";
  }

  const heed::test::TemporaryFolder temporary_;
  const fs::path& folder_ = temporary_.path();
};

TEST_F(AtomicFile, WritesAndReplacesAWholeFile) {
  const fs::path path = folder_ / "a.txt";
  heed::write_file_atomically(path, "first");
  EXPECT_EQ(contents(path), "first");
  heed::write_file_atomically(path, std::string("se\0cond", 7));
  EXPECT_EQ(contents(path), std::string("se\0cond", 7));
  EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFile, IsVisibleOnlyAfterCommit) {
  const fs::path path = folder_ / "a.txt";
  heed::write_file_atomically(path, "old");
  heed::AtomicFile file(path);
  file.write("new");
  EXPECT_EQ(contents(path), "old");
  file.commit();
  EXPECT_EQ(contents(path), "new");
  EXPECT_THROW(file.write("more"), heed::Error);
  EXPECT_THROW(file.commit(), heed::Error);
  EXPECT_EQ(contents(path), "new");
}

TEST_F(AtomicFile, IsRemovedWithoutCommit) {
  {
    heed::AtomicFile file(folder_ / "a.txt");
    file.write("new");
    EXPECT_EQ(files(), 1U);
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(AtomicFile, ReportsInvalidPaths) {
  const fs::path missing = folder_ / "missing" / "a.txt";
  EXPECT_EQ(refusal(missing), "cannot write " + missing.string() + ": No such file or directory");
  EXPECT_NE(refusal(folder_).find("it is a folder"), std::string::npos);
  EXPECT_NE(refusal(folder_ / "").find("it names a folder"), std::string::npos);
  EXPECT_NE(refusal("").find("it names a folder"), std::string::npos);
  heed::write_file_atomically(folder_ / "file", "old");
  EXPECT_NE(refusal(folder_ / "file" / "a.txt").find("Not a directory"), std::string::npos);
  EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFile, RejectsAReadOnlyFile) {
  const fs::path path = folder_ / "a.txt";
  heed::write_file_atomically(path, "old");
  fs::permissions(path, fs::perms::owner_read);
  EXPECT_NE(refusal(path).find("it is read-only"), std::string::npos);
  EXPECT_EQ(contents(path), "old");
}

#if defined(HEED_TEST_POSIX)

TEST_F(AtomicFile, PreservesPermissions) {
  const fs::path path = folder_ / "a.txt";
  heed::write_file_atomically(path, "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  heed::write_file_atomically(path, "new");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AtomicFile, WritesThroughLinks) {
  fs::create_directories(folder_ / "real");
  heed::write_file_atomically(folder_ / "real" / "a.txt", "old");
  fs::create_symlink("real/a.txt", folder_ / "link");
  fs::create_symlink("link", folder_ / "second");
  heed::write_file_atomically(folder_ / "second", "new");
  EXPECT_EQ(contents(folder_ / "real" / "a.txt"), "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "second"));
  fs::create_symlink("round", folder_ / "round");
  EXPECT_NE(refusal(folder_ / "round").find("too many levels of symbolic links"), std::string::npos);
}

TEST_F(AtomicFile, RejectsAPipe) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_NE(refusal(path).find("not a regular file"), std::string::npos);
  EXPECT_TRUE(fs::is_fifo(path));
}

TEST_F(AtomicFile, ReportsAFullDiskAndKeepsTheOldFile) {
  const fs::path path = folder_ / "a.txt";
  heed::write_file_atomically(path, "old");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string in_write = refusal(path, std::string(1'000'000, 'x'));
  const std::string in_flush = refusal(path, std::string(1'001, 'x'));  // fits into the buffer until the flush
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(in_write, "cannot write " + path.string() + ": File too large");
  EXPECT_EQ(in_flush, in_write);
  EXPECT_EQ(contents(path), "old");
  EXPECT_EQ(files(), 1U);
}

#endif

}  // namespace atomic_file_test
