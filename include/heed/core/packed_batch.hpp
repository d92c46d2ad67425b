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
/// At step t only the sentences longer than t have a column, and these columns are one block. A recurrence therefore
/// works on the first `active(t)` columns of its state, and sentences cannot influence each other. A single sentence is
/// a batch of size 1.
class PackedBatch {
 public:
  PackedBatch() = default;
  /// Packs sentences of these lengths; see `assign`.
  explicit PackedBatch(std::span<const Index> lengths) { assign(lengths); }

  /// Packs sentences of these lengths. Allocates only if the batch has more sentences or steps than every earlier one.
  /// Throws heed::Error if a sentence is empty. After an exception, the packing is unchanged.
  void assign(std::span<const Index> lengths) {
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      require(lengths[b] > 0, [&] { return "PackedBatch: sentence " + std::to_string(b) + " of the batch is empty"; });
    }
    const Index longest = lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
    order_.reserve(lengths.size());
    lengths_.reserve(lengths.size());
    offsets_.reserve(static_cast<std::size_t>(longest) + 1);
    order_.resize(lengths.size());  // no allocation after this line
    std::iota(order_.begin(), order_.end(), Index{0});
    const auto length_of = [&](Index b) { return detail::at(lengths, b); };
    std::sort(order_.begin(), order_.end(), [&](Index a, Index b) {  // ties by index: std::stable_sort would allocate
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

  /// The number of sentences, of steps (the longest length) and of columns (the sum of the lengths).
  Index sentences() const { return static_cast<Index>(order_.size()); }
  Index steps() const { return static_cast<Index>(offsets_.size()) - 1; }
  Index columns() const { return offsets_.back(); }

  /// The first column of step t, and the number of columns of the step.
  Index first(Index t) const { return detail::at(offsets_, t); }
  Index active(Index t) const { return first(t + 1) - first(t); }

  /// The batch index of the sentence in packed position p, and its length; the batch indices of all packed positions.
  Index sentence(Index p) const { return detail::at(order_, p); }
  Index length(Index p) const { return detail::at(lengths_, p); }
  std::span<const Index> order() const { return order_; }

  /// The column of step t of the sentence in packed position p.
  Index column(Index t, Index p) const { return first(t) + p; }

 private:
  std::vector<Index> order_, lengths_, offsets_{0};
};

/// The steps of a decoder and the columns of each step: the steps of a packed batch, or one step with all columns.
class Steps {
 public:
  /// The steps of a packed batch, which must outlive this object.
  Steps(const PackedBatch& packing) : packing_(&packing), columns_(packing.columns()) {}
  /// One step of n columns.
  static Steps one(Index n) { return Steps(n); }

  /// The number of steps and of columns.
  Index count() const { return packing_ != nullptr ? packing_->steps() : 1; }
  Index columns() const { return columns_; }

  /// The first column of step t, and the number of columns of the step.
  Index first(Index t) const { return packing_ != nullptr ? packing_->first(t) : 0; }
  Index active(Index t) const { return packing_ != nullptr ? packing_->active(t) : columns_; }
  /// The number of sentences: the number of columns of the first step.
  Index sentences() const { return count() > 0 ? active(0) : 0; }

 private:
  explicit Steps(Index n) : columns_(n) {}

  const PackedBatch* packing_ = nullptr;
  Index columns_;
};

namespace detail {

/// Throws unless a padded and a packed matrix have the number of columns of their packing.
template <class Padded, class Packed>
void check_padding(const char* function, const Padded& padded, const PackedBatch& packing, const Packed& packed) {
  check_size(function, "padded", padded, padded.rows(), packing.steps() * packing.sentences());
  check_size(function, "packed", packed, padded.rows(), packing.columns());
}

/// Throws unless all tokens of a batch are in the vocabulary. `name` is the noun for a sentence in the message:
/// "source".
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

/// Like `check_tokens`, for target sentences. Also throws if a sentence contains `bos` or `eos`, which heed adds
/// itself.
template <class Sentences>
void check_target_tokens(const char* function, const char* name, const Sentences& sentences, Index vocabulary) {
  check_tokens(function, name, sentences, vocabulary);
  for (std::size_t b = 0; b < sentences.size(); ++b) {
    for (const Token token : sentences[b]) {
      require(token != symbols::bos && token != symbols::eos, [&] {
        return std::string(function) + ": " + name + " " + std::to_string(b) + " must not contain token " +
               std::to_string(token) + " (" + (token == symbols::bos ? "bos" : "eos") +
               "): heed adds bos and eos itself";
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

/// The inverse of `pack_padded`. Columns after the end of a sentence are set to zero. Throws heed::Error if a size does
/// not fit.
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

/// Copies the tokens of a batch into the column order of its packing. Overwrites and resizes `tokens`. Throws
/// heed::Error if the lengths of the sentences differ from those of the packing.
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
