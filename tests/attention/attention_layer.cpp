#include <heed/attention/attention_layer.hpp>
#include <heed/training/gradient_check.hpp>

#include "support/normalizers.hpp"
#include "support/numbers.hpp"
#include "support/oracles.hpp"
#include "support/refusal.hpp"
#include "support/typed_parts.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace attention_layer_test {

using heed::Index;
using heed::Matrix;
using heed::ValidMask;
using Mask = Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>;
using MaskVector = Eigen::Matrix<bool, Eigen::Dynamic, 1>;

/// Two sentences of different lengths: 2 queries over 5 memory columns and 3 over 3.
struct Batch {
  std::vector<Index> query_starts{0, 2, 5}, memory_starts{0, 5, 8};
  MaskVector padding{{true, false, true, true, false, true, true, false}};
  Mask pairs = Mask::Constant(5, 5, true);

  Batch() { pairs(0, 0) = pairs(3, 0) = pairs(4, 1) = pairs(1, 3) = pairs(2, 4) = pairs(0, 4) = false; }

  ValidMask mask(int kind) const {
    return kind == 0 ? ValidMask() : kind == 1 ? ValidMask::of_memory(padding) : ValidMask::of_queries(pairs);
  }
  bool valid(int kind, Index b, Index i, Index j) const {
    return kind == 0 || (kind == 1 ? padding(memory_starts[oracle::at(b)] + j) : pairs(j, i));
  }
};

template <class ScorerType, class NormalizerType = heed::Softmax>
struct Case : Batch {
  using Layer = heed::AttentionLayer<ScorerType, NormalizerType>;
  heed::Random random{71};
  Layer layer;
  Matrix<double> queries, memory, d_contexts;
  heed::AttentionLayerTape<double> tape;

  explicit Case(ScorerType scorer, NormalizerType normalizer = {}) : layer{std::move(scorer), normalizer} {
    randomize(layer, random);
    queries = random_matrix(layer.scorer.query_size(), 5, random);
    memory = random_matrix(layer.scorer.memory_size(), 8, random);
    d_contexts = random_matrix(memory.rows(), 5, random);
  }

  const heed::Buffer<double>& forward(int kind) {
    return layer.forward(queries, query_starts, memory, memory_starts, tape, mask(kind));
  }

  /// The paper's weights (5 x 5) and contexts.
  std::pair<Matrix<double>, Matrix<double>> expected(int kind) const {
    Matrix<double> weights = Matrix<double>::Zero(5, 5), contexts = Matrix<double>::Zero(memory.rows(), 5);
    for (Index b = 0; b < 2; ++b) {
      const Index start = memory_starts[oracle::at(b)], length = memory_starts[oracle::at(b + 1)] - start;
      std::vector<oracle::Column> values;
      for (Index j = 0; j < length; ++j) values.push_back(oracle::column(memory, start + j));
      for (Index i = query_starts[oracle::at(b)]; i < query_starts[oracle::at(b + 1)]; ++i) {
        oracle::Column scores;
        std::vector<Index> positions;
        for (Index j = 0; j < length; ++j) {
          if (!valid(kind, b, i, j)) continue;
          scores.push_back(oracle::score(layer.scorer, oracle::column(queries, i), values, oracle::at(j), {}));
          positions.push_back(j);
        }
        const auto found = oracle::normalise(layer.normalizer, scores);
        for (std::size_t k = 0; k < positions.size(); ++k) {
          weights(positions[k], i) = static_cast<double>(found[k]);
          contexts.col(i) += weights(positions[k], i) * memory.col(start + positions[k]);
        }
      }
    }
    return {weights, contexts};
  }

  double gradient_error(int kind) {
    forward(kind);
    Layer grad = heed::zeros_like(layer);
    Matrix<double> d_queries = Matrix<double>::Zero(queries.rows(), queries.cols());
    Matrix<double> d_memory = Matrix<double>::Zero(memory.rows(), memory.cols());
    layer.backward(d_contexts, tape, grad, d_queries, d_memory);
    const auto loss = [&] { return forward(kind).cwiseProduct(d_contexts).sum(); };
    auto check = heed::check_gradients(layer, grad, loss);
    heed::check_gradient("queries", queries, d_queries, loss, check);
    heed::check_gradient("memory", memory, d_memory, loss, check);
    EXPECT_GE(check.checked, queries.size() + memory.size());
    return check.error;
  }
};

/// For scorers that do not depend on earlier steps.
template <class At>
auto make_run() {
  using Make = typename At::template Make<double>;
  return Case<typename Make::Part>(Make::make());
}

