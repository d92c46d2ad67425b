// Scorers throw heed::Error in every build type if the size of an argument does not fit.
#include <heed/scorers/any_scorer.hpp>

#include "support/prepacked.hpp"
#include "support/scorer_runs.hpp"
#include "support/size_errors.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace size_errors_of_scorers_test {

using heed::Index;
using heed::Matrix;
using size_errors::argument;
using size_errors::Argument;
using size_errors::expect_errors;

using S = double;

/// The calls of a scorer. They are virtual functions, so that the tests are compiled once and not once per scorer.
struct Calls {
  static constexpr Index T = 6, n = 2;
  std::string name, carry_name;  ///< in messages; the carry has no name if the scorer does not use it
  bool projects = false, makes_keys = false;
  Matrix<S> queries, d_queries, values, d_values, projected, d_projected, keys, d_keys;
  Matrix<S> carry = zeros(T, n), d_carry = zeros(T, n), scores = zeros(T, n), d_scores = zeros(T, n);
  heed::Buffer<S> scratch;

  virtual ~Calls() = default;
  virtual void score() = 0;
  virtual void score_backward() = 0;
  virtual void project() = 0;
  virtual void project_backward() = 0;
  virtual void accumulate() = 0;
  virtual void make_keys() = 0;
  virtual void keys_backward() = 0;
  virtual std::vector<Argument> gradients() = 0;

  static Matrix<S> zeros(Index rows, Index cols) { return Matrix<S>::Zero(rows, cols); }
  std::vector<std::string> names(const std::string& function) const { return {name + "." + function}; }
  void all_backward() {
    score_backward();
    if (projects) accumulate();
    if (makes_keys) keys_backward();
  }
};

template <class ScorerType>
struct CallsOf : Calls {
  ScorerType scorer;
  ScorerType grad = heed::zeros_like(scorer);

  explicit CallsOf(ScorerType some_scorer) : scorer(std::move(some_scorer)) {
    projects = heed::detail::Projects<ScorerType>;
    makes_keys = heed::detail::MakesKeys<ScorerType>;
    queries = d_queries = zeros(scorer.query_size(), n);
    values = d_values = zeros(scorer.memory_size(), T);
    projected = d_projected = zeros(heed::detail::queries_of(scorer).projected_size(), n);
    keys = d_keys = zeros(heed::detail::used_key_size(scorer), T);
    if constexpr (std::is_same_v<ScorerType, heed::AnyScorer<S>>) {
      name = "ConvolutionalScorer";  // errors name the held scorer
    } else {
      name = ScorerType::name;
    }
    if (heed::detail::Carries<ScorerType>) {
      carry_name = std::is_same_v<ScorerType, heed::CoverageScorer<S>> ? "coverage" : "last";
    }
  }

  void score() override {
    if constexpr (heed::detail::Carries<ScorerType>) {
      scorer.score(projected, keys, carry, scores, scratch);
    } else {
      scorer.score(projected, keys, scores, scratch);
    }
  }
  void score_backward() override {
    if constexpr (heed::detail::Carries<ScorerType>) {
      scorer.score_backward(projected, keys, carry, d_scores, grad, d_projected, d_keys, d_carry, scratch);
    } else {
      scorer.score_backward(projected, keys, d_scores, grad, d_projected, d_keys, scratch);
    }
  }
  void project() override {
    if constexpr (heed::detail::Projects<ScorerType>) scorer.project(queries, projected);
  }
  void project_backward() override {
    if constexpr (heed::detail::Projects<ScorerType>) scorer.project_backward(d_projected, d_queries);
  }
  void accumulate() override {
    if constexpr (heed::detail::Projects<ScorerType>) scorer.accumulate(queries, d_projected, grad);
  }
  void make_keys() override {
    if constexpr (heed::detail::MakesKeys<ScorerType>) scorer.keys(values, keys);
  }
  void keys_backward() override {
    if constexpr (heed::detail::MakesKeys<ScorerType>) scorer.keys_backward(values, d_keys, grad, d_values);
  }
  std::vector<Argument> gradients() override { return size_errors::parameters(grad); }
};

