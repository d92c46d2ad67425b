#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>

/// The names of temporary files.
namespace heed { inline namespace v0_2 { namespace detail {

inline constexpr int temporary_slots = 8;

/// Returns the path `.heed-HASH-SLOT.tmp` in the folder of the target. HASH is the FNV-1a hash of its file name, so the
/// next writer of the same target finds the files of a killed writer without listing the folder.
inline std::filesystem::path temporary_path(const std::filesystem::path& target, const std::string& slot) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : target.filename().string()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * std::uint64_t{1099511628211U};
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  for (int shift = 60; shift >= 0; shift -= 4) name += digits[hash >> shift & 15U];
  return target.parent_path() / (".heed-" + name + '-' + slot + ".tmp");
}

/// Returns the temporary files that a writer of `target` may remove or replace.
inline std::array<std::filesystem::path, temporary_slots + 1> temporary_paths(const std::filesystem::path& target) {
  std::array<std::filesystem::path, temporary_slots + 1> paths;
  for (int slot = 0; slot < temporary_slots; ++slot) {
    paths[static_cast<std::size_t>(slot)] = temporary_path(target, std::to_string(slot));
  }
  paths.back() = temporary_path(target, "whole");
  return paths;
}

/// Returns the path for attempt 0, 1, ... to create a temporary file. After the fixed slots it is random, because all
/// slots may be in use or belong to other users.
inline std::filesystem::path temporary_candidate(const std::filesystem::path& target, int attempt) {
  if (attempt < temporary_slots) return temporary_path(target, std::to_string(attempt));
  return temporary_path(target, 'r' + std::to_string(std::random_device()()));
}

inline constexpr int temporary_attempts = 100;

}}}  // namespace heed::v0_2::detail
