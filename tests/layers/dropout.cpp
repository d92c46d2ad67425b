#include <heed/layers/dropout.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace dropout_test {

using heed::Dropout;
using heed::Index;
using heed::Matrix;
using heed::Random;

TEST(Dropout, DoesNothingInInference) {
  Matrix<float> x = Matrix<float>::Ones(3, 5), mask = Matrix<float>::Constant(3, 5, 99), d = x;
  Dropout<float>(0.5f).forward(nullptr, x, mask);
  EXPECT_EQ(x, (Matrix<float>::Ones(3, 5)));
  Dropout<float>(0.5f).backward(nullptr, mask, d);
  EXPECT_EQ(d, (Matrix<float>::Ones(3, 5)));
}

TEST(Dropout, DrawsNothingAtRateZero) {
  Random random(1), untouched(1);
  Matrix<float> x = Matrix<float>::Ones(3, 5), mask = Matrix<float>::Constant(3, 5, 99), d = x;
  Dropout<float>().forward(&random, x, mask);
  Dropout<float>().backward(&random, mask, d);
  EXPECT_EQ(x, (Matrix<float>::Ones(3, 5)));
  EXPECT_EQ(d, (Matrix<float>::Ones(3, 5)));
  EXPECT_EQ(random.bits(), untouched.bits());
}

TEST(Dropout, PreservesExpectation) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    Random random(2);
    Matrix<double> x = Matrix<double>::Constant(100, 1000, 3), mask(100, 1000);
    Dropout<double>(rate).forward(&random, x, mask);
    const double dropped = static_cast<double>((x.array() == 0).count()) / 1e5;
    EXPECT_NEAR(dropped, rate, 0.005);
    EXPECT_NEAR(x.mean(), 3, 0.1);
    EXPECT_EQ(((x.array() == 0) || (x.array() == 3 * (1 / (1 - rate)))).count(), 100000)
        << "all elements are zero or scaled";
    EXPECT_EQ(x, 3 * mask);
  }
}

TEST(Dropout, DrawsElementsIndependently) {
  Random random(3);
  Matrix<double> x = Matrix<double>::Ones(2, 50000), mask(2, 50000);
  Dropout<double>(0.5).forward(&random, x, mask);
  const double both = static_cast<double>((x.colwise().sum().array() == 4).count());  // from the same 64 bits
  EXPECT_NEAR(both, 12500, 400);
}

TEST(Dropout, MaskMatchesReference) {
  Random random(1);
  Matrix<double> x = Matrix<double>::Ones(4, 2), mask(4, 2);
  Dropout<double>(0.5).forward(&random, x, mask);
  // An element is kept if its half of these bits, low half first, is at least 2^31.
  Matrix<double> expected(4, 2);
  for (const auto& [i, bits] : {std::pair<int, std::uint64_t>{0, 10276022874973721191u},
                                {1, 12617830178692664310u},
                                {2, 1402014269852334066u},
                                {3, 6973776018124183353u}}) {
    expected.data()[2 * i] = (bits & 0xffffffffu) < 0x80000000u ? 0 : 2;
    expected.data()[2 * i + 1] = (bits >> 32) < 0x80000000u ? 0 : 2;
  }
  EXPECT_EQ(mask, expected);
}

TEST(Dropout, StartsEveryColumnWithNewBits) {
  Random random(1), same(1);
  Matrix<double> x = Matrix<double>::Ones(3, 2), mask(3, 2);
  Dropout<double>(0.5).forward(&random, x, mask);
  for (Index i = 0; i < 2; ++i) {
    const std::uint64_t first = same.bits(), second = same.bits();
    EXPECT_EQ(mask(0, i), (first & 0xffffffffu) < 0x80000000u ? 0 : 2);
    EXPECT_EQ(mask(1, i), (first >> 32) < 0x80000000u ? 0 : 2);
    EXPECT_EQ(mask(2, i), (second & 0xffffffffu) < 0x80000000u ? 0 : 2);
  }
}

TEST(Dropout, BackwardUsesTheMaskOfForward) {
  Random random(4);
  const Dropout<double> dropout(0.3);
  Matrix<double> x = Matrix<double>::Ones(4, 6), mask(4, 6), d = Matrix<double>::Constant(4, 6, 5);
  dropout.forward(&random, x, mask);
  dropout.backward(&random, mask, d);
  EXPECT_EQ(d, 5 * mask);
}

TEST(Dropout, PerSentenceMaskIsTheSameAtEveryStep) {
  const heed::PackedBatch packing(std::vector<Index>{1, 3, 2});
  Dropout<double> dropout(0.5);
  dropout.per_sentence = true;
  Random random(5), same(5), steps(5);
  Matrix<double> x = Matrix<double>::Constant(8, 6, 3), mask(8, 6), first = Matrix<double>::Ones(8, 3), drawn(8, 3);
  dropout.forward(&random, packing, x, mask);
  Dropout<double>(0.5).forward(&same, first, drawn);
  EXPECT_EQ(mask.leftCols(3), drawn) << "draws only the elements of the first step";
  for (Index t = 0; t < 3; ++t) {
    for (Index p = 0; p < packing.active(t); ++p) EXPECT_EQ(mask.col(packing.column(t, p)), drawn.col(p));
  }
  EXPECT_EQ(x, 3 * mask);
  EXPECT_NE(mask.col(0), mask.col(1));
  EXPECT_EQ(random.bits(), same.bits());

  Matrix<double> alone(8, 6);
  for (Index t = 0; t < 3; ++t) {
    Matrix<double> step = Matrix<double>::Constant(8, packing.active(t), 3);
    dropout.forward_step(&steps, packing.first(t), step, alone);
    EXPECT_EQ(step, x.middleCols(packing.first(t), packing.active(t)));
  }
  EXPECT_EQ(alone, mask);
}

