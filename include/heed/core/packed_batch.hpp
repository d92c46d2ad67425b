#pragma once

#include <heed/core/types.hpp>

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// A batch of sentences of different lengths without padding: sorted by length, longest first, time-major.
///
///     sentence 2   a b c d        column:  0 1 2 | 3 4 5 | 6 7 | 8
///     sentence 0   e f g          holds:   a e h | b f i | c g | d
///     sentence 1   h i            step:      0   |   1   |  2  | 3
///
/// At step t only the sentences still running have a column, as one block, so a recurrence works on the first
/// `active(t)` columns of its running state and nothing can leak between sentences. One sentence is a batch of one.
class PackedBatch {
 public:
  PackedBatch() = default;
  /// As `assign`.
  explicit PackedBatch(std::span<const Index> lengths) { assign(lengths); }

  /// Packs sentences of these lengths. Allocates only beyond the largest batch so far; throws on an empty sentence. After
  /// an exception it is as it was.
  void assign(std::span<const Index> lengths) {
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      require(lengths[b] > 0, [&] { return "PackedBatch: sentence " + std::to_string(b) + " of the batch is empty"; });
    }
    const Index longest = lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
    order_.reserve(lengths.size());
    lengths_.reserve(lengths.size());
    offsets_.reserve(static_cast<std::size_t>(longest) + 1);
    order_.resize(lengths.size());  // from here on nothing allocates
    std::iota(order_.begin(), order_.end(), Index{0});
    const auto length_of = [&](Index b) { return detail::at(lengths, b); };
    std::sort(order_.begin(), order_.end(), [&](Index a, Index b) {  // ties by place: a stable sort would allocate
      return length_of(a) != length_of(b) ? length_of(a) > length_of(b) : a < b;
    });
    lengths_.clear();
    for (const Index b : order_) lengths_.push_back(length_of(b));
    offsets_.assign(1, 0);
    Index running = sentences();
    for (Index t = 0; t < longest; ++t) {
      while (detail::at(lengths_, running - 1) <= t) --running;
      offsets_.push_back(offsets_.back() + running);
    }
  }

  /// How many sentences, steps (the longest length) and columns (all words) there are.
  Index sentences() const { return static_cast<Index>(order_.size()); }
  Index steps() const { return static_cast<Index>(offsets_.size()) - 1; }
  Index columns() const { return offsets_.back(); }

  /// The first column of step t, and how many columns the step has.
  Index first(Index t) const { return detail::at(offsets_, t); }
  Index active(Index t) const { return first(t + 1) - first(t); }

  /// The place in the batch, as it was given, of the sentence in packed position p; and its length.
  Index sentence(Index p) const { return detail::at(order_, p); }
  Index length(Index p) const { return detail::at(lengths_, p); }
  std::span<const Index> order() const { return order_; }

  /// The column of step t of the sentence in packed position p.
  Index column(Index t, Index p) const { return first(t) + p; }

 private:
  std::vector<Index> order_, lengths_, offsets_{0};
};

/// The steps of a decoder, and the columns of each: those of a packed batch, or one step of all columns.
class Steps {
 public:
  /// The steps of a packed batch, which must outlive this object.
  Steps(const PackedBatch& packing) : packing_(&packing), columns_(packing.columns()) {}
  /// One step of n columns.
  static Steps one(Index n) { return Steps(n); }

  /// How many steps and columns there are.
  Index count() const { return packing_ != nullptr ? packing_->steps() : 1; }
  Index columns() const { return columns_; }

  /// The first column of step t, and how many columns the step has.
  Index first(Index t) const { return packing_ != nullptr ? packing_->first(t) : 0; }
  Index active(Index t) const { return packing_ != nullptr ? packing_->active(t) : columns_; }
  /// The columns of the first step: how many sentences there are.
  Index sentences() const { return count() > 0 ? active(0) : 0; }

 private:
  explicit Steps(Index n) : columns_(n) {}

