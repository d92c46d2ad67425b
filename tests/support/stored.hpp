#pragma once

#include <heed/io/safetensors.hpp>

#include "temporary_folder.hpp"

#include <string>

namespace heed::test {

/// Writes a file with `fill(writer)` and reads it.
template <class Fill>
SafetensorsFile stored(const Fill& fill) {
  const TemporaryFolder folder;
  SafetensorsWriter writer;
  fill(writer);
  writer.write(folder.path() / "a.safetensors");
  return SafetensorsFile::read(folder.path() / "a.safetensors");
}

/// A file with the given header and `data_bytes` bytes of zeros as data.
inline SafetensorsFile stored(const std::string& header, std::size_t data_bytes) {
  std::vector<std::byte> bytes;
  detail::append_little_endian<std::uint64_t>(header.size(), bytes);
  for (const char c : header) bytes.push_back(static_cast<std::byte>(c));
  bytes.resize(bytes.size() + data_bytes);
  return SafetensorsFile::parse(bytes, "a");
}

}  // namespace heed::test
