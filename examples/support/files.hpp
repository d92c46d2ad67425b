#pragma once

#include <heed/io/atomic_file.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// Writes a text file atomically. If that fails, the old file stays and `heed::Error` gives the path and the reason.
inline void write_text_file(const std::filesystem::path& path, std::string_view text) {
  heed::write_file_atomically(path, text);
}

/// A file of a command and its name in messages: an option, or "data file". An empty path means no file.
struct NamedFile {
  std::string name;
  std::filesystem::path path;

  std::string text() const { return name + ' ' + path.string(); }
};

/// Standard input, which may come from a file.
inline NamedFile standard_input_file() { return {"file of standard input", "/dev/stdin"}; }

/// A folder path without a separator at its end. With one, libstdc++'s `folder / name` frees memory that it does not
/// own if an allocation fails (GCC 12).
inline std::filesystem::path folder_path(std::filesystem::path folder) {
  return folder.has_filename() ? folder : folder.parent_path();
}

/// The folder that a program writes to, as an absolute path.
inline std::filesystem::path output_folder(const std::string& out) {
  return folder_path(std::filesystem::absolute(out).lexically_normal());
}

/// True if two paths lead to the same file, also by symbolic links, hard links or `..`. The file need not exist.
inline bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  if (a.empty() || b.empty()) return false;
  if (b == standard_input_file().path) {  // not every system resolves it
    struct stat input {};
    struct stat file {};
    return fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode) && stat(a.c_str(), &file) == 0 &&
           input.st_dev == file.st_dev && input.st_ino == file.st_ino;
  }
  std::error_code error;
  if (std::filesystem::equivalent(a, b, error)) return true;
  const auto resolved = [](const std::filesystem::path& path) {
    std::error_code unresolved;
    const auto absolute = std::filesystem::absolute(heed::detail::follow_links(path, unresolved));
    const auto canonical = std::filesystem::weakly_canonical(absolute, unresolved);
    return unresolved ? absolute.lexically_normal() : canonical;
  };
  return resolved(a) == resolved(b);
}

/// Throws if writing one of `outputs`, or its temporary files, would replace one of `inputs` or another output.
inline void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const NamedFile& output = outputs[i];
    if (output.path.empty()) continue;
    std::error_code error;
    const auto temporaries = heed::detail::temporary_paths(heed::detail::follow_links(output.path, error));
    const auto require_apart = [&](const NamedFile& other) {
      heed::require(!same_file(output.path, other.path),
                    [&] { return output.text() + " would replace the " + other.text(); });
      for (const auto& temporary : temporaries) {
        heed::require(!same_file(temporary, other.path), [&] {
          return output.text() + " is written through the temporary file " + temporary.string() +
                 ", which would replace the " + other.text();
        });
      }
    };
    for (const NamedFile& input : inputs) require_apart(input);
    for (std::size_t j = 0; j < outputs.size(); ++j) {
      if (j != i) require_apart(outputs[j]);
    }
  }
}

}  // namespace examples
