#include <heed/text/alignment.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace alignment_test {

using heed::AlignmentTally;
using heed::Index;
using heed::Links;
using heed::SentencePair;

using Alignment = std::vector<Index>;

SentencePair pair_of(std::size_t sources, std::size_t targets, Links sure, Links possible = {},
                     std::vector<std::string> tags = {}) {
  SentencePair pair;
  pair.source.assign(sources, "s");
  pair.target.assign(targets, "t");
  pair.sure = std::move(sure);
  pair.possible = std::move(possible);
  pair.tags = std::move(tags);
  return pair;
}

heed::AlignmentScore score_of(const SentencePair& pair, const Alignment& predicted) {
  AlignmentTally tally;
  tally.add(pair, predicted);
  return tally.score();
}

/// "the black cat" and "le chat noir".
SentencePair black_cat(std::vector<std::string> tags) {
  return pair_of(3, 3, {{0, 0}, {1, 2}, {2, 1}}, {}, std::move(tags));
}

TEST(AlignmentFromWeights, ReturnsTheSourceWordOfTheLargestWeight) {
  Eigen::MatrixXf weights(3, 4);
  weights << 0.1f, 0.5f, 0.2f, 0.0f,  //
      0.7f, 0.3f, 0.2f, 0.0f,         //
      0.2f, 0.2f, 0.6f, 1.0f;
  EXPECT_EQ(heed::alignment_from_weights(weights), (Alignment{1, 0, 2, 2}));
  EXPECT_EQ(heed::alignment_from_weights(weights.leftCols(2)), (Alignment{1, 0}));
  EXPECT_EQ(heed::alignment_from_weights(weights.cast<double>().topRows(2)), (Alignment{1, 0, 0, 0}));
}

TEST(AlignmentFromWeights, BreaksTiesByTheLowerIndex) {
  Eigen::MatrixXd weights(3, 3);
  weights << 0.2, 0.1, 1.0 / 3,  //
      0.4, 0.45, 1.0 / 3,        //
      0.4, 0.45, 1.0 / 3;
  EXPECT_EQ(heed::alignment_from_weights(weights), (Alignment{1, 1, 0}));
}

TEST(WeightsOfWords, SumsOverSourcePiecesAndAveragesOverTargetPieces) {
  Eigen::MatrixXd weights(4, 5);     // source words of 1, 2 and 1 pieces; target words of 2 and 1 pieces; eos; unused
  weights << 0.1, 0.3, 0.2, 0.9, 7,  //
      0.2, 0.4, 0.3, 0.1, 7,         //
      0.3, 0.1, 0.1, 0.0, 7,         //
      0.4, 0.2, 0.4, 0.0, 7;
  Eigen::MatrixXd expected(3, 2);
  expected << 0.2, 0.2,  //
      0.5, 0.4,          //
      0.3, 0.4;
  const std::vector<Index> source = {0, 1, 1, 2}, target = {0, 0, 1};
  EXPECT_LT((heed::weights_of_words(weights, source, target) - expected).cwiseAbs().maxCoeff(), 1e-15);
  const std::vector<Index> each = {0, 1, 2, 3};
  EXPECT_EQ(heed::weights_of_words(weights, each, each), weights.leftCols(4));
  EXPECT_EQ(heed::weights_of_words(weights.leftCols(0), each, {}).cols(), 0);
}

TEST(WeightsOfWords, RejectsOtherSizes) {
  const Eigen::MatrixXd weights = Eigen::MatrixXd::Zero(2, 3);
  const std::vector<Index> two = {0, 0}, three = {0, 1, 1}, four = {0, 1, 2, 3};
  EXPECT_NO_THROW(heed::weights_of_words(weights, two, three));
  for (const auto& [source, target] : {std::pair(three, three), std::pair(two, four)}) {
    try {
      heed::weights_of_words(weights, source, target);
      FAIL() << "accepted";
    } catch (const heed::Error& error) {
      EXPECT_EQ(error.what(), "weights_of_words: expected weights of " + std::to_string(source.size()) +
                                  " x at least " + std::to_string(target.size()) + ", got 2 x 3");
    }
  }
}

