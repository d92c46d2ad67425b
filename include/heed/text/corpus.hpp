#pragma once

#include <heed/text/line_reader.hpp>
#include <heed/text/sentence_pair.hpp>
#include <heed/text/vocabulary.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

/// Splits a text at every separator. An empty text has one empty field.
inline std::vector<std::string_view> split_fields(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  for (std::size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator)) {
    fields.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  fields.push_back(text);
  return fields;
}

/// Throws if one of the words is a sentence mark, which the model adds itself. `side` names the text in messages.
inline void refuse_sentence_marks(const LineReader& line, const Words& words, const std::string& side) {
  for (const Token mark : {Vocabulary::begin, Vocabulary::end}) {
    const std::string_view written = at(Vocabulary::specials, mark);
    if (std::find(words.begin(), words.end(), written) == words.end()) continue;
    line.fail(side + " contains the sentence mark " + std::string(written) +
              ": remove it, sentence marks are added automatically");
  }
}

/// Returns the words of a text, which may be empty. Throws if there are too many words, which is first checked before
/// they are stored, or if one of them is a sentence mark. `split(text)` returns the words.
template <class Split>
Words limited_words(const LineReader& line, std::string_view text, const std::string& side, const ReadOptions& options,
                    const Split& split) {
  const auto limit = [&](std::size_t count) {
    if (count <= options.max_words) return;
    line.fail(side + " has " + std::to_string(count) + " words, at most " + std::to_string(options.max_words) +
              " are allowed" +
              (options.max_words_option.empty() ? "" : " (" + std::string(options.max_words_option) + ')'));
  };
  limit(count_words(text));
  Words words = split(text);
  limit(words.size());
  refuse_sentence_marks(line, words, side);
  return words;
}

inline Words read_words(const LineReader& line, std::string_view text, const std::string& side,
                        const ReadOptions& options, const Tokenizer& tokenizer = {}) {
  Words words =
      limited_words(line, text, side, options, [&](std::string_view whole) { return tokenizer.tokenize(whole); });
  if (words.empty()) line.fail(side + " is empty");
  return words;
}

/// Returns the words of a line that holds one sentence.
inline Words read_sentence(const LineReader& line, const ReadOptions& options) {
  if (line.text().find('\t') != std::string_view::npos) {
    line.fail("expected one sentence per line, without tabs; found a tab");
  }
  return read_words(line, line.text(), "the line", options, options.source_tokenizer);
}

inline Links read_links(const LineReader& line, std::string_view text, const SentencePair& pair) {
  Links links;
  const Words words = split_words(text);
  if (words.size() == 1 && words.front() == "-") return links;
  for (const std::string& word : words) {
    std::size_t source = 0, target = 0;
    const char* const end = word.data() + word.size();
    const auto first = std::from_chars(word.data(), end, source);
    const bool dash = first.ec != std::errc::invalid_argument && first.ptr != end && *first.ptr == '-';
    const auto second = dash ? std::from_chars(first.ptr + 1, end, target) : first;
    if (!dash || second.ec == std::errc::invalid_argument || second.ptr != end) {
      line.fail("a link must be SOURCE-TARGET, two word positions counted from 0 such as 3-4, got " + in_quotes(word));
    }
    const bool fits = first.ec == std::errc() && second.ec == std::errc();
    if (!fits || source >= pair.source.size() || target >= pair.target.size()) {
      line.fail("link " + in_quotes(word) + " points outside of a pair of " + std::to_string(pair.source.size()) +
                " source and " + std::to_string(pair.target.size()) + " target words");
    }
    links.push_back({static_cast<Index>(source), static_cast<Index>(target)});
  }
  return links;
}

inline SentencePair read_pair(const LineReader& line, const ReadOptions& options) {
  const std::string_view text = line.text();
  if (text.find_first_not_of(' ') == std::string_view::npos) line.fail("the line is empty");
  const auto columns = std::count(text.begin(), text.end(), '\t') + 1;
  if (columns < 2 || columns > 5) {
    line.fail("expected 2 to 5 columns separated by tabs (source, target, sure links, possible links, tags), found " +
              std::to_string(columns));
  }
  auto fields = split_fields(text, '\t');
  fields.resize(5);
  SentencePair pair;
  pair.line = line.number();
  pair.source = read_words(line, fields[0], "the source", options, options.source_tokenizer);
  pair.target = read_words(line, fields[1], "the target", options, options.target_tokenizer);
  if (pair.target.size() == 1 && pair.target.front() == "-") {
    if (!options.allow_missing_target) line.fail("the target is \"-\" (no reference), but a reference is required");
    pair.target.clear();
  }
  pair.sure = read_links(line, fields[2], pair);
  pair.possible = read_links(line, fields[3], pair);
  for (const std::string_view tag : split_fields(fields[4], ',')) {
    if (!tag.empty()) pair.tags.emplace_back(tag);
  }
  return pair;
}

