#include <heed/core/link.hpp>

#include "support/refusal.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace link_test {

TEST(Link, OrdersBySourceThenTarget) {
  heed::Links links = {{1, 0}, {0, 2}, {0, 1}};
  std::sort(links.begin(), links.end());
  EXPECT_EQ(links, (heed::Links{{0, 1}, {0, 2}, {1, 0}}));
}

TEST(Link, IsCheckedAgainstThePair) {
  const auto refusal_of = [](const heed::Link& link) {
    return refusal([&] { heed::detail::check_link("Reader", link, 2, 3); });
  };
  for (const heed::Link& inside : {heed::Link{0, 0}, heed::Link{1, 2}}) EXPECT_EQ(refusal_of(inside), "accepted");
  EXPECT_EQ(refusal_of({2, 0}), "Reader: link 2-0 points outside of a pair of 2 source and 3 target words");
  for (const heed::Link& outside : {heed::Link{0, 3}, heed::Link{-1, 0}, heed::Link{0, -1}}) {
    EXPECT_NE(refusal_of(outside), "accepted");
  }
}

}  // namespace link_test
