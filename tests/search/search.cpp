#include <heed/search/search.hpp>

#include <heed/training/trainer.hpp>

#include "support/forced.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <set>

namespace search_test {

using heed::Index;
using heed::Matrix;
using heed::SearchOptions;
using heed::Token;
using heed::TranslatorConfig;
using heed::test::Batch;
using heed::test::force;
using heed::test::Forced;

using Model = heed::TranslationModel<double>;

constexpr Index vocabulary = 5;  // unk, two words and eos can be proposed

/// One configuration for every kind of decoder.
std::vector<TranslatorConfig> kinds() {
  TranslatorConfig bahdanau;
  bahdanau.hidden = 6;
  bahdanau.embedding = 4;
  TranslatorConfig luong = bahdanau, plain = bahdanau;
  luong.decoder = "luong";
  luong.cell = "lstm";
  luong.scorer = "general";
  luong.layers = 2;
  plain.decoder = "plain";
  plain.cell = "rnn";
  TranslatorConfig conditional = bahdanau;
  conditional.decoder = "conditional";
  TranslatorConfig coverage = bahdanau;  // passes the coverage from step to step
  coverage.scorer = "coverage";
  return {bahdanau, luong, plain, coverage, conditional};
}

Model model_of(const TranslatorConfig& config, std::uint64_t seed) {
  return heed::test::random_model(config, vocabulary, seed, 1.5);
}

template <class S = double>
struct Search {
  heed::SearchWorkspace<S> work;
  std::vector<heed::Hypothesis<S>> found;

  template <class AnyModel>
  const std::vector<heed::Hypothesis<S>>& operator()(const AnyModel& model, heed::Sentences sources,
                                                     const SearchOptions& options) {
    heed::search(model, sources, options, work, found);
    return found;
  }
};

template <class S>
void expect_equal(const heed::Hypothesis<S>& a, const heed::Hypothesis<S>& b) {
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.log_probability, b.log_probability);
  EXPECT_EQ(a.score, b.score);
  EXPECT_EQ(a.complete, b.complete);
  EXPECT_EQ(a.weights, b.weights);
}

double penalty(std::size_t words, double alpha) { return std::pow((5 + static_cast<double>(words)) / 6, alpha); }

bool starts_with(const std::vector<Token>& sentence, std::span<const Token> prefix) {
  return sentence.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), sentence.begin());
}

/// The score of a hypothesis, from the paper.
double score_of(const Forced& forced, std::size_t words, const SearchOptions& options) {
  long double sum = 0;
  for (Index j = 0; options.coverage_penalty > 0 && j < forced.weights.rows(); ++j) {
    long double coverage = 0;
    for (Index i = 0; i < forced.weights.cols(); ++i) coverage += forced.weights(j, i);
    sum += std::log(std::min(coverage, 1.0L));
  }
  return forced.log_probability / penalty(words, options.length_penalty) +
         options.coverage_penalty * static_cast<double>(sum);
}

const std::vector<Token> source_words = {3, 4, 4};

TEST(Search, SupportsTiedOutputLayer) {
  for (TranslatorConfig config : kinds()) {
    config.embedding = config.hidden;
    Model model = model_of(config, 5);
    config.tied_embeddings = true;
    Model tied = heed::make_model<double>(config, vocabulary, vocabulary);
    tied.source = model.source;
    tied.encoder = model.encoder;
    tied.target = model.target;
    tied.decoder = model.decoder;
    tied.output.b = model.output.b;
    model.output.W = model.target.table.transpose();
    const Batch batch = heed::test::copy_task(4, 1, 5, vocabulary, 9);
    Search<> one, other;
    const auto& expected = one(model, batch.sources, {3, 0.6, 8});
    const auto& found = other(tied, batch.sources, {3, 0.6, 8});
    for (std::size_t b = 0; b < batch.size(); ++b) {
      EXPECT_EQ(found[b].tokens, expected[b].tokens);
      EXPECT_NEAR(found[b].score, expected[b].score, 1e-12);
    }
  }
}

