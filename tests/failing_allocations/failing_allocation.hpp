#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <utility>

namespace heed::test {

/// Which allocations fail: the n-th alone, or it and all that follow.
enum class Failing { once, from_then_on };

/// From its construction to its end, the n-th allocation of the program (malloc and its kin as this program calls them,
/// and operator new) fails, whichever thread asks for it. One at a time.
class FailingAllocation {
 public:
  FailingAllocation(long n, Failing which);
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;

  /// Whether there were as many as n.
  bool failed() const;
};

/// Lets every allocation of `use(objects)` fail in turn, on objects that `make()` returns. After it failed alone, the
/// same objects must give what fresh ones give; after it and all later ones failed, so must objects that others are
/// assigned to. A call that reports no failure must give the same result. Returns how many allocations there are.
template <class Make, class Use>
long fail_every_allocation(const Make& make, const Use& use) {
  const auto expected = use(*std::make_unique<decltype(make())>(make()));
  long most = 0;
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
      most = n;
    }
  }
  return most;
}

/// The same where nothing is to be used again: `use()` fails cleanly or gives what it gives without failures.
template <class Use>
long fail_every_allocation(const Use& use) {
  struct Nothing {};
  return fail_every_allocation([] { return Nothing(); }, [&](Nothing&) { return use(); });
}

}  // namespace heed::test
