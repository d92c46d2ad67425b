#pragma once

#include "support/checkpoints.hpp"
#include "support/command_line.hpp"

#include <heed/io/fields.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace examples {

namespace detail {

template <std::size_t N>
CLI::IsMember one_of(const std::array<std::string_view, N>& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

/// A real number of a range; CLI::Range would let "nan" pass.
inline CLI::Validator between(double low, double high) {
  std::ostringstream range;
  range << "in [" << low << " - " << high << ']';
  const auto check = [low, high, allowed = range.str()](const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    const bool fits = !text.empty() && *end == '\0' && value >= low && value <= high;
    return fits ? std::string() : "Value " + text + " not " + allowed;
  };
  return CLI::Validator(check, "FLOAT " + range.str());
}

/// CLI11 takes -1, and what is too large, for 2^64 - 1.
inline std::string whole_number(const std::string& text) {
  std::uint64_t value = 0;
  return heed::detail::read_field(text, value) ? std::string() : "Value " + text + " is no whole number below 2^64";
}

}  // namespace detail

inline int default_threads() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

/// --threads, as every command has it.
inline void add_threads(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "threads to use")->check(CLI::Range(1, 1024))->capture_default_str();
}

/// --max-words, as every command has it that reads sentences.
inline CLI::Option* add_max_words(CLI::App& command, std::size_t& max_words) {
  return command
      .add_option("--max-words", max_words,
                  "maximum number of words of a sentence; a line may have 4096 bytes and 256 for each word")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
}

/// --seed, as every command has it that learns.
inline CLI::Option* add_seed(CLI::App& command, std::uint64_t& seed) {
  return command.add_option("--seed", seed, "of the first parameters, the order of the batches and dropout")
      ->check(detail::whole_number)
      ->capture_default_str();
}

/// --resume, --restart and --checkpoint-minutes. `save` is the option that names the model, if there is one.
inline void add_checkpoint_options(CLI::App& command, CheckpointOptions& options, CLI::Option* save = nullptr) {
  auto* const minutes =
      command
          .add_option(
              "--checkpoint-minutes", options.checkpoint_minutes,
              "minutes between saved states within an epoch (0: states are saved at the start of each epoch only)")
          ->check(detail::between(0, 1e6))
          ->capture_default_str();
  auto* const resume = command.add_flag("--resume", options.resume, "continue the unfinished run that was saved here");
  auto* const restart = command.add_flag("--restart", options.restart, "discard an unfinished run that was saved here");
  restart->excludes(resume);
  for (auto* const option : {minutes, resume, restart}) {
    option->group("Checkpoints");
    if (save != nullptr) option->needs(save);
  }
}

}  // namespace examples
