#include <heed/attention/any_attention.hpp>

#include <heed/scorers/dot.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace any_attention_test {

using Dot = heed::DotScorer<double>;
using Any = heed::AnyAttention<Dot>;
using Predictive = heed::LocalAttention<Dot, heed::PredictedPosition<double>>;

TEST(AnyAttention, PreservesParameterNames) {
  const Any any = Predictive(Dot(4), {4, 3}, 2);
  std::vector<std::string> names;
  heed::for_each_parameter([&](const heed::ParameterName& name, const auto&) { names.push_back(name.str()); }, any);
  EXPECT_EQ(names, (std::vector<std::string>{"position.W", "position.v"}));
}

TEST(AnyAttention, ReturnsSizesOfHeldMechanism) {
  const Any local = Predictive(Dot(4), {4, 3}, 2), monotonic = heed::MonotonicAttention<Dot>(Dot(4));
  EXPECT_EQ(local.sizes(7).carry, 0);
  EXPECT_EQ(local.sizes(7).saved, 5);
  EXPECT_EQ(monotonic.sizes(7).carry, 7);
  EXPECT_EQ(monotonic.sizes(7).first_carry, 1);
}

TEST(AnyAttention, RejectsGradientOfAnotherType) {
  const Any any = heed::MonotonicAttention<Dot>(Dot(4));
  Any other = heed::Attention<Dot>{Dot(4), {}};
  const heed::AttentionTape<double> tape;
  heed::Memory<double> memory;
  EXPECT_EQ(refusal([&] { any.finish_backward(heed::Matrix<double>(4, 1), memory, tape, other, memory); }),
            "the gradient must hold the same type as the model; create it with zeros_like(model)");
}

}  // namespace any_attention_test