TEST(LinksOfPieces, LinksEachPieceOfAWord) {
  const std::vector<Index> source = {0, 1, 1, 2}, target = {0, 0, 1};
  EXPECT_EQ(heed::links_of_pieces({{1, 0}, {2, 1}}, source, target), (Links{{1, 0}, {2, 0}, {1, 1}, {2, 1}, {3, 2}}));
  const std::vector<Index> each = {0, 1, 2};
  EXPECT_EQ(heed::links_of_pieces({{2, 1}, {0, 0}}, each, each), (Links{{2, 1}, {0, 0}}));
  EXPECT_EQ(heed::links_of_pieces({{3, 0}, {0, 2}, {-1, 0}}, source, target), Links());
}

TEST(AlignmentFromWeights, ReturnsNothingForNoTargetWords) {
  EXPECT_TRUE(heed::alignment_from_weights(Eigen::MatrixXf(3, 0)).empty());
}

TEST(AlignmentFromWeights, RejectsEmptySourceAndNaN) {
  EXPECT_THROW(heed::alignment_from_weights(Eigen::MatrixXf(0, 2)), heed::Error);
  Eigen::MatrixXf weights = Eigen::MatrixXf::Ones(2, 2);
  weights(1, 1) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(heed::alignment_from_weights(weights), heed::Error);
}

TEST(AlignmentTally, ErrorRateIsZeroIfPerfectAndOneIfDisjoint) {
  EXPECT_DOUBLE_EQ(*score_of(black_cat({}), {0, 2, 1}).error_rate, 0);
  EXPECT_DOUBLE_EQ(*score_of(black_cat({}), {1, 0, 0}).error_rate, 1);
}

TEST(AlignmentTally, CountsSureAndPossibleLinks) {
  // A = {0-0, 1-1, 0-2, 2-3}, S = {0-0, 1-1, 2-2}, P = S and {2-3}: |A n S| = 2, |A n P| = 3.
  const auto score = score_of(pair_of(3, 4, {{0, 0}, {1, 1}, {2, 2}}, {{2, 3}}), {0, 1, 0, 2});
  EXPECT_EQ(score.predicted, 4u);
  EXPECT_EQ(score.sure, 3u);
  EXPECT_EQ(score.in_sure, 2u);
  EXPECT_EQ(score.in_possible, 3u);
  EXPECT_DOUBLE_EQ(*score.error_rate, 1 - 5.0 / 7);
}

TEST(AlignmentTally, IgnoresDuplicateLinks) {
  const auto once = score_of(pair_of(2, 2, {{0, 0}, {1, 1}}, {{0, 1}}), {0, 0});
  const auto twice = score_of(pair_of(2, 2, {{1, 1}, {0, 0}, {1, 1}}, {{0, 1}, {0, 0}, {0, 1}}), {0, 0});
  EXPECT_EQ(once.sure, 2u);
  EXPECT_EQ(twice.sure, 2u);
  EXPECT_EQ(once.in_possible, 2u);
  EXPECT_EQ(twice.in_possible, 2u);
  EXPECT_EQ(once.error_rate, twice.error_rate);
}

TEST(AlignmentTally, SumsTheCountsOfAllPairs) {
  AlignmentTally tally;
  tally.add(pair_of(1, 1, {{0, 0}}), Alignment{0});
  tally.add(pair_of(2, 3, {{0, 0}, {1, 1}}), Alignment{1, 0, 0});
  EXPECT_DOUBLE_EQ(*tally.score().error_rate, 1 - 2.0 / 7);
}

TEST(AlignmentTally, ReturnsNothingWithoutGoldLinks) {
  const auto score = score_of(pair_of(2, 2, {}, {}, {"adjpost"}), {0, 1});
  EXPECT_FALSE(score.error_rate);
  EXPECT_FALSE(score.crossing);
  EXPECT_EQ(score.predicted, 0u);
  EXPECT_FALSE(AlignmentTally().score().error_rate);
  EXPECT_DOUBLE_EQ(*score_of(pair_of(2, 2, {}, {{0, 0}}), {0, 1}).error_rate, 0.5);
}

TEST(AlignmentTally, CrossingIsTheShareOfReversalsPredicted) {
  EXPECT_EQ(score_of(black_cat({"adjpost"}), {0, 2, 1}).crossing, 1);
  EXPECT_EQ(score_of(black_cat({"adjpost"}), {0, 1, 2}).crossing, 0);
  EXPECT_EQ(score_of(black_cat({"adjpost"}), {0, 1, 1}).crossing, 0);
  EXPECT_EQ(score_of(black_cat({"adjpost"}), {0, 1, 0}).crossing, 1);  // reversed, but not to the gold words
}

