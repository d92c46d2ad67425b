#pragma once

#include <heed/core/random.hpp>
#include <heed/search/decoding.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace heed { inline namespace v0_2 {

/// How `sample` draws.
struct SampleOptions {
  Index samples = 1;       ///< drawn for each source
  double temperature = 1;  ///< logits are divided by it: below 1 the likely words become likelier still
  Index top_k = 0;         ///< of how many words, the likeliest, one is drawn; 0: of all
  double top_p = 1;        ///< of the fewest words that are together this likely one is drawn; 1: of all
  std::uint64_t seed = 1;  ///< other numbers give other samples
  /// These are as in `SearchOptions`.
  Index maximum_length = 0;
  bool bfloat16_memory = false;
  Index minimum_length = 0;
  bool ban_unknown = false;
  Sentences prefixes = {};
  bool keep_weights = true;
};

namespace detail {

/// A word that may be drawn, and how likely it is next to the others.
struct Chance {
  double odds;
  Token token;
};

}  // namespace detail

/// Everything that `sample` writes. One per thread; it only grows.
template <class S>
struct SampleWorkspace {
  SearchWorkspace<S> search;            ///< what it shares with `search`
  std::vector<Random> randoms;          ///< one for every sample
  Buffer<S> odds;                       ///< of every word
  std::vector<detail::Chance> chances;  ///< of the words that may be drawn
};

namespace detail {

/// Throws on options out of range.
inline void check(const SampleOptions& options) {
  require(options.samples >= 1,
          [&] { return "sample: 1 or more samples can be drawn, not " + std::to_string(options.samples); });
  require(options.temperature > 0 && std::isfinite(options.temperature),
          [&] { return "sample: the temperature is above 0, not " + std::to_string(options.temperature); });
  require(options.top_k >= 0,
          [&] { return "sample: top-k is 0 (all words) or more, not " + std::to_string(options.top_k); });
  require(options.top_p > 0 && options.top_p <= 1,
          [&] { return "sample: top-p lies in (0, 1], not " + std::to_string(options.top_p); });
}

/// Numbers for sample k of a source: they depend on the seed, on k and on the words of the source, so that what is drawn
/// for a sentence does not depend on the others of its batch (FNV-1a).
inline Random numbers_of(std::span<const Token> source, Index k, std::uint64_t seed) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&](std::uint64_t x) { hash = (hash ^ x) * 1099511628211U; };
  for (const Token word : source) add(static_cast<std::uint64_t>(word));
  add(source.size());
  add(static_cast<std::uint64_t>(k));
  return Random(seed, hash);
}

/// e^{(x - highest) / temperature} of every word: 1 for the likeliest word that is not banned. Banned words and words
/// with a score of -inf get 0. Returns false if all words get 0.
template <class S>
bool set_odds(const Eigen::Ref<const Vector<S>>& logits, const Banned& banned, double temperature, Buffer<S>& odds) {
  odds.assign(logits);
  for (Index k = 0; k <= symbols::eos; ++k) {
    if (is_banned(banned, k)) odds(k) = -std::numeric_limits<S>::infinity();
  }
  const S highest = odds.maxCoeff();
  if (is_excluded(highest)) return false;
  // Neither infinite nor 0: infinity * 0 (the likeliest word) and 0 * -inf (a banned word) are NaN.
  const S factor = static_cast<S>(std::clamp(1 / temperature, static_cast<double>(std::numeric_limits<S>::min()),
                                             static_cast<double>(std::numeric_limits<S>::max())));
  const S half = temperature < 2 ? S(1) : S(0.5);  // so that the difference of two finite scores is finite
  odds.array() = (odds.array() * half - highest * half) * (factor / half);
  SoftmaxColumn<S>(odds.data(), odds.size()).exponentials(S(0), odds.data());
  return true;
}

