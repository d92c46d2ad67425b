#include "support/allocation_counter.hpp"

#include <heed/core/types.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace detector_test {

using heed::test::allocations;

/// A volatile pointer, so that the optimiser does not remove unused allocations.
void* volatile sink;

class AllocationCounter : public testing::Test {
 protected:
  void SetUp() override {
    if (!heed::test::allocations_are_counted) GTEST_SKIP() << "allocations can be counted only with the GNU C library";
  }
};

TEST_F(AllocationCounter, CountsEveryAllocationFunction) {
  const auto counts = [](auto&& allocate) {
    return allocations([&] {
      sink = allocate();
      std::free(sink);
    });
  };
  EXPECT_EQ(counts([] { return std::malloc(40); }), 1);
  EXPECT_EQ(counts([] { return std::calloc(5, 8); }), 1);
  EXPECT_EQ(counts([] { return std::realloc(nullptr, 40); }), 1);
  EXPECT_EQ(counts([] { return std::aligned_alloc(64, 128); }), 1);
  EXPECT_EQ(counts([] {
              void* block = nullptr;
              return posix_memalign(&block, 64, 128) == 0 ? block : nullptr;
            }),
            1);
}

TEST_F(AllocationCounter, ReportsLargestAndTotalSize) {
  const heed::test::AllocationCounter counter;
  for (const std::size_t size : {10u, 3000u, 20u}) {
    sink = std::malloc(size);
    std::free(sink);
  }
  EXPECT_EQ(counter.largest(), 3000u);
  EXPECT_EQ(counter.total(), 3030u);
}

TEST_F(AllocationCounter, CountsOperatorNew) {
  struct alignas(64) Aligned {
    char bytes[64];
  };
  const auto counts = [](auto&& make) {
    return allocations([&] {
      const auto made = make();
      sink = made.get();
    });
  };
  EXPECT_EQ(counts([] { return std::make_unique<int>(3); }), 1);
  EXPECT_EQ(counts([] { return std::make_unique<int[]>(30); }), 1);
  EXPECT_EQ(counts([] { return std::make_unique<Aligned>(); }), 1);
  EXPECT_EQ(allocations([] { sink = std::vector<int>(1000, 1).data(); }), 1);
}

TEST_F(AllocationCounter, CountsBuffersOfLargeProducts) {
  const heed::Matrix<float> a = heed::Matrix<float>::Ones(512, 512), b = heed::Matrix<float>::Ones(512, 32);
  heed::Matrix<float> product(512, 32);
  EXPECT_GE(allocations([&] { product.noalias() = a * b; }), 1);
  EXPECT_EQ(product(511, 31), 512);
}

TEST_F(AllocationCounter, CountsEigenTemporaries) {
  heed::Vector<float> a = heed::Vector<float>::Ones(100);
  EXPECT_GE(allocations([&] { a = (a.replicate(1, 3) * heed::Vector<float>::Ones(3)).eval(); }), 1);
}

TEST_F(AllocationCounter, IgnoresCodeWithoutAllocations) {
  heed::Matrix<float> a = heed::Matrix<float>::Ones(100, 100);
  EXPECT_EQ(allocations([&] { a.array() = a.array() * 2 + 1; }), 0);
  sink = std::malloc(40);  // not counted: between two counters
  std::free(sink);
  EXPECT_EQ(allocations([&] { a.setZero(); }), 0);
}

TEST_F(AllocationCounter, ReportsEigenAssertions) {
  heed::Matrix<float> a = heed::Matrix<float>::Ones(2, 3), b = heed::Matrix<float>::Ones(4, 5);
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(a += b, "Eigen's check failed");
}

}  // namespace detector_test