/// Throws because two parallel files have different numbers of lines.
[[noreturn]] inline void fail_unequal_lines(const std::string& source_path, std::size_t source_lines,
                                            const std::string& target_path, std::size_t target_lines) {
  const bool source_is_longer = source_lines > target_lines;
  fail((source_is_longer ? source_path : target_path) + ":" + std::to_string(std::min(source_lines, target_lines) + 1) +
       ": no " + (source_is_longer ? "target" : "source") + " for this line: the source " + source_path + " has " +
       std::to_string(source_lines) + " lines, the target " + target_path + " has " + std::to_string(target_lines) +
       ", so the " + (source_is_longer ? "source" : "target") + " is longer");
}

}  // namespace detail

/// Reads one sentence pair per line: source, target and, optionally, sure links, possible links and tags.
///
/// Columns are separated by tabs, links by spaces, tags by commas. The tokenizers of the options split source and
/// target into words; by default words are separated by spaces. A link is `i-j`: the positions of a source word and a
/// target word, counted from 0. A column that is empty or holds a single `-` has no links. `<unk>` is the unknown word.
/// Throws heed::Error at the first line that does not have this form, at a sentence that contains a sentence mark
/// (`<s>`, `</s>`) or has too many words, and if there are no lines.
inline std::vector<SentencePair> read_pairs(std::istream& in, const std::string& name,
                                            const ReadOptions& options = {}) {
  LineReader line(in, name, options);
  std::vector<SentencePair> pairs;
  while (line.next()) pairs.push_back(detail::read_pair(line, options));
  require(!pairs.empty(), [&] { return name + ": is empty, expected at least one sentence pair"; });
  return pairs;
}

/// Reads sentence pairs from a file. Throws as the overload above, and if the file cannot be opened.
inline std::vector<SentencePair> read_pairs(const std::string& path, const ReadOptions& options = {}) {
  auto in = detail::open_text(path);
  return read_pairs(in, path, options);
}

/// Reads one sentence per line. `options.source_tokenizer` splits it into words; by default they are separated by
/// spaces.
///
/// Throws heed::Error at the first line without words, with a tab, with a sentence mark or with too many words, and if
/// there are no lines.
inline std::vector<Words> read_sentences(std::istream& in, const std::string& name, const ReadOptions& options = {}) {
  LineReader line(in, name, options);
  std::vector<Words> sentences;
  while (line.next()) sentences.push_back(detail::read_sentence(line, options));
  require(!sentences.empty(), [&] { return name + ": is empty, expected at least one sentence"; });
  return sentences;
}

/// Reads sentences from a file. Throws as the overload above, and if the file cannot be opened.
inline std::vector<Words> read_sentences(const std::string& path, const ReadOptions& options = {}) {
  auto in = detail::open_text(path);
  return read_sentences(in, path, options);
}

/// Reads sentence pairs from two files with equal numbers of lines: line n of the target translates line n of the
/// source.
///
/// `allow_missing_target` has no effect: a `-` is an ordinary word. Throws heed::Error as `read_sentences`, and if the
/// numbers of lines differ.
inline std::vector<SentencePair> read_parallel(const std::string& source_path, const std::string& target_path,
                                               const ReadOptions& options = {}) {
  auto sources = read_sentences(source_path, options);
  auto targets = read_sentences(target_path, options.for_targets());
  if (sources.size() != targets.size()) {
    detail::fail_unequal_lines(source_path, sources.size(), target_path, targets.size());
  }
  std::vector<SentencePair> pairs(sources.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].source = std::move(sources[i]);
    pairs[i].target = std::move(targets[i]);
    pairs[i].line = i + 1;
  }
  return pairs;
}

/// Replaces the sure links of sentence pairs by those of a file: line n has the links of pair n, as in the output of
/// fast_align. An empty line, or a single `-`, means no links.
///
/// `possible` links are not changed. Throws heed::Error at the first link that is not of the form `i-j` or that points
/// outside of its pair, if the numbers of lines and pairs differ, and if the file cannot be opened; `pairs` is
/// unchanged then.
inline void read_links(const std::string& path, std::vector<SentencePair>& pairs, const ReadOptions& options = {}) {
  auto in = detail::open_text(path);
  LineReader line(in, path, options);
  std::vector<Links> links;
  std::size_t lines = 0;
  for (; line.next(); ++lines) {
    if (lines < pairs.size()) links.push_back(detail::read_links(line, line.text(), pairs[lines]));
  }
  require(lines == pairs.size(), [&] {
    return path + ": expected one line of links for each of " + std::to_string(pairs.size()) + " pairs, found " +
           std::to_string(lines) + " lines";
  });
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i].sure = std::move(links[i]);
}

}}  // namespace heed::v0_2
