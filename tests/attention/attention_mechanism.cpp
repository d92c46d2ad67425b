#include <heed/attention/attention_mechanism.hpp>

#include "support/attention_runs.hpp"
#include "support/mechanisms.hpp"
#include "support/prepacked.hpp"

#include <gtest/gtest.h>

#include <tuple>

namespace attention_mechanism_test {

using heed::Index;
using heed::Matrix;

template <class Line>
class EachAttentionMechanism : public testing::Test {
 protected:
  using Tested = decltype(mechanisms::make<Line::value>());
  AttentionTrial<Tested> trial{mechanisms::make<Line::value>()};
};

TYPED_TEST_SUITE(EachAttentionMechanism, mechanisms::Lines<9>);  // all but the gated mechanism, which has no reference

TYPED_TEST(EachAttentionMechanism, MatchesPaperStepByStep) { EXPECT_LE(this->trial.distance_from_the_paper(), 1e-13); }

TYPED_TEST(EachAttentionMechanism, GradientsMatchCentralDifferences) {
  const auto check = this->trial.check();
  EXPECT_LE(check.error, 1e-6) << check.name << '[' << check.place << "] is " << check.analytic << ", not "
                               << check.numeric;
  EXPECT_EQ(check.checked, heed::parameter_count(this->trial.attention) + this->trial.queries.size() +
                               this->trial.memory.values.size() + this->trial.memory.summary.size());
}

TYPED_TEST(EachAttentionMechanism, SatisfiesConceptAndMatchesPrepacked) {
  static_assert(heed::AttentionMechanism<typename TestFixture::Tested>);
  const auto packed = prepacked(this->trial.attention);
  auto& plain = this->trial;
  heed::AttentionTape<double> tape;
  packed.prepare(plain.memory);
  start_attention(packed, plain.memory, plain.sentences, plain.carry);
  begin_attention(packed, plain.memory, 4, tape);
  packed.forward(plain.queries.leftCols(4), plain.memory, plain.sentences, plain.carry, tape, 0);
  EXPECT_LE(difference(tape.contexts, plain.tape.contexts.leftCols(4)), 1e-13);
}

TYPED_TEST(EachAttentionMechanism, ResultsDoNotDependOnOtherColumns) {
  auto& run = this->trial;
  const Matrix<double> contexts = run.tape.contexts;
  for (Index t = 0; t < run.steps; ++t) run.queries.middleCols(run.first(t) + 1, run.active(t) - 1) *= -2;
  run.forward();
  for (Index t = 0; t < run.steps; ++t) {
    EXPECT_EQ(run.tape.contexts.col(run.first(t)), contexts.col(run.first(t))) << "step " << t;
  }
}

TEST(ForEachSentence, FindsRunsOfEqualSentences) {
  const std::vector<Index> sentences = {2, 2, 0, 2, 1, 1, 1};
  std::vector<std::tuple<Index, Index, Index>> found;
  heed::detail::for_each_sentence(sentences, [&](Index b, Index i, Index n) { found.emplace_back(b, i, n); });
  const std::vector<std::tuple<Index, Index, Index>> expected = {{2, 0, 2}, {0, 2, 1}, {2, 3, 1}, {1, 4, 3}};
  EXPECT_EQ(found, expected);
}

}  // namespace attention_mechanism_test
