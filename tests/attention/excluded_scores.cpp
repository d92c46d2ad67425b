#include <heed/attention/attention.hpp>
#include <heed/attention/local.hpp>
#include <heed/attention/monotonic.hpp>
#include <heed/search/sampling.hpp>
#include <heed/search/scoring.hpp>
#include <heed/search/search.hpp>
#include <heed/search/streaming.hpp>

#include <heed/cells/gru.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/scorers/additive.hpp>
#include <heed/scorers/dot.hpp>

#include "support/numbers.hpp"
#include "support/refusal.hpp"
#include "support/translations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

namespace excluded_scores_test {

using heed::Index;
using heed::Matrix;
using heed::Token;
using heed::Vector;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double hidden_value = -9;

/// Dot-product scores. Columns of the memory whose first row is `hidden_value` get the score -inf.
template <class S>
struct MaskedScorer {
  using Scalar = S;
  heed::DotScorer<S> dot{0};

  explicit MaskedScorer(Index size = 0) : dot(size) {}
  Index query_size() const { return dot.size; }
  Index memory_size() const { return dot.size; }
  void score(const heed::In<S>& queries, const heed::In<S>& memory, heed::Out<S> scores,
             heed::Buffer<S>& scratch) const {
    dot.score(queries, memory, scores, scratch);
    for (Index j = 0; j < memory.cols(); ++j) {
      if (memory(0, j) == S(hidden_value)) scores.row(j).setConstant(S(-infinity));
    }
  }
  void score_backward(const heed::In<S>& queries, const heed::In<S>& memory, const heed::In<S>& d_scores,
                      MaskedScorer& grad, heed::Out<S> d_queries, heed::Out<S> d_memory,
                      heed::Buffer<S>& scratch) const {
    dot.score_backward(queries, memory, d_scores, grad.dot, d_queries, d_memory, scratch);
  }
  template <class Visit, class... Self>
  static void visit_parameters(Visit&&, Self&&...) {}
};

/// A random memory whose columns `hidden` get the score -inf from `MaskedScorer`.
template <class S>
Matrix<S> masked_memory(Index rows, Index cols, const std::vector<Index>& hidden, heed::Random& random) {
  Matrix<S> memory = random_matrix<S>(rows, cols, random);
  for (const Index j : hidden) memory(0, j) = S(hidden_value);
  return memory;
}

std::vector<Index> first_columns(Index count) {
  std::vector<Index> columns;
  for (Index j = 0; j < count; ++j) columns.push_back(j);
  return columns;
}

template <class S>
class ExcludedMemory : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(ExcludedMemory, Scalars);

using Cell = heed::GruCell<double>;
using Decoder = heed::BahdanauDecoder<Cell, heed::AdditiveScorer<double>>;
using Model = heed::Seq2Seq<heed::Encoder<Cell>, Decoder>;
constexpr Index vocabulary = 7;

Model model_of(std::uint64_t seed) {
  Model model({.source_vocabulary = vocabulary, .target_vocabulary = vocabulary},
              heed::Encoder<Cell>({.input_size = 4, .hidden_size = 5, .bidirectional = true}),
              Decoder({.word_size = 4, .memory_size = 10, .hidden_size = 5, .feature_size = 5}, {{5, 10, 5}, {}}));
  heed::Random random(seed);
  randomize(model, random, 1.2);
  return model;
}
Model model_without(const std::vector<Token>& excluded, std::uint64_t seed = 1) {
  Model model = model_of(seed);
  for (const Token token : excluded) model.output.b(token) = -infinity;
  return model;
}

const std::vector<Token> source_words = {3, 5, 4, 6};
const std::span<const Token> source = source_words;
const heed::Sentences sources(&source, 1);

heed::Hypotheses<double> search_with(const Model& model, const heed::SearchOptions& options) {
  heed::SearchWorkspace<double> work;
  heed::Hypotheses<double> results;
  heed::search(model, sources, options, work, results);
  return results;
}
std::string search_error(const Model& model, const heed::SearchOptions& options) {
  return refusal([&] { search_with(model, options); });
}

heed::Hypotheses<double> sample_with(const Model& model, const heed::SampleOptions& options) {
  heed::SampleWorkspace<double> work;
  heed::Hypotheses<double> results;
  heed::sample(model, sources, options, work, results);
  return results;
}

TYPED_TEST(ExcludedMemory, MatchesMemoryWithoutExcludedColumns) {
  using S = TypeParam;
  heed::Random random(1);
  const Index size = 64;
  const MaskedScorer<S> scorer(size);
  for (const Index length : {2, 20, 150, 170, 400}) {  // float uses online softmax for the last two
    const std::vector<Index> hidden = first_columns(length / 2);
    const Matrix<S> memory = masked_memory<S>(size, length, hidden, random);
    const Matrix<S> queries = random_matrix<S>(size, 2, random);
    const auto found = heed::attend(scorer, queries, memory);
    const auto expected = heed::attend(heed::DotScorer<S>(size), queries, memory.rightCols(length - length / 2));
    EXPECT_EQ(found.weights.topRows(length / 2), (Matrix<S>::Zero(length / 2, 2)));
    const double tolerance = 1e3 * static_cast<double>(std::numeric_limits<S>::epsilon());
    EXPECT_LE(difference(found.weights.bottomRows(length - length / 2), expected.weights), tolerance) << length;
    EXPECT_LE(difference(found.context, expected.context), tolerance) << length;
  }
}

TYPED_TEST(ExcludedMemory, AttendRejectsQueryWithoutFiniteScores) {
  using S = TypeParam;
  heed::Random random(2);
  for (const Index length : {1, 7, 150, 400}) {
    const Matrix<S> memory = masked_memory<S>(64, length, first_columns(length), random);
    const Matrix<S> queries = random_matrix<S>(64, 3, random);
    EXPECT_EQ(refusal([&] { heed::attend(MaskedScorer<S>(64), queries, memory); }),
              "attend: all scores of query 0 are -inf, there is nothing to attend to");
  }
}

TYPED_TEST(ExcludedMemory, PropagatesNaNOfOtherScores) {
  using S = TypeParam;
  heed::Random random(3);
  for (const Index length : {3, 400}) {
    Matrix<S> memory = masked_memory<S>(64, length, first_columns(length - 1), random);
    memory(5, length - 1) = std::numeric_limits<S>::quiet_NaN();
    const auto [context, weights] = heed::attend(MaskedScorer<S>(64), random_matrix<S>(64, 2, random), memory);
    EXPECT_TRUE(weights.array().isNaN().all());
    EXPECT_TRUE(context.array().isNaN().all());
  }
}

TYPED_TEST(ExcludedMemory, HasZeroGradient) {
  using S = TypeParam;
  heed::Random random(4);
  const Index size = 8, length = 9;
  const std::vector<Index> hidden = {0, 4, 8};
  const auto gradients = [&](const auto& attention, const Matrix<S>& values, const Matrix<S>& query,
                             Matrix<S>& d_values) {
    heed::Memory<S> memory, d_memory;
    memory.resize(size, std::vector<Index>{values.cols()});
    memory.values = values;
    attention.prepare(memory);
    d_memory.zeros_like(memory);
    const std::vector<Index> sentence = {0};
    heed::Buffer<S> carry;
    heed::AttentionTape<S> tape;
    start_attention(attention, memory, sentence, carry);
    begin_attention(attention, memory, 1, tape);
    attention.forward(query, memory, sentence, carry, tape, 0);
    begin_attention_backward(1, tape);
    tape.d_contexts.setOnes();
    auto grad = attention;
    Matrix<S> d_query = Matrix<S>::Zero(size, 1);
    attention.backward(memory, sentence, tape, 0, grad, d_query, d_memory);
    d_values = d_memory.values;
    return d_query;
  };
  const Matrix<S> values = masked_memory<S>(size, length, hidden, random), query = random_matrix<S>(size, 1, random);
  Matrix<S> left(size, length - 3), d_values, d_left;
  for (Index j = 0, k = 0; j < length; ++j) {
    if (j % 4 != 0) left.col(k++) = values.col(j);
  }
  const heed::Attention<MaskedScorer<S>> masked{MaskedScorer<S>(size), {}};
  const heed::Attention<heed::DotScorer<S>> plain{heed::DotScorer<S>(size), {}};
  const Matrix<S> d_query = gradients(masked, values, query, d_values);
  EXPECT_LE(difference(d_query, gradients(plain, left, query, d_left)), 1e-5);
  for (Index j = 0, k = 0; j < length; ++j) {
    if (j % 4 == 0) {
      EXPECT_EQ(d_values.col(j), (Vector<S>::Zero(size)));
    } else {
      EXPECT_LE(difference(d_values.col(j), d_left.col(k++)), 1e-5);
    }
  }
  Matrix<S> d_hidden;
  const heed::MonotonicAttention<MaskedScorer<S>> monotonic(MaskedScorer<S>{size});
  EXPECT_TRUE(gradients(monotonic, values, query, d_hidden).allFinite());
  for (const Index j : hidden) EXPECT_EQ(d_hidden.col(j), (Vector<S>::Zero(size)));
}

TYPED_TEST(ExcludedMemory, MonotonicAttentionSkipsExcludedColumns) {
  using S = TypeParam;
  heed::Random random(5);
  for (const bool hard : {false, true}) {
    heed::MonotonicAttention<MaskedScorer<S>> attention(MaskedScorer<S>(4));
    attention.hard = hard;
    heed::Memory<S> memory;
    memory.resize(4, std::vector<Index>{4});
    memory.values = masked_memory<S>(4, 4, {0, 1}, random);
    memory.values.col(2).setConstant(S(30));
    memory.values.col(3).setConstant(std::numeric_limits<S>::quiet_NaN());
    attention.prepare(memory);
    const std::vector<Index> sentence = {0};
    heed::Buffer<S> carry;
    heed::AttentionTape<S> tape;
    start_attention(attention, memory, sentence, carry);
    begin_attention(attention, memory, 2, tape);
    attention.forward(Matrix<S>::Ones(4, 1), memory, sentence, carry, tape, 0);
    EXPECT_EQ(tape.weights(0, 0), S(0));
    EXPECT_EQ(tape.weights(1, 0), S(0));
    EXPECT_EQ(tape.weights(2, 0), S(1));
    EXPECT_EQ(std::isnan(tape.weights(3, 0)), !hard) << "hard attention stops before this column";
    attention.forward(-Matrix<S>::Ones(4, 1), memory, sentence, carry, tape, 1);
    EXPECT_TRUE(std::isnan(tape.weights(3, 1))) << "NaN must not be skipped";
  }
}

TEST(Sigmoid, IsAccurateForTinyProbabilities) {
  for (float score = -1; score >= -80; score -= 0.37f) {
    Matrix<float> p = Matrix<float>::Constant(3, 1, score);
    heed::Sigmoid::forward(p);
    const double exact = 1 / (1 + std::exp(-static_cast<double>(score)));
    EXPECT_LE(std::abs(p(0) / exact - 1), 1e-6) << score;
  }
  Matrix<float> p = Matrix<float>::Constant(3, 1, -std::numeric_limits<float>::infinity());
  heed::Sigmoid::forward(p);
  EXPECT_EQ(p(0), 0.0f);
}

TEST(Search, NeverProposesExcludedTokens) {
  const Model model = model_without({0, 4, 6});
  for (const Index beam : {1, 3, 40}) {
    const auto found = search_with(model, {.beam = beam, .maximum_length = 3, .best = beam});
    for (const auto& result : found.front()) {
      EXPECT_TRUE(std::isfinite(result.log_probability));
      for (const Token token : result.tokens) EXPECT_TRUE(token == 3 || token == 5) << token;
    }
  }
  const auto all = search_with(model, {.beam = 40, .maximum_length = 3, .best = 40});
  EXPECT_EQ(all.front().size(), 7u) << "all sentences of at most two tokens from two";
}

TEST(Search, RejectsSentenceWithoutFiniteScores) {
  const Model model = model_without({0, 1, 2, 3, 4, 5, 6});
  EXPECT_EQ(search_error(model, {}),
            "search: sentence 0, step 0: the logits of all words are -inf, no word can be chosen");
  EXPECT_EQ(search_error(model, {.beam = 4}), search_error(model, {}));
}

TEST(Search, RejectsOptionsThatLeaveNoToken) {
  EXPECT_EQ(search_error(model_without({0, 3, 4, 5, 6}), {.minimum_length = 3}),
            "search: sentence 0, step 0: no word can be chosen, the logits of all allowed words are -inf");
  EXPECT_EQ(search_error(model_without({2, 3, 4, 5, 6}), {.beam = 2, .ban_unknown = true}),
            "search: sentence 0, step 0: no word can be chosen, the logits of all allowed words are -inf");
  const std::vector<Token> words = {3, 4};
  const std::vector<std::span<const Token>> prefixes = {words};
  EXPECT_EQ(search_error(model_without({4}), {.prefixes = prefixes}),
            "search: sentence 0, step 1: token 4 of the prefix has the logit -inf");
  EXPECT_EQ(search_error(model_without({5}), {.prefixes = prefixes}), "accepted");
}

TEST(Search, KeepsFinishedHypothesesIfNoTokenCanFollow) {
  const auto found = search_with(model_without({0, 3, 4, 5, 6}), {.beam = 3, .best = 3});
  ASSERT_EQ(found.front().size(), 1u);
  EXPECT_TRUE(found.front().front().complete);
  EXPECT_TRUE(found.front().front().tokens.empty());
}

TEST(Search, RejectsNaNOfEveryBitPattern) {
  for (const std::uint64_t payload : {std::uint64_t{1}, std::uint64_t{1} << 31, std::uint64_t{1} << 51}) {
    for (const std::uint64_t sign : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
      Model model = model_of(1);
      model.output.b(5) = std::bit_cast<double>(sign | std::uint64_t{0x7ff} << 52 | payload);
      EXPECT_EQ(search_error(model, {.beam = 2}),
                "search: sentence 0, step 0: the model's logits are not finite (NaN or +inf)");
    }
  }
}

TEST(Sample, NeverDrawsBannedOrExcludedTokens) {
  const Model model = model_without({4, 6});
  for (const double temperature : {1e-300, 1e-30, 1e-3, 1.0, 1e3, 1e30, 1e300}) {
    for (const double top_p : {1.0, 0.9}) {
      const auto drawn = sample_with(model, {.samples = 200,
                                             .temperature = temperature,
                                             .top_p = top_p,
                                             .maximum_length = 4,
                                             .minimum_length = 2,
                                             .ban_unknown = true});
      std::set<Token> words;
      for (const auto& sample : drawn.front()) {
        EXPECT_GE(sample.tokens.size(), 1u);
        EXPECT_TRUE(std::isfinite(sample.log_probability));
        words.insert(sample.tokens.begin(), sample.tokens.end());
      }
      for (const Token word : words) EXPECT_TRUE(word == 3 || word == 5) << word << " at " << temperature;
      if (temperature >= 1 && top_p == 1) {
        EXPECT_EQ(words.size(), 2u) << "at " << temperature;
      }
    }
  }
}

TEST(Sample, NeverDrawsBannedTokensAtExtremeTemperatures) {
  const Vector<float> logits = Vector<float>::Zero(6);
  heed::Buffer<float> odds;
  for (const double temperature : {1e-300, 1e-39, 1.0, 1e39, 1e300}) {
    ASSERT_TRUE(heed::detail::set_odds<float>(logits, {true, true, false}, temperature, odds));
    for (Index k = 0; k < 6; ++k) EXPECT_EQ(odds(k), k < 2 ? 0.0f : 1.0f) << k << " at " << temperature;
  }
  EXPECT_FALSE(heed::detail::set_odds<float>(logits.head(3), {true, true, true}, 1, odds));
}

TEST(Sample, RejectsStepThatLeavesNoToken) {
  const Model model = model_without({0, 3, 4, 5, 6});
  EXPECT_EQ(refusal([&] { sample_with(model, {.minimum_length = 2}); }),
            "sample: sentence 0, step 0: no word can be chosen, the logits of all allowed words are -inf");
}

TEST(TeacherForcing, ScoresExcludedTokenAsMinusInfinity) {
  const Model model = model_without({4});
  const std::vector<Token> words = {3, 4, 5};
  const std::span<const Token> target = words;
  Model::Tape tape;
  std::vector<heed::PairScore> scores;
  heed::score_pairs(model, sources, heed::Sentences(&target, 1), tape, scores);
  EXPECT_EQ(scores.front().words[1], -infinity);
  EXPECT_TRUE(std::isfinite(scores.front().words[0]) && std::isfinite(scores.front().words[2]));
  EXPECT_EQ(model.loss(sources, heed::Sentences(&target, 1), tape), infinity);
}

TEST(Stream, RejectsExcludedToken) {
  const Model model = model_without({4});
  heed::Stream stream(model);
  stream.start();
  for (const Token word : source_words) stream.feed(word);
  stream.finish_source();
  EXPECT_EQ(refusal([&] { stream.force(4); }), "Stream: token 4 cannot be appended, it has the logit -inf");
}

}  // namespace excluded_scores_test
