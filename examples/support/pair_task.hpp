#pragma once

#include <heed/core/random.hpp>
#include <heed/core/types.hpp>
#include <heed/text/words.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// A line, and what is to be made of it.
struct LinePair {
  std::string source, target;
};

/// Something to learn from pairs of lines that are made by a rule, not read from a file.
struct PairTask {
  std::string name;     ///< of the program
  std::string about;    ///< what it learns, for --help
  std::string picture;  ///< the title of the alignment picture

  /// Draws a pair. What is `unseen` never occurs in pairs that are not.
  LinePair (*make)(heed::Random& random, bool unseen) = nullptr;
  heed::Words (*cut)(std::string_view line) = nullptr;      ///< into what the model reads and writes
  std::string (*join)(const heed::Words& words) = nullptr;  ///< the way back
  std::vector<std::string> showcase;  ///< shown with what became of them, the first drawn; unseen, too

  double claim = 0;  ///< percent of the unseen lines that are exactly right at least
  int pairs = 0;     ///< to learn from
  heed::Index hidden = 0, embedding = 0;
  int epochs = 0;
  heed::Index batch = 64;
  double rate = 0;
};

/// The whole program: it learns the task, measures what it learned on unseen lines, shows and draws some; or, with
/// --model, puts standard input through what was learned before. Returns the exit code, non-zero if the claim fails.
int run_pair_task(std::string_view name, PairTask (*make_task)(), int argc, char** argv);

}  // namespace examples
