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

/// The words of one language, numbered from 0. The first three numbers are the same in every vocabulary:
///
///     0 <unk>  a word the vocabulary lacks       1 <s>  what a decoder is fed first       2 </s>  ends a sentence
class Vocabulary {
 public:
  static constexpr Token unknown = symbols::unk;  ///< `<unk>`
  static constexpr Token begin = symbols::bos;    ///< `<s>`
  static constexpr Token end = symbols::eos;      ///< `</s>`
  /// How they are written.
  static constexpr std::array<std::string_view, 3> specials = {"<unk>", "<s>", "</s>"};

  /// The special symbols alone.
  Vocabulary() : Vocabulary(Words(specials.begin(), specials.end())) {}

  /// Counts the words of sentences and keeps those seen at least `minimum_frequency` times, the most frequent first,
  /// equally frequent ones in the order of their bytes. A special symbol in the data, such as `<unk>`, is that symbol and
  /// makes no new word.
  ///
  /// `words` gives the words of one item of `sentences`: `Vocabulary::build(pairs, 2, &SentencePair::source)`.
  template <class Sentences, class Projection = std::identity>
  static Vocabulary build(const Sentences& sentences, std::size_t minimum_frequency = 1, Projection words = {}) {
    Map<std::size_t> counts;
    for (const auto& sentence : sentences) {
      for (const auto& word : std::invoke(words, sentence)) {
        const auto seen = counts.find(std::string_view(word));
        if (seen == counts.end()) {
          counts.emplace(word, 1);
        } else {
          ++seen->second;
        }
      }
    }
    for (const std::string_view special : specials) {
      if (const auto seen = counts.find(special); seen != counts.end()) counts.erase(seen);
    }
    std::vector<std::pair<std::string, std::size_t>> kept;
    for (const auto& entry : counts) {
      if (entry.second >= minimum_frequency) kept.push_back(entry);
    }
    std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    Words all(specials.begin(), specials.end());
    for (auto& entry : kept) all.push_back(std::move(entry.first));
    return Vocabulary(std::move(all));
  }

  /// The vocabulary whose `words()` were these, the special symbols first. Throws unless it could have been built.
  static Vocabulary from_words(Words words) { return Vocabulary(std::move(words)); }

  /// The number of a word; `unknown` for a word that is not here.
  Token id(std::string_view word) const {
    const auto found = ids_.find(word);
    return found == ids_.end() ? unknown : found->second;
  }
  /// Whether it has a word.
  bool contains(std::string_view word) const { return ids_.find(word) != ids_.end(); }

  /// The word of a number.
  const std::string& word(Token id) const {
    require(id >= 0 && id < size(), [&] {
      return "Vocabulary: token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(size());
    });
    return detail::at(words_, id);
  }

  /// How many words there are, the special symbols among them.
  Index size() const { return static_cast<Index>(words_.size()); }

  /// Every word in the order of its number, for saving.
  const Words& words() const { return words_; }

  /// The numbers of words. Neither `begin` nor `end` is added.
  template <class Sentence>
  std::vector<Token> encode(const Sentence& sentence) const {
    std::vector<Token> tokens;
    tokens.reserve(sentence.size());
    for (const auto& word : sentence) tokens.push_back(id(word));
    return tokens;
  }

  /// The words of numbers as one line, with a space between each two. Special symbols are written out.
  std::string decode(std::span<const Token> tokens) const {
    std::string line;
    for (std::size_t i = 0; i < tokens.size(); ++i) line.append(i == 0 ? "" : " ").append(word(tokens[i]));
    return line;
  }

  friend bool operator==(const Vocabulary& a, const Vocabulary& b) { return a.words_ == b.words_; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;  // a word is looked up as it is, not as a new string
  };
  template <class T>
  using Map = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  explicit Vocabulary(Words words) : words_(std::move(words)) {
    constexpr auto largest = static_cast<std::size_t>(std::numeric_limits<Token>::max());
    require(words_.size() <= largest, [&] {
      return "Vocabulary: at most " + std::to_string(largest) + " words can be numbered, got " +
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
      require(fresh,
              [&, first = entry->second] { return name(i) + " was given before, as word " + std::to_string(first); });
    }
  }

  /// A word must be one after it was written to a line and read again, and safe to print: no control characters.
  void check(std::size_t i) const {
    const std::string& word = words_[i];
    require(!word.empty(), [&] { return "Vocabulary: word " + std::to_string(i) + " is empty"; });
    require(!invalid_utf8(word),
            [&] { return name(i) + " is invalid UTF-8 at byte offset " + std::to_string(*invalid_utf8(word)); });
    const std::size_t bad = std::min(word.find(' '), detail::first_unprintable(word).value_or(word.size()));
    require(bad >= word.size(), [&] {
      return name(i) + " holds a space or control character, " +
             detail::character_name(std::string_view(word).substr(bad));
    });
  }

  std::string name(std::size_t i) const {
    return "Vocabulary: word " + std::to_string(i) + ", " + detail::in_quotes(words_[i]) + ",";
  }

  Words words_;
  Map<Token> ids_;
};

}}  // namespace heed::v0_2