TEST(Search, SupportsSharedEmbeddings) {
  for (const TranslatorConfig& config : kinds()) {
    const auto [shared, copied] = heed::test::shared_and_copied(config, vocabulary, 5, 1.5);
    const Batch batch = heed::test::copy_task(4, 1, 5, vocabulary, 9);
    Search<> one, other;
    const auto& expected = one(copied, batch.sources, {3, 0.6, 8});
    const auto& found = other(shared, batch.sources, {3, 0.6, 8});
    for (std::size_t b = 0; b < batch.size(); ++b) {
      EXPECT_EQ(found[b].tokens, expected[b].tokens);
      EXPECT_NEAR(found[b].score, expected[b].score, 1e-12);
    }
  }
}

TEST(Search, WideBeamMatchesExhaustiveSearch) {
  const std::span<const Token> source = source_words;
  const Index limit = 5;  // steps, including that of eos
  const std::size_t n_best = 7;
  const auto sentences = heed::test::every_sentence(limit - 1, {0, 3, 4});
  heed::SearchWorkspace<double> work;
  heed::Hypotheses<double> found;
  for (const TranslatorConfig& config : kinds()) {
    std::set<std::vector<Token>> without, with;  // coverage penalty
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Model model = model_of(config, seed);
      model.output.W.edit() *= 2;               // makes the distributions sharper
      model.output.b(heed::symbols::eos) -= 1;  // makes longer sentences more likely
      std::vector<Forced> forced;
      for (const auto& sentence : sentences) forced.push_back(force(model, source, sentence));
      for (const double alpha : {0.0, 0.6, 1.0, 2.0, 5.0}) {
        for (const double beta : {0.0, 0.3, 4.0}) {
          if (beta > 0 && config.decoder == "plain") continue;
          SearchOptions options{1000, alpha, limit};
          options.coverage_penalty = beta;
          std::vector<double> scores;
          for (std::size_t i = 0; i < forced.size(); ++i) {
            scores.push_back(score_of(forced[i], sentences[i].size(), options));
          }
          std::vector<std::size_t> order(scores.size());
          std::iota(order.begin(), order.end(), std::size_t{0});
          std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
          Search search;
          const auto& best = search(model, std::span(&source, 1), options).front();
          EXPECT_EQ(best.tokens, sentences[order[0]]) << "seed " << seed << ", alpha " << alpha << ", beta " << beta;
          (beta > 0 ? with : without).insert(best.tokens);
          options.best = n_best;
          heed::search(model, std::span(&source, 1), options, work, found);
          ASSERT_EQ(found.front().size(), n_best);
          expect_equal(found.front().front(), best);
          for (std::size_t k = 0; k < n_best; ++k) {
            const auto& result = found.front()[k];
            ASSERT_EQ(result.tokens, sentences[order[k]]) << "seed " << seed << ", alpha " << alpha << ", place " << k;
            EXPECT_NEAR(result.score, scores[order[k]], 1e-12 * std::max(1.0, -scores[order[k]]));
            EXPECT_NEAR(result.log_probability, forced[order[k]].log_probability, 1e-12);
            EXPECT_LE(difference(result.weights, forced[order[k]].weights), 1e-13);
            EXPECT_TRUE(result.complete);
          }
        }
      }
    }
    EXPECT_GE(without.size(), 4u);
    if (config.decoder != "plain") {
      EXPECT_NE(with, without);
    }
  }
}

TEST(Search, ConstrainedSearchMatchesExhaustiveSearch) {
  const std::span<const Token> source = source_words;
  const Index limit = 5;
  const auto sentences = heed::test::every_sentence(limit - 1, {0, 3, 4});
  const std::vector<Token> words = {4, 0};
  const std::span<const Token> prefix = words, nothing;
  std::vector<SearchOptions> choices(5, {1000, 0.6, limit});
  choices[1].minimum_length = 4;
  choices[2].prefixes = std::span(&prefix, 1);
  choices[3].ban_unknown = true;
  choices[4].prefixes = std::span(&nothing, 1);
  std::vector<int> changed(choices.size(), 0);
  for (const TranslatorConfig& config : kinds()) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      Model model = model_of(config, seed);
      model.output.b(heed::symbols::unk) += 2;  // makes a ban of unk change the result
      std::vector<Token> free;
      for (std::size_t c = 0; c < choices.size(); ++c) {
        const SearchOptions& options = choices[c];
        double best_score = -std::numeric_limits<double>::infinity();
        std::vector<Token> best;
        for (const auto& sentence : sentences) {
          const bool long_enough = static_cast<Index>(sentence.size()) + 1 >= options.minimum_length;
          const bool banned = options.ban_unknown && std::count(sentence.begin(), sentence.end(), 0) > 0;
          const bool begins = options.prefixes.empty() || starts_with(sentence, options.prefixes[0]);
          if (!long_enough || banned || !begins) continue;
          const double score = score_of(force(model, source, sentence), sentence.size(), options);
          if (score > best_score) {
            best_score = score;
            best = sentence;
          }
        }
        Search search;
        const auto& result = search(model, std::span(&source, 1), options).front();
        EXPECT_EQ(result.tokens, best) << "choice " << c << ", seed " << seed;
        EXPECT_NEAR(result.score, best_score, 1e-12);
        if (c == 0) free = best;
        changed[c] += best != free ? 1 : 0;
      }
    }
  }
  for (const std::size_t c : {1u, 2u, 3u}) EXPECT_GE(changed[c], 3) << "choice " << c;
  EXPECT_EQ(changed[4], 0);
}

