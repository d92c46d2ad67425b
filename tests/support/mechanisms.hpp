#pragma once

#include <heed/attention/any_attention.hpp>
#include <heed/attention/gated.hpp>
#include <heed/decoders/plain.hpp>
#include <heed/scorers/any_scorer.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// A list of all attention mechanisms for typed tests, with queries of size 3 and a memory of size 4.
namespace mechanisms {

using Additive = heed::AdditiveScorer<double>;
using General = heed::GeneralScorer<double>;
using Step = heed::StepPosition<double>;
using Predicted = heed::PredictedPosition<double>;
using Any = heed::AnyAttention<heed::AnyScorer<double>>;

inline constexpr int count = 10;

template <int Line>
auto make() {
  if constexpr (Line == 0) return heed::Attention<Additive>{Additive(3, 4, 5), {}};
  if constexpr (Line == 1) return heed::Attention<heed::CoverageScorer<double>>{{3, 4, 5}, {}};
  if constexpr (Line == 2)
    return heed::Attention<heed::ConvolutionalScorer<double>>{
        heed::ConvolutionalScorer<double>(
            {.query_size = 3, .memory_size = 4, .alignment_size = 5, .filters = 2, .width = 3}),
        {}};
  if constexpr (Line == 3) return heed::Attention<heed::LocationScorer<double>>{{3, 4, 7}, {}};
  if constexpr (Line == 4) return heed::LocalAttention<General, Step>(General(3, 4), {}, 1);
  if constexpr (Line == 5) return heed::LocalAttention<Additive, Predicted>(Additive(3, 4, 5), Predicted(3, 6), 2);
  if constexpr (Line == 6) return heed::MonotonicAttention<Additive>(Additive(3, 4, 5));
  if constexpr (Line == 7) return Any(heed::MonotonicAttention<heed::AnyScorer<double>>(General(3, 4)));
  if constexpr (Line == 8) return heed::FixedVector<double>();
  if constexpr (Line == 9) {
    using Inner = heed::Attention<Additive>;
    return heed::GatedAttention<Inner>(Inner{Additive(3, 4, 5), {}}, 3);
  }
}

/// The names with which error messages of a mechanism may start.
inline std::vector<std::string> names_of(int line) {
  if (line < 4) return {"Attention"};
  if (line < 6) return {"LocalAttention"};
  if (line < 8) return {"MonotonicAttention"};
  if (line == 8) return {"FixedVector"};
  return {"GatedAttention", "Attention"};
}

template <int... Line>
testing::Types<std::integral_constant<int, Line>...> lines(std::integer_sequence<int, Line...>);

/// The lines 0 to Count - 1 of the list.
template <int Count = count>
using Lines = decltype(lines(std::make_integer_sequence<int, Count>()));

}  // namespace mechanisms