/// Leaves the words that may be drawn in `chances`: the `top_k` likeliest, and of those the fewest that have together the
/// share `top_p` of the odds (Holtzman et al. 2020). Likeliest first, of two equal ones the smaller.
template <class S>
void truncate(const Buffer<S>& odds, const SampleOptions& options, std::vector<Chance>& chances) {
  chances.clear();
  for (Index k = 0; k < odds.size(); ++k) {
    if (odds(k) > 0) chances.push_back({static_cast<double>(odds(k)), static_cast<Token>(k)});
  }
  const auto likelier = [](const Chance& a, const Chance& b) {
    return a.odds != b.odds ? a.odds > b.odds : a.token < b.token;
  };
  const auto at = [&](std::size_t i) { return chances.begin() + static_cast<std::ptrdiff_t>(i); };
  const auto most = static_cast<std::size_t>(options.top_k);
  if (most > 0 && most < chances.size()) {
    std::partial_sort(chances.begin(), at(most), chances.end(), likelier);
    chances.resize(most);
  }
  if (options.top_p == 1) return;
  double total = 0, sum = 0;
  for (const Chance& chance : chances) total += chance.odds;
  std::size_t kept = 0;
  for (std::size_t sorted = 0; kept < chances.size() && sum < options.top_p * total; ++kept) {
    if (kept == sorted) {  // the likeliest few are usually enough
      sorted = std::min(chances.size(), 4 * sorted + 64);
      std::partial_sort(at(kept), at(sorted), chances.end(), likelier);
    }
    sum += chances[kept].odds;
  }
  chances.resize(kept);
}

}  // namespace detail

/// Draws `options.samples` targets for every source from the model's own distribution, word by word: results[b] gets
/// those of source b, in the order drawn. log_probability is what the model gives the words, whatever the temperature,
/// and score is the same.
///
///   word ~ softmax(logits / temperature), of the words that may be drawn: see `SampleOptions`
///
/// top_k: Fan, Lewis & Dauphin 2018. top_p: nucleus sampling, Holtzman et al. 2020. With both, top_p is a share of what
/// top_k leaves. The random numbers depend on the seed, the source's words and the number of the sample: the others of
/// the batch are nothing to it, and a sentence that comes twice gets the same samples twice.
/// A word of a score of -inf is never drawn, at any temperature.
/// Does not allocate once work and results have grown. Throws on an empty source, an option out of range, a score that is
/// NaN or +inf, and a step that leaves no word to be drawn. After an exception results are unchanged or empty.
template <class Model>
void sample(const Model& model, Sentences sources, const SampleOptions& options,
            SampleWorkspace<typename Model::Scalar>& work, Hypotheses<typename Model::Scalar>& results) {
  using S = typename Model::Scalar;
  const SearchOptions limits{.length_penalty = 0,
                             .maximum_length = options.maximum_length,
                             .bfloat16_memory = options.bfloat16_memory,
                             .minimum_length = options.minimum_length,
                             .ban_unknown = options.ban_unknown,
                             .prefixes = options.prefixes,
                             .keep_weights = options.keep_weights};
  detail::check(options);
  detail::check(limits, sources.size(), model.target.vocabulary(), "sample");
  detail::Undo empty([&] { results.clear(); });
  results.resize(sources.size());
  if (sources.empty()) return empty.cancel();
  auto& found = work.search;
  work.randoms.clear();
  for (const auto& source : sources) {
    for (Index k = 0; k < options.samples; ++k) work.randoms.push_back(detail::numbers_of(source, k, options.seed));
  }
  detail::begin(model, detail::encode(model, sources, limits, found), limits, options.samples, found);
  const auto choose = [&](std::size_t g, Index column, Index, const detail::Banned& banned, const auto& where) {
    const auto logits = found.step.logits.col(column);
    const double base =
        detail::logit_offset<S>(logits.data(), logits.size(), detail::at(found.log_probabilities, column), where);
    if (!detail::set_odds<S>(logits, banned, options.temperature, work.odds)) return;
    Random& random = work.randoms[g];
    Index word = 0;
    if (options.top_k == 0 && options.top_p == 1) {
      word = random.pick(work.odds.size(), [&](Index k) { return static_cast<double>(work.odds(k)); });
    } else {
      auto& chances = work.chances;
      detail::truncate(work.odds, options, chances);
      word = chances[random.pick(chances.size(), [&](std::size_t k) { return chances[k].odds; })].token;
    }
    found.heap.push_back({base + static_cast<double>(logits(word)), column, static_cast<Token>(word)});
  };
  detail::decode_autoregressive(model, limits, found, "sample", choose);
  for (std::size_t g = 0; g < found.groups.size(); ++g) {
    auto& samples = results[g / static_cast<std::size_t>(options.samples)];
    samples.resize(static_cast<std::size_t>(options.samples));
    detail::extract_hypothesis(found, found.ended[g], found.groups[g].sentence,
                               samples[g % static_cast<std::size_t>(options.samples)]);
  }
  empty.cancel();
}

}}  // namespace heed::v0_2
