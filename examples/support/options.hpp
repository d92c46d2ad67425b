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

/// The option `--name` of a command; null if there is none. `CLI::App::get_option` is not used: it terminates the
/// program if memory runs out.
inline CLI::Option* find_option(CLI::App& command, std::string_view name) {
  for (CLI::Option* const option : command.get_options()) {
    const auto& names = option->get_lnames();
    if (std::find(names.begin(), names.end(), name) != names.end()) return option;
  }
  return nullptr;
}

template <std::size_t N>
CLI::IsMember one_of(const std::array<std::string_view, N>& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

/// Checks for a real number in [low, high]. CLI::Range would accept "nan".
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

/// Checks for an integer in [0, 2^64). CLI11 would convert -1 and larger integers to 2^64 - 1.
inline std::string whole_number(const std::string& text) {
  std::uint64_t value = 0;
  return heed::detail::read_field(text, value) ? std::string() : "Value " + text + " is not a whole number below 2^64";
}

}  // namespace detail

/// The default of --threads: the processors of this machine, divided by the processes that Open MPI's mpirun starts on
/// it; at least 1.
inline int default_threads() {
  const char* const local = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  const auto processes = static_cast<unsigned>(std::max(1, local == nullptr ? 1 : std::atoi(local)));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency() / processes));
}

/// Adds --threads.
inline void add_threads(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "number of threads")->check(CLI::Range(1, 1024))->capture_default_str();
}

/// Adds --max-words, for the commands that read sentences.
inline CLI::Option* add_max_words(CLI::App& command, std::size_t& max_words) {
  return command
      .add_option("--max-words", max_words, "maximum words per sentence; a line may have 4096 bytes plus 256 per word")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
}

/// Adds --seed, for the commands that train.
inline CLI::Option* add_seed(CLI::App& command, std::uint64_t& seed) {
  return command.add_option("--seed", seed, "random seed of the initial parameters, the batch order and dropout")
      ->check(detail::whole_number)
      ->capture_default_str();
}

/// Adds --resume, --restart and --checkpoint-minutes. If the model file is given by an option, `save` is that option.
inline void add_checkpoint_options(CLI::App& command, CheckpointOptions& options, CLI::Option* save = nullptr) {
  auto* const minutes =
      command
          .add_option("--checkpoint-minutes", options.checkpoint_minutes,
                      "minutes between checkpoints within an epoch; 0: checkpoints at the start of each epoch only")
          ->check(detail::between(0, 1e6))
          ->capture_default_str();
  auto* const resume = command.add_flag("--resume", options.resume, "continue an unfinished run from its checkpoint");
  auto* const restart = command.add_flag("--restart", options.restart, "discard the checkpoint of an unfinished run");
  restart->excludes(resume);
  for (auto* const option : {minutes, resume, restart}) {
    option->group("Checkpoints");
    if (save != nullptr) option->needs(save);
  }
}

}  // namespace examples
