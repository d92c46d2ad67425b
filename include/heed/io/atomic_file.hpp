#pragma once

#include <heed/core/errors.hpp>
#include <heed/io/temporary_file.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace heed { inline namespace v0_2 {

namespace detail {

/// The file that a path leads to, links followed, whether it exists or not. `error` is set if the links form a circle.
inline std::filesystem::path follow_links(std::filesystem::path path, std::error_code& error) {
  for (int hops = 0; std::filesystem::is_symlink(std::filesystem::symlink_status(path, error)); ++hops) {
    if (hops == 40) error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
    const std::filesystem::path next = error ? path : std::filesystem::read_symlink(path, error);
    if (error) return path;
    path = path.parent_path() / next;  // an absolute `next` replaces the whole path
  }
  error.clear();
  return path;
}

/// Throws if a writer was killed while it overwrote this file in place, as `AtomicFile` does with a mount point.
inline void check_is_whole(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path target = follow_links(path, error);
  const std::filesystem::path copy = error ? std::filesystem::path() : TemporaryFile::abandoned_copy(target);
  require(copy.empty(), [&] {
    return "cannot read " + path.string() + ": it may be damaged, a program was stopped while it wrote it. The whole " +
           "content is in " + copy.string() + ": copy that file onto it, then remove that file";
  });
}

}  // namespace detail

/// A file that appears whole or not at all: written to a temporary file in the same folder, which `commit` renames.
///
/// Until `commit` a file already there is untouched; without `commit`, or after any failure, nothing is left behind. The
/// temporary file is readable by its owner only. If the program is killed, the next writer of the same file removes it.
/// `commit` waits until the disk has the file. The new file has the owner and the mode of the one it replaces. If the
/// system does not allow renaming (a mount point, another user's file in a sticky folder) or changing the owner, the file
/// is overwritten in place; if the program is killed then, `SafetensorsFile::read` refuses the file and names a whole
/// copy. Links are followed: the file they point to is replaced. Throws with the path and the reason.
class AtomicFile {
 public:
  /// Opens it. Throws if this user cannot write there.
  explicit AtomicFile(const std::filesystem::path& path) : name_(path.string()) {
    std::error_code error;
    target_ = detail::follow_links(path, error);
    if (error == std::errc::too_many_symbolic_link_levels) give_up("too many links point to one another");
    if (error) give_up(error.message());
    check_target();
    give_up_unless_done(temporary_.create(target_));
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Adds to the file.
  void write(std::span<const std::byte> bytes) { write(bytes.data(), bytes.size()); }
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Puts the file in its place. Nothing may be written afterwards.
  void commit() {
    if (!temporary_.is_open()) give_up("it was committed before");
    give_up_unless_done(temporary_.replace(target_));
  }

 private:
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
    const fs::perms writable = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
    if ((status.permissions() & writable) == fs::perms::none) give_up("it is read-only");
    give_up_unless_done(detail::TemporaryFile::try_to_write(target_));
  }

  void write(const void* data, std::size_t size) {
    if (!temporary_.is_open()) give_up("it was committed before");
    give_up_unless_done(temporary_.write(data, size));
  }

  void give_up_unless_done(int error) {
    if (error != 0) give_up(std::generic_category().message(error));
  }

  [[noreturn]] void give_up(const std::string& reason) {
    const std::string rescued = temporary_.rescued().string();
    temporary_.discard();
    fail("cannot write " + name_ + ": " + reason +
         (rescued.empty() ? "" : "; it may be damaged, its new content is in " + rescued));
  }

  std::string name_;
  std::filesystem::path target_;
  detail::TemporaryFile temporary_;
};

/// Writes a whole file, or leaves everything as it was and throws.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}}  // namespace heed::v0_2
