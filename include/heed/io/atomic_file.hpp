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

/// Follows symbolic links and returns the file they lead to, which need not exist. Sets `error` if the links form a
/// cycle.
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
    return "cannot read " + path.string() + ": it may be damaged, because a program was stopped while writing it. " +
           "The complete content is in " + copy.string() + ": copy it over the damaged file, then remove the copy";
  });
}

}  // namespace detail

/// Writes a file completely or not at all. The content goes to a temporary file in the same folder, which `commit`
/// renames.
///
/// An existing file does not change before `commit`. Without `commit`, or after a failure, the temporary file is
/// removed. Only its owner can read the temporary file. If the program is killed, the next writer of the same file
/// removes it. `commit` waits until the file is on disk. The new file has the owner and the mode of the file that it
/// replaces.
///
/// If the system does not allow renaming (a mount point, another user's file in a sticky folder) or changing the owner,
/// the file is overwritten in place, and the temporary file stays as a complete copy until that is done. If overwriting
/// fails, the error message names the copy. If the program is killed meanwhile, `SafetensorsFile::read` rejects the
/// file and names the copy.
///
/// Symbolic links are followed: the file that they point to is replaced. Throws heed::Error with the path and the
/// reason.
class AtomicFile {
 public:
  /// Creates the temporary file. Throws heed::Error if this user cannot write to `path`.
  explicit AtomicFile(const std::filesystem::path& path) : name_(path.string()) {
    std::error_code error;
    target_ = detail::follow_links(path, error);
    if (error == std::errc::too_many_symbolic_link_levels) give_up("too many levels of symbolic links");
    if (error) give_up(error.message());
    check_target();
    give_up_unless_done(temporary_.create(target_));
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends to the temporary file. Throws heed::Error on failure, or if `commit` was called before.
  void write(std::span<const std::byte> bytes) { write(bytes.data(), bytes.size()); }
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Replaces the file at `path` by the temporary file. Throws heed::Error on failure, or if it was called before.
  void commit() {
    if (!temporary_.is_open()) give_up("commit() was called before");
    give_up_unless_done(temporary_.replace(target_));
  }

 private:
  /// Throws if the target must not be replaced: renaming over a device, a pipe or a read-only file would destroy it.
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
    if (!temporary_.is_open()) give_up("commit() was called before");
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

/// Writes `text` to a file with `AtomicFile`: the file is replaced completely, or heed::Error is thrown.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}}  // namespace heed::v0_2
