#pragma once

#include <heed/io/temporary_names.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#define HEED_POSIX_FILES 1
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace heed { inline namespace v0_2 { namespace detail {

#if defined(HEED_POSIX_FILES)

/// A temporary file in the folder of its target. Only this user can read it until it replaces the target. Functions
/// return 0 or an errno value. The open file is locked, which distinguishes it from the file of a killed program.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { discard(); }

  /// Checks that the effective user may write to the file, by opening it for writing.
  static int try_to_write(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return errno;
    ::close(descriptor);
    return 0;
  }

  /// Removes temporary files that killed writers of the target left behind, and creates an empty file.
  int create(const std::filesystem::path& target) {
    for (int slot = 0; slot < temporary_slots; ++slot) remove_stale(temporary_path(target, std::to_string(slot)));
    for (int attempt = 0; attempt < temporary_attempts; ++attempt) {
      std::filesystem::path path = temporary_candidate(target, attempt);
      if (!default_mode_known_ && !find_default_mode(path)) {
        if (errno == EEXIST) continue;
        return errno;
      }
      descriptor_ = open_new(path, 0600);
      if (descriptor_ < 0) {
        if (errno == EEXIST) continue;
        return errno;
      }
      // Before the new file is locked, another writer may mistake it for a stale one and remove it.
      struct stat status {};
      const bool taken = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
      if (!taken && ::fstat(descriptor_, &status) == 0 && status.st_nlink > 0) {
        path_ = std::move(path);
        return 0;
      }
      close();
    }
    return EEXIST;
  }

  /// Returns the file with the complete content of a target that a killed writer has overwritten in part. The result is
  /// empty if no such file belongs to this user or to the owner of the target, or if its writer is still running.
  static std::filesystem::path abandoned_copy(const std::filesystem::path& target) {
    std::filesystem::path path = temporary_path(target, "whole");
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return {};
    struct stat copy {};
    struct stat there {};
    const bool trusted = ::fstat(descriptor, &copy) == 0 && S_ISREG(copy.st_mode) &&
                         ::stat(target.c_str(), &there) == 0 &&
                         (copy.st_uid == ::geteuid() || copy.st_uid == there.st_uid);
    const bool abandoned = trusted && ::flock(descriptor, LOCK_SH | LOCK_NB) == 0;
    ::close(descriptor);
    return abandoned ? path : std::filesystem::path();
  }

  bool is_open() const { return descriptor_ >= 0; }

  int write(const void* data, std::size_t size) { return write_all(descriptor_, data, size); }

  /// Replaces the target by this file, with the owner and the mode of an existing target. If renaming is not possible
  /// (a mount point, another user's file in a sticky folder), overwrites the target in place.
  int replace(const std::filesystem::path& target) {
    // Allocated here, because nothing may allocate after the target was replaced.
    const std::filesystem::path folder = target.parent_path(), older_copy = temporary_path(target, "whole");
    if (const int error = sync(descriptor_)) return error;
    struct stat there {};
    struct stat here {};
    const bool exists = ::lstat(target.c_str(), &there) == 0 && S_ISREG(there.st_mode);
    if (::fstat(descriptor_, &here) != 0) return errno;
    const mode_t mode = exists ? there.st_mode & mode_t{0777} : default_mode_;
    const bool foreign = exists && (there.st_uid != here.st_uid || there.st_gid != here.st_gid);
    bool in_place = foreign && ::fchown(descriptor_, there.st_uid, there.st_gid) != 0;
    if (!in_place) {
      if ((here.st_mode & 0777) != mode && ::fchmod(descriptor_, mode) != 0) return errno;
      if (::rename(path_.c_str(), target.c_str()) != 0) {
        in_place = exists && (errno == EBUSY || errno == EPERM || errno == EACCES || errno == EXDEV);
        if (!in_place) return errno;
      }
    }
    if (in_place) {
      if (const int error = copy_onto(target)) return error;
      ::unlink(path_.c_str());
    }
    path_.clear();
    close();
    remove_stale(older_copy);
    return sync_folder(folder);
  }

  /// Closes and removes the file. If copying it in place failed, the file stays, because the target may be damaged.
  void discard() {
    if (!path_.empty() && !copying_) ::unlink(path_.c_str());
    path_.clear();
    close();
  }

  /// The file that holds the complete content if copying it in place failed, else empty.
  std::filesystem::path rescued() const { return copying_ ? path_ : std::filesystem::path(); }

 private:
  static int open_new(const std::filesystem::path& path, mode_t mode) {
    return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  }

  /// Finds the mode of a new file (from umask or folder) with a probe file: umask() cannot be queried without a change.
  bool find_default_mode(const std::filesystem::path& path) {
    const int probe = open_new(path, 0666);
    if (probe < 0) return false;
    struct stat status {};
    // While the probe is locked and has its name, no other writer uses this name.
    const bool taken = ::flock(probe, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (::fstat(probe, &status) == 0) default_mode_ = status.st_mode & mode_t{0777};
    if (!taken && status.st_nlink > 0) ::unlink(path.c_str());
    ::close(probe);
    return default_mode_known_ = true;
  }

  /// Removes the file if it is a regular file of this user, has no other hard link and is not locked.
  static void remove_stale(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return;
    struct stat held {};
    struct stat named {};
    const bool ours = ::fstat(descriptor, &held) == 0 && S_ISREG(held.st_mode) && held.st_uid == ::geteuid() &&
                      held.st_nlink == 1 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    const bool same =
        ours && ::lstat(path.c_str(), &named) == 0 && named.st_dev == held.st_dev && named.st_ino == held.st_ino;
    if (same) ::unlink(path.c_str());
    ::close(descriptor);
  }

  static int write_all(int descriptor, const void* data, std::size_t size) {
    const char* next = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t written = ::write(descriptor, next, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      next += written;
      size -= static_cast<std::size_t>(written);
    }
    return 0;
  }

  /// Waits until the data is on disk. Returns 0 if the file system does not support this.
  static int sync(int descriptor) {
#if defined(F_FULLFSYNC)
    if (::fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
#endif
    while (::fsync(descriptor) != 0) {
      if (errno == EINTR) continue;
      return errno == EINVAL || errno == ENOSYS || errno == ENOTSUP ? 0 : errno;
    }
    return 0;
  }

  static int sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return 0;  // the folder may be writable but not readable
    const int error = sync(descriptor);
    ::close(descriptor);
    return error;
  }

  /// Overwrites the target in place. Until that is done, this file has a name that other writers do not treat as stale.
  int copy_onto(const std::filesystem::path& target) {
    std::filesystem::path kept = temporary_path(target, "whole");
    const std::filesystem::path folder = target.parent_path();
    const int out = ::open(target.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (out < 0) return errno;
    int error = ::rename(path_.c_str(), kept.c_str()) == 0 ? 0 : errno;
    if (error == 0) {
      path_ = std::move(kept);
      copying_ = true;
      error = sync_folder(folder);
    }
    std::array<char, 1 << 16> block{};
    off_t done = 0;
    while (error == 0) {
      const ssize_t size = ::pread(descriptor_, block.data(), block.size(), done);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        error = size < 0 ? errno : 0;
        break;
      }
      error = write_all(out, block.data(), static_cast<std::size_t>(size));
      done += size;
    }
    if (error == 0 && ::ftruncate(out, done) != 0) error = errno;
    if (error == 0) error = sync(out);
    ::close(out);
    if (error == 0) copying_ = false;
    return error;
  }

  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  std::filesystem::path path_;
  int descriptor_ = -1;
  mode_t default_mode_ = 0600;
  bool default_mode_known_ = false, copying_ = false;
};

#else

/// The version for other systems: the file is not locked, and the operating system decides when it is on disk.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { discard(); }

  static int try_to_write(const std::filesystem::path&) { return 0; }
  static std::filesystem::path abandoned_copy(const std::filesystem::path&) { return {}; }

  int create(const std::filesystem::path& target) {
    for (int attempt = temporary_slots; attempt < temporary_attempts; ++attempt) {
      path_ = temporary_candidate(target, attempt);
      errno = 0;
      file_ = std::fopen(path_.string().c_str(), "wbx");  // x: fails if the file exists
      if (file_ != nullptr) return 0;
      if (errno != EEXIST) break;
    }
    path_.clear();
    return errno;
  }

  bool is_open() const { return file_ != nullptr; }

  int write(const void* data, std::size_t size) {
    errno = 0;
    return size == 0 || std::fwrite(data, 1, size, file_) == size ? 0 : reason();
  }

  int replace(const std::filesystem::path& target) {
    errno = 0;
    const bool flushed = std::fflush(file_) == 0 && std::ferror(file_) == 0;
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!flushed || !closed) return reason();
    std::error_code error;
    const std::filesystem::file_status there = std::filesystem::status(target, error);
    if (std::filesystem::exists(there)) std::filesystem::permissions(path_, there.permissions(), error);
    std::filesystem::rename(path_, target, error);
    if (error) return error.default_error_condition().value();
    path_.clear();
    return 0;
  }

  void discard() {
    if (file_ != nullptr) std::fclose(std::exchange(file_, nullptr));
    std::error_code ignored;  // the first failure is reported, not this one
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
    path_.clear();
  }

  std::filesystem::path rescued() const { return {}; }

 private:
  static int reason() { return errno == 0 ? EIO : errno; }

  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
};

#endif

}}}  // namespace heed::v0_2::detail
