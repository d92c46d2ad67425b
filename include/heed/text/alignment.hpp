#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/types.hpp>
#include <heed/text/sentence_pair.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Returns the source word with the largest attention weight for each target word.
///
/// weights: source words x target words. The first of several equal weights is taken. Throws heed::Error if there are
/// no source words or if a weight is NaN.
template <class Derived>
std::vector<Index> alignment_from_weights(const Eigen::DenseBase<Derived>& weights) {
  require(weights.rows() > 0, "alignment_from_weights: there is no source word to align to");
  std::vector<Index> alignment(static_cast<std::size_t>(weights.cols()), 0);
  for (Index j = 0; j < weights.cols(); ++j) {
    Index& best = detail::at(alignment, j);
    for (Index i = 0; i < weights.rows(); ++i) {
      require(!std::isnan(weights.derived()(i, j)), [&] {
        return "alignment_from_weights: the weight of source word " + std::to_string(i) + " for target word " +
               std::to_string(j) + " is not a number";
      });
      if (weights.derived()(i, j) > weights.derived()(best, j)) best = i;
    }
  }
  return alignment;
}

/// Returns the attention weights of words, given those of their pieces (see `Subwords`): the weight of a source word is
/// the sum over its pieces, and that of a target word the mean over its pieces.
///
/// weights: source pieces x target pieces, or more columns, which are ignored; `source` and `target`: for each piece
/// the position of its word, as in `SubwordSentence::word_of_piece`. Throws heed::Error if there are too few weights.
template <class Derived>
Matrix<typename Derived::Scalar> weights_of_words(const Eigen::DenseBase<Derived>& weights,
                                                  std::span<const Index> source, std::span<const Index> target) {
  using S = typename Derived::Scalar;
  require(weights.rows() == std::ssize(source) && weights.cols() >= std::ssize(target), [&] {
    return "weights_of_words: expected weights of " + std::to_string(source.size()) + " x at least " +
           std::to_string(target.size()) + ", got " + std::to_string(weights.rows()) + " x " +
           std::to_string(weights.cols());
  });
  const auto words = [](std::span<const Index> word_of_piece) {
    return word_of_piece.empty() ? Index(0) : word_of_piece.back() + 1;
  };
  Matrix<S> result = Matrix<S>::Zero(words(source), words(target));
  std::vector<Index> pieces(static_cast<std::size_t>(words(target)), 0);  // counts for each target word
  for (const Index word : target) ++detail::at(pieces, word);
  for (Index j = 0; j < std::ssize(target); ++j) {
    const Index word = detail::at(target, j);
    for (Index i = 0; i < std::ssize(source); ++i) {
      result(detail::at(source, i), word) += weights.derived()(i, j) / static_cast<S>(detail::at(pieces, word));
    }
  }
  return result;
}

/// Returns the links of pieces, given those of their words: each piece of a source word is linked to each piece of the
/// target word. The arguments are as in `weights_of_words`; links outside of the pair are dropped.
inline Links links_of_pieces(const Links& links, std::span<const Index> source, std::span<const Index> target) {
  const auto pieces_of = [](std::span<const Index> word_of_piece, Index word) {
    const auto range = std::equal_range(word_of_piece.begin(), word_of_piece.end(), word);
    return std::pair(range.first - word_of_piece.begin(), range.second - word_of_piece.begin());
  };
  Links result;
  for (const Link& link : links) {
    const auto [first_source, end_source] = pieces_of(source, link.source);
    const auto [first_target, end_target] = pieces_of(target, link.target);
    for (Index j = first_target; j < end_target; ++j) {
      for (Index i = first_source; i < end_source; ++i) result.push_back({i, j});
    }
  }
  return result;
}

/// Agreement of predicted alignments with gold links. A rate is absent if its denominator is 0.
struct AlignmentScore {
  std::optional<double> error_rate;  ///< 1 - (|A n S| + |A n P|) / (|A| + |S|), S a subset of P (Och & Ney 2003)
  std::optional<double> precision;   ///< |A n P| / |A|
  std::optional<double> recall;      ///< |A n S| / |S|
  std::optional<double> crossing;    ///< fraction of the gold reversals that the prediction reverses too
  std::size_t predicted = 0;         ///< |A|: predicted links
  std::size_t sure = 0;              ///< |S|: sure links
  std::size_t in_sure = 0;           ///< |A n S|
  std::size_t in_possible = 0;       ///< |A n P|
  std::size_t reversals = 0;         ///< reversals in the gold links: see `AlignmentTally`
  std::size_t crossed = 0;           ///< gold reversals that the prediction reverses too
};

