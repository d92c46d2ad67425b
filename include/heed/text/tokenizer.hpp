#pragma once

#include <heed/core/errors.hpp>
#include <heed/text/letter_case.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A range of bytes of a text.
struct TextRange {
  std::size_t begin = 0, end = 0;
};

/// Names of the tokenizers. The first name is the default.
inline constexpr std::array<std::string_view, 4> tokenizer_names = {"spaces", "en", "fr", "de"};

/// Converts text to the words of a model and words to text.
///
/// | name     | words                                                                                 |
/// |----------|---------------------------------------------------------------------------------------|
/// | `spaces` | the parts between spaces, unchanged                                                   |
/// | `en`     | lower case; punctuation is separated; an apostrophe begins a word: `queen 's`         |
/// | `fr`     | lower case; punctuation is separated; an apostrophe ends a word: `l' accord`          |
/// | `de`     | lower case; punctuation is separated; an apostrophe does not separate words: `geht's` |
///
/// The last three accept text that is already tokenised. The full stop of an abbreviation belongs to its word if the
/// word has other full stops (`U.S.`).
class Tokenizer {
 public:
  /// The tokenizer `spaces`.
  Tokenizer() = default;

  /// The tokenizer with this name. Throws heed::Error if there is none.
  explicit Tokenizer(std::string_view name) {
    const auto found = std::find(tokenizer_names.begin(), tokenizer_names.end(), name);
    require(found != tokenizer_names.end(), [&] {
      std::string all;
      for (const std::string_view known : tokenizer_names) all.append(all.empty() ? "" : ", ").append(known);
      return "Tokenizer: the name must be one of " + all + ", got " + detail::in_quotes(name);
    });
    language_ = static_cast<Language>(found - tokenizer_names.begin());
  }

  /// Returns the words of a line, with their capital letters. Typographic apostrophes become `'`, and no-break spaces
  /// spaces, unless the tokenizer is `spaces`.
  Words split(std::string_view line) const {
    if (language_ == spaces) return split_words(line);
    Words words;
    for (const std::string& chunk : split_words(plain_characters(line))) split_chunk(chunk, words);
    return words;
  }

  /// Converts a word of `split` to the form in the vocabulary: to lower case, unless the tokenizer is `spaces`.
  std::string normalize(std::string_view word) const {
    if (language_ == spaces) return std::string(word);
    std::string lower = lower_case(word);
    const bool special = is_one_of(lower, std::array<std::string_view, 3>{"<unk>", "<s>", "</s>"});
    return special ? std::string(word) : lower;  // <S> must not become the mark of a sentence
  }

  /// Returns the words of a line in the form of the vocabulary.
  Words tokenize(std::string_view line) const {
    Words words = split(line);
    for (std::string& word : words) word = normalize(word);
    return words;
  }

  /// Returns words as a line of text. The first word of each sentence and the English `i` get a capital letter; all
  /// other letters are unchanged. Punctuation has the spaces of the language. With `spaces`, the words are separated by
  /// spaces. `ranges`, if given, gets the range of each word.
  std::string detokenize(const Words& words, std::vector<TextRange>* ranges = nullptr) const {
    std::string text;
    const auto append = [&](const std::string& word) {
      text += word;
      if (ranges != nullptr) ranges->push_back({text.size() - word.size(), text.size()});
    };
    if (ranges != nullptr) ranges->clear();
    if (language_ == spaces) {
      for (const std::string& word : words) {
        if (!text.empty()) text += ' ';
        append(word);
      }
      return text;
    }
    bool space = false, capital = true, quoted = false;
    for (const std::string& word : words) {
      const bool quote = word == "\"", opens = quote ? !quoted : opens_bracket(word), closes = quote && quoted;
      if (quote) quoted = !quoted;
      if (space && !closes && !follows_directly(word)) text += ' ';
      const bool pronoun = language_ == en && (word == "i" || word.starts_with("i'"));
      append(capital || pronoun ? capitalize(word) : word);
      space = !opens && !(language_ == fr && word.size() > 1 && word.ends_with('\''));
      if (ends_sentence(word)) {
        capital = true;
      } else if (!quote && !opens && !closes_bracket(word)) {
        capital = false;
      }
    }
    return text;
  }

