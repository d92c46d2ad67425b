#pragma once

#include <heed/io/atomic_file.hpp>

namespace examples {

/// Writes a text file whole, or leaves what was there and throws `heed::Error` with the path and the reason.
inline void write_text_file(const std::filesystem::path& path, std::string_view text) {
  heed::write_file_atomically(path, text);
}

}  // namespace examples
