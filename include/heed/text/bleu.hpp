#pragma once

#include <heed/text/exact_match.hpp>
#include <heed/text/tokenize_13a.hpp>
#include <heed/text/words.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Corpus BLEU and its statistics. The score and the precisions are percentages. Index n - 1 is for n-grams.
struct BleuScore {
  double score = 0;                      ///< brevity penalty times the geometric mean of the precisions
  std::array<double, 4> precisions{};    ///< precisions of 1-grams to 4-grams
  double brevity_penalty = 0;            ///< in [0, 1]
  std::array<std::size_t, 4> matches{};  ///< n-grams that hypothesis and reference share
  std::array<std::size_t, 4> totals{};   ///< n-grams of the hypotheses
  std::size_t hypothesis_length = 0;     ///< in words
  std::size_t reference_length = 0;      ///< in words
  std::string signature;                 ///< settings of the computation: equal signatures mean comparable scores
};

namespace detail {

using Ngram = std::array<std::string_view, 4>;

/// Writes the n-grams of a sentence to `ngrams` in sorted order. The words of an `Ngram` after the n-th stay empty.
inline void sorted_ngrams(const Words& words, std::size_t n, std::vector<Ngram>& ngrams) {
  ngrams.clear();
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    Ngram& ngram = ngrams.emplace_back();
    std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(i), n, ngram.begin());
  }
  std::sort(ngrams.begin(), ngrams.end());
}

/// Sums the n-gram counts of a corpus, sentence by sentence.
class BleuTally {
 public:
  void add(const Words& hypothesis, const Words& reference) {
    counts_.hypothesis_length += hypothesis.size();
    counts_.reference_length += reference.size();
    for (std::size_t n = 1; n <= 4; ++n) {
      sorted_ngrams(hypothesis, n, of_hypothesis_);
      sorted_ngrams(reference, n, of_reference_);
      shared_.clear();  // clipped counts: the intersection of the two multisets of n-grams
      std::set_intersection(of_hypothesis_.begin(), of_hypothesis_.end(), of_reference_.begin(), of_reference_.end(),
                            std::back_inserter(shared_));
      counts_.matches[n - 1] += shared_.size();
      counts_.totals[n - 1] += of_hypothesis_.size();
    }
  }

  BleuScore score(const std::string& tokenizer) const {
    BleuScore bleu = counts_;
    bleu.signature = "nrefs:1|case:mixed|eff:no|tok:" + tokenizer + "|smooth:exp|version:heed-0.2.0";
    const auto produced = static_cast<double>(bleu.hypothesis_length);
    const auto expected = static_cast<double>(bleu.reference_length);
    if (produced >= expected) {
      bleu.brevity_penalty = 1;
    } else if (produced > 0) {
      bleu.brevity_penalty = std::exp(1 - expected / produced);
    }
    if (std::all_of(bleu.matches.begin(), bleu.matches.end(), [](std::size_t m) { return m == 0; })) return bleu;
    double unmatched = 1, logarithms = 0;
    for (std::size_t n = 0; n < 4; ++n) {
      if (bleu.totals[n] == 0) return bleu;  // no hypothesis has an n-gram of this order: the score is 0
      auto matches = static_cast<double>(bleu.matches[n]);
      if (bleu.matches[n] == 0) matches = 1 / (unmatched *= 2);  // exponential smoothing: 1/2, 1/4, ... matches
      bleu.precisions[n] = 100 * matches / static_cast<double>(bleu.totals[n]);
      logarithms += std::log(bleu.precisions[n]);
    }
    bleu.score = bleu.brevity_penalty * std::exp(logarithms / 4);
    return bleu;
  }

 private:
  BleuScore counts_;
  std::vector<Ngram> of_hypothesis_, of_reference_, shared_;
};

}  // namespace detail

/// Corpus BLEU of tokenised sentences, one reference each (Papineni et al. 2002; sacrebleu's tokeniser `none`).
///
/// Uses n-grams up to n = 4. An order without matches is smoothed exponentially. Throws heed::Error if there are no
/// sentences, or if the numbers of hypotheses and references differ.
inline BleuScore corpus_bleu(std::span<const Words> hypotheses, std::span<const Words> references) {
  detail::require_as_many("corpus_bleu", hypotheses.size(), references.size());
  detail::BleuTally tally;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) tally.add(hypotheses[i], references[i]);
  return tally.score("none");
}

/// Corpus BLEU of untokenised lines, which `tokenize_13a` splits into words. Throws as the overload above.
inline BleuScore corpus_bleu(std::span<const std::string> hypotheses, std::span<const std::string> references) {
  detail::require_as_many("corpus_bleu", hypotheses.size(), references.size());
  detail::BleuTally tally;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    tally.add(tokenize_13a(hypotheses[i]), tokenize_13a(references[i]));
  }
  return tally.score("13a");
}

}}  // namespace heed::v0_2