TEST(Dropout, PackedBatchMatchesPlainColumns) {
  const heed::PackedBatch packing(std::vector<Index>{1, 3, 2});
  Random random(6), same(6);
  Matrix<double> x = Matrix<double>::Ones(5, 6), mask(5, 6), y = x, expected(5, 6);
  Dropout<double>(0.5).forward(&random, packing, x, mask);
  Dropout<double>(0.5).forward(&same, y, expected);
  EXPECT_EQ(mask, expected);
  EXPECT_EQ(x, y);
}

TEST(Dropout, DrawReturnsMaskOfForward) {
  Random random(7), same(7);
  heed::Buffer<double> mask;
  Matrix<double> x = Matrix<double>::Ones(4, 3), expected(4, 3);
  Dropout<double>(0.5).draw(&random, 4, 3, mask);
  Dropout<double>(0.5).forward(&same, x, expected);
  EXPECT_EQ(mask, expected);
  Dropout<double>(0.5).draw(nullptr, 4, 3, mask);
  EXPECT_EQ(mask.size(), 0) << "in inference";
  Dropout<double>(0).draw(&random, 4, 3, mask);
  EXPECT_EQ(mask.size(), 0);
}

/// The masks of each sentence of a packed batch. Sentence b has the generator of stream `streams[b]`.
std::vector<Matrix<double>> packed_masks(const std::vector<Index>& lengths, const std::vector<std::uint64_t>& streams,
                                         bool per_sentence) {
  const heed::PackedBatch packing(lengths);
  std::vector<heed::RandomStream> generators;
  for (const std::uint64_t stream : streams) generators.emplace_back(8, stream);
  Dropout<double> dropout(0.5);
  dropout.per_sentence = per_sentence;
  Matrix<double> x = Matrix<double>::Ones(7, packing.columns()), mask(7, packing.columns());
  dropout.forward(std::span(generators), packing, x, mask);
  EXPECT_EQ(x, mask);
  std::vector<Matrix<double>> result(lengths.size());
  for (Index p = 0; p < packing.sentences(); ++p) {
    auto& own = result[static_cast<std::size_t>(packing.sentence(p))];
    own.resize(7, packing.length(p));
    for (Index t = 0; t < packing.length(p); ++t) own.col(t) = mask.col(packing.column(t, p));
  }
  return result;
}

TEST(Dropout, MasksDoNotDependOnBatch) {
  for (const bool per_sentence : {false, true}) {
    const auto together = packed_masks({2, 5, 3, 5}, {0, 1, 2, 3}, per_sentence);
    const auto others = packed_masks({5, 1, 2}, {3, 9, 0}, per_sentence);
    EXPECT_EQ(others[0], together[3]);
    EXPECT_EQ(others[2], together[0]);
    EXPECT_EQ(packed_masks({5}, {1}, per_sentence)[0], together[1]);
    EXPECT_NE(together[1], together[3]);
    EXPECT_EQ(together[1].col(0) == together[1].col(4), per_sentence);
  }
}

TEST(Dropout, SentenceRangesMatchPackedBatch) {
  const std::vector<Index> lengths{2, 5, 3}, starts{0, 2, 7, 10};
  for (const bool per_sentence : {false, true}) {
    const auto expected = packed_masks(lengths, {4, 5, 6}, per_sentence);
    std::vector<heed::RandomStream> generators{heed::RandomStream(8, 4), heed::RandomStream(8, 5),
                                               heed::RandomStream(8, 6)};
    Dropout<double> dropout(0.5);
    dropout.per_sentence = per_sentence;
    Matrix<double> x = Matrix<double>::Constant(7, 10, 3), mask(7, 10);
    dropout.forward(std::span(generators), heed::SentenceRanges(starts), x, mask);
    EXPECT_EQ(x, 3 * mask);
    for (std::size_t b = 0; b < 3; ++b) EXPECT_EQ(mask.middleCols(starts[b], lengths[b]), expected[b]);
  }
}

TEST(Dropout, RejectsTooFewGenerators) {
  std::vector<heed::RandomStream> generators{heed::RandomStream(1), heed::RandomStream(2)};
  Matrix<double> x = Matrix<double>::Ones(2, 3), mask(2, 3);
  EXPECT_EQ(refusal([&] { Dropout<double>(0.5).forward(std::span(generators), x, mask); }),
            "RandomStreams: expected a generator for each of 3 columns, got 2");
}

TEST(Dropout, RejectsRateOutOfRange) {
  EXPECT_EQ(refusal([] { Dropout<double>(1); }), "Dropout: the rate must be in [0, 1), got 1");
  EXPECT_EQ(refusal([] { Dropout<float>(-0.5f); }), "Dropout: the rate must be in [0, 1), got -0.5");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(refusal([&] { Dropout<double>{nan}; }), "accepted");
  EXPECT_EQ(refusal([] { Dropout<double>(0); }), "accepted");
  Dropout<double> assigned;
  Random random(1);
  Matrix<double> x = Matrix<double>::Ones(2, 3), mask(2, 3);
  for (const double rate : {1.0, nan}) {
    assigned.rate = rate;
    EXPECT_NE(refusal([&] { assigned.forward(&random, x, mask); }), "accepted");
  }
}

}  // namespace dropout_test
