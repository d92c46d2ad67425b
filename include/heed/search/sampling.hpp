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

/// Options of `sample`.
struct SampleOptions {
  Index samples = 1;       ///< samples drawn for each source
  double temperature = 1;  ///< divides the logits; below 1, probable words become more probable
  Index top_k = 0;         ///< draw from the k most probable words only; 0: from all words
  double top_p = 1;        ///< draw from the fewest words with at least this total probability; 1: from all words
  std::uint64_t seed = 1;  ///< random seed
  /// As in `SearchOptions`.
  Index maximum_length = 0;
  bool bfloat16_memory = false;
  Index minimum_length = 0;
  bool ban_unknown = false;
  Sentences prefixes = {};
  bool keep_weights = true;
};

namespace detail {

/// A word that may be drawn, and its unnormalised probability.
struct Chance {
  double odds;
  Token token;
};

}  // namespace detail

/// Workspace of `sample`. Use one per thread; its buffers grow but never shrink.
template <class S>
struct SampleWorkspace {
  SearchWorkspace<S> search;            ///< workspace of the decoding, as in `search`
  std::vector<Random> randoms;          ///< one generator for each sample
  Buffer<S> odds;                       ///< unnormalised probability of every word
  std::vector<detail::Chance> chances;  ///< the words that may be drawn
};

namespace detail {

/// Throws if an option is out of range.
inline void check(const SampleOptions& options) {
  require(options.samples >= 1,
          [&] { return "sample: samples must be at least 1, got " + std::to_string(options.samples); });
  require(options.temperature > 0 && std::isfinite(options.temperature), [&] {
    return "sample: the temperature must be finite and above 0, got " + std::to_string(options.temperature);
  });
  require(options.top_k >= 0,
          [&] { return "sample: top_k must be at least 0 (0: all words), got " + std::to_string(options.top_k); });
  require(options.top_p > 0 && options.top_p <= 1,
          [&] { return "sample: top_p must be in (0, 1], got " + std::to_string(options.top_p); });
}

/// Returns the random generator of sample k of a source. It is seeded by `seed` and an FNV-1a hash of k and the words
/// of the source, so the samples of a sentence do not depend on the other sentences of its batch.
inline Random numbers_of(std::span<const Token> source, Index k, std::uint64_t seed) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&](std::uint64_t x) { hash = (hash ^ x) * 1099511628211U; };
  for (const Token word : source) add(static_cast<std::uint64_t>(word));
  add(source.size());
  add(static_cast<std::uint64_t>(k));
  return Random(seed, hash);
}

/// odds = e^{(x - highest) / temperature} for the logit x of every word. `highest` is the largest logit of the words
/// that are not banned, so the most probable of them gets 1. Banned words and words with a logit of -inf get 0. Returns
/// false if there is no other word.
template <class S>
bool set_odds(const Eigen::Ref<const Vector<S>>& logits, const Banned& banned, double temperature, Buffer<S>& odds) {
  odds.assign(logits);
  for (Index k = 0; k <= symbols::eos; ++k) {
    if (is_banned(banned, k)) odds(k) = -std::numeric_limits<S>::infinity();
  }
  const S highest = odds.maxCoeff();
  if (is_excluded(highest)) return false;
  // The factor is neither infinite nor 0, since infinity * 0 (most probable word) and 0 * -inf (banned word) are NaN.
  const S factor = static_cast<S>(std::clamp(1 / temperature, static_cast<double>(std::numeric_limits<S>::min()),
                                             static_cast<double>(std::numeric_limits<S>::max())));
  const S half = temperature < 2 ? S(1) : S(0.5);  // so that the difference of two finite logits is finite
  odds.array() = (odds.array() * half - highest * half) * (factor / half);
  SoftmaxColumn<S>(odds.data(), odds.size()).exponentials(S(0), odds.data());
  return true;
}

/// Fills `chances` with the words that may be drawn: the `top_k` most probable words, and of these the fewest whose
/// share of the total odds is at least `top_p` (Holtzman et al. 2020). Of equally probable words the smaller token
/// comes first.
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
    if (kept == sorted) {  // the few most probable words are usually enough
      sorted = std::min(chances.size(), 4 * sorted + 64);
      std::partial_sort(at(kept), at(sorted), chances.end(), likelier);
    }
    sum += chances[kept].odds;
  }
  chances.resize(kept);
}

}  // namespace detail

/// Draws `options.samples` targets for every source from the model's output distribution, word by word. results[b] gets
/// the samples of source b, in the order drawn.
///
///     word ~ softmax(logits / temperature), over the words that may be drawn: see `SampleOptions`
///
/// `Hypothesis::log_probability` and `Hypothesis::score` are the log-probability without temperature, top_k and top_p.
///
/// top_k: Fan, Lewis & Dauphin 2018. top_p: nucleus sampling, Holtzman et al. 2020. With both, top_p is a share of the
/// probability of the top_k words. A word with a logit of -inf is never drawn, at any temperature.
///
/// The random numbers depend on the seed, the words of the source and the index of the sample. They do not depend on
/// the other sentences of the batch, and a sentence that occurs twice gets the same samples twice.
///
/// Does not allocate once work and results have grown. Throws heed::Error if a source is empty, an option is out of
/// range, a logit is NaN or +inf, or a step leaves no word to draw. After an exception results are unchanged or empty.
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
  const auto choose = [&](std::size_t g, Index, Index column, Index, const detail::Banned& banned, const auto& where) {
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

/// Returns the samples of every source. It allocates the workspace and the results in every call.
template <class Model>
Hypotheses<typename Model::Scalar> sample(const Model& model, Sentences sources, const SampleOptions& options = {}) {
  SampleWorkspace<typename Model::Scalar> work;
  Hypotheses<typename Model::Scalar> results;
  sample(model, sources, options, work, results);
  return results;
}

}}  // namespace heed::v0_2
