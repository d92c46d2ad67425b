#include <heed/search/sampling.hpp>

#include <heed/search/search.hpp>

#include <heed/cells/gru.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/scorers/additive.hpp>

#include "support/forced.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

namespace sampling_test {

using heed::Index;
using heed::SampleOptions;
using heed::Token;
using heed::test::Batch;
using heed::test::force;

using Cell = heed::GruCell<double>;
using Decoder = heed::BahdanauDecoder<Cell, heed::AdditiveScorer<double>>;
using Model = heed::Seq2Seq<heed::Encoder<Cell>, Decoder>;

constexpr Index vocabulary = 6;  // unk, three words and eos can be drawn

Model model_of(std::uint64_t seed) {
  Model model({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary},
              heed::Encoder<Cell>({.input_size = 4, .hidden_size = 5, .bidirectional = true}),
              Decoder({.word_size = 4, .memory_size = 10, .hidden_size = 5, .feature_size = 5}, {{5, 10, 5}, {}}));
  heed::Random random(seed);
  randomize(model, random, 1.2);
  return model;
}

struct Sample {
  heed::SampleWorkspace<double> work;
  heed::Hypotheses<double> drawn;

  const heed::Hypotheses<double>& operator()(const Model& model, heed::Sentences sources,
                                             const SampleOptions& options) {
    heed::sample(model, sources, options, work, drawn);
    return drawn;
  }
};

const std::vector<Token> source_words = {3, 5, 4};
const std::span<const Token> source = source_words;

/// The expected distribution of the next token, from the definitions: adds tokens in order of their probability.
std::vector<double> expected_distribution(std::vector<double> p, const SampleOptions& options) {
  p[heed::symbols::bos] = 0;
  if (options.ban_unknown) p[heed::symbols::unk] = 0;
  if (options.minimum_length > 1) p[heed::symbols::eos] = 0;
  double total = 0;
  for (double& x : p) total += x = x > 0 ? std::pow(x, 1 / options.temperature) : 0;
  for (double& x : p) x /= total;
  std::vector<double> kept(p.size(), 0), left = p;
  double mass = 0;
  if (options.top_k > 0) {
    for (Index k = 0; k < options.top_k; ++k) {
      const auto largest = std::max_element(left.begin(), left.end());
      mass += *largest;
      *largest = 0;
    }
  } else {
    mass = 1;
  }
  double sum = 0;
  for (Index k = 0; options.top_k == 0 || k < options.top_k; ++k) {
    const auto largest = std::max_element(p.begin(), p.end());
    if (*largest == 0 || sum >= options.top_p * mass) break;
    kept[static_cast<std::size_t>(largest - p.begin())] = *largest;
    sum += *largest;
    *largest = 0;
  }
  for (double& x : kept) x /= sum;
  return kept;
}

TEST(Sample, FirstTokenFrequenciesMatchProbabilities) {
  const Model model = model_of(1);
  const auto p = force(model, source, {}).next_words.col(0).eval();
  const std::vector<double> probabilities(p.data(), p.data() + p.size());
  const auto with = [](auto change) {
    SampleOptions options;
    options.samples = 4000;
    options.maximum_length = 1;
    change(options);
    return options;
  };
  const std::vector<SampleOptions> choices = {
      with([](auto&) {}),
      with([](auto& o) { o.temperature = 0.5; }),
      with([](auto& o) { o.temperature = 3; }),
      with([](auto& o) { o.top_k = 3; }),
      with([](auto& o) { o.top_p = 0.4; }),
      with([](auto& o) { o.top_k = 4, o.top_p = 0.6, o.temperature = 2; }),
      with([](auto& o) { o.ban_unknown = true; }),
      with([](auto& o) { o.maximum_length = o.minimum_length = 2; }),
  };
  std::set<std::vector<double>> different;
  for (std::size_t c = 0; c < choices.size(); ++c) {
    const auto expected = expected_distribution(probabilities, choices[c]);
    different.insert(expected);
    std::vector<double> counts(probabilities.size(), 0);
    Sample sample;
    for (const auto& drawn : sample(model, std::span(&source, 1), choices[c]).front()) {
      ++counts[static_cast<std::size_t>(drawn.tokens.empty() ? heed::symbols::eos : drawn.tokens.front())];
    }
    double chi_square = 0;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const double mean = expected[k] * static_cast<double>(choices[c].samples);
      if (mean == 0) {
        EXPECT_EQ(counts[k], 0) << "choice " << c << ", word " << k;
      } else {
        chi_square += (counts[k] - mean) * (counts[k] - mean) / mean;
      }
    }
    EXPECT_LT(chi_square, 18.5) << "choice " << c;  // 4 degrees of freedom: exceeded with probability 0.001
  }
  EXPECT_EQ(different.size(), choices.size());
}