TEST(AlignmentTally, CrossingCountsAllReversals) {
  // 2-0 1-1 0-2 has two reversals.
  const auto score = score_of(pair_of(3, 3, {{2, 0}, {1, 1}, {0, 2}}, {}, {"neg", "adj2rev"}), {2, 1, 1});
  EXPECT_EQ(score.reversals, 2u);
  EXPECT_EQ(score.crossed, 1u);
  EXPECT_DOUBLE_EQ(*score.crossing, 0.5);
}

TEST(AlignmentTally, CountsReversalsOnlyForTheTwoTags) {
  for (const std::string tag : {"adjpost", "adj2rev"})
    EXPECT_TRUE(score_of(black_cat({tag}), {0, 2, 1}).crossing) << tag;
  for (const std::string tag : {"adjpre", "poss", "adjposts", ""}) {
    EXPECT_FALSE(score_of(black_cat({tag}), {0, 2, 1}).crossing) << tag;
  }
  EXPECT_FALSE(score_of(black_cat({}), {0, 2, 1}).crossing);
}

TEST(AlignmentTally, ReversalsNeedNeighboursWithOneSureLinkEach) {
  const std::vector<std::string> tags = {"adjpost"};
  EXPECT_FALSE(score_of(pair_of(3, 2, {{2, 0}, {0, 1}, {1, 1}}, {}, tags), {2, 1}).crossing);  // two links at 1
  EXPECT_FALSE(score_of(pair_of(3, 2, {{0, 0}, {2, 0}, {1, 1}}, {}, tags), {2, 1}).crossing);  // two links at 0
  EXPECT_FALSE(score_of(pair_of(3, 2, {{0, 0}}, {}, tags), {1, 0}).crossing);                  // none at 1
  EXPECT_FALSE(score_of(pair_of(3, 2, {{0, 1}}, {}, tags), {1, 0}).crossing);                  // none at 0
  EXPECT_FALSE(score_of(pair_of(3, 2, {{2, 0}, {0, 1}}, {}, tags), {2, 0}).crossing);          // not neighbours
  EXPECT_FALSE(score_of(pair_of(3, 3, {{1, 0}, {0, 2}}, {}, tags), {1, 0, 0}).crossing);       // not neighbours
  EXPECT_FALSE(score_of(pair_of(3, 2, {{0, 0}, {1, 1}}, {}, tags), {1, 0}).crossing);          // in order
  EXPECT_FALSE(score_of(pair_of(3, 2, {{1, 0}}, {{0, 1}}, tags), {1, 0}).crossing);            // only possible
  EXPECT_TRUE(score_of(pair_of(3, 2, {{1, 0}, {1, 0}, {0, 1}}, {}, tags), {1, 0}).crossing);   // one link given twice
}

TEST(AlignmentTally, RejectsPredictionsThatDoNotFitThePair) {
  AlignmentTally tally;
  const auto pair = pair_of(3, 2, {{0, 0}});
  EXPECT_THROW(tally.add(pair, Alignment{0}), heed::Error);
  EXPECT_THROW(tally.add(pair, Alignment{0, 1, 2}), heed::Error);
  EXPECT_THROW(tally.add(pair, Alignment{0, 3}), heed::Error);
  EXPECT_THROW(tally.add(pair, Alignment{-1, 0}), heed::Error);
  EXPECT_FALSE(tally.score().error_rate);
  tally.add(pair, Alignment{0, 2});
  EXPECT_EQ(tally.score().predicted, 2u);
}

TEST(AlignmentTally, RejectsLinksOutsideThePair) {
  const Alignment predicted = {0, 0};
  for (const heed::Link link : {heed::Link{3, 0}, {0, 2}, {-1, 0}, {0, -1}}) {
    EXPECT_THROW(score_of(pair_of(3, 2, {link}, {}, {"adjpost"}), predicted), heed::Error);
    EXPECT_THROW(score_of(pair_of(3, 2, {}, {link}), predicted), heed::Error);
  }
}

}  // namespace alignment_test
