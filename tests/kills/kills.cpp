/// Kills training runs at random moments: HEED_KILLS times in all (100), seeded with HEED_KILLS_SEED (1).

#include "cli/killing.hpp"

#include <cstdlib>

namespace {

using namespace heed::test;

long number_from(const char* variable, long otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
}

class Kills : public KilledTraining, public testing::WithParamInterface<int> {};

TEST_P(Kills, ResumedRunsEndWithTheSameBytes) {
  const auto count = static_cast<int>(settings().size());
  const auto kills = static_cast<int>(number_from("HEED_KILLS", 100));
  const auto seed = static_cast<unsigned>(number_from("HEED_KILLS_SEED", 1));
  const int share = kills * (GetParam() + 1) / count - kills * GetParam() / count;
  expect_kills_to_change_nothing(settings()[static_cast<std::size_t>(GetParam())], share,
                                 seed + static_cast<unsigned>(GetParam()));
  std::printf("%d kills of runs with %s\n", share, settings()[static_cast<std::size_t>(GetParam())].c_str());
}

INSTANTIATE_TEST_SUITE_P(, Kills, testing::Values(0, 1, 2));

}  // namespace
