#include <heed/attention/memory.hpp>
#include <heed/decoders/decoder.hpp>
#include <heed/kernels/packed_matrix.hpp>
#include <heed/layers/linear.hpp>
#include <heed/training/moving_average.hpp>
#include <heed/training/optimizers.hpp>

#include "failing_allocations/failing_allocation.hpp"
#include "failing_allocations/numbers.hpp"
#include "support/numbers.hpp"
#include "support/prepacked.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace containers_test {

using heed::Index;
using heed::test::append;
using heed::test::fail_every_allocation;
using heed::test::Numbers;

heed::Linear<float> linear(Index input, Index output, std::uint64_t seed) {
  heed::Linear<float> result(input, output);
  heed::Random random(seed);
  randomize(result, random);
  return result;
}

TEST(FailingAllocations, BufferIsEmptyAndGrowsAgain) {
  const auto make = [] {
    heed::Buffer<float> buffer;
    buffer.resize(3, 3);
    return buffer;
  };
  const auto use = [](heed::Buffer<float>& buffer) {
    buffer.resize(20, 10);
    buffer.setConstant(2);
    return buffer.sum();
  };
  EXPECT_EQ(fail_every_allocation(make, use), 1);

  heed::Buffer<float> buffer = make();
  {
    const heed::test::FailingAllocation failing(1, heed::test::Failing::once);
    EXPECT_THROW(buffer.resize(4, 4), std::bad_alloc);
  }
  EXPECT_EQ(buffer.size(), 0);
}

TEST(FailingAllocations, ParameterKeepsItsValuesIfResizingFails) {
  const heed::Matrix<float> larger = heed::Matrix<float>::Random(5, 7);
  const auto other = linear(7, 5, 1);
  for (long n = 1; n <= 2; ++n) {
    auto part = linear(2, 3, 2);
    const heed::Matrix<float> before = part.W.values();
    {
      const heed::test::FailingAllocation failing(1, heed::test::Failing::once);
      EXPECT_THROW(part.W = larger, std::bad_alloc);
      EXPECT_EQ(part.W.values(), before);
    }
    {
      const heed::test::FailingAllocation failing(1, heed::test::Failing::once);
      EXPECT_THROW(part.W = 2 * larger, std::bad_alloc);
      EXPECT_EQ(part.W.values(), before);
    }
    {
      const heed::test::FailingAllocation failing(1, heed::test::Failing::once);
      EXPECT_THROW(part.W.edit().resize(9, 9), std::bad_alloc);
      EXPECT_EQ(part.W.values(), before);
    }
    {
      const heed::test::FailingAllocation failing(n, heed::test::Failing::once);
      EXPECT_THROW(part = other, std::bad_alloc);
    }
    part = other;
    EXPECT_EQ(part.W.values(), other.W.values());
    EXPECT_EQ(part.b, other.b);
  }
}

TEST(FailingAllocations, WeightIsUnchangedIfAssignmentFails) {
  const heed::Matrix<float> small = heed::Matrix<float>::Random(6, 2), large = heed::Matrix<float>::Random(60, 40);
  heed::Weight<float> prepacked_large(large);
  prepacked_large.prepack();
  for (const bool converts : {false, true}) {
    heed::Weight<float> weight(small);
    if (converts) {
      weight.convert(heed::Precision::half);
    } else {
      weight.prepack();
    }
    const auto expect_unchanged = [&](long n, const auto& change) {
      {
        const heed::test::FailingAllocation failing(n, heed::test::Failing::once);
        EXPECT_THROW(change(), std::bad_alloc);
      }
      EXPECT_EQ(weight.rows(), 6);
      EXPECT_EQ(weight.cols(), 2);
      EXPECT_TRUE(weight.is_packed());
      EXPECT_EQ(weight.is_converted(), converts);
    };
    expect_unchanged(1, [&] { weight = large; });
    expect_unchanged(1, [&] { weight = heed::Weight<float>(large); });
    const heed::Weight<float> plain(large);
    expect_unchanged(1, [&] { weight = plain; });
    expect_unchanged(1, [&] { weight = prepacked_large; });
    expect_unchanged(2, [&] { weight = prepacked_large; });
  }
}

TEST(FailingAllocations, WeightKeepsItsValuesIfPackingFails) {
  const heed::Matrix<float> large = heed::Matrix<float>::Random(60, 40);
  heed::Weight<float> weight(large);
  for (const bool converts : {false, true}) {
    const heed::test::FailingAllocation failing(1, heed::test::Failing::once);
    EXPECT_THROW(converts ? weight.convert(heed::Precision::half) : weight.prepack(), std::bad_alloc);
    EXPECT_FALSE(weight.is_packed());
    EXPECT_EQ(weight.values(), large);
  }
}

