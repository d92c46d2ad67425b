#pragma once

#include <heed/core/errors.hpp>
#include <heed/text/tokenizer.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A line of text with markup: its words, and the tags between them.
struct MarkedWords {
  /// A tag in angle brackets, such as `<b>`, `</b>` or `<br/>`.
  struct Tag {
    std::string text;      ///< with the brackets
    std::size_t word = 0;  ///< the tag is before this word
  };

  Words words;            ///< without the tags
  std::vector<Tag> tags;  ///< in the order of the line
};

namespace detail {

/// The length of the tag at the start of `text`, 0 if there is none. A tag begins with a letter or a slash after the
/// bracket, so that `a < b` has none. `<unk>` is a word.
inline std::size_t tag_length(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.size() < 3 || text[0] != '<' || !(is_letter(text[1]) || (text[1] == '/' && is_letter(text[2])))) return 0;
  if (text.starts_with("<unk>")) return 0;
  const std::size_t end = text.find_first_of("<>", 1);
  return end == std::string_view::npos || text[end] == '<' ? 0 : end + 1;
}

/// The name of an element from one of its tags: `a` for `<a href="x">` and for `</a>`.
inline std::string_view element_name(std::string_view tag) {
  const std::size_t begin = tag[1] == '/' ? 2 : 1;
  return tag.substr(begin, tag.find_first_of(" />", begin) - begin);
}

/// An element of a line, such as `<b>...</b>`: it contains the words from `first` to `end` - 1.
struct Element {
  std::string_view open, close;
  std::size_t first = 0, end = 0;
};

/// Tags that do not enclose words, and the elements of a line, outer ones first.
struct Elements {
  std::vector<MarkedWords::Tag> points;
  std::vector<Element> elements;
};

inline Elements elements_of(const std::vector<MarkedWords::Tag>& tags) {
  Elements result;
  std::vector<std::size_t> open;                                           // indices in `tags`
  std::unordered_map<std::string_view, std::vector<std::size_t>> of_name;  // open tags by name
  std::vector<bool> used(tags.size());
  std::vector<std::pair<std::size_t, Element>> found;  // with the index of the opening tag
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string_view tag = tags[i].text;
    if (tag.ends_with("/>")) continue;
    auto& same = of_name[element_name(tag)];
    if (tag[1] != '/') {
      open.push_back(i);
      same.push_back(i);
      continue;
    }
    if (same.empty()) continue;
    const std::size_t k = same.back();
    for (; !open.empty() && open.back() >= k; open.pop_back()) {  // tags in between were not closed: they are points
      of_name[element_name(tags[open.back()].text)].pop_back();
    }
    if (tags[k].word == tags[i].word) continue;  // it is empty
    found.push_back({k, {tags[k].text, tag, tags[k].word, tags[i].word}});
    used[k] = used[i] = true;
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [index, element] : found) result.elements.push_back(element);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (!used[i]) result.points.push_back(tags[i]);
  }
  return result;
}

}  // namespace detail

/// Splits a line with markup into its words, in their original case, and its tags.
inline MarkedWords split_markup(std::string_view line, const Tokenizer& tokenizer) {
  MarkedWords result;
  std::string text;
  const auto add_text = [&] {
    for (std::string& word : tokenizer.split(text)) result.words.push_back(std::move(word));
    text.clear();
  };
  while (!line.empty()) {
    const std::size_t length = detail::tag_length(line);
    if (length == 0) {
      text += line.front();
      line.remove_prefix(1);
      continue;
    }
    add_text();
    result.tags.push_back({std::string(line.substr(0, length)), result.words.size()});
    line.remove_prefix(length);
  }
  add_text();
  return result;
}

/// Returns a translation as text, with the tags of its source. Each word has the elements of the source word that it is
/// aligned to, so an element is split if other words are in between. Elements are nested correctly in the result. A tag
/// without a partner is copied. It is placed, like a tag that encloses no words, before the first translated word that
/// is aligned to a source word after it; if there is none, at the end.
///
/// words: the words of the translation; alignment: for each of them the position of its source word. Throws heed::Error
/// if there is not one position for each word, or if a position is outside of the source.
inline std::string transfer_markup(const MarkedWords& source, const Words& words,
                                   std::span<const std::ptrdiff_t> alignment, const Tokenizer& tokenizer) {
  require(alignment.size() == words.size(), [&] {
    return "transfer_markup: expected one source position for each of " + std::to_string(words.size()) +
           " words, got " + std::to_string(alignment.size());
  });
  for (const std::ptrdiff_t at : alignment) {
    require(at >= 0 && at < std::ssize(source.words), [&] {
      return "transfer_markup: a source position must be at least 0 and less than " +
             std::to_string(source.words.size()) + ", the number of source words, got " + std::to_string(at);
    });
  }
  const detail::Elements markup = detail::elements_of(source.tags);
  std::vector<bool> placed(markup.points.size());
  std::vector<std::string> before(words.size() + 1), after(words.size());
  std::vector<const detail::Element*> open;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto word = static_cast<std::size_t>(alignment[i]);
    std::vector<const detail::Element*> wanted;
    for (const detail::Element& element : markup.elements) {
      if (word >= element.first && word < element.end) wanted.push_back(&element);
    }
    const std::size_t same = static_cast<std::size_t>(
        std::mismatch(open.begin(), open.end(), wanted.begin(), wanted.end()).first - open.begin());
    for (; open.size() > same; open.pop_back()) after[i - 1] += open.back()->close;
    for (std::size_t p = 0; p < markup.points.size(); ++p) {
      if (placed[p] || markup.points[p].word > word) continue;
      before[i] += markup.points[p].text;
      placed[p] = true;
    }
    for (std::size_t k = same; k < wanted.size(); ++k) before[i] += wanted[k]->open;
    open = wanted;
  }
  for (; !open.empty(); open.pop_back()) after.back() += open.back()->close;
  for (std::size_t p = 0; p < markup.points.size(); ++p) {
    if (!placed[p]) before.back() += markup.points[p].text;
  }
  std::vector<TextRange> ranges;
  const std::string text = tokenizer.detokenize(words, &ranges);
  std::string result;
  std::size_t at = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    result.append(text, at, ranges[i].begin - at).append(before[i]);
    result.append(text, ranges[i].begin, ranges[i].end - ranges[i].begin).append(after[i]);
    at = ranges[i].end;
  }
  return result + text.substr(at) + before.back();
}

}}  // namespace heed::v0_2
