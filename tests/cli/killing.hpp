#pragma once

#include "cli/program.hpp"

#include <algorithm>
#include <optional>
#include <random>

namespace heed::test {

/// Training that is killed at random times and resumed.
class KilledTraining : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    write("dev.tsv", pairs_of("dev.tsv", 6));
  }

  /// Options for which the state of a run has different contents.
  static const std::vector<std::string>& settings() {
    static const std::vector<std::string> all{
        "--dropout 0.2 --guided-alignment 0.5 --word-dropout 3 --batch-words 30 --average-best 3",
        "--dev-metric bleu --early-stopping 9 --average-decay 0.9 --schedule plateau --patience 1 --learning-rate 0.05",
        "--threads 2 --accum-count 2 --teacher-forcing 0.5 --sampled-token sample --cell lstm --dropout 0.2 "
        "--recurrent-dropout 0.1 --checkpoint-minutes 0.0002"};
    return all;
  }

  Arguments command(const std::string& save, const std::string& setting) const {
    Arguments all =
        with(with(training(save), "--epochs", "40"), "--batch-size", "4") + Arguments{"--dev", path("dev.tsv")};
    const Arguments options = arguments(setting);
    for (std::size_t i = 0; i < options.size(); i += 2) all = with(all, options[i], options[i + 1]);
    return all;
  }

  /// Kills `kills` runs of a setting at random times, some of them several times. Expects that each resumed run ends
  /// with the model of an uninterrupted run, that the model on disk never gets worse, and that no other files remain.
  void expect_kills_to_change_nothing(const std::string& setting, int kills, unsigned seed) const {
    SCOPED_TRACE("setting " + setting + ", seed " + std::to_string(seed));
    const auto start_time = std::chrono::steady_clock::now();
    const Outcome whole = translate(command("whole", setting));
    ASSERT_EQ(whole.code, 0) << whole.err;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_time).count();
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> moment(0, seconds);
    for (int killed = 0; killed < kills;) {
      fs::remove(path("parts"));
      std::optional<double> best;
      for (int times = 1 + static_cast<int>(random() % 4); times > 0 && killed < kills; --times) {
        const pid_t process = start(next_command(setting));
        std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
        kill(process, SIGKILL);
        const Outcome outcome = finish(process);
        if (outcome.code < 128) {
          ASSERT_EQ(outcome.code, 0) << outcome.err;
          break;
        }
        ++killed;
        const std::optional<double> now = perplexity();
        if (best) {
          ASSERT_TRUE(now.has_value()) << "the model is gone";
          ASSERT_LE(*now, *best * (1 + 1e-9)) << "the model on disk got worse";
        }
        best = now;
        if (fs::exists(path("parts")) && !fs::exists(path("parts.training"))) break;  // killed after training ended
      }
      const bool ended = fs::exists(path("parts")) && !fs::exists(path("parts.training"));
      const Outcome end = translate(ended ? command("other", setting) : next_command(setting));
      ASSERT_EQ(end.code, 0) << end.err;
      ASSERT_TRUE(contents(path("parts")) == contents(path("whole"))) << "after kill " << killed;
      fs::remove(path("other"));
      ASSERT_EQ(files(), (std::set<std::string>{"dev.tsv", "parts", "train.tsv", "whole"})) << "after kill " << killed;
    }
  }

 private:
  /// Resumes the run if there is a state.
  Arguments next_command(const std::string& setting) const {
    const Arguments begin = command("parts", setting);
    return fs::exists(path("parts.training")) ? begin + Arguments{"--resume"} : begin;
  }

  /// The perplexity of the model on disk on the dev data, if there is a model.
  std::optional<double> perplexity() const {
    if (!fs::exists(path("parts"))) return std::nullopt;
    const Outcome outcome =
        translate({"evaluate", "--model", path("parts"), "--pairs", path("dev.tsv"), "--threads", "1", "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto at = outcome.out.find("\"perplexity\":");
    return at == std::string::npos ? std::nullopt : std::optional(std::stod(outcome.out.substr(at + 13)));
  }
};

}  // namespace heed::test
