/// Kills training runs at random times: HEED_KILLS kills in total (default 100), with the seed HEED_KILLS_SEED (default
/// 1).

#include "cli/killing.hpp"

#include <cstdlib>

namespace {

using namespace heed::test;

long number_from(const char* variable, long fallback) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? fallback : std::strtol(text, nullptr, 10);
}

class Kills : public KilledTraining, public testing::WithParamInterface<int> {};

TEST_P(Kills, ResumedRunsWriteTheSameModel) {
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