TEST(Search, UsesOnePrefixPerSentence) {
  const Batch batch = heed::test::copy_task(4, 1, 5, vocabulary, 13);
  const std::vector<std::vector<Token>> words = {{3, 3, 4}, {}, {4}, std::vector<Token>(30, 3)};
  const std::vector<std::span<const Token>> prefixes(words.begin(), words.end());
  for (const TranslatorConfig& config : kinds()) {
    const Model model = model_of(config, 2);
    for (const Index beam : {1, 3}) {
      Search together, alone;
      SearchOptions options{beam, 0.6, 0};
      options.prefixes = prefixes;
      const auto& found = together(model, batch.sources, options);
      for (std::size_t b = 0; b < batch.size(); ++b) {
        EXPECT_TRUE(starts_with(found[b].tokens, words[b]));
        const Forced forced = force(model, batch.sources[b], found[b].tokens);
        if (found[b].complete) {
          EXPECT_NEAR(found[b].log_probability, forced.log_probability, 1e-11);
        }
        options.prefixes = std::span(&prefixes[b], 1);
        EXPECT_EQ(alone(model, std::span(&batch.sources[b], 1), options).front().tokens, found[b].tokens);
      }
    }
  }
}

TEST(Search, NBestIsSortedAndUnique) {
  const Batch batch = heed::test::copy_task(5, 1, 6, vocabulary, 14);
  heed::SearchWorkspace<double> work;
  heed::Hypotheses<double> found, alone;
  for (const TranslatorConfig& config : kinds()) {
    const Model model = model_of(config, 1);
    SearchOptions options{6, 0.6, 7};
    options.best = 4;
    heed::search(model, batch.sources, options, work, found);
    ASSERT_EQ(found.size(), batch.size());
    Search search;
    const auto& best = search(model, batch.sources, {6, 0.6, 7});
    for (std::size_t b = 0; b < batch.size(); ++b) {
      std::set<std::vector<Token>> different;
      ASSERT_GE(found[b].size(), 1u);
      EXPECT_LE(found[b].size(), 4u);
      expect_equal(found[b].front(), best[b]);
      for (std::size_t k = 0; k < found[b].size(); ++k) {
        different.insert(found[b][k].tokens);
        EXPECT_EQ(found[b][k].complete, found[b].front().complete);
        if (k > 0) {
          EXPECT_LE(found[b][k].score, found[b][k - 1].score);
        }
      }
      EXPECT_EQ(different.size(), found[b].size());
      heed::search(model, std::span(&batch.sources[b], 1), options, work, alone);
      ASSERT_EQ(alone.front().size(), found[b].size());
      for (std::size_t k = 0; k < found[b].size(); ++k) EXPECT_EQ(alone.front()[k].tokens, found[b][k].tokens);
    }
  }
}