TEST(Sample, SentenceFrequenciesMatchProbabilities) {
  const Model model = model_of(2);
  SampleOptions options;
  options.samples = 6000;
  options.maximum_length = 3;
  Sample sample;
  std::map<std::vector<Token>, double> counts;
  for (const auto& drawn : sample(model, std::span(&source, 1), options).front()) counts[drawn.tokens] += 1;
  double chi_square = 0, rest = static_cast<double>(options.samples), rest_mean = rest;
  int degrees = 0;
  for (const auto& sentence : heed::test::every_sentence(2, {0, 3, 4, 5})) {
    double p = std::exp(force(model, source, sentence).log_probability);
    // bos has a probability at every step, but is never drawn.
    const auto steps = force(model, source, sentence).next_words;
    for (Index t = 0; t < steps.cols(); ++t) p /= 1 - steps(heed::symbols::bos, t);
    const double mean = p * static_cast<double>(options.samples);
    if (mean < 10) continue;
    const double count = counts[sentence];
    chi_square += (count - mean) * (count - mean) / mean;
    ++degrees;
    rest -= count;
    rest_mean -= mean;
  }
  EXPECT_GE(degrees, 6);
  EXPECT_GT(rest_mean, 10);
  chi_square += (rest - rest_mean) * (rest - rest_mean) / rest_mean;
  EXPECT_LT(chi_square, degrees + 4 * std::sqrt(2.0 * degrees));  // four standard deviations above the mean
}

TEST(Sample, ScoresMatchTeacherForcing) {
  const Batch batch = heed::test::copy_task(4, 1, 5, vocabulary, 3);
  const Model model = model_of(3);
  SampleOptions options;
  options.samples = 3;
  options.maximum_length = 6;
  options.temperature = 2;
  Sample sample;
  const auto& drawn = sample(model, batch.sources, options);
  ASSERT_EQ(drawn.size(), batch.size());
  for (std::size_t b = 0; b < batch.size(); ++b) {
    ASSERT_EQ(drawn[b].size(), 3u);
    for (const auto& result : drawn[b]) {
      const auto forced = force(model, batch.sources[b], result.tokens);
      const Index steps = static_cast<Index>(result.tokens.size()) + (result.complete ? 1 : 0);
      const double ended = result.complete ? 0 : std::log(forced.next_words(heed::symbols::eos, steps));
      EXPECT_NEAR(result.log_probability, forced.log_probability - ended, 1e-12);
      EXPECT_EQ(result.score, result.log_probability);
      EXPECT_LE(difference(result.weights, forced.weights.leftCols(steps)), 1e-13);
    }
  }
}

TEST(Sample, DependsOnSeedButNotOnBatch) {
  const Batch batch = heed::test::copy_task(6, 2, 6, vocabulary, 4);
  const std::vector<std::span<const Token>> backwards(batch.sources.rbegin(), batch.sources.rend());
  const Model model = model_of(4);
  SampleOptions options;
  options.samples = 4;
  options.top_k = 4;
  options.top_p = 0.95;
  Sample together, alone, reordered, other;
  together(model, batch.sources, options);
  reordered(model, backwards, options);
  std::set<std::vector<Token>> different;
  std::size_t count = 0;
  for (std::size_t b = 0; b < batch.size(); ++b) {
    alone(model, std::span(&batch.sources[b], 1), options);
    for (std::size_t k = 0; k < 4; ++k, ++count) {
      EXPECT_EQ(alone.drawn.front()[k].tokens, together.drawn[b][k].tokens);
      EXPECT_EQ(reordered.drawn[batch.size() - 1 - b][k].tokens, together.drawn[b][k].tokens);
      different.insert(together.drawn[b][k].tokens);
    }
  }
  EXPECT_GT(different.size(), count / 2);
  options.samples = 2;  // the first samples do not depend on the number of samples
  other(model, batch.sources, options);
  EXPECT_EQ(other.drawn[3][1].tokens, together.drawn[3][1].tokens);
  options.seed = 2;
  other(model, batch.sources, options);
  EXPECT_NE(other.drawn[3][1].tokens, together.drawn[3][1].tokens);
}