using List = typed::Scorers<S>;
constexpr std::size_t list_size = std::tuple_size_v<List>;

template <std::size_t... I>
std::unique_ptr<Calls> calls_of(std::size_t line, std::index_sequence<I...>) {
  std::unique_ptr<Calls> made;
  const auto make = [&]<class Make>(Make) { made = std::make_unique<CallsOf<typename Make::Part>>(Make::make()); };
  ((line == I ? make(std::tuple_element_t<I, List>()) : void()), ...);
  return made;
}

/// The parameter is a line of the list of scorers. The line after the last is an `AnyScorer`.
class ScorerSizes : public testing::TestWithParam<std::size_t> {
 protected:
  std::unique_ptr<Calls> calls = calls_of(GetParam(), std::make_index_sequence<list_size>());

  ScorerSizes() {
    if (GetParam() < list_size) return;
    calls =
        std::make_unique<CallsOf<heed::AnyScorer<S>>>(heed::ConvolutionalScorer<S>({.query_size = typed::query,
                                                                                    .memory_size = typed::memory,
                                                                                    .alignment_size = typed::alignment,
                                                                                    .filters = 3,
                                                                                    .width = 7}));
  }
};

INSTANTIATE_TEST_SUITE_P(Scorers, ScorerSizes, testing::Range(std::size_t{0}, list_size + 1));

TEST_P(ScorerSizes, ScoreRejectsWrongSizes) {
  Calls& t = *calls;
  std::vector<Argument> arguments = {argument("projected", t.projected), argument("keys", t.keys),
                                     argument("scores", t.scores, Argument::per_column)};
  if (!t.carry_name.empty()) arguments.push_back(argument(t.carry_name, t.carry));
  expect_errors(t.names("score"), arguments, [&] { t.score(); });
}

TEST_P(ScorerSizes, ScoreBackwardRejectsWrongSizes) {
  Calls& t = *calls;
  std::vector<Argument> arguments = {argument("projected", t.projected), argument("keys", t.keys),
                                     argument("d_scores", t.d_scores, Argument::per_column),
                                     argument("d_projected", t.d_projected), argument("d_keys", t.d_keys)};
  if (!t.carry_name.empty()) {
    arguments.push_back(argument(t.carry_name, t.carry));
    arguments.push_back(argument("d_" + t.carry_name, t.d_carry));
  }
  expect_errors(t.names("score_backward"), arguments, [&] { t.score_backward(); });
}

TEST_P(ScorerSizes, ProjectRejectsWrongSizes) {
  Calls& t = *calls;
  if (!t.projects) return;
  const Argument queries = argument("queries", t.queries), d_projected = argument("d_projected", t.d_projected);
  expect_errors(t.names("project"), {queries, argument("projected", t.projected)}, [&] { t.project(); });
  expect_errors(t.names("project_backward"), {d_projected, argument("d_queries", t.d_queries)},
                [&] { t.project_backward(); });
  expect_errors(t.names("accumulate"), {queries, d_projected}, [&] { t.accumulate(); });
}

TEST_P(ScorerSizes, KeysRejectWrongSizes) {
  Calls& t = *calls;
  if (!t.makes_keys) return;
  const Argument values = argument("values", t.values);
  expect_errors(t.names("keys"), {values, argument("keys", t.keys)}, [&] { t.make_keys(); });
  expect_errors(t.names("keys_backward"), {values, argument("d_keys", t.d_keys), argument("d_values", t.d_values)},
                [&] { t.keys_backward(); });
}

TEST_P(ScorerSizes, BackwardRejectsGradientOfWrongSize) {
  Calls& t = *calls;
  std::vector<std::string> names;
  for (const char* function : {"score_backward", "accumulate", "keys_backward"}) {
    names.push_back(t.names(function).front());
  }
  for (Argument& x : t.gradients()) {
    x.name = "grad." + x.name;
    expect_errors(names, {x}, [&] { t.all_backward(); });
  }
}