TEST(Search, ReturnsIncompleteHypothesesOnlyIfNoneIsComplete) {
  const std::span<const Token> source = source_words;
  heed::SearchWorkspace<double> work;
  heed::Hypotheses<double> found;
  SearchOptions options{3, 0, 3};
  options.best = 3;
  for (const double bias : {-50.0, -12.0}) {
    Model model = model_of(kinds()[0], 1);
    model.output.b(heed::symbols::eos) = bias;
    heed::search(model, std::span(&source, 1), options, work, found);
    ASSERT_EQ(found.front().size(), 3u);
    for (const auto& result : found.front()) EXPECT_EQ(result.tokens.size(), 3u);
    options.beam = 1000;
    heed::search(model, std::span(&source, 1), options, work, found);
    ASSERT_EQ(found.front().size(), 3u);
    for (const auto& result : found.front()) EXPECT_LE(result.tokens.size(), 2u);
    options.beam = 3;
  }
}

TEST(Search, BeamOfOneIsGreedy) {
  const Batch batch = heed::test::copy_task(6, 1, 5, vocabulary, 2);
  for (const TranslatorConfig& config : kinds()) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Model model = model_of(config, seed);
      Search search;
      const auto& found = search(model, batch.sources, {1, 0.6, 7});
      for (std::size_t b = 0; b < batch.size(); ++b) {
        std::vector<Token> words;
        while (words.size() < 7) {
          Matrix<double> p = force(model, batch.sources[b], words).next_words.rightCols<1>();
          p(heed::symbols::bos) = 0;
          Index best = 0;
          p.col(0).maxCoeff(&best);
          if (best == heed::symbols::eos) break;
          words.push_back(static_cast<Token>(best));
        }
        EXPECT_EQ(found[b].tokens, words);
        EXPECT_EQ(found[b].complete, words.size() < 7);
      }
    }
  }
}

TEST(Search, ScoresMatchTeacherForcing) {
  const Batch batch = heed::test::copy_task(5, 1, 6, vocabulary, 3);
  for (const TranslatorConfig& config : kinds()) {
    for (const Index beam : {1, 2, 5}) {
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Model model = model_of(config, seed);
        Search search;
        const auto& found = search(model, batch.sources, {beam, 1, 8});
        for (std::size_t b = 0; b < batch.size(); ++b) {
          const Forced forced = force(model, batch.sources[b], found[b].tokens);
          const Index steps = static_cast<Index>(found[b].tokens.size()) + (found[b].complete ? 1 : 0);
          EXPECT_EQ(found[b].weights.cols(), steps);
          EXPECT_EQ(found[b].weights.rows(),
                    config.decoder == "plain" ? 0 : static_cast<Index>(batch.sources[b].size()));
          EXPECT_LE(difference(found[b].weights, forced.weights.leftCols(steps)), 1e-13);
          if (config.decoder != "plain") {
            EXPECT_LE(difference(found[b].weights.colwise().sum(), Matrix<double>::Ones(1, steps)), 1e-14);
          }
          const double ended = found[b].complete ? 0 : std::log(forced.next_words(heed::symbols::eos, steps));
          EXPECT_NEAR(found[b].log_probability, forced.log_probability - ended, 1e-12);
          EXPECT_NEAR(found[b].score, found[b].log_probability / penalty(found[b].tokens.size(), 1), 1e-14);
        }
      }
    }
  }
}

TEST(Search, NeverProposesBos) {
  const Batch batch = heed::test::copy_task(4, 1, 4, vocabulary, 4);
  for (const TranslatorConfig& config : kinds()) {
    Model model = model_of(config, 1);
    model.output.b(heed::symbols::bos) = 50;
    for (const Index beam : {1, 4}) {
      Search search;
      for (const auto& found : search(model, batch.sources, {beam, 0.6, 6})) {
        EXPECT_EQ(std::count(found.tokens.begin(), found.tokens.end(), heed::symbols::bos), 0);
      }
    }
  }
}

TEST(Search, StopsAtTheMaximumLength) {
  const Batch batch = heed::test::copy_task(3, 2, 5, vocabulary, 5);
  Model model = model_of(kinds()[0], 1);
  model.output.b(heed::symbols::eos) = -50;
  Search search;
  for (const Index beam : {1, 3}) {
    for (const auto& found : search(model, batch.sources, {beam, 0.6, 4})) {
      EXPECT_EQ(found.tokens.size(), 4u);
      EXPECT_FALSE(found.complete);
      EXPECT_TRUE(std::isfinite(found.score));
    }
    search(model, batch.sources, {beam, 0.6, 0});
    for (std::size_t b = 0; b < batch.size(); ++b) {
      EXPECT_EQ(search.found[b].tokens.size(), 2 * batch.sources[b].size() + 10);
    }
  }
}