template <class At>
class EachAttentionLayer : public testing::Test {};
TYPED_TEST_SUITE(EachAttentionLayer, typed::EachScorer);

TYPED_TEST(EachAttentionLayer, MatchesPaperEquationForEveryMask) {
  auto run = make_run<TypeParam>();
  for (const int kind : {0, 1, 2}) {
    SCOPED_TRACE("mask " + std::to_string(kind));
    const auto [weights, contexts] = run.expected(kind);
    EXPECT_LE(difference(run.forward(kind), contexts), 1e-12);
    EXPECT_LE(difference(run.tape.weights, weights), 1e-12);
    EXPECT_TRUE(((weights.array() == 0) == (run.tape.weights.array() == 0)).all()) << "excluded weights are exactly 0";
  }
}

TYPED_TEST(EachAttentionLayer, MatchesScoresAndAttend) {
  auto run = make_run<TypeParam>();
  const auto& layer = run.layer;
  const Matrix<double> queries = run.queries.leftCols(2), memory = run.memory.leftCols(5);
  const Mask pairs = run.pairs.leftCols(2);
  layer.forward(queries, memory, run.tape, ValidMask::of_queries(pairs));
  const auto [context, weights] =
      heed::attend(layer.scorer, heed::Softmax(), queries, memory, ValidMask::of_queries(pairs));
  EXPECT_EQ(difference(weights, run.tape.weights), 0);
  EXPECT_EQ(difference(context, run.tape.contexts), 0);
  Matrix<double> softmax = heed::scores(layer.scorer, queries, memory);
  heed::Softmax().forward(softmax);
  EXPECT_LE(difference(softmax, heed::attend(layer.scorer, queries, memory).weights), 1e-14);
}

TYPED_TEST(EachAttentionLayer, GradientsMatchCentralDifferences) {
  auto run = make_run<TypeParam>();
  for (const int kind : {0, 1, 2}) EXPECT_LE(run.gradient_error(kind), 1e-7) << "mask " << kind;
}

template <class NormalizerType>
class AttentionLayerNormalizer : public testing::Test {};
TYPED_TEST_SUITE(AttentionLayerNormalizer, typed::EachNormalizer);

TYPED_TEST(AttentionLayerNormalizer, MatchesPaperAndCentralDifferences) {
  Case<heed::GeneralScorer<double>, TypeParam> run(heed::GeneralScorer<double>(3, 4),
                                                   typed::make_normalizer<TypeParam>());
  for (const int kind : {0, 1, 2}) {
    SCOPED_TRACE("mask " + std::to_string(kind));
    const auto [weights, contexts] = run.expected(kind);
    EXPECT_LE(difference(run.forward(kind), contexts), 1e-10);
    EXPECT_LE(difference(run.tape.weights, weights), 1e-10);
    EXPECT_LE(run.gradient_error(kind), 1e-7);
  }
}

TEST(AttentionLayer, EqualsAttendWithoutAMask) {
  Case<heed::AdditiveScorer<double>> run(heed::AdditiveScorer<double>(3, 4, 5));
  const auto [context, weights] = heed::attend(run.layer.scorer, run.queries, run.memory);
  EXPECT_EQ(difference(run.layer.forward(run.queries, run.memory, run.tape), context), 0);
  EXPECT_EQ(difference(run.tape.weights, weights), 0);
}

TEST(AttentionLayer, ResultsDoNotDependOnTheBatch) {
  Case<heed::AdditiveScorer<double>> run(heed::AdditiveScorer<double>(3, 4, 5));
  const Matrix<double> together = run.forward(0);
  const Matrix<double> second = run.layer.forward(run.queries.rightCols(3), run.memory.rightCols(3), run.tape);
  EXPECT_EQ(difference(together.rightCols(3), second), 0);
}

TEST(AttentionLayer, MaskOfALongMemoryExcludesColumns) {
  heed::Random random(3);
  const Index columns = 3000;  // long enough for online softmax without a mask
  const heed::AttentionLayer<heed::DotScorer<float>> layer{heed::DotScorer<float>(64), {}};
  const Matrix<float> queries = random_matrix<float>(64, 2, random), memory = random_matrix<float>(64, columns, random);
  const MaskVector all = MaskVector::Constant(columns, true);
  MaskVector first = MaskVector::Constant(columns, false);
  first.head(100).setConstant(true);
  heed::AttentionLayerTape<float> one, two;
  EXPECT_LE(
      difference(layer.forward(queries, memory, one), layer.forward(queries, memory, two, ValidMask::of_memory(all))),
      1e-5);
  layer.forward(queries, memory.leftCols(100), one);
  layer.forward(queries, memory, two, ValidMask::of_memory(first));
  EXPECT_LE(difference(one.contexts, two.contexts), 1e-6);
  EXPECT_TRUE(two.weights.bottomRows(columns - 100).isZero(0));
}

