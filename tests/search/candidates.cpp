#include <heed/search/candidates.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <tuple>

namespace candidates_test {

using heed::Index;
using heed::Token;
using heed::Vector;
using heed::detail::Banned;
using heed::detail::Candidate;

TEST(Candidates, MatchFullSortOverAllowedTokens) {
  heed::Random random(1);
  for (const Index words : {3, 5, 64, 65, 300}) {
    const heed::Matrix<double> logits = random_matrix(words, 4, random, 3);
    const std::vector<double> before = {-1, -2.5, -0.25, -1};
    for (int bans = 0; bans < 8; ++bans) {
      const Banned banned{(bans & 1) != 0, (bans & 2) != 0, (bans & 4) != 0};
      std::vector<std::tuple<double, Index, Token>> all;  // in the expected order
      for (Index c = 0; c < 4; ++c) {
        long double sum = 0;
        for (Index k = 0; k < words; ++k) sum += std::exp(static_cast<long double>(logits(k, c)));
        for (Index k = 0; k < words; ++k) {
          if (k < 3 && banned[static_cast<std::size_t>(k)]) continue;
          const long double p = before[static_cast<std::size_t>(c)] + logits(k, c) - std::log(sum);
          all.push_back({-static_cast<double>(p), c, static_cast<Token>(k)});
        }
      }
      std::sort(all.begin(), all.end());
      for (const std::size_t room : {1u, 4u, 50u}) {
        std::vector<Candidate> heap;
        for (Index c = 0; c < 4; ++c) {
          heed::detail::add_candidates<double>(logits.col(c), before[static_cast<std::size_t>(c)], c, banned, room,
                                               heap, [] { return std::string(); });
        }
        std::sort(heap.begin(), heap.end(), heed::detail::better);
        ASSERT_EQ(heap.size(), std::min(room, all.size()));
        for (std::size_t i = 0; i < heap.size(); ++i) {
          const auto& [minus, column, token] = all[i];
          EXPECT_NEAR(heap[i].log_probability, -minus, 1e-12);
          EXPECT_EQ(heap[i].column, column);
          EXPECT_EQ(heap[i].token, token);
        }
      }
    }
  }
}

TEST(Candidates, BreakTiesByColumnAndToken) {
  const Candidate first{-1, 0, 4}, second{-1, 1, 3}, third{-1, 1, 4}, last{-2, 0, 0};
  EXPECT_TRUE(heed::detail::better(first, second));
  EXPECT_TRUE(heed::detail::better(second, third));
  EXPECT_TRUE(heed::detail::better(third, last));
  EXPECT_FALSE(heed::detail::better(second, first));
  EXPECT_FALSE(heed::detail::better(first, first));
}

}  // namespace candidates_test