TEST(Search, PrefersCompleteHypotheses) {
  const std::span<const Token> source = source_words;
  Model model = model_of(kinds()[0], 1);
  model.output.b(heed::symbols::eos) = -12;
  Search search;
  const bool greedy = search(model, std::span(&source, 1), {1, 0, 3}).front().complete;
  EXPECT_FALSE(greedy);
  EXPECT_TRUE(search(model, std::span(&source, 1), {1000, 0, 3}).front().complete);
}

TEST(Search, RespectsMinimumLength) {
  const Batch batch = heed::test::copy_task(3, 1, 3, vocabulary, 15);
  Model model = model_of(kinds()[1], 1);
  model.output.b(heed::symbols::eos) = 50;
  Search search;
  for (const Index minimum : {0, 1, 2, 6, 60}) {  // 60 is beyond the automatic maximum
    SearchOptions options{2, 0.6, 0};
    options.minimum_length = minimum;
    for (const auto& found : search(model, batch.sources, options)) {
      EXPECT_EQ(found.tokens.size(), static_cast<std::size_t>(std::max(minimum, Index{1}) - 1));
      EXPECT_TRUE(found.complete);
    }
  }
}

TEST(Search, LengthPenaltyFavoursLongerSentences) {
  const Batch batch = heed::test::copy_task(30, 1, 6, vocabulary, 6);
  const Model model = model_of(kinds()[0], 2);
  Search search;
  const auto words = [&](double alpha) {
    std::size_t count = 0;
    for (const auto& found : search(model, batch.sources, {6, alpha, 8})) count += found.tokens.size();
    return count;
  };
  EXPECT_LT(words(0), words(3));
}

TEST(Search, IsDeterministicWithNewAndReusedWorkspace) {
  const Batch batch = heed::test::copy_task(5, 1, 6, vocabulary, 7),
              other = heed::test::copy_task(9, 3, 8, vocabulary, 8);
  Search used;
  for (const Index beam : {4, 1, 3}) {
    for (const TranslatorConfig& config : kinds()) {
      const Model model = model_of(config, 3);
      Search first, second;
      first(model, batch.sources, {beam, 0.6, 0});
      second(model, batch.sources, {beam, 0.6, 0});
      used(model_of(kinds()[1], 4), other.sources, {5, 1, 9});
      used(model, batch.sources, {beam, 0.6, 0});
      ASSERT_EQ(used.found.size(), batch.size());
      for (std::size_t b = 0; b < batch.size(); ++b) {
        expect_equal(second.found[b], first.found[b]);
        expect_equal(used.found[b], first.found[b]);
      }
    }
  }
}

using SmallCell = heed::GruCell<float>;
using SmallDecoder = heed::BahdanauDecoder<SmallCell, heed::AdditiveScorer<float>>;
using Small = heed::Seq2Seq<heed::Encoder<SmallCell>, SmallDecoder>;

/// An untrained float model that is large enough for the copy task.
Small small_model() {
  Small model(
      {.source_vocabulary = 8, .target_vocabulary = 8},
      heed::Encoder<SmallCell>({.input_size = 8, .hidden_size = 16, .bidirectional = true}),
      SmallDecoder({.word_size = 8, .memory_size = 32, .hidden_size = 16, .feature_size = 16}, {{16, 32, 16}, {}}));
  heed::Random random(9);
  initialize(model, random);
  return model;
}

TEST(Search, TokensDoNotDependOnBatch) {
  Small model = small_model();
  const Batch task = heed::test::copy_task(200, 1, 6, 8, 10), unseen = heed::test::copy_task(40, 1, 8, 8, 11);
  heed::Trainer<Small> trainer(model, heed::Adam<Small>(model, 0.01), {});
  for (std::uint64_t i = 0; i < 60; ++i) trainer.update(task.sources, task.targets, i);

  Search<float> together, alone, reordered;
  std::size_t correct = 0;
  for (const Index beam : {1, 4}) {
    together(model, unseen.sources, {beam, 0.6, 0});
    const std::vector<std::span<const Token>> backwards(unseen.sources.rbegin(), unseen.sources.rend());
    reordered(model, backwards, {beam, 0.6, 0});
    for (std::size_t b = 0; b < unseen.size(); ++b) {
      const auto& words = together.found[b].tokens;
      alone(model, std::span(&unseen.sources[b], 1), {beam, 0.6, 0});
      EXPECT_EQ(alone.found.front().tokens, words);
      EXPECT_EQ(reordered.found[unseen.size() - 1 - b].tokens, words);
      EXPECT_LE(difference(alone.found.front().weights, together.found[b].weights), 1e-5);
      correct += std::equal(words.begin(), words.end(), unseen.targets[b].begin(), unseen.targets[b].end()) ? 1u : 0u;
    }
  }
  EXPECT_GE(correct, 10u);  // the model is trained, so its tokens are not arbitrary
}