TEST(AttentionLayer, RejectsMaskThatExcludesAllColumnsOfAQuery) {
  Case<heed::AdditiveScorer<double>> run(heed::AdditiveScorer<double>(3, 4, 5));
  run.pairs.col(3).head(3).setConstant(false);
  EXPECT_EQ(refusal([&] { run.forward(2); }),
            "AttentionLayer.forward: the mask excludes all memory columns of query 3, there is nothing to attend to");
  auto grad = heed::zeros_like(run.layer);
  Matrix<double> d_queries = Matrix<double>::Zero(3, 5), d_memory = Matrix<double>::Zero(4, 8);
  EXPECT_EQ(refusal([&] { run.layer.backward(run.d_contexts, run.tape, grad, d_queries, d_memory); }),
            "AttentionLayer.backward: the tape has no saved activations; call forward first");
  run.padding.tail(3).setConstant(false);
  EXPECT_EQ(refusal([&] { run.forward(1); }),
            "AttentionLayer.forward: the mask excludes all memory columns of query 2, there is nothing to attend to");
}

TEST(AttentionLayer, ScoresAndAttendRejectWrongSizes) {
  const heed::AdditiveScorer<double> scorer(3, 4, 5);
  const Matrix<double> query = Matrix<double>::Ones(3, 1), memory = Matrix<double>::Ones(4, 2), none(4, 0);
  const MaskVector nothing = MaskVector::Constant(2, false), three = MaskVector::Constant(3, true);
  EXPECT_EQ(refusal([&] { heed::scores(scorer, memory, memory); }), "scores: queries must be 3 x 2, got 4 x 2");
  EXPECT_EQ(refusal([&] { heed::scores(scorer, query, query); }), "scores: memory must be 4 x 1, got 3 x 1");
  EXPECT_EQ(refusal([&] { heed::scores(scorer, query, none); }),
            "scores: the memory is empty, there is nothing to attend to");
  EXPECT_EQ(refusal([&] { heed::attend(scorer, heed::Sparsemax(), query, memory, ValidMask::of_memory(three)); }),
            "attend: the mask must be 2 x 1, got 3 x 1");
  EXPECT_EQ(refusal([&] { heed::attend(scorer, heed::Sparsemax(), query, memory, ValidMask::of_memory(nothing)); }),
            "attend: the mask excludes all memory columns of query 0, there is nothing to attend to");
}

TEST(AttentionLayer, RejectsQueryWhoseValidScoresAreMinusInfinity) {
  heed::LocationScorer<double> scorer(3, 4, 2);
  scorer.W.edit().row(0).setConstant(-std::numeric_limits<double>::infinity());
  const heed::AttentionLayer<heed::LocationScorer<double>> layer{scorer, {}};
  const Matrix<double> query = Matrix<double>::Ones(3, 1), memory = Matrix<double>::Ones(4, 2);
  const MaskVector first{{true, false}};
  heed::AttentionLayerTape<double> tape;
  EXPECT_EQ(refusal([&] { layer.forward(query, memory, tape); }), "accepted");
  EXPECT_EQ(refusal([&] { layer.forward(query, memory, tape, ValidMask::of_memory(first)); }),
            "AttentionLayer.forward: all scores of query 0 are -inf, there is nothing to attend to");
  EXPECT_EQ(refusal([&] { heed::attend(scorer, heed::Softmax(), query, memory, ValidMask::of_memory(first)); }),
            "attend: all scores of query 0 are -inf, there is nothing to attend to");
}

TEST(AttentionLayer, NamesQueryOfBatchWhoseScoresAreMinusInfinity) {
  Case<heed::LocationScorer<double>> run(heed::LocationScorer<double>(3, 4, 3));
  run.layer.scorer.W.edit().leftCols(2).setOnes();
  run.layer.scorer.W.edit().rightCols(1).setZero();
  run.queries.setOnes();
  run.queries(0, 3) = -std::numeric_limits<double>::infinity();  // the second query of the second sentence
  EXPECT_EQ(refusal([&] { run.forward(0); }),
            "AttentionLayer.forward: all scores of query 3 are -inf, there is nothing to attend to");
}

