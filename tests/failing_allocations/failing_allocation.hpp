#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <utility>

namespace heed::test {

/// The allocations that fail: only the n-th, or the n-th and all later ones.
enum class Failing { once, from_then_on };

/// While an object exists, the n-th allocation of the program fails, in any thread: malloc, the related functions and
/// operator new. Only one object may exist at a time.
class FailingAllocation {
 public:
  FailingAllocation(long n, Failing which);
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;

  /// True if there were at least n allocations.
  bool failed() const;
};

/// Lets each allocation of `use(objects)` fail in turn, on objects that `make()` returns. After a single failure, the
/// same objects must compute the same result as new objects. After the failure of an allocation and all later ones, the
/// same holds for objects that new objects were assigned to. A call that reports no failure must return the same
/// result. Returns the number of allocations.
template <class Make, class Use>
long fail_every_allocation(const Make& make, const Use& use) {
  const auto expected = use(*std::make_unique<decltype(make())>(make()));
  long count = 0;
  for (const Failing which : {Failing::once, Failing::from_then_on}) {
    for (long n = 1;; ++n) {
      const auto objects = std::make_unique<decltype(make())>(make());
      bool thrown = false, failed = false;
      auto result = expected;
      {
        const FailingAllocation failing(n, which);
        try {
          result = use(*objects);
        } catch (const std::exception&) {
          thrown = true;
        }
        failed = failing.failed();
      }
      EXPECT_TRUE(failed || !thrown) << "allocation " << n;
      EXPECT_EQ(result, expected) << "allocation " << n;
      if (!failed) break;
      if (which == Failing::from_then_on) *objects = make();
      EXPECT_EQ(use(*objects), expected) << "after allocation " << n;
      if (testing::Test::HasFailure()) return n;
      count = n;
    }
  }
  return count;
}

/// Lets each allocation of `use()` fail in turn: it must throw, or return the same result as without failures.
template <class Use>
long fail_every_allocation(const Use& use) {
  struct Nothing {};
  return fail_every_allocation([] { return Nothing(); }, [&](Nothing&) { return use(); });
}

}  // namespace heed::test