  friend bool operator==(const Tokenizer&, const Tokenizer&) = default;

 private:
  enum Language { spaces, en, fr, de };  // in the order of `tokenizer_names`

  template <std::size_t n>
  static bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  }

  bool opens_bracket(std::string_view word) const {
    return is_one_of(word, std::array<std::string_view, 4>{"(", "[", "{", "„"}) || (language_ != de && word == "“");
  }
  bool closes_bracket(std::string_view word) const {
    return is_one_of(word, std::array<std::string_view, 4>{")", "]", "}", "”"}) || (language_ == de && word == "“");
  }
  static bool ends_sentence(std::string_view word) {
    return is_one_of(word, std::array<std::string_view, 3>{".", "!", "?"});
  }

  /// True if there is no space between a word and the word before it.
  bool follows_directly(std::string_view word) const {
    if (closes_bracket(word) || is_one_of(word, std::array<std::string_view, 4>{".", ",", "...", "…"})) return true;
    if (language_ != fr && is_one_of(word, std::array<std::string_view, 4>{"!", "?", ";", ":"})) return true;
    return language_ == en &&
           is_one_of(word, std::array<std::string_view, 8>{"'", "'s", "'t", "'m", "'re", "'ve", "'ll", "'d"});
  }

  /// Replaces typographic apostrophes by ', and no-break spaces by spaces.
  static std::string plain_characters(std::string_view line) {
    std::string text;
    while (!line.empty()) {
      const std::size_t length = std::max(detail::utf8_length(line), std::size_t{1});
      const std::string_view character = line.substr(0, length);
      if (character == "\u2019") {
        text += '\'';
      } else if (character == "\u00A0" || character == "\u202F") {
        text += ' ';
      } else {
        text += character;
      }
      line.remove_prefix(length);
    }
    return text;
  }

  /// True if the character is a word of its own anywhere in a chunk.
  static bool is_separate(std::string_view character) {
    return is_one_of(character, std::array<std::string_view, 17>{"!", "?", ";", "\"", "(", ")", "[", "]", "{", "}", "“",
                                                                 "”", "„", "«", "»", "…", "—"});
  }

  /// Appends the words of a part of a line without spaces.
  void split_chunk(std::string_view chunk, Words& words) const {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < chunk.size();) {
      const std::size_t length = std::max(detail::utf8_length(chunk.substr(at)), std::size_t{1});
      if (is_separate(chunk.substr(at, length))) {
        split_word(chunk.substr(begin, at - begin), words);
        words.emplace_back(chunk.substr(at, length));
        begin = at + length;
      }
      at += length;
    }
    split_word(chunk.substr(begin), words);
  }

  /// Appends the words of a part of a line without spaces and separate characters: splits it at apostrophes.
  void split_word(std::string_view part, Words& words) const {
    std::size_t begin = 0;
    for (std::size_t at = part.find('\''); at != std::string_view::npos; at = part.find('\'', at + 1)) {
      const std::size_t cut = language_ == en ? at : language_ == fr ? at + 1 : 0;
      if (cut == begin || cut == part.size()) continue;
      split_marks(part.substr(begin, cut - begin), words);
      begin = cut;
    }
    split_marks(part.substr(begin), words);
  }

  /// Appends a word and the punctuation marks at its end.
  static void split_marks(std::string_view part, Words& words) {
    const std::size_t last = part.find_last_not_of(".,:");
    std::size_t end = last == std::string_view::npos ? 0 : last + 1;
    if (end + 1 == part.size() && part.back() == '.' && is_abbreviation(part.substr(0, end))) ++end;
    if (end > 0) words.emplace_back(part.substr(0, end));
    for (std::string_view marks = part.substr(end); !marks.empty();) {
      const std::size_t length = std::max(std::min(marks.find_first_not_of('.'), marks.size()), std::size_t{1});
      words.emplace_back(marks.substr(0, length));
      marks.remove_prefix(length);
    }
  }

  /// True if a full stop after the word belongs to it: the word has other full stops and is no number.
  static bool is_abbreviation(std::string_view word) {
    return word.find('.') != std::string_view::npos && !(word.front() >= '0' && word.front() <= '9');
  }

  Language language_ = spaces;
};

}}  // namespace heed::v0_2