TEST(Search, SupportsBfloat16Memory) {
  const Small model = small_model();
  Search<float> full, reduced;
  const Batch batch = heed::test::copy_task(4, 3, 6, 8, 12);
  full(model, batch.sources, {2, 0.6, 0});
  reduced(model, batch.sources, {2, 0.6, 0, true});
  double max_difference = 0;
  for (std::size_t b = 0; b < batch.size(); ++b) {
    max_difference =
        std::max(max_difference, std::abs(full.found[b].log_probability - reduced.found[b].log_probability));
  }
  EXPECT_GT(max_difference, 0);
  EXPECT_LT(max_difference, 0.01);
  Search search;
  EXPECT_EQ(refusal([&] {
              search(model_of(kinds()[0], 1), heed::test::copy_task(2, 1, 2, vocabulary, 1).sources, {1, 0.6, 0, true});
            }),
            "search: bfloat16_memory needs a model of float");
}

TEST(Search, EditsTheLogitsOfEachHypothesis) {
  const std::vector<std::vector<Token>> sources{{3, 4, 3}, {4}};
  for (const auto& config : kinds()) {
    const Model model = model_of(config, 5);
    const SearchOptions options{.beam = 3, .maximum_length = 6, .best = 3};
    const auto plain = heed::search(model, sources, options);
    const auto keep = [](Index, std::span<const Token>, Eigen::Ref<heed::Vector<double>>) {};
    const auto kept = heed::search(model, sources, options, keep);
    std::set<std::pair<Index, std::vector<Token>>> seen;
    const auto without_repetition = [&](Index b, std::span<const Token> tokens,
                                        Eigen::Ref<heed::Vector<double>> logits) {
      EXPECT_EQ(logits.rows(), vocabulary);
      EXPECT_TRUE(seen.emplace(b, std::vector<Token>(tokens.begin(), tokens.end())).second);  // once per hypothesis
      for (const Token used : tokens) logits(used) = -std::numeric_limits<double>::infinity();
    };
    const auto edited = heed::search(model, sources, options, without_repetition);
    for (std::size_t b = 0; b < sources.size(); ++b) {
      ASSERT_EQ(kept[b].size(), plain[b].size());
      for (std::size_t k = 0; k < kept[b].size(); ++k) expect_equal(kept[b][k], plain[b][k]);
      EXPECT_TRUE(seen.contains({static_cast<Index>(b), {}}));
      for (const auto& hypothesis : edited[b]) {
        EXPECT_EQ(std::set(hypothesis.tokens.begin(), hypothesis.tokens.end()).size(), hypothesis.tokens.size());
        for (std::size_t n = 0; n < hypothesis.tokens.size(); ++n) {
          EXPECT_TRUE(
              seen.contains({static_cast<Index>(b),
                             {hypothesis.tokens.begin(), hypothesis.tokens.begin() + static_cast<std::ptrdiff_t>(n)}}));
        }
      }
    }
  }
}

TEST(Search, EditedLogitsMatchAModelWithThisBias) {
  Model model = model_of(kinds().front(), 8);
  const std::vector<std::vector<Token>> sources{{3, 4, 3}};
  const SearchOptions options{.beam = 2, .best = 2};
  const auto edited =
      heed::search(model, sources, options, [](Index, std::span<const Token>, Eigen::Ref<heed::Vector<double>> logits) {
        logits(3) -= 1.25;
        logits(0) = -std::numeric_limits<double>::infinity();
      });
  model.output.b(3) -= 1.25;
  model.output.b(0) = -std::numeric_limits<double>::infinity();
  const auto expected = heed::search(model, sources, options);
  ASSERT_EQ(edited[0].size(), expected[0].size());
  for (std::size_t k = 0; k < edited[0].size(); ++k) {
    EXPECT_EQ(edited[0][k].tokens, expected[0][k].tokens);
    EXPECT_NEAR(edited[0][k].log_probability, expected[0][k].log_probability, 1e-12);
  }
}