TEST(AdditiveScorer, RejectsScoresOfWrongSize) {
  const heed::AdditiveScorer<float> scorer(3, 3, 4);
  Matrix<float> projected(4, 2), keys(scorer.key_size(), 4), scores(3, 2);
  heed::Buffer<float> scratch;
  EXPECT_EQ(refusal([&] { scorer.score(projected, keys, scores, scratch); }),
            "AdditiveScorer.score: scores must be 4 x 2, got 3 x 2");
}

TEST(AdditiveScorer, RejectsUnprojectedQueries) {
  const heed::AdditiveScorer<float> scorer(3, 3, 4);
  Matrix<float> scores(4, 2);
  heed::Buffer<float> scratch;
  EXPECT_EQ(refusal([&] { scorer.score(Matrix<float>::Ones(3, 2), Matrix<float>::Ones(3, 4), scores, scratch); }),
            "AdditiveScorer.score: projected must be 4 x 2, got 3 x 2");
}

TEST(AdditiveScorer, RejectsValuesInPlaceOfKeys) {
  const heed::AdditiveScorer<float> scorer(3, 3, 4);
  Matrix<float> scores(4, 2);
  heed::Buffer<float> scratch;
  EXPECT_EQ(refusal([&] { scorer.score(Matrix<float>::Ones(4, 2), Matrix<float>::Ones(3, 4), scores, scratch); }),
            "AdditiveScorer.score: keys must be " + std::to_string(scorer.key_size()) + " x 4, got 3 x 4");
}

TEST(AdditiveScorer, RejectsWrongSizesIfItsOwnAreFixed) {
  const heed::AdditiveScorer<double, 3, 4, 5> scorer;
  Matrix<double> projected(5, 2), scores(6, 2), values(4, 6), keys(scorer.key_size(), 6);
  values.setZero();
  scorer.keys(values, keys);
  EXPECT_EQ(refusal([&] { scorer.project(Matrix<double>::Ones(4, 2), projected); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 3 x 2, got 4 x 2");
  projected.resize(4, 2);
  EXPECT_EQ(refusal([&] { scorer.project(Matrix<double>::Ones(3, 2), projected); }),
            "heed::In or heed::Out: an argument with a fixed number of rows must be 5 x 2, got 4 x 2");
  projected = Matrix<double>::Ones(5, 3);
  heed::Buffer<double> scratch;
  EXPECT_EQ(refusal([&] { scorer.score(projected, keys, scores, scratch); }),
            "AdditiveScorer.score: scores must be 6 x 3, got 6 x 2");
}

TEST(AdditiveScorer, RejectsWrongSizesIfItIsPacked) {
  const auto scorer = prepacked(heed::AdditiveScorer<float>(3, 3, 4));
  Matrix<float> projected(4, 2), queries = Matrix<float>::Zero(4, 2);
  EXPECT_EQ(refusal([&] { scorer.project(queries, projected); }),
            "AdditiveScorer.project: queries must be 3 x 2, got 4 x 2");
}

TEST(AnyScorer, RejectsWrongSizesIfItsScorerDoesNotProject) {
  const heed::AnyScorer<double> scorer = heed::DotScorer<double>(3);
  Matrix<double> queries = Matrix<double>::Zero(3, 2), projected(4, 2), d_queries(3, 1);
  EXPECT_EQ(refusal([&] { scorer.project(queries, projected); }), "Scorer.project: projected must be 3 x 2, got 4 x 2");
  EXPECT_EQ(refusal([&] { scorer.project_backward(queries, d_queries); }),
            "Scorer.project_backward: d_queries must be 3 x 2, got 3 x 1");
}

TEST(AnyScorer, RejectsGradientOfAnotherScorer) {
  const heed::AnyScorer<double> scorer = heed::GeneralScorer<double>(3, 4);
  heed::AnyScorer<double> grad = heed::GeneralScorer<double>(3, 5);
  EXPECT_EQ(refusal([&] { scorer.accumulate(Matrix<double>::Ones(3, 2), Matrix<double>::Ones(4, 2), grad); }),
            "GeneralScorer.accumulate: grad.W must be 3 x 4, got 3 x 5");
}

}  // namespace size_errors_of_scorers_test
