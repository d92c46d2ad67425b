#pragma once

#include <heed/core/link.hpp>
#include <heed/core/random.hpp>
#include <heed/core/sentences.hpp>
#include <heed/core/settings.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// Word dropout: replaces random source words by `symbols::unk` during training, so that a model can translate
/// sentences with unknown words. Rare words are replaced more often (Kiperwasser & Goldberg 2016):
///
///     p(word) = rate / (rate + count(word))
///
/// In a pair with word links, a source word is replaced only if it has exactly one link, to a target word with exactly
/// one link. That target word is replaced too: the model learns to translate an unknown word by `unk` and to attend to
/// it, so that `replace_unknown` can copy it. In a pair without links only source words are replaced.
struct WordDropout {
  double rate = 0;            ///< 0 or more; 0: no word is replaced
  std::vector<Index> counts;  ///< number of occurrences of each source token in the training data; others have 0

  WordDropout() = default;

  /// Counts the tokens of the training data. Throws heed::Error if the rate is negative or not finite, or if a token is
  /// negative.
  WordDropout(double rate_, Sentences sources) : rate(rate_) {
    detail::check_not_negative("WordDropout", "rate", rate);
    for (const auto source : sources) {
      for (const Token token : source) {
        require(token >= 0, [&] { return "WordDropout: a token must be 0 or more, got " + std::to_string(token); });
        const auto at = static_cast<std::size_t>(token);
        if (at >= counts.size()) counts.resize(at + 1);
        ++counts[at];
      }
    }
  }

  /// Replaces words of a pair. Throws heed::Error if a link points outside of it.
  template <class Engine>
  void apply(std::span<Token> source, std::span<Token> target, std::span<const Link> links,
             BasicRandom<Engine>& random) const {
    for (const Link& link : links) detail::check_link("WordDropout", link, source.size(), target.size());
    for (Index i = 0; i < std::ssize(source); ++i) {
      if (random.uniform() * (rate + count(detail::at(source, i))) >= rate) continue;
      const Link* const link = only_link(i, links);
      if (!links.empty() && link == nullptr) continue;
      detail::at(source, i) = symbols::unk;
      if (link != nullptr) detail::at(target, link->target) = symbols::unk;
    }
  }

 private:
  double count(Token token) const {
    const auto at = static_cast<std::size_t>(token);
    return at < counts.size() ? static_cast<double>(counts[at]) : 0;
  }

  /// The link of source word i if both of its words have no other link, otherwise null.
  static const Link* only_link(Index i, std::span<const Link> links) {
    const Link* found = nullptr;
    for (const Link& link : links) {
      if (link.source != i) continue;
      if (found != nullptr) return nullptr;
      found = &link;
    }
    for (const Link& link : links) {
      if (found != nullptr && link.target == found->target && link.source != i) return nullptr;
    }
    return found;
  }
};

}}  // namespace heed::v0_2
