#pragma once

#include <heed/core/types.hpp>
#include <heed/text/utf8.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

namespace detail {

struct WordHash : std::hash<std::string_view> {
  using is_transparent = void;  // find() takes a string_view and does not construct a string
};
template <class T>
using WordMap = std::unordered_map<std::string, T, WordHash, std::equal_to<>>;

}  // namespace detail

/// Counts the words of sentences, for `Vocabulary::build`.
class WordCounts {
 public:
  /// Counts the words of a sentence.
  template <class Sentence>
  void add(const Sentence& sentence) {
    for (const auto& word : sentence) {
      const auto seen = counts_.find(std::string_view(word));
      if (seen == counts_.end()) {
        counts_.emplace(word, 1);
      } else {
        ++seen->second;
      }
    }
  }

  /// The words that occur at least `minimum_frequency` times. The most frequent words come first; words of equal
  /// frequency are sorted by their bytes.
  Words words(std::size_t minimum_frequency) const {
    std::vector<std::pair<std::string_view, std::size_t>> kept;
    for (const auto& entry : counts_) {
      if (entry.second >= minimum_frequency) kept.emplace_back(entry.first, entry.second);
    }
    std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    Words words;
    for (const auto& entry : kept) words.emplace_back(entry.first);
    return words;
  }

 private:
  detail::WordMap<std::size_t> counts_;
};

/// Maps the words of one language to token ids, counted from 0, and back. The first three ids are the same in every
/// vocabulary:
///
///     0 <unk>  a word that is not in the vocabulary
///     1 <s>    the first decoder input
///     2 </s>   the end of a sentence
class Vocabulary {
 public:
  static constexpr Token unknown = symbols::unk;  ///< `<unk>`
  static constexpr Token begin = symbols::bos;    ///< `<s>`
  static constexpr Token end = symbols::eos;      ///< `</s>`
  /// The text of the special symbols, in the order of their ids.
  static constexpr std::array<std::string_view, 3> specials = {"<unk>", "<s>", "</s>"};

  /// Creates a vocabulary with the special symbols only.
  Vocabulary() : Vocabulary(Words(specials.begin(), specials.end())) {}

  /// Builds a vocabulary of the words that occur at least `minimum_frequency` times in the sentences. The most frequent
  /// words come first; words of equal frequency are sorted by their bytes. A special symbol in the data, such as
  /// `<unk>`, keeps its id and does not become a new word.
  ///
  /// `words` returns the words of one item of `sentences`: `Vocabulary::build(pairs, 2, &SentencePair::source)`.
  template <class Sentences, class Projection = std::identity>
  static Vocabulary build(const Sentences& sentences, std::size_t minimum_frequency = 1, Projection words = {}) {
    WordCounts counts;
    for (const auto& sentence : sentences) counts.add(std::invoke(words, sentence));
    return build(counts, minimum_frequency);
  }

  /// Builds a vocabulary of words that have been counted.
  static Vocabulary build(const WordCounts& counts, std::size_t minimum_frequency) {
    Words all(specials.begin(), specials.end());
    for (std::string& word : counts.words(minimum_frequency)) {
      if (std::find(specials.begin(), specials.end(), word) == specials.end()) all.push_back(std::move(word));
    }
    return Vocabulary(std::move(all));
  }

  /// Restores a vocabulary from its `words()`. Throws heed::Error if the special symbols are not first, or if a word is
  /// empty, repeated, not valid UTF-8, or contains a space or a control character.
  static Vocabulary from_words(Words words) { return Vocabulary(std::move(words)); }

  /// Returns the id of a word; `unknown` if the word is not in the vocabulary.
  Token id(std::string_view word) const {
    const auto found = ids_.find(word);
    return found == ids_.end() ? unknown : found->second;
  }
  /// Returns true if the word is in the vocabulary.
  bool contains(std::string_view word) const { return ids_.find(word) != ids_.end(); }

  /// Returns the word of an id. Throws heed::Error if the id is out of range.
  const std::string& word(Token id) const {
    require(id >= 0 && id < size(), [&] {
      return "Vocabulary: token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(size());
    });
    return detail::at(words_, id);
  }

  /// The number of words, special symbols included.
  Index size() const { return static_cast<Index>(words_.size()); }

  /// All words in the order of their ids, for saving.
  const Words& words() const { return words_; }

  /// Returns the ids of the words of a sentence. Adds neither `begin` nor `end`.
  template <class Sentence>
  std::vector<Token> encode(const Sentence& sentence) const {
    std::vector<Token> tokens;
    tokens.reserve(sentence.size());
    for (const auto& word : sentence) tokens.push_back(id(word));
    return tokens;
  }

  /// Returns the words of the tokens as one line, separated by spaces. Special symbols are included. Throws heed::Error
  /// if a token is out of range.
  std::string decode(std::span<const Token> tokens) const {
    std::string line;
    for (std::size_t i = 0; i < tokens.size(); ++i) line.append(i == 0 ? "" : " ").append(word(tokens[i]));
    return line;
  }

  friend bool operator==(const Vocabulary& a, const Vocabulary& b) { return a.words_ == b.words_; }

 private:
  explicit Vocabulary(Words words) : words_(std::move(words)) {
    constexpr auto largest = static_cast<std::size_t>(std::numeric_limits<Token>::max());
    require(words_.size() <= largest, [&] {
      return "Vocabulary: there must be at most " + std::to_string(largest) + " words, got " +
             std::to_string(words_.size());
    });
    for (std::size_t i = 0; i < specials.size(); ++i) {
      require(i < words_.size() && words_[i] == specials[i], [&] {
        return "Vocabulary: word " + std::to_string(i) + " must be " + std::string(specials[i]) + ", got " +
               (i < words_.size() ? detail::in_quotes(words_[i]) : "none");
      });
    }
    ids_.reserve(words_.size());
    for (std::size_t i = 0; i < words_.size(); ++i) {
      check(i);
      const auto [entry, fresh] = ids_.emplace(words_[i], static_cast<Token>(i));
      require(fresh, [&, first = entry->second] { return name(i) + " duplicates word " + std::to_string(first); });
    }
  }

  /// Throws if word i would change when it is written to a text line and read again, or if it is not safe to print
  /// (control characters).
  void check(std::size_t i) const {
    const std::string& word = words_[i];
    require(!word.empty(), [&] { return "Vocabulary: word " + std::to_string(i) + " is empty"; });
    require(!invalid_utf8(word),
            [&] { return name(i) + " is invalid UTF-8 at byte offset " + std::to_string(*invalid_utf8(word)); });
    const std::size_t bad = std::min(word.find(' '), detail::first_unprintable(word).value_or(word.size()));
    require(bad >= word.size(), [&] {
      return name(i) + " contains a space or a control character, " +
             detail::character_name(std::string_view(word).substr(bad));
    });
  }

  std::string name(std::size_t i) const {
    return "Vocabulary: word " + std::to_string(i) + ", " + detail::in_quotes(words_[i]) + ",";
  }

  Words words_;
  detail::WordMap<Token> ids_;
};

}}  // namespace heed::v0_2
