#pragma once

#include <heed/core/errors.hpp>
#include <heed/text/vocabulary.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(HEED_WITH_SENTENCEPIECE)
#include <sentencepiece_processor.h>
#else
namespace sentencepiece {
class SentencePieceProcessor;
}
#endif

namespace heed { inline namespace v0_2 {

/// A sentence as words and as the pieces of its words. Without subwords each word is one piece.
struct SubwordSentence {
  Words words, pieces;
  std::vector<Index> word_of_piece;  ///< for each piece the position of its word
};

/// Splits words into subwords, the pieces of a SentencePiece model (Kudo & Richardson 2018), and joins pieces to words.
/// The first piece of a word begins with U+2581. Without a model, each word is one piece.
///
/// A build without SentencePiece (component heed::sentencepiece) cannot create subwords with a model. Threads may call
/// the const functions of one object at the same time.
class Subwords {
 public:
  /// No model: each word is one piece.
  Subwords() = default;

  /// Loads the content of a SentencePiece model file (BPE, unigram, characters or words).
  ///
  /// Throws heed::Error if it is not such a file, if its pieces may contain spaces (split_by_whitespace=false), if
  /// words do not begin with U+2581 (add_dummy_prefix=false, treat_whitespace_as_suffix=true), if a piece cannot be in
  /// a `Vocabulary`, and in a build without SentencePiece.
  explicit Subwords(std::string model) : model_(std::move(model)) { load(); }

  /// True without a model.
  bool empty() const { return model_.empty(); }

  /// The content of the model file. Empty without a model.
  const std::string& model() const { return model_; }

  /// The vocabulary of all pieces: the special symbols, then the pieces in the order of the model. There must be a
  /// model.
  Vocabulary vocabulary() const;

  /// Splits each word into pieces. Characters that the model does not have are pieces too, and encoded as `unk`. The
  /// word `<unk>` has the pieces U+2581 and `<unk>`.
  ///
  /// A `sampling` above 0 draws random pieces, for subword regularisation: with a BPE model it is the probability that
  /// a merge is skipped (BPE-dropout, Provilkov et al. 2020), with a unigram model the exponent of the probabilities of
  /// all segmentations (Kudo 2018, section 3.2). Sampling uses a random generator of the thread: see
  /// `with_sampling_seed`. Throws heed::Error if the model has another type and `sampling` is not 0.
  SubwordSentence split(Words words, double sampling = 0) const {
    SubwordSentence sentence;
    Words of_word;
    for (std::size_t i = 0; i < words.size(); ++i) {
      split_word(words[i], sampling, of_word);
      sentence.word_of_piece.insert(sentence.word_of_piece.end(), of_word.size(), static_cast<Index>(i));
      for (std::string& piece : of_word) sentence.pieces.push_back(std::move(piece));
    }
    sentence.words = std::move(words);
    return sentence;
  }

  /// Joins pieces to words. A piece that begins with U+2581 begins a word; this character is removed. `<unk>` and
  /// pieces that the model does not have are text. A piece without text belongs to the next word, or to the last one at
  /// the end; if no piece has text, there are no words and no pieces.
  SubwordSentence join(Words pieces) const {
    SubwordSentence sentence;
    std::string word;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool ends = i + 1 == pieces.size() || empty() || pieces[i + 1].starts_with(word_mark);
      if (!ends) continue;
      const std::size_t begin = sentence.word_of_piece.size();
      word = empty() ? pieces[i] : text_of(std::span(pieces).subspan(begin, i + 1 - begin));
      if (word.empty() && i + 1 < pieces.size()) continue;
      if (!word.empty()) sentence.words.push_back(std::move(word));
      sentence.word_of_piece.resize(i + 1, std::ssize(sentence.words) - 1);
    }
    if (sentence.words.empty()) return {};
    sentence.pieces = std::move(pieces);
    return sentence;
  }

  friend bool operator==(const Subwords& a, const Subwords& b) { return a.model_ == b.model_; }

  /// The mark at the start of a word in pieces: U+2581.
  static constexpr std::string_view word_mark = "\u2581";

 private:
  void load();
  void split_word(const std::string& word, double sampling, Words& pieces) const;
  bool is_byte(const std::string& piece) const;
  std::string decode_bytes(const Words& pieces) const;

  /// The text of the pieces of a word, without the mark at its start. Bytes become characters; those that cannot be in
  /// a word become U+FFFD.
  std::string text_of(std::span<const std::string> pieces) const {
    std::string text;
    for (std::size_t i = 0; i < pieces.size();) {
      Words bytes;
      for (; i < pieces.size() && is_byte(pieces[i]); ++i) bytes.push_back(pieces[i]);
      if (!bytes.empty()) {
        text += printable(decode_bytes(bytes));
      } else {
        text += pieces[i].substr(pieces[i].starts_with(word_mark) ? word_mark.size() : 0);
        ++i;
      }
    }
    return text;
  }

