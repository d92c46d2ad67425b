#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/sentences.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

namespace heed { inline namespace v0_2 {

/// How `search` searches.
struct SearchOptions {
  Index beam = 1;               ///< hypotheses kept for each sentence; 1 is greedy search
  double length_penalty = 0.6;  ///< alpha of Wu et al. 2016, equation 14: 0 is none; see `length_penalty`
  Index maximum_length = 0;     ///< steps at most, the end symbol being one; 0: twice the source and ten more, beyond
                                ///< the prefix or the minimum
  bool bfloat16_memory =
      false;  ///< look back at bfloat16: faster for long sources in large batches (`Memory::to_bfloat16`)
  double coverage_penalty = 0;  ///< beta of Wu et al. 2016, equation 14: 0 is none; see `coverage_penalty`
  Index best = 1;               ///< hypotheses wanted of each sentence, no more than the beam holds
  Index minimum_length = 0;     ///< steps at least, the end symbol being one: it is not proposed before
  bool ban_unknown = false;     ///< never propose `symbols::unk`
  Sentences prefixes = {};      ///< the words that each target begins with, one sentence for every source; or none
  bool keep_weights = true;     ///< whether `Hypothesis::weights` is filled. If false it has no rows, and the memory of
                                ///< a search does not grow with steps x columns x longest source. A coverage penalty
                                ///< needs the weights: with one they are always kept
};

namespace detail {

/// The words that the target of sentence b must begin with.
inline std::span<const Token> prefix_of(const SearchOptions& options, Index b) {
  if (options.prefixes.empty()) return {};
  return at(options.prefixes, b);
}

/// Steps that a target may take at most.
inline Index step_limit(const SearchOptions& options, Index b, Index source_length) {
  if (options.maximum_length > 0) return options.maximum_length;
  const auto prefix = static_cast<Index>(prefix_of(options, b).size());
  return std::max(prefix, options.minimum_length) + 2 * source_length + 10;
}

/// Throws, in the name of `who`, on prefixes that are not for these sources or cannot be written.
inline void check_prefixes(const SearchOptions& options, std::size_t sources, Index vocabulary,
                           const std::string& who) {
  const Sentences& prefixes = options.prefixes;
  require(prefixes.empty() || prefixes.size() == sources, [&] {
    return who + ": " + std::to_string(prefixes.size()) + " prefixes for " + std::to_string(sources) + " sources";
  });
  for (std::size_t b = 0; b < prefixes.size(); ++b) {
    const auto words = static_cast<Index>(prefixes[b].size());
    require(options.maximum_length == 0 || words < options.maximum_length, [&] {
      return who + ": prefix " + std::to_string(b) + " has " + std::to_string(words) +
             " words, and with the end symbol the maximum length is " + std::to_string(options.maximum_length);
    });
    for (const Token token : prefixes[b]) {
      require(token >= 0 && token < vocabulary && token != symbols::bos && token != symbols::eos, [&] {
        return who + ": token " + std::to_string(token) + " of prefix " + std::to_string(b) +
               " is no word of the vocabulary of " + std::to_string(vocabulary);
      });
    }
  }
}

/// Throws, in the name of `who`, on options out of range.
inline void check(const SearchOptions& options, std::size_t sources, Index vocabulary, const std::string& who) {
  const auto number = [](auto x) { return std::to_string(x); };
  require(vocabulary > symbols::eos, [&] {
    return who + ": the target's vocabulary must have 3 words or more, with begin and end symbol, got " +
           number(vocabulary);
  });
  require(options.beam >= 1, [&] { return who + ": a beam holds 1 or more, not " + number(options.beam); });
  require(options.best >= 1 && options.best <= options.beam, [&] {
    return who + ": from a beam of " + number(options.beam) + " the best 1 to " + number(options.beam) +
           " can be had, not " + number(options.best);
  });
  require(options.length_penalty >= 0 && std::isfinite(options.length_penalty),
          [&] { return who + ": the length penalty is 0 or more, not " + number(options.length_penalty); });
  require(options.coverage_penalty >= 0 && std::isfinite(options.coverage_penalty),
          [&] { return who + ": the coverage penalty is 0 or more, not " + number(options.coverage_penalty); });
  require(options.maximum_length >= 0,
          [&] { return who + ": the maximum length is 0 (automatic) or more, not " + number(options.maximum_length); });
  require(options.minimum_length >= 0,
          [&] { return who + ": the minimum length is 0 or more, not " + number(options.minimum_length); });
  require(options.maximum_length == 0 || options.minimum_length <= options.maximum_length, [&] {
    return who + ": the minimum length of " + number(options.minimum_length) + " is more than the maximum length of " +
           number(options.maximum_length);
  });
  require(vocabulary > symbols::eos + 1 || !options.ban_unknown || options.minimum_length <= 1,
          [&] { return who + ": of the vocabulary of " + number(vocabulary) + " there is no word left to propose"; });
  check_prefixes(options, sources, vocabulary, who);
}

}  // namespace detail

}}  // namespace heed::v0_2
