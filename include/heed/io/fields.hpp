#pragma once

#include <heed/io/safetensors.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

/// Text fields in the metadata of a model file: settings and lists of words.
namespace heed { inline namespace v0_2 { namespace detail {

inline std::string join_lines(const Words& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : "\n").append(word);
  return text;
}

inline Words split_lines(const std::string& text) {
  Words words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

inline std::string field_text(const std::string& value) { return value; }
inline std::string field_text(bool value) { return value ? "1" : "0"; }
inline std::string field_text(std::integral auto value) { return std::to_string(value); }
/// Formats a number so that `read_field` restores exactly the same number, in every locale. std::to_chars is not used:
/// libc++ before LLVM 14, and macOS before 13.3, have it for integers only.
inline std::string field_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0";
  const std::string text = nlohmann::json(value).dump();
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

inline bool read_field(const std::string& text, std::string& value) {
  value = text;
  return true;
}
inline bool read_field(const std::string& text, bool& value) {
  value = text == "1";
  return text == "0" || text == "1";
}
template <std::integral T>
bool read_field(const std::string& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}
/// Parses the output of `field_text` and any other JSON number. std::from_chars is not used: libc++ before LLVM 20 has
/// it for integers only.
inline bool read_field(const std::string& text, double& value) {
  for (const double other : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
    if (text != field_text(other)) continue;
    value = other;
    return true;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !(digit(text.front()) || text.front() == '-') || !digit(text.back())) return false;
  const auto number = nlohmann::json::parse(text, nullptr, false);
  if (!number.is_number()) return false;
  value = number.get<double>();
  return true;
}

/// Returns the metadata value of `key`. Throws if there is none; the message names the file, its expected kind and the
/// key.
inline const std::string& metadata_at(const SafetensorsFile& file, const std::string& key,
                                      std::string_view kind = "translation model") {
  const auto found = file.metadata().find(key);
  require(found != file.metadata().end(),
          [&] { return file.name() + " is not a " + std::string(kind) + ": metadata key " + key + " is missing"; });
  return found->second;
}

/// The name and the newest version of a file format. Files store `NAME-VERSION` under a metadata key. `kind` describes
/// such a file in messages.
struct FormatVersion {
  std::string_view name;
  int newest;
  std::string_view kind = "translation model";

  std::string text() const { return std::string(name) + '-' + std::to_string(newest); }
};

/// Returns the format version of a file. Throws if the file has no version, another format or a newer version.
inline int read_version(const SafetensorsFile& file, const FormatVersion& format, const std::string& key = "format") {
  const auto found = file.metadata().find(key);
  require(found != file.metadata().end(), [&] {
    return file.name() + " is not a " + std::string(format.kind) + ": metadata key " + key + " is missing, expected " +
           format.text();
  });
  const std::string& text = found->second;
  int version = 0;
  const bool named = text.starts_with(format.name) && text.size() > format.name.size() + 1 &&
                     text[format.name.size()] == '-' && read_field(text.substr(format.name.size() + 1), version);
  require(named && version >= 1,
          [&] { return file.name() + ": the " + key + " must be " + format.text() + ", got " + in_quotes(text); });
  require(version <= format.newest, [&] {
    return file.name() + ": the " + key + ' ' + in_quotes(text) + " is newer than " + format.text() +
           ", the newest that this version of heed reads";
  });
  return version;
}

using KeyNames = std::set<std::string, std::less<>>;

/// Throws if a metadata key begins with `prefix` and is not one of `known`: a misspelled key must not silently select
/// the default.
inline void refuse_unknown_keys(const SafetensorsFile& file, std::string_view prefix, const KeyNames& known) {
  for (auto entry = file.metadata().lower_bound(prefix);
       entry != file.metadata().end() && entry->first.starts_with(prefix); ++entry) {
    require(known.contains(entry->first), [&] {
      std::string all;
      for (const std::string& key : known) all += (all.empty() ? "" : ", ") + key;
      return file.name() + ": unknown metadata key " + in_quotes(entry->first) + "; known keys are " + all;
    });
  }
}

}}}  // namespace heed::v0_2::detail
