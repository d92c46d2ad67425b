#pragma once

#include <heed/text/words.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Returns the number of bytes of the Unicode white-space character at the start of `text`; 0 if there is none.
inline std::size_t space_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned a = byte(0), b = byte(1), c = byte(2);
  if ((a >= 0x09 && a <= 0x0d) || (a >= 0x1c && a <= 0x20)) return 1;
  if (a == 0xc2 && (b == 0x85 || b == 0xa0)) return 2;        // next line, no-break space
  const bool wide = (a == 0xe1 && b == 0x9a && c == 0x80) ||  // ogham space mark
                    (a == 0xe2 && b == 0x80 && ((c >= 0x80 && c <= 0x8a) || c == 0xa8 || c == 0xa9 || c == 0xaf)) ||
                    (a == 0xe2 && b == 0x81 && c == 0x9f) ||  // medium mathematical space
                    (a == 0xe3 && b == 0x80 && c == 0x80);    // ideographic space
  return wide ? 3 : 0;
}

inline Words split_at_white_space(std::string_view text) {
  Words words;
  std::string word;
  while (!text.empty()) {
    const std::size_t space = space_length(text);
    if (space == 0) {
      word += text.front();
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
    text.remove_prefix(space == 0 ? 1 : space);
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

inline std::string_view without_trailing_space(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = space_length(text.substr(at));
    at += space == 0 ? 1 : space;
    if (space == 0) end = at;
  }
  return text.substr(0, end);
}

inline std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what)) {
    out.append(text.substr(0, at)).append(by);
    text.remove_prefix(at + what.size());
  }
  return out.append(text);
}

/// Processes adjacent characters from left to right. If `matches(a, b)`, calls `write(out, a, b)` and skips both; all
/// other characters are copied.
template <class Matches, class Write>
std::string rewrite_neighbours(std::string_view text, const Matches& matches, const Write& write) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && matches(text[i], text[i + 1])) {
      write(out, text[i], text[i + 1]);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace detail

/// Splits a line of plain text into words with the rules of the `13a` tokeniser, which most published BLEU scores use.
///
/// Every ASCII punctuation character becomes a separate word, except the apostrophe, a hyphen that does not follow a
/// digit, and periods and commas between digits. XML entities for punctuation are decoded first.
inline Words tokenize_13a(std::string_view line) {
  std::string text(detail::without_trailing_space(line));
  for (const auto& [what, by] : {std::pair{"<skipped>", ""},
                                 {"-\n", ""},
                                 {"\n", " "},
                                 {"&quot;", "\""},
                                 {"&amp;", "&"},
                                 {"&lt;", "<"},
                                 {"&gt;", ">"}}) {
    text = detail::replaced(text, what, by);
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_point = [](char c) { return c == '.' || c == ','; };
  std::string spaced = " ";
  for (const char c : text + " ") {
    if (std::string_view("!\"#$%&()*+/:;<=>?@[\\]^_`{|}~").find(c) != std::string_view::npos) {
      spaced.append({' ', c, ' '});
    } else {
      spaced += c;
    }
  }
  const auto split_after = [](std::string& out, char a, char b) { out.append({a, ' ', b, ' '}); };
  const auto split_before = [](std::string& out, char a, char b) { out.append({' ', a, ' ', b}); };
  spaced = detail::rewrite_neighbours(
      spaced, [&](char a, char b) { return !is_digit(a) && is_point(b); }, split_after);
  spaced = detail::rewrite_neighbours(
      spaced, [&](char a, char b) { return is_point(a) && !is_digit(b); }, split_before);
  spaced = detail::rewrite_neighbours(
      spaced, [&](char a, char b) { return is_digit(a) && b == '-'; }, split_after);
  return detail::split_at_white_space(spaced);
}

}}  // namespace heed::v0_2
