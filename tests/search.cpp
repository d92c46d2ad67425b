#include <heed/search.hpp>

#include <heed/train.hpp>

#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

using heed::Index;
using heed::Matrix;
using heed::SearchOptions;
using heed::Token;
using heed::TranslatorConfig;
using heed::test::Batch;

namespace {

using Model = heed::TranslationModel<double>;

constexpr Index vocabulary = 5;  // <unk> and two words can be proposed, and the end

/// One model of every kind of decoder.
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
  return {bahdanau, luong, plain};
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

/// -loss of one sentence, teacher forced; and what was looked at.
struct Forced {
  double log_probability;
  Matrix<double> weights;     ///< a column per word and one for the end symbol
  Matrix<double> next_words;  ///< probabilities
};

Forced force(const Model& model, std::span<const Token> source, const std::vector<Token>& target) {
  Batch batch;
  batch.add({source.begin(), source.end()}, target);
  Model::Tape tape;
  Forced result;
  result.log_probability = -model.loss(batch.sources, batch.targets, tape);
  result.weights = tape.decoder.weights;
  result.next_words = tape.logits;  // softmax minus one at the wanted word
  for (Index t = 0; t < result.next_words.cols(); ++t) {
    result.next_words(tape.wanted[static_cast<std::size_t>(t)], t) += 1;
  }
  return result;
}

/// All sequences of up to `most` words that can be proposed.
std::vector<std::vector<Token>> every_sentence(std::size_t most) {
  std::vector<std::vector<Token>> all = {{}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].size() == most) continue;
    for (const Token word : {0, 3, 4}) {
      auto longer = all[i];
      longer.push_back(word);
      all.push_back(std::move(longer));
    }
  }
  return all;
}

const std::vector<Token> source_words = {3, 4, 4};

}  // namespace

TEST(Search, FindsWithAWideBeamWhatTryingEverySentenceFinds) {
  const std::span<const Token> source = source_words;
  const Index limit = 5;  // steps: the end symbol takes one
  const auto sentences = every_sentence(limit - 1);
  for (const TranslatorConfig& config : kinds()) {
    std::set<std::vector<Token>> found;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Model model = model_of(config, seed);
      model.output.W *= 2;                      // sure of some words
      model.output.b(heed::symbols::end) -= 1;  // so that longer sentences have a chance
      std::vector<double> log_probabilities;
      for (const auto& sentence : sentences) {
        log_probabilities.push_back(force(model, source, sentence).log_probability);
      }
      for (const double alpha : {0.0, 0.6, 1.0, 2.0, 5.0}) {
        const auto score = [&](std::size_t i) { return log_probabilities[i] / penalty(sentences[i].size(), alpha); };
        std::size_t best = 0;
        for (std::size_t i = 1; i < sentences.size(); ++i) best = score(i) > score(best) ? i : best;
        Search search;
        const auto& result = search(model, std::span(&source, 1), {1000, alpha, limit}).front();
        EXPECT_EQ(result.tokens, sentences[best]) << "seed " << seed << ", alpha " << alpha;
        EXPECT_NEAR(result.score, score(best), 1e-12);
        EXPECT_TRUE(result.complete);
        found.insert(result.tokens);
      }
    }
    EXPECT_GE(found.size(), 4u);
  }
}

TEST(Search, TakesTheBestWordOfEveryStepWithABeamOfOne) {
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
          p(heed::symbols::begin) = 0;
          Index best = 0;
          p.col(0).maxCoeff(&best);
          if (best == heed::symbols::end) break;
          words.push_back(static_cast<Token>(best));
        }
        EXPECT_EQ(found[b].tokens, words);
        EXPECT_EQ(found[b].complete, words.size() < 7);
      }
    }
  }
}

TEST(Search, ReportsWhatTeacherForcingTheFoundSentenceGives) {
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
          const double ended = found[b].complete ? 0 : std::log(forced.next_words(heed::symbols::end, steps));
          EXPECT_NEAR(found[b].log_probability, forced.log_probability - ended, 1e-12);
          EXPECT_NEAR(found[b].score, found[b].log_probability / penalty(found[b].tokens.size(), 1), 1e-14);
        }
      }
    }
  }
}

TEST(Search, NeverProposesTheBeginSymbol) {
  const Batch batch = heed::test::copy_task(4, 1, 4, vocabulary, 4);
  for (const TranslatorConfig& config : kinds()) {
    Model model = model_of(config, 1);
    model.output.b(heed::symbols::begin) = 50;
    for (const Index beam : {1, 4}) {
      Search search;
      for (const auto& found : search(model, batch.sources, {beam, 0.6, 6})) {
        EXPECT_EQ(std::count(found.tokens.begin(), found.tokens.end(), heed::symbols::begin), 0);
      }
    }
  }
}