TEST(Search, DoesNotEditTheLogitsOfPrefixes) {
  const Model model = model_of(kinds().front(), 8);
  const std::vector<std::vector<Token>> sources{{3, 4}, {4}}, prefixes{{4, 3}, {}};
  std::vector<std::size_t> shortest(2, 100);
  const auto edit = [&](Index b, std::span<const Token> tokens, Eigen::Ref<heed::Vector<double>>) {
    auto& length = shortest[static_cast<std::size_t>(b)];
    length = std::min(length, tokens.size());
    if (b == 0) {
      EXPECT_TRUE(starts_with({tokens.begin(), tokens.end()}, prefixes[0]));
    }
  };
  heed::search(model, sources, {.beam = 2, .prefixes = prefixes}, edit);
  EXPECT_EQ(shortest, (std::vector<std::size_t>{2, 0}));
}

TEST(Search, RejectsEditedLogitsThatAreNotFinite) {
  const Model model = model_of(kinds().front(), 8);
  const std::vector<std::vector<Token>> sources{{3, 4}};
  const auto message = [&](double logit) {
    return refusal([&] {
      heed::search(model, sources, {}, [&](Index, std::span<const Token>, Eigen::Ref<heed::Vector<double>> logits) {
        logits.setConstant(logit);
      });
    });
  };
  EXPECT_EQ(message(-std::numeric_limits<double>::infinity()),
            "search: sentence 0, step 0: the logits of all words are -inf, no word can be chosen");
  EXPECT_EQ(message(std::numeric_limits<double>::quiet_NaN()),
            "search: sentence 0, step 0: the model's logits are not finite (NaN or +inf)");
}

TEST(Search, ReturnsNothingForNoSources) {
  Search search;
  const Model model = model_of(kinds()[0], 1);
  search(model, heed::test::copy_task(3, 1, 2, vocabulary, 1).sources, {});
  EXPECT_TRUE(search(model, {}, {}).empty());
}

TEST(Search, RejectsOptionsOutOfRange) {
  const Model model = model_of(kinds()[0], 1);
  const std::span<const Token> source = source_words;
  const auto error_of = [&](const SearchOptions& options) {
    Search search;
    return refusal([&] { search(model, std::span(&source, 1), options); });
  };
  EXPECT_EQ(error_of({}), "accepted");
  EXPECT_EQ(error_of({0, 0.6, 0}), "search: beam must be at least 1, got 0");
  EXPECT_EQ(error_of({-3, 0.6, 0}), "search: beam must be at least 1, got -3");
  EXPECT_EQ(error_of({1, -0.5, 0}), "search: the length penalty must be finite and at least 0, got -0.500000");
  EXPECT_EQ(error_of({1, std::numeric_limits<double>::quiet_NaN(), 0}),
            "search: the length penalty must be finite and at least 0, got nan");
  EXPECT_EQ(error_of({1, std::numeric_limits<double>::infinity(), 0}),
            "search: the length penalty must be finite and at least 0, got inf");
  EXPECT_EQ(error_of({1, 0.6, -1}), "search: the maximum length must be at least 0 (0: automatic), got -1");
  const auto with = [](auto change) {
    SearchOptions options{4, 0.6, 5};
    change(options);
    return options;
  };
  EXPECT_EQ(error_of(with([](auto& o) { o.best = 4; })), "accepted");
  EXPECT_EQ(error_of(with([](auto& o) { o.best = 5; })), "search: best must be from 1 to the beam size, 4, got 5");
  EXPECT_EQ(error_of(with([](auto& o) { o.best = 0; })), "search: best must be from 1 to the beam size, 4, got 0");
  EXPECT_EQ(error_of(with([](auto& o) { o.coverage_penalty = -1; })),
            "search: the coverage penalty must be finite and at least 0, got -1.000000");
  EXPECT_EQ(error_of(with([](auto& o) { o.coverage_penalty = std::numeric_limits<double>::quiet_NaN(); })),
            "search: the coverage penalty must be finite and at least 0, got nan");
  EXPECT_EQ(error_of(with([](auto& o) { o.minimum_length = -2; })),
            "search: the minimum length must be at least 0, got -2");
  EXPECT_EQ(error_of(with([](auto& o) { o.minimum_length = 5; })), "accepted");
  EXPECT_EQ(error_of(with([](auto& o) { o.minimum_length = 6; })),
            "search: the minimum length of 6 is more than the maximum length of 5");
}