TEST(AttentionLayer, RejectsSentencesWithoutQueriesOrMemory) {
  Case<heed::AdditiveScorer<double>> run(heed::AdditiveScorer<double>(3, 4, 5));
  const auto message = [&](std::vector<Index> query_starts, std::vector<Index> memory_starts) {
    return refusal([&] { run.layer.forward(run.queries, query_starts, run.memory, memory_starts, run.tape); });
  };
  EXPECT_EQ(message({0, 2, 5}, {0, 8, 8}),
            "AttentionLayer.forward: sentence 1 has no memory columns, there is nothing to attend to");
  EXPECT_EQ(message({0, 5, 5}, {0, 5, 8}), "AttentionLayer.forward: sentence 1 has no queries");
  EXPECT_EQ(message({0, 2, 1}, {0, 5, 8}), "SentenceRanges: sentence 1 goes from column 2 to 1, so it is empty");
  const Matrix<double> no_queries(3, 0), no_memory(4, 0);
  EXPECT_EQ(refusal([&] { run.layer.forward(run.queries, no_memory, run.tape); }),
            "AttentionLayer.forward: sentence 0 has no memory columns, there is nothing to attend to");
  EXPECT_EQ(refusal([&] { run.layer.forward(no_queries, run.memory, run.tape); }),
            "AttentionLayer.forward: sentence 0 has no queries");
}

TEST(AttentionLayer, RejectsMasksOfWrongSize) {
  Case<heed::AdditiveScorer<double>> run(heed::AdditiveScorer<double>(3, 4, 5));
  const MaskVector seven = MaskVector::Constant(7, true);
  const Mask four = Mask::Constant(4, 5, true), six = Mask::Constant(5, 6, true);
  const auto message = [&](const ValidMask& mask) {
    return refusal(
        [&] { run.layer.forward(run.queries, run.query_starts, run.memory, run.memory_starts, run.tape, mask); });
  };
  EXPECT_EQ(message(ValidMask::of_memory(seven)), "AttentionLayer.forward: the mask must be 8 x 1, got 7 x 1");
  EXPECT_EQ(message(ValidMask::of_queries(four)), "AttentionLayer.forward: the mask must be 5 x 5, got 4 x 5");
  EXPECT_EQ(message(ValidMask::of_queries(six)), "AttentionLayer.forward: the mask must be 5 x 5, got 5 x 6");
}

TEST(AttentionLayer, RejectsWrongSizes) {
  Case<heed::AdditiveScorer<double>> run(heed::AdditiveScorer<double>(3, 4, 5));
  auto grad = heed::zeros_like(run.layer);
  Matrix<double> d_queries = Matrix<double>::Zero(3, 5), d_memory = Matrix<double>::Zero(4, 8);
  EXPECT_EQ(refusal([&] {
              heed::AttentionLayerTape<double> fresh;
              Matrix<double> none(0, 0);
              run.layer.backward(none, fresh, grad, none, none);
            }),
            "AttentionLayer.backward: the tape has no saved activations; call forward first");
  EXPECT_EQ(refusal([&] { run.layer.forward(Matrix<double>::Zero(2, 5), run.memory, run.tape); }),
            "AttentionLayer.forward: queries must be 3 x 5, got 2 x 5");
  EXPECT_EQ(refusal([&] { run.layer.forward(run.queries, Matrix<double>::Zero(5, 8), run.tape); }),
            "AttentionLayer.forward: memory must be 4 x 8, got 5 x 8");
  const std::vector<Index> one{0, 8};
  EXPECT_EQ(refusal([&] { run.layer.forward(run.queries, run.query_starts, run.memory, one, run.tape); }),
            "AttentionLayer.forward: the memory must have 2 sentences, as the queries have, got 1");
  run.forward(0);
  EXPECT_EQ(refusal([&] { run.layer.forward(run.queries, Matrix<double>::Zero(5, 8), run.tape); }),
            "AttentionLayer.forward: memory must be 4 x 8, got 5 x 8");
  EXPECT_EQ(refusal([&] { run.layer.backward(run.d_contexts, run.tape, grad, d_queries, d_memory); }),
            "AttentionLayer.backward: the tape has no saved activations; call forward first");
  run.forward(0);
  Matrix<double> wrong = Matrix<double>::Zero(4, 7);
  EXPECT_EQ(refusal([&] { run.layer.backward(run.d_contexts, run.tape, grad, d_queries, wrong); }),
            "AttentionLayer.backward: d_memory must be 4 x 8, got 4 x 7");
  EXPECT_EQ(refusal([&] { run.layer.backward(run.d_contexts, run.tape, grad, wrong, d_memory); }),
            "AttentionLayer.backward: d_queries must be 3 x 5, got 4 x 7");
  EXPECT_EQ(refusal([&] { run.layer.backward(wrong, run.tape, grad, d_queries, d_memory); }),
            "AttentionLayer.backward: d_contexts must be 4 x 5, got 4 x 7");
}

}  // namespace attention_layer_test