/// Compares predicted alignments with the gold links of sentence pairs and sums the counts over all pairs.
///
/// A reversal is a pair of adjacent target words j and j + 1 with exactly one sure link each, to source words i + 1 and
/// i, in a sentence tagged `adjpost` or `adj2rev` (adjectives that follow their noun in the target). The prediction
/// reverses it too if A(j) > A(j + 1).
class AlignmentTally {
 public:
  /// Adds a sentence pair and its predicted alignment: one source word for each target word, none for `eos`.
  ///
  /// A pair without gold links is treated as not annotated and is not counted. Throws heed::Error if `predicted` has
  /// the wrong size, or if it or a gold link points outside of the pair.
  void add(const SentencePair& pair, std::span<const Index> predicted) {
    require(predicted.size() == pair.target.size(), [&] {
      return "AlignmentTally: expected one source word for each of " + std::to_string(pair.target.size()) +
             " target words, got " + std::to_string(predicted.size());
    });
    Links alignment;
    for (const Index i : predicted) {
      require(i >= 0 && i < static_cast<Index>(pair.source.size()), [&] {
        return "AlignmentTally: source word " + std::to_string(i) + " is outside of a sentence of " +
               std::to_string(pair.source.size());
      });
      alignment.push_back({i, static_cast<Index>(alignment.size())});
    }
    for (const Links* links : {&pair.sure, &pair.possible}) {
      for (const Link& link : *links) {
        detail::check_link("AlignmentTally", link, pair.source.size(), pair.target.size());
      }
    }
    if (pair.sure.empty() && pair.possible.empty()) return;
    const Links sure = set_of(pair.sure);
    Links possible = pair.possible;
    possible.insert(possible.end(), sure.begin(), sure.end());
    possible = set_of(std::move(possible));
    counts_.predicted += alignment.size();
    counts_.sure += sure.size();
    for (const Link& link : alignment) {
      counts_.in_sure += std::binary_search(sure.begin(), sure.end(), link);
      counts_.in_possible += std::binary_search(possible.begin(), possible.end(), link);
    }
    const auto reverses = [](const std::string& tag) { return tag == "adjpost" || tag == "adj2rev"; };
    if (std::any_of(pair.tags.begin(), pair.tags.end(), reverses)) add_reversals(sure, predicted);
  }

  /// Returns the score of all pairs added so far.
  AlignmentScore score() const {
    AlignmentScore score = counts_;
    const auto ratio = [](std::size_t part, std::size_t whole) {
      return static_cast<double>(part) / static_cast<double>(whole);
    };
    if (score.predicted + score.sure > 0) {
      score.error_rate = 1 - ratio(score.in_sure + score.in_possible, score.predicted + score.sure);
    }
    if (score.predicted > 0) score.precision = ratio(score.in_possible, score.predicted);
    if (score.sure > 0) score.recall = ratio(score.in_sure, score.sure);
    if (score.reversals > 0) score.crossing = ratio(score.crossed, score.reversals);
    return score;
  }

 private:
  static Links set_of(Links links) {
    std::sort(links.begin(), links.end());
    links.erase(std::unique(links.begin(), links.end()), links.end());
    return links;
  }

  void add_reversals(const Links& sure, std::span<const Index> predicted) {
    constexpr Index none = -1, several = -2;
    std::vector<Index> only(predicted.size(), none);  // the single source word with a sure link to each target word
    for (const Link& link : sure) {
      Index& source = detail::at(only, link.target);
      source = source == none ? link.source : several;
    }
    for (std::size_t j = 0; j + 1 < only.size(); ++j) {
      if (only[j + 1] < 0 || only[j] != only[j + 1] + 1) continue;
      ++counts_.reversals;
      counts_.crossed += predicted[j] > predicted[j + 1];
    }
  }

  AlignmentScore counts_;
};

}}  // namespace heed::v0_2