TEST(Search, RejectsInvalidPrefixes) {
  const Model model = model_of(kinds()[0], 1);
  const std::span<const Token> source = source_words;
  const auto error_of = [&](const std::vector<std::vector<Token>>& words) {
    Search search;
    SearchOptions options{2, 0.6, 4};
    const std::vector<std::span<const Token>> prefixes(words.begin(), words.end());
    options.prefixes = prefixes;
    return refusal([&] { search(model, std::span(&source, 1), options); });
  };
  EXPECT_EQ(error_of({{3, 4, 0}}), "accepted");
  EXPECT_EQ(error_of({{3}, {4}}), "search: there must be one prefix per source or none, got 2 prefixes and 1 sources");
  EXPECT_EQ(error_of({{3, 4, 3, 3}}),
            "search: prefix 0 has 4 words, too many for the maximum length of 4, eos included");
  for (const Token token : {-1, 1, 2, 5}) {
    EXPECT_EQ(error_of({{3, token}}), "search: token " + std::to_string(token) +
                                          " of prefix 0 must be in the vocabulary of 5 and must not be bos or eos");
  }
}

TEST(Search, RejectsCoveragePenaltyWithoutAttention) {
  SearchOptions options;
  options.coverage_penalty = 0.2;
  const std::span<const Token> source = source_words;
  const auto error_of = [&](const TranslatorConfig& config) {
    Search search;
    return refusal([&] { search(model_of(config, 1), std::span(&source, 1), options); });
  };
  EXPECT_EQ(error_of(kinds()[2]), "search: a coverage penalty needs attention, but the decoder has none");
  EXPECT_EQ(error_of(kinds()[1]), "accepted");
}

TEST(Search, RejectsVocabularyWithoutAllowedTokens) {
  const Model model = heed::test::random_model(kinds()[0], 3, 1);
  const std::vector<Token> words = {0};
  const std::span<const Token> source = words;
  const auto error_of = [&](bool ban, Index minimum) {
    SearchOptions options;
    options.ban_unknown = ban;
    options.minimum_length = minimum;
    Search search;
    return refusal([&] { search(model, std::span(&source, 1), options); });
  };
  EXPECT_EQ(error_of(true, 2), "search: ban_unknown and minimum_length exclude all words of the vocabulary of 3");
  EXPECT_EQ(error_of(true, 1), "accepted");
  EXPECT_EQ(error_of(false, 2), "accepted");
}

TEST(Search, RejectsInvalidSources) {
  const Model model = model_of(kinds()[0], 1);
  const auto error_of = [&](const std::vector<Token>& source) {
    Search search;
    const std::vector<std::span<const Token>> sources = {source_words, source};
    return refusal([&] { search(model, sources, {}); });
  };
  EXPECT_EQ(error_of({}), "PackedBatch: sentence 1 of the batch is empty");
  EXPECT_EQ(error_of({3, 5}), "Seq2Seq.encode: token 5 of source 1 is outside the vocabulary of 5");
  EXPECT_EQ(error_of({-1}), "Seq2Seq.encode: token -1 of source 1 is outside the vocabulary of 5");
}

TEST(Search, RejectsNonFiniteScores) {
  const std::span<const Token> source = source_words;
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (Index k = 0; k < vocabulary; ++k) {
      for (const Index beam : {1, 3}) {
        Model model = model_of(kinds()[0], 1);
        model.output.b(k) = bad;
        Search search;
        EXPECT_EQ(refusal([&] {
                    search(model, std::span(&source, 1), {beam, 0.6, 0});
                  }),
                  "search: sentence 0, step 0: the model's logits are not finite (NaN or +inf)")
            << bad << " at word " << k << ", beam " << beam;
      }
    }
  }
}

}  // namespace search_test