  const PackedBatch* packing_ = nullptr;
  Index columns_;
};

namespace detail {

/// Throws unless a padded and a packed matrix have the columns that a packing calls for.
template <class Padded, class Packed>
void check_padding(const char* function, const Padded& padded, const PackedBatch& packing, const Packed& packed) {
  check_size(function, "padded", padded, padded.rows(), packing.steps() * packing.sentences());
  check_size(function, "packed", packed, padded.rows(), packing.columns());
}

/// Throws unless all tokens of a batch are in the vocabulary. `name` says what the sentences are: "source".
template <class Sentences>
void check_tokens(const char* function, const char* name, const Sentences& sentences, Index vocabulary) {
  for (std::size_t b = 0; b < sentences.size(); ++b) {
    for (const Token token : sentences[b]) {
      require(token >= 0 && token < vocabulary, [&] {
        return std::string(function) + ": token " + std::to_string(token) + " of " + name + " " + std::to_string(b) +
               " is outside the vocabulary of " + std::to_string(vocabulary);
      });
    }
  }
}

/// The same for what a decoder writes: it must not hold begin and end symbol, which are added where they belong.
template <class Sentences>
void check_target_tokens(const char* function, const char* name, const Sentences& sentences, Index vocabulary) {
  check_tokens(function, name, sentences, vocabulary);
  for (std::size_t b = 0; b < sentences.size(); ++b) {
    for (const Token token : sentences[b]) {
      require(token != symbols::bos && token != symbols::eos, [&] {
        return std::string(function) + ": " + name + " " + std::to_string(b) + " holds token " + std::to_string(token) +
               ", the " + (token == symbols::bos ? "begin" : "end") + " symbol, which heed adds itself: leave it out";
      });
    }
  }
}

}  // namespace detail

/// Packs a rectangular time-major batch, item t of sentence b in column t * sentences + b, into columns without gaps.
/// Throws heed::Error if a size does not fit.
template <class Padded, class Packed>
void pack_padded(const Eigen::MatrixBase<Padded>& padded, const PackedBatch& packing, Packed&& packed) {
  detail::check_padding("pack_padded", padded, packing, packed);
  for (Index t = 0; t < packing.steps(); ++t) {
    for (Index p = 0; p < packing.active(t); ++p) {
      packed.col(packing.column(t, p)) = padded.col(t * packing.sentences() + packing.sentence(p));
    }
  }
}

/// The way back. Columns past the end of a sentence are set to zero. Throws heed::Error if a size does not fit.
template <class Packed, class Padded>
void unpack_padded(const Eigen::MatrixBase<Packed>& packed, const PackedBatch& packing, Padded&& padded) {
  detail::check_padding("unpack_padded", padded, packing, packed);
  padded.setZero();
  for (Index t = 0; t < packing.steps(); ++t) {
    for (Index p = 0; p < packing.active(t); ++p) {
      padded.col(t * packing.sentences() + packing.sentence(p)) = packed.col(packing.column(t, p));
    }
  }
}

/// Lays the words of a batch out in the columns of its packing. Throws heed::Error if the sentences do not have its
/// lengths.
template <class Sentences>
void pack_tokens(const Sentences& sentences, const PackedBatch& packing, std::vector<Token>& tokens) {
  detail::check_count("pack_tokens", "sentences", sentences.size(), packing.order().size());
  tokens.resize(static_cast<std::size_t>(packing.columns()));
  for (Index p = 0; p < packing.sentences(); ++p) {
    const auto& sentence = detail::at(sentences, packing.sentence(p));
    detail::check_number("pack_tokens", "a sentence", static_cast<Index>(sentence.size()), packing.length(p), "tokens");
    for (Index t = 0; t < packing.length(p); ++t) {
      detail::at(tokens, packing.column(t, p)) = detail::at(sentence, t);
    }
  }
}

}}  // namespace heed::v0_2