TEST(Search, StopsAtTheMaximumLength) {
  const Batch batch = heed::test::copy_task(3, 2, 5, vocabulary, 5);
  Model model = model_of(kinds()[0], 1);
  model.output.b(heed::symbols::end) = -50;
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

TEST(Search, PrefersACompletedSentenceToALikelierOneThatWasCutOff) {
  const std::span<const Token> source = source_words;
  Model model = model_of(kinds()[0], 1);
  model.output.b(heed::symbols::end) = -12;
  Search search;
  const bool greedy = search(model, std::span(&source, 1), {1, 0, 3}).front().complete;
  EXPECT_FALSE(greedy);
  EXPECT_TRUE(search(model, std::span(&source, 1), {1000, 0, 3}).front().complete);
}

TEST(Search, LetsTheLengthPenaltyFavourLongerSentences) {
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

TEST(Search, GivesTheSameBitsAgainAndWithAUsedWorkspace) {
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

namespace {

using SmallCell = heed::GruCell<float>;
using Small = heed::Seq2Seq<heed::Encoder<SmallCell>, heed::BahdanauDecoder<SmallCell, heed::AdditiveScorer<float>>>;

/// A model of floats that can learn to copy, not trained yet.
Small small_model() {
  const auto cell = [](Index input, Index hidden) { return SmallCell(input, hidden); };
  Small model(8, heed::Encoder<SmallCell>(cell, 8, 16, 1, true), 8,
              {cell, {heed::AdditiveScorer<float>(16, 32, 16), {}}, 8, 32, 16, 1, 16});
  heed::Random random(9);
  initialize(model, random);
  return model;
}

}  // namespace

TEST(Search, GivesATrainedModelsWordsAloneAndInAnyBatch) {
  Small model = small_model();
  const Batch task = heed::test::copy_task(200, 1, 6, 8, 10), unseen = heed::test::copy_task(40, 1, 8, 8, 11);
  heed::Trainer<Small> trainer(model, heed::Adam<Small>(model, 0.01), {});
  for (std::uint64_t i = 0; i < 60; ++i) trainer.update(task.sources, task.targets, i);

  Search<float> together, alone, reordered;
  std::size_t right = 0;
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
      right += std::equal(words.begin(), words.end(), unseen.targets[b].begin(), unseen.targets[b].end()) ? 1u : 0u;
    }
  }
  EXPECT_GE(right, 10u);  // it has learned something, and so has something to get wrong
}

TEST(Search, LooksBackAtANarrowMemoryWhereAskedTo) {
  const Small model = small_model();
  Search<float> wide, narrow;
  const Batch batch = heed::test::copy_task(4, 3, 6, 8, 12);
  wide(model, batch.sources, {2, 0.6, 0});
  narrow(model, batch.sources, {2, 0.6, 0, true});
  double most = 0;
  for (std::size_t b = 0; b < batch.size(); ++b) {
    most = std::max(most, std::abs(wide.found[b].log_probability - narrow.found[b].log_probability));
  }
  EXPECT_GT(most, 0);
  EXPECT_LT(most, 0.01);
  Search search;
  EXPECT_EQ(refusal([&] {
              search(model_of(kinds()[0], 1), heed::test::copy_task(2, 1, 2, vocabulary, 1).sources, {1, 0.6, 0, true});
            }),
            "Memory: only one of floats can be narrow");
}

TEST(Search, FindsNothingForNoSources) {
  Search search;
  const Model model = model_of(kinds()[0], 1);
  search(model, heed::test::copy_task(3, 1, 2, vocabulary, 1).sources, {});
  EXPECT_TRUE(search(model, {}, {}).empty());
}

TEST(Search, RefusesOptionsOutOfRange) {
  const Model model = model_of(kinds()[0], 1);
  const std::span<const Token> source = source_words;
  const auto refused = [&](const SearchOptions& options) {
    Search search;
    return refusal([&] { search(model, std::span(&source, 1), options); });
  };
  EXPECT_EQ(refused({}), "accepted");
  EXPECT_EQ(refused({0, 0.6, 0}), "search: a beam holds 1 or more, not 0");
  EXPECT_EQ(refused({-3, 0.6, 0}), "search: a beam holds 1 or more, not -3");
  EXPECT_EQ(refused({1, -0.5, 0}), "search: the length penalty is 0 or more, not -0.500000");
  EXPECT_EQ(refused({1, std::numeric_limits<double>::quiet_NaN(), 0}),
            "search: the length penalty is 0 or more, not nan");
  EXPECT_EQ(refused({1, std::numeric_limits<double>::infinity(), 0}),
            "search: the length penalty is 0 or more, not inf");
  EXPECT_EQ(refused({1, 0.6, -1}), "search: the maximum length is 0 (automatic) or more, not -1");
}

TEST(Search, RefusesSourcesThatCannotBe) {
  const Model model = model_of(kinds()[0], 1);
  const auto refused = [&](const std::vector<Token>& source) {
    Search search;
    const std::vector<std::span<const Token>> sources = {source_words, source};
    return refusal([&] { search(model, sources, {}); });
  };
  EXPECT_EQ(refused({}), "Packing: sentence 1 of the batch is empty");
  EXPECT_EQ(refused({3, 5}), "Embedding: token 5 is outside the vocabulary of 5");
  EXPECT_EQ(refused({-1}), "Embedding: token -1 is outside the vocabulary of 5");
}

TEST(Search, RefusesAModelWhoseScoresAreNotFinite) {
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
                  "the model's scores are not finite")
            << bad << " at word " << k << ", beam " << beam;
      }
    }
  }
}
