#include <heed/any_look.hpp>

#include <heed/scorers/dot.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace any_look_test {

using Dot = heed::DotScorer<double>;
using Any = heed::AnyLook<Dot>;
using Predictive = heed::LocalAttention<Dot, heed::PredictedPosition<double>>;

TEST(AnyLook, AddsNothingToTheNames) {
  const Any any = Predictive(Dot(4), {4, 3}, 2);
  std::vector<std::string> names;
  heed::for_each_parameter([&](const heed::ParameterName& name, const auto&) { names.push_back(name.str()); }, any);
  EXPECT_EQ(names, (std::vector<std::string>{"position.W", "position.v"}));
}

TEST(AnyLook, ChecksAsWhatItHoldsDoes) {
  const Any local = Predictive(Dot(4), {4, 3}, 2), global = heed::Attention<Dot>{Dot(4), {}};
  EXPECT_EQ(refusal([&] { local.check(4, 5); }),
            "LocalAttention: the scorer expects queries of size 4 and a memory of size 4, not 4 and 5");
  EXPECT_EQ(refusal([&] { global.check(4, 5); }),
            "Attention: the scorer expects queries of size 4 and a memory of size 4, not 4 and 5");
}

TEST(AnyLook, RefusesAGradientOfAnotherChoice) {
  const Any any = heed::MonotonicAttention<Dot>(Dot(4));
  Any other = heed::Attention<Dot>{Dot(4), {}};
  const heed::LookTape<double> tape;
  EXPECT_EQ(refusal([&] { any.accumulate(heed::Matrix<double>(4, 1), tape, other); }),
            "a gradient holds another choice of part than its model: make it with zeros_like(model)");
}

}  // namespace any_look_test
