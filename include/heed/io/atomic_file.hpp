#pragma once

#include <heed/errors.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace heed::inline v0_1 {

/// A file that appears whole or not at all: written under another name in the same folder, renamed by `commit`.
///
/// Until then a file already there is untouched; without a commit, or after any failure, nothing is left behind. A link
/// is followed, so that what it points to is replaced and not the link. Throws with the path and the reason.
class AtomicFile {
 public:
  /// Opens it. Throws if nothing can be written there.
  explicit AtomicFile(const std::filesystem::path& path) : name_(path.string()), target_(path) {
    follow_links();
    check_target();
    open_temporary();
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() { discard(); }

  /// Adds to the file.
  void write(std::span<const std::byte> bytes) { write(bytes.data(), bytes.size()); }
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Puts the file in its place. Nothing may be written afterwards.
  void commit() {
    if (file_ == nullptr) give_up("it was committed before");
    errno = 0;
    const bool flushed = std::fflush(file_) == 0 && std::ferror(file_) == 0;
    const int flush_error = errno;
    const bool closed = std::fclose(file_) == 0;
    const int close_error = errno;
    file_ = nullptr;
    if (!flushed || !closed) give_up(reason_of(flushed ? close_error : flush_error));
    std::error_code error;
    if (replaces_) std::filesystem::permissions(temporary_, permissions_, error);
    if (!error) std::filesystem::rename(temporary_, target_, error);
    if (error) give_up(error.message());
    temporary_.clear();
  }

 private:
  static std::string reason_of(int error) {
    return error == 0 ? "the reason is not known" : std::generic_category().message(error);
  }

  void follow_links() {
    std::error_code error;
    for (int hops = 0; std::filesystem::is_symlink(std::filesystem::symlink_status(target_, error)); ++hops) {
      if (hops == 40) give_up("too many links point to one another");
      const std::filesystem::path next = std::filesystem::read_symlink(target_, error);
      if (error) give_up(error.message());
      target_ = target_.parent_path() / next;  // an absolute `next` replaces the whole path
    }
  }

  /// Renaming over a device, a pipe or a read-only file would succeed, and destroy what was there.
  void check_target() {
    namespace fs = std::filesystem;
    if (!target_.has_filename()) give_up("it names a folder, not a file");
    std::error_code error;
    const fs::file_status status = fs::status(target_, error);
    if (status.type() == fs::file_type::not_found) return;
    if (status.type() == fs::file_type::none || status.type() == fs::file_type::unknown) give_up(error.message());
    if (status.type() == fs::file_type::directory) give_up("it is a folder");
    if (status.type() != fs::file_type::regular) give_up("it is not a regular file");
    permissions_ = status.permissions();
    replaces_ = true;
    const fs::perms writable = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
    if ((permissions_ & writable) == fs::perms::none) give_up("it is there and may only be read");
  }

  void open_temporary() {
    std::random_device random;
    for (int attempt = 0; attempt < 100; ++attempt) {
      temporary_ = target_.parent_path() / (".heed-" + std::to_string(random()) + ".tmp");
      errno = 0;
      file_ = std::fopen(temporary_.string().c_str(), "wbx");  // x: never opens what somebody else put there
      if (file_ != nullptr) return;
      if (errno != EEXIST) break;
    }
    const int error = errno;
    temporary_.clear();
    give_up(reason_of(error));
  }

  void write(const void* data, std::size_t size) {
    if (file_ == nullptr) give_up("it was committed before");
    errno = 0;
    if (size > 0 && std::fwrite(data, 1, size, file_) != size) give_up(reason_of(errno));
  }

  void discard() {
    if (file_ != nullptr) std::fclose(file_);
    file_ = nullptr;
    std::error_code ignored;  // the failure that led here is the one to report
    if (!temporary_.empty()) std::filesystem::remove(temporary_, ignored);
    temporary_.clear();
  }

  [[noreturn]] void give_up(const std::string& reason) {
    discard();
    fail("cannot write " + name_ + ": " + reason);
  }

  std::string name_;
  std::filesystem::path target_, temporary_;
  std::filesystem::perms permissions_ = std::filesystem::perms::none;
  bool replaces_ = false;
  std::FILE* file_ = nullptr;
};

/// Writes a whole file, or leaves everything as it was and throws.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace heed::inline v0_1
