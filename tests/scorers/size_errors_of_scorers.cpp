// Scorers throw heed::Error in every build type if the size of an argument does not fit.
#include <heed/scorers/any_scorer.hpp>

#include "support/prepacked.hpp"
#include "support/scorer_runs.hpp"
#include "support/wrong_sizes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace size_errors_of_scorers_test {

using heed::Index;
using heed::Matrix;
using wrong_sizes::argument;
using wrong_sizes::expect_errors;

using S = double;

/// The name of the argument `carry` in the functions of a scorer.
template <class ScorerType>
std::string carry_of(const ScorerType&) {
  return std::is_same_v<ScorerType, heed::CoverageScorer<S>> ? "coverage" : "last";
}

/// Each scorer of the typed list, and an `AnyScorer`.
template <class At>
struct Make : At::template Make<S> {};
struct Chosen {};
template <>
struct Make<Chosen> {
  static heed::AnyScorer<S> make() {
    return heed::ConvolutionalScorer<S>({.query_size = typed::query,
                                         .memory_size = typed::memory,
                                         .alignment_size = typed::alignment,
                                         .filters = 3,
                                         .width = 7});
  }
};

template <class At>
class ScorerSizes : public testing::Test {
 protected:
  using ScorerType = decltype(Make<At>::make());
  static constexpr Index T = 6, n = 2;
  static constexpr bool uses_carry = heed::detail::Carries<ScorerType>;

  ScorerType scorer = Make<At>::make();
  ScorerType grad = heed::zeros_like(scorer);
  Index Q = scorer.query_size(), M = scorer.memory_size(), P = heed::detail::queries_of(scorer).projected_size(),
        K = heed::detail::used_key_size(scorer);
  Matrix<S> queries = zeros(Q, n), d_queries = zeros(Q, n), values = zeros(M, T), d_values = zeros(M, T);
  Matrix<S> projected = zeros(P, n), d_projected = zeros(P, n), keys = zeros(K, T), d_keys = zeros(K, T);
  Matrix<S> carry = zeros(T, n), d_carry = zeros(T, n), scores = zeros(T, n), d_scores = zeros(T, n);
  heed::Buffer<S> scratch;

  static Matrix<S> zeros(Index rows, Index cols) { return Matrix<S>::Zero(rows, cols); }
  /// The name of a function in messages. Errors of `AnyScorer` name the held scorer.
  static std::vector<std::string> names(const std::string& function) {
    if constexpr (std::is_same_v<ScorerType, heed::AnyScorer<S>>) {
      return {"ConvolutionalScorer." + function};
    } else {
      return {ScorerType::name + ("." + function)};
    }
  }

  void score() {
    if constexpr (uses_carry) {
      scorer.score(projected, keys, carry, scores, scratch);
    } else {
      scorer.score(projected, keys, scores, scratch);
    }
  }
  void score_backward() {
    if constexpr (uses_carry) {
      scorer.score_backward(projected, keys, carry, d_scores, grad, d_projected, d_keys, d_carry, scratch);
    } else {
      scorer.score_backward(projected, keys, d_scores, grad, d_projected, d_keys, scratch);
    }
  }
  void all_backward() {
    score_backward();
    if constexpr (heed::detail::Projects<ScorerType>) scorer.accumulate(queries, d_projected, grad);
    if constexpr (heed::detail::MakesKeys<ScorerType>) scorer.keys_backward(values, d_keys, grad, d_values);
  }
};

template <class List>
struct WithChosen;
template <class... At>
struct WithChosen<testing::Types<At...>> {
  using Types = testing::Types<At..., Chosen>;
};
TYPED_TEST_SUITE(ScorerSizes, typename WithChosen<typed::EachScorer>::Types);

TYPED_TEST(ScorerSizes, ScoreRejectsWrongSizes) {
  std::vector arguments = {argument("projected", this->projected), argument("keys", this->keys),
                           argument("scores", this->scores)};
  if (this->uses_carry) arguments.push_back(argument(carry_of(this->scorer), this->carry));
  expect_errors(this->names("score"), arguments, [&] { this->score(); });
}

TYPED_TEST(ScorerSizes, ScoreBackwardRejectsWrongSizes) {
  std::vector arguments = {argument("projected", this->projected), argument("keys", this->keys),
                           argument("d_scores", this->d_scores), argument("d_projected", this->d_projected),
                           argument("d_keys", this->d_keys)};
  if (this->uses_carry) {
    arguments.push_back(argument(carry_of(this->scorer), this->carry));
    arguments.push_back(argument("d_" + carry_of(this->scorer), this->d_carry));
  }
  expect_errors(this->names("score_backward"), arguments, [&] { this->score_backward(); });
}

TYPED_TEST(ScorerSizes, ProjectRejectsWrongSizes) {
  auto& t = *this;
  if constexpr (heed::detail::Projects<typename TestFixture::ScorerType>) {
    expect_errors(t.names("project"), {argument("queries", t.queries), argument("projected", t.projected)},
                  [&] { t.scorer.project(t.queries, t.projected); });
    expect_errors(t.names("project_backward"),
                  {argument("d_projected", t.d_projected), argument("d_queries", t.d_queries)},
                  [&] { t.scorer.project_backward(t.d_projected, t.d_queries); });
    expect_errors(t.names("accumulate"), {argument("queries", t.queries), argument("d_projected", t.d_projected)},
                  [&] { t.scorer.accumulate(t.queries, t.d_projected, t.grad); });
  }
}

TYPED_TEST(ScorerSizes, KeysRejectWrongSizes) {
  auto& t = *this;
  if constexpr (heed::detail::MakesKeys<typename TestFixture::ScorerType>) {
    expect_errors(t.names("keys"), {argument("values", t.values), argument("keys", t.keys)},
                  [&] { t.scorer.keys(t.values, t.keys); });
    expect_errors(t.names("keys_backward"),
                  {argument("values", t.values), argument("d_keys", t.d_keys), argument("d_values", t.d_values)},
                  [&] { t.scorer.keys_backward(t.values, t.d_keys, t.grad, t.d_values); });
  }
}

TYPED_TEST(ScorerSizes, BackwardRejectsGradientOfWrongSize) {
  std::vector<std::string> names;
  for (const char* function : {"score_backward", "accumulate", "keys_backward"}) {
    for (const std::string& name : this->names(function)) names.push_back(name);
  }
  for_each_parameter(
      [&](const heed::ParameterName& name, auto& x) {
        if constexpr (std::remove_reference_t<decltype(x)>::SizeAtCompileTime == heed::Dynamic) {
          expect_errors(names, {argument("grad." + name.str(), x)}, [&] { this->all_backward(); });
        }
      },
      this->grad);
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