TEST(FailingAllocations, Prepack) {
  const auto other = linear(40, 30, 3);
  const auto make = [] { return prepacked(linear(3, 2, 2)); };
  const auto use = [&](auto& packed) {
    packed = other;
    heed::prepack(packed);
    heed::Matrix<float> y(30, 1);
    packed.forward(heed::Matrix<float>::Ones(40, 1), y);
    Numbers numbers;
    append(y, numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 2);
}

TEST(FailingAllocations, PackedBatch) {
  const std::vector<Index> small{2}, large{3, 9, 1, 30};
  const auto make = [&] { return heed::PackedBatch(small); };
  const auto use = [&](heed::PackedBatch& packing) {
    packing.assign(large);
    Numbers numbers;
    for (Index t = 0; t < packing.steps(); ++t) numbers.push_back(static_cast<double>(packing.first(t)));
    for (const Index b : packing.order()) numbers.push_back(static_cast<double>(b));
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 3);

  for (long n = 1; n <= 3; ++n) {
    heed::PackedBatch packing(small);
    const heed::test::FailingAllocation failing(n, heed::test::Failing::from_then_on);
    EXPECT_THROW(packing.assign(large), std::bad_alloc);
    EXPECT_EQ(packing.sentences(), 1);
    EXPECT_EQ(packing.columns(), 2);
    EXPECT_EQ(packing.steps(), 2);
  }
}

TEST(FailingAllocations, MemoryIsEmptyOrComplete) {
  const std::vector<Index> small{2}, large{3, 9, 1};
  const auto make = [&] {
    heed::Memory<float> memory;
    memory.states.resize(1);
    memory.resize(2, small);
    return memory;
  };
  const auto use = [&](heed::Memory<float>& memory) {
    memory.resize(4, large);
    memory.values.setConstant(3);
    memory.keys.resize(2, 13);
    memory.keys.setConstant(1);
    memory.to_bfloat16();
    heed::Memory<float> d;
    d.zeros_like(memory);
    return Numbers{static_cast<double>(memory.sentences()), static_cast<double>(memory.values.sum()),
                   static_cast<double>(memory.bfloat16_values().cols()), static_cast<double>(d.values.size()),
                   static_cast<double>(d.sentences())};
  };
  const long count = fail_every_allocation(make, use);
  for (long n = 1; n <= count; ++n) {
    auto memory = make();
    const heed::test::FailingAllocation failing(n, heed::test::Failing::once);
    EXPECT_THROW(use(memory), std::bad_alloc);
    EXPECT_TRUE(memory.sentences() == 0 || memory.values.cols() == memory.starts.back());
    EXPECT_TRUE(!memory.is_bfloat16() || memory.bfloat16_values().cols() == memory.values.cols());
  }
}

TEST(FailingAllocations, DecoderStateIsEmptyOrComplete) {
  const std::vector<Index> chosen{0, 1, 1, 0, 1};
  const auto make = [] {
    heed::DecoderState<float> state;
    state.layers.resize(2);
    state.sentences = {0, 1};
    return state;
  };
  const auto use = [&](heed::DecoderState<float>& state) {
    state.sentences.assign({0, 1});
    for (auto& layer : state.layers) {
      layer.resize(3, 2);
      layer.col(0).setConstant(1);
      layer.col(1).setConstant(2);
    }
    state.feed.resize(0, 2);
    state.carry.resize(0, 2);
    state.gather(chosen);
    Numbers numbers(state.sentences.begin(), state.sentences.end());
    for (auto& layer : state.layers) append(layer, numbers);
    return numbers;
  };
  const long count = fail_every_allocation(make, use);
  for (long n = 1; n <= count; ++n) {
    auto state = make();
    const heed::test::FailingAllocation failing(n, heed::test::Failing::once);
    EXPECT_THROW(use(state), std::bad_alloc);
    if (state.columns() == 5) {
      for (auto& layer : state.layers) EXPECT_EQ(layer.cols(), 5);
    }
  }
}

TEST(FailingAllocations, OptimizersAndMovingAverage) {
  using Part = heed::Linear<float>;
  struct Objects {
    Part part;
    heed::Adam<Part> adam;
    heed::Sgd<Part> sgd;
    heed::Adadelta<Part> adadelta;
    heed::MovingAverage<Part> average;
  };
  const auto made = [](const Part& part) {
    return Objects{part, heed::Adam<Part>(part), heed::Sgd<Part>(part), heed::Adadelta<Part>(part),
                   heed::MovingAverage<Part>(part)};
  };
  const auto large = linear(9, 8, 3), grad = linear(9, 8, 4);
  const auto make = [&] { return made(linear(2, 3, 2)); };
  const auto use = [&](Objects& objects) {
    const Objects others = made(large);
    objects = others;  // copies member by member
    objects.adam.update(objects.part, grad);
    objects.sgd.update(objects.part, grad);
    objects.adadelta.update(objects.part, grad);
    objects.average.update(objects.part);
    Numbers numbers;
    append(objects.part.W.values(), numbers);
    append(objects.average.model.W.values(), numbers);
    return numbers;
  };
  EXPECT_GE(fail_every_allocation(make, use), 20);
}

}  // namespace containers_test