  static std::string printable(std::string text) {
    for (;;) {
      const std::size_t at = std::min(text.find(' '), detail::first_unprintable(text).value_or(text.size()));
      if (at >= text.size()) return text;
      text.replace(at, std::max(detail::utf8_length(std::string_view(text).substr(at)), std::size_t{1}), "\uFFFD");
    }
  }

  std::string model_;
  std::shared_ptr<const sentencepiece::SentencePieceProcessor> processor_;
};

namespace detail {

[[noreturn]] inline void fail_without_sentencepiece() {
  fail("subwords need SentencePiece, but this program was built without it (CMake option HEED_SENTENCEPIECE)");
}

}  // namespace detail

#if defined(HEED_WITH_SENTENCEPIECE)

namespace detail {

/// The message of a SentencePiece error, without the place in its source, after ": ". Empty if there is only a place.
inline std::string sentencepiece_message(const sentencepiece::util::Status& status) {
  const std::string text = status.ToString();
  const std::size_t place = text.rfind("] ");
  const std::string message = place == std::string::npos ? text : text.substr(place + 2);
  return message.empty() ? "" : ": " + message;
}

/// True if a SentencePiece model has all of its fields, of which the settings (2) and the normaliser (3) follow the
/// pieces (1). A file that is cut off between two fields is valid for SentencePiece.
inline bool has_all_fields(std::string_view model) {
  std::size_t at = 0;
  const auto number = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0; at < model.size() && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(model[at++]);
      value |= (byte & 0x7fULL) << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  bool settings = false, normaliser = false;
  while (at < model.size()) {
    const std::uint64_t key = number(), size = number();
    if (key % 8 != 2 || size > model.size() - at) break;  // each field is a message with its size
    settings = settings || key / 8 == 2;
    normaliser = normaliser || key / 8 == 3;
    at += static_cast<std::size_t>(size);
  }
  return settings && normaliser;
}

}  // namespace detail

inline void Subwords::load() {
  const auto processor = std::make_shared<sentencepiece::SentencePieceProcessor>();
  const auto status = processor->LoadFromSerializedProto(model_);
  require(status.ok(),
          [&] { return "Subwords: this is not a SentencePiece model" + detail::sentencepiece_message(status); });
  require(detail::has_all_fields(model_), "Subwords: this is not a SentencePiece model: it is truncated");
  processor_ = processor;
  Words pieces;
  split_word("a", 0, pieces);
  require(pieces.front().starts_with(word_mark), [&] {
    return "Subwords: words must begin with U+2581 (add_dummy_prefix=true, treat_whitespace_as_suffix=false), but the "
           "first piece of \"a\" is " +
           detail::in_quotes(pieces.front());
  });
  const Vocabulary all = vocabulary();
  for (const std::string& piece : all.words()) {
    require(piece.find(word_mark, 1) == std::string::npos, [&] {
      return "Subwords: pieces must not contain a space between characters (split_by_whitespace=false), but " +
             detail::in_quotes(piece) + " does";
    });
  }
}

inline Vocabulary Subwords::vocabulary() const {
  require(!empty(), "Subwords.vocabulary: there is no model");
  Words words(Vocabulary::specials.begin(), Vocabulary::specials.end());
  for (int id = 0; id < processor_->GetPieceSize(); ++id) {
    if (processor_->IsUnknown(id) || processor_->IsControl(id) || processor_->IsUnused(id)) continue;
    words.push_back(processor_->IdToPiece(id));
  }
  return Vocabulary::from_words(std::move(words));
}

inline void Subwords::split_word(const std::string& word, double sampling, Words& pieces) const {
  pieces.clear();
  if (!empty() && word == Vocabulary::specials[0]) pieces.emplace_back(word_mark);
  if (empty() || word == Vocabulary::specials[0]) {
    pieces.push_back(word);
    return;
  }
  const auto status = sampling > 0 ? processor_->SampleEncode(word, -1, static_cast<float>(sampling), &pieces)
                                   : processor_->Encode(word, &pieces);
  require(status.ok(),
          [&] { return "Subwords: cannot split " + detail::in_quotes(word) + detail::sentencepiece_message(status); });
  if (pieces.empty()) pieces.emplace_back(Vocabulary::specials[0]);
}

inline bool Subwords::is_byte(const std::string& piece) const {
  return processor_->IsByte(processor_->PieceToId(piece));
}

inline std::string Subwords::decode_bytes(const Words& pieces) const {
  std::string text;
  const auto status = processor_->Decode(pieces, &text);
  require(status.ok(), [&] { return "Subwords: cannot join pieces" + detail::sentencepiece_message(status); });
  return text;
}

#else

inline void Subwords::load() { detail::fail_without_sentencepiece(); }

inline Vocabulary Subwords::vocabulary() const { fail("Subwords.vocabulary: there is no model"); }

inline void Subwords::split_word(const std::string& word, double, Words& pieces) const { pieces.assign(1, word); }

inline bool Subwords::is_byte(const std::string&) const { return false; }

inline std::string Subwords::decode_bytes(const Words& pieces) const { return join_words(pieces); }

#endif

}}  // namespace heed::v0_2
