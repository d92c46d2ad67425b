#pragma once

#include <heed/io/safetensors.hpp>
#include <heed/text/words.hpp>

#include <charconv>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

/// What a model file says beside its numbers: settings and lists of words, as text.
namespace heed::inline v0_1::detail {

inline std::string join_lines(const Words& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : "\n").append(word);
  return text;
}

inline Words split_lines(const std::string& text) {
  Words words;
  std::istringstream lines(text);
  for (std::string word; std::getline(lines, word);) words.push_back(word);
  return words;
}

inline std::string field_text(const std::string& value) { return value; }
inline std::string field_text(bool value) { return value ? "1" : "0"; }
template <class T>
std::string field_text(T value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;  // shortest form that reads back the same
  return std::string(text, end);
}

inline bool read_field(const std::string& text, std::string& value) {
  value = text;
  return true;
}
inline bool read_field(const std::string& text, bool& value) {
  value = text == "1";
  return text == "0" || text == "1";
}
template <class T>
bool read_field(const std::string& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// The metadata value of that name, or an error that names the file, what it should have been, and the key.
inline const std::string& metadata_at(const SafetensorsFile& file, const std::string& key,
                                      std::string_view kind = "translation model") {
  const auto found = file.metadata().find(key);
  require(found != file.metadata().end(),
          [&] { return file.name() + " is no " + std::string(kind) + ": it has no " + key; });
  return found->second;
}

}  // namespace heed::inline v0_1::detail
