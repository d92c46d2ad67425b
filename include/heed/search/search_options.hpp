#pragma once

#include <heed/core/errors.hpp>
#include <heed/core/sentences.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

namespace heed { inline namespace v0_2 {

/// Options of `search`.
struct SearchOptions {
  Index beam = 1;                ///< beam size: hypotheses kept for each sentence; 1 is greedy search
  double length_penalty = 0.6;   ///< alpha of Wu et al. 2016, equation 14; 0: none; see `length_penalty`
  Index maximum_length = 0;      ///< maximum number of steps, eos included; 0: twice the source length + 10, plus the
                                 ///< prefix length or `minimum_length`, whichever is larger
  bool bfloat16_memory = false;  ///< attend to a memory in bfloat16 (`Memory::to_bfloat16`): faster for long sources
                                 ///< in large batches
  double coverage_penalty = 0;   ///< beta of Wu et al. 2016, equation 14; 0: none; see `coverage_penalty`
  Index best = 1;                ///< hypotheses returned for each sentence, at most the beam size
  Index minimum_length = 0;      ///< minimum number of steps, eos included: eos is not proposed before
  bool ban_unknown = false;      ///< never propose `symbols::unk`
  Sentences prefixes = {};       ///< tokens that each target begins with: one sentence for each source, or empty
  bool keep_weights = true;      ///< whether to fill `Hypothesis::weights`. If false, it has no rows, and the memory
                                 ///< use of a search does not grow with steps x columns x longest source. With a
                                 ///< coverage penalty the weights are always kept, since it needs them
};

namespace detail {

/// Returns the tokens that the target of sentence b must begin with.
inline std::span<const Token> prefix_of(const SearchOptions& options, Index b) {
  if (options.prefixes.empty()) return {};
  return at(options.prefixes, b);
}

/// Returns the maximum number of steps of a target.
inline Index step_limit(const SearchOptions& options, Index b, Index source_length) {
  if (options.maximum_length > 0) return options.maximum_length;
  const auto prefix = static_cast<Index>(prefix_of(options, b).size());
  return std::max(prefix, options.minimum_length) + 2 * source_length + 10;
}

/// Throws, with `who` in the message, unless there is one prefix for each source or none, if a prefix leaves no step
/// for eos, and if it contains bos, eos or a token outside the vocabulary.
inline void check_prefixes(const SearchOptions& options, std::size_t sources, Index vocabulary,
                           const std::string& who) {
  const Sentences& prefixes = options.prefixes;
  require(prefixes.empty() || prefixes.size() == sources, [&] {
    return who + ": there must be one prefix per source or none, got " + std::to_string(prefixes.size()) +
           " prefixes and " + std::to_string(sources) + " sources";
  });
  for (std::size_t b = 0; b < prefixes.size(); ++b) {
    const auto words = static_cast<Index>(prefixes[b].size());
    require(options.maximum_length == 0 || words < options.maximum_length, [&] {
      return who + ": prefix " + std::to_string(b) + " has " + std::to_string(words) +
             " words, too many for the maximum length of " + std::to_string(options.maximum_length) + ", eos included";
    });
    for (const Token token : prefixes[b]) {
      require(token >= 0 && token < vocabulary && token != symbols::bos && token != symbols::eos, [&] {
        return who + ": token " + std::to_string(token) + " of prefix " + std::to_string(b) +
               " must be in the vocabulary of " + std::to_string(vocabulary) + " and must not be bos or eos";
      });
    }
  }
}

/// Throws, with `who` in the message, if an option is out of range.
inline void check(const SearchOptions& options, std::size_t sources, Index vocabulary, const std::string& who) {
  const auto number = [](auto x) { return std::to_string(x); };
  require(vocabulary > symbols::eos, [&] {
    return who + ": the target vocabulary must have at least 3 words (unk, bos, eos), got " + number(vocabulary);
  });
  require(options.beam >= 1, [&] { return who + ": beam must be at least 1, got " + number(options.beam); });
  require(options.best >= 1 && options.best <= options.beam, [&] {
    return who + ": best must be from 1 to the beam size, " + number(options.beam) + ", got " + number(options.best);
  });
  require(options.length_penalty >= 0 && std::isfinite(options.length_penalty), [&] {
    return who + ": the length penalty must be finite and at least 0, got " + number(options.length_penalty);
  });
  require(options.coverage_penalty >= 0 && std::isfinite(options.coverage_penalty), [&] {
    return who + ": the coverage penalty must be finite and at least 0, got " + number(options.coverage_penalty);
  });
  require(options.maximum_length >= 0, [&] {
    return who + ": the maximum length must be at least 0 (0: automatic), got " + number(options.maximum_length);
  });
  require(options.minimum_length >= 0,
          [&] { return who + ": the minimum length must be at least 0, got " + number(options.minimum_length); });
  require(options.maximum_length == 0 || options.minimum_length <= options.maximum_length, [&] {
    return who + ": the minimum length of " + number(options.minimum_length) + " is more than the maximum length of " +
           number(options.maximum_length);
  });
  require(vocabulary > symbols::eos + 1 || !options.ban_unknown || options.minimum_length <= 1, [&] {
    return who + ": ban_unknown and minimum_length exclude all words of the vocabulary of " + number(vocabulary);
  });
  check_prefixes(options, sources, vocabulary, who);
}

}  // namespace detail

}}  // namespace heed::v0_2