TEST(Sample, EqualsGreedySearchIfOneTokenHasAllProbability) {
  const Batch batch = heed::test::copy_task(6, 1, 6, vocabulary, 5);
  std::vector<SampleOptions> choices(4);
  choices[0].temperature = 1e-6;
  choices[1].temperature = 1e-300;
  choices[2].top_k = 1;
  choices[3].top_p = 1e-9;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Model model = model_of(seed);
    heed::SearchWorkspace<double> work;
    std::vector<heed::Hypothesis<double>> greedy;
    heed::search(model, batch.sources, {1, 0, 8}, work, greedy);
    for (SampleOptions& options : choices) {
      options.maximum_length = 8;
      Sample sample;
      sample(model, batch.sources, options);
      for (std::size_t b = 0; b < batch.size(); ++b) EXPECT_EQ(sample.drawn[b].front().tokens, greedy[b].tokens);
    }
  }
}

TEST(Sample, RespectsLengthLimitsAndPrefixes) {
  const Model model = model_of(6);
  const std::vector<Token> words = {5, 0};
  const std::span<const Token> prefix = words;
  SampleOptions options;
  options.samples = 50;
  options.minimum_length = 5;
  options.maximum_length = 7;
  options.ban_unknown = true;  // applies to proposed tokens, not to a prefix
  options.prefixes = std::span(&prefix, 1);
  Sample sample;
  std::set<std::size_t> lengths;
  for (const auto& drawn : sample(model, std::span(&source, 1), options).front()) {
    ASSERT_GE(drawn.tokens.size(), 4u);
    EXPECT_LE(drawn.tokens.size(), drawn.complete ? 6u : 7u);
    lengths.insert(drawn.tokens.size());
    EXPECT_EQ(std::vector<Token>(drawn.tokens.begin(), drawn.tokens.begin() + 2), words);
    EXPECT_EQ(std::count(drawn.tokens.begin(), drawn.tokens.end(), heed::symbols::unk), 1);
  }
  EXPECT_GE(lengths.size(), 3u);
}

TEST(Sample, RejectsOptionsOutOfRange) {
  const Model model = model_of(1);
  const auto error_of = [&](auto change) {
    SampleOptions options;
    change(options);
    Sample sample;
    return refusal([&] { sample(model, std::span(&source, 1), options); });
  };
  EXPECT_EQ(error_of([](auto&) {}), "accepted");
  EXPECT_EQ(error_of([](auto& o) { o.samples = 0; }), "sample: samples must be at least 1, got 0");
  EXPECT_EQ(error_of([](auto& o) { o.temperature = 0; }),
            "sample: the temperature must be finite and above 0, got 0.000000");
  EXPECT_EQ(error_of([](auto& o) { o.temperature = std::numeric_limits<double>::quiet_NaN(); }),
            "sample: the temperature must be finite and above 0, got nan");
  EXPECT_EQ(error_of([](auto& o) { o.top_k = -1; }), "sample: top_k must be at least 0 (0: all words), got -1");
  EXPECT_EQ(error_of([](auto& o) { o.top_p = 0; }), "sample: top_p must be in (0, 1], got 0.000000");
  EXPECT_EQ(error_of([](auto& o) { o.top_p = 1.5; }), "sample: top_p must be in (0, 1], got 1.500000");
  EXPECT_EQ(error_of([](auto& o) { o.maximum_length = -1; }),
            "sample: the maximum length must be at least 0 (0: automatic), got -1");
  Model broken = model_of(1);
  broken.output.b(4) = std::numeric_limits<double>::quiet_NaN();
  Sample sample;
  EXPECT_EQ(refusal([&] { sample(broken, std::span(&source, 1), {}); }),
            "sample: sentence 0, step 0: the model's logits are not finite (NaN or +inf)");
}

}  // namespace sampling_test
