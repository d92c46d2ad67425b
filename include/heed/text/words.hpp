#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A tokenised sentence.
using Words = std::vector<std::string>;

/// The number of words that `split_words` returns.
inline std::size_t count_words(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) count += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
  return count;
}

/// Splits a line at runs of ASCII spaces. Spaces at the start and at the end are ignored.
inline Words split_words(std::string_view text) {
  Words words;
  for (std::size_t begin = text.find_first_not_of(' '); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(' ', end);
  }
  return words;
}

/// Joins words to one line, separated by spaces.
template <class Sentence>
std::string join_words(const Sentence& words) {
  std::string line;
  bool first = true;
  for (const auto& word : words) {
    if (!first) line += ' ';
    line += word;
    first = false;
  }
  return line;
}

}}  // namespace heed::v0_2
