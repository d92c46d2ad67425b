#include <heed/look.hpp>

#include <heed/any_look.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/scorers/any_scorer.hpp>

#include "support/look_runs.hpp"
#include "support/prepacked.hpp"

#include <gtest/gtest.h>

#include <tuple>

using heed::Index;
using heed::Matrix;

namespace {

using Additive = heed::AdditiveScorer<double>;
using General = heed::GeneralScorer<double>;
using Step = heed::StepPosition<double>;
using Predicted = heed::PredictedPosition<double>;
using Any = heed::AnyLook<heed::AnyScorer<double>>;

/// Every look, as the tests below run over them.
template <int Line>
auto make() {
  if constexpr (Line == 0) return heed::Attention<Additive>{Additive(3, 4, 5), {}};
  if constexpr (Line == 1) return heed::Attention<heed::CoverageScorer<double>>{{3, 4, 5}, {}};
  if constexpr (Line == 2) {
    using Scorer = heed::ConvolutionalScorer<double>;
    return heed::Attention<Scorer>{
        Scorer({.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 2, .width = 3}), {}};
  }
  if constexpr (Line == 3) return heed::Attention<heed::LocationScorer<double>>{{3, 4, 5}, {}};
  if constexpr (Line == 4) return heed::LocalAttention<General, Step>(General(3, 4), {}, 1);
  if constexpr (Line == 5) return heed::LocalAttention<Additive, Predicted>(Additive(3, 4, 5), Predicted(3, 6), 2);
  if constexpr (Line == 6) return heed::MonotonicAttention<Additive>(Additive(3, 4, 5));
  if constexpr (Line == 7) return heed::FixedVector<double>();
  if constexpr (Line == 8) return Any(heed::MonotonicAttention<heed::AnyScorer<double>>(General(3, 4)));
}

template <class Line>
class Looks : public testing::Test {
 protected:
  using Tested = decltype(make<Line::value>());
  LookTrial<Tested> trial{make<Line::value>()};
};

template <int... Line>
testing::Types<std::integral_constant<int, Line>...> lines(std::integer_sequence<int, Line...>);
TYPED_TEST_SUITE(Looks, decltype(lines(std::make_integer_sequence<int, 9>())));

}  // namespace

TYPED_TEST(Looks, AgreeWithThePapersStepByStep) { EXPECT_LE(this->trial.distance_from_the_paper(), 1e-13); }

TYPED_TEST(Looks, HaveExactGradientsOfParametersQueriesAndMemoryThroughAllSteps) {
  const auto check = this->trial.check();
  EXPECT_LE(check.error, 1e-6) << check.name << '[' << check.place << "] is " << check.analytic << ", not "
                               << check.numeric;
  EXPECT_EQ(check.checked, heed::parameter_count(this->trial.look) + this->trial.queries.size() +
                               this->trial.memory.values.size() + this->trial.memory.summary.size());
}

TYPED_TEST(Looks, ModelTheConceptAndDoTheSamePrepacked) {
  static_assert(heed::Look<typename TestFixture::Tested>);
  const auto packed = prepacked(this->trial.look);
  auto& plain = this->trial;
  heed::LookTape<double> tape;
  packed.prepare(plain.memory);
  packed.start(plain.memory, plain.sentences, plain.carry);
  packed.begin(plain.memory, 4, tape);
  packed.forward(plain.queries.leftCols(4), plain.memory, plain.sentences, plain.carry, tape, 0);
  EXPECT_LE(difference(tape.contexts, plain.tape.contexts.leftCols(4)), 1e-13);
}

TYPED_TEST(Looks, DoNotDependOnTheOtherColumns) {
  auto& run = this->trial;
  const Matrix<double> contexts = run.tape.contexts;
  for (Index t = 0; t < run.steps; ++t) run.queries.middleCols(run.first(t) + 1, run.active(t) - 1) *= -2;
  run.forward();
  for (Index t = 0; t < run.steps; ++t) {
    EXPECT_EQ(run.tape.contexts.col(run.first(t)), contexts.col(run.first(t))) << "step " << t;
  }
}

TEST(ForEachSentence, FindsRunsOfNeighboursThatAskTheSame) {
  const std::vector<Index> sentences = {2, 2, 0, 2, 1, 1, 1};
  std::vector<std::tuple<Index, Index, Index>> found;
  heed::detail::for_each_sentence(sentences, [&](Index b, Index i, Index n) { found.emplace_back(b, i, n); });
  const std::vector<std::tuple<Index, Index, Index>> expected = {{2, 0, 2}, {0, 2, 1}, {2, 3, 1}, {1, 4, 3}};
  EXPECT_EQ(found, expected);
}
