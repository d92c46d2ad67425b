/// report: generates a sentence from a record of a football match. The fields of a record come in any order, and some
/// are optional. The model must copy names and numbers and name the winner first, whether home or away.

#include "support/pair_task.hpp"

#include <algorithm>
#include <array>

namespace {

using heed::Random;

constexpr std::array<std::string_view, 24> teams = {"badgers",  "bears",   "bees",    "buffaloes", "cranes",  "crows",
                                                    "eagles",   "falcons", "foxes",   "gulls",     "hawks",   "herons",
                                                    "hornets",  "hounds",  "jackals", "lions",     "magpies", "otters",
                                                    "panthers", "ravens",  "rooks",   "stags",     "tigers",  "wolves"};
constexpr std::array<std::string_view, 24> towns = {
    "aachen", "bergen", "bilbao", "bremen", "cork", "derby", "dijon", "ghent", "graz", "leeds", "lille",   "lisbon",
    "lyon",   "malmo",  "metz",   "milan",  "nice", "oslo",  "parma", "porto", "riga", "turin", "utrecht", "vienna"};
constexpr std::array<std::string_view, 24> first_names = {
    "ada",  "alice", "ben",  "carla", "dora", "emil", "finn", "grace", "hugo", "ida",  "jonas", "karl",
    "lena", "maria", "nils", "olga",  "paul", "rosa", "sam",  "tara",  "ugo",  "vera", "walt",  "yara"};
constexpr std::array<std::string_view, 24> last_names = {"abel",   "bohr",   "cantor", "curie",  "dirac",  "euler",
                                                         "fermi",  "gauss",  "hertz",  "hopper", "kepler", "klein",
                                                         "lamarr", "lorenz", "mach",   "mercer", "newton", "noether",
                                                         "pascal", "planck", "raman",  "turing", "wiener", "yukawa"};

/// Two different indices of names. One combination in eight is `unseen`: it is not in the training data.
std::pair<std::size_t, std::size_t> draw_two(Random& random, bool unseen) {
  for (;;) {
    const std::uint64_t a = random.below(24), b = random.below(24);
    if (a != b && ((a + b) % 8 == 0) == unseen) return {a, b};
  }
}

examples::LinePair make_report(Random& random, bool unseen) {
  const auto [home, away] = draw_two(random, unseen);
  const auto [first, last] = draw_two(random, unseen);
  const std::string at_home{teams[home]}, visitor{teams[away]}, town{towns[random.below(24)]};
  const std::string scorer = std::string(first_names[first]) + ' ' + std::string(last_names[last]);
  const bool level = random.below(4) == 0;
  const std::uint64_t h = random.below(6), a = level ? h : random.below(6);
  const std::string goals_home = std::to_string(h), goals_away = std::to_string(a);
  const std::string minute = std::to_string(1 + random.below(90)), crowd = std::to_string(1000 + random.below(89000));

  std::vector<std::string> fields = {"home " + at_home + ' ' + goals_home, "away " + visitor + ' ' + goals_away,
                                     "town " + town};
  std::string text = a > h   ? visitor + " beat " + at_home + ' ' + goals_away + " - " + goals_home
                     : h > a ? at_home + " beat " + visitor + ' ' + goals_home + " - " + goals_away
                             : at_home + " and " + visitor + " drew " + goals_home + " - " + goals_away;
  text += " in " + town;
  if (random.below(2) == 0) {
    fields.push_back("crowd " + crowd);
    text += " before " + crowd + " people";
  }
  if (h + a > 0 && random.below(4) > 0) {
    fields.push_back("goal " + scorer + ' ' + minute);
    text += " , " + scorer + " scoring in minute " + minute;
  }
  random.shuffle(fields);
  std::string record;
  for (const std::string& field : fields) record += (record.empty() ? "" : " ; ") + field;
  return {record, text + " ."};
}

bool is_number(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Splits a line into words, and numbers into digits, so that the model can generate every number.
heed::Words words_and_digits(std::string_view line) {
  heed::Words result;
  for (const std::string& word : heed::split_words(line)) {
    if (!is_number(word)) {
      result.push_back(word);
    } else {
      for (const char digit : word) result.emplace_back(1, digit);
    }
  }
  return result;
}

/// Joins words by spaces; adjacent digits form one number.
std::string text_of(const heed::Words& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && !(is_number(words[i - 1]) && is_number(words[i]))) text += ' ';
    text += words[i];
  }
  return text;
}

examples::PairTask make_task() {
  examples::PairTask task;
  task.name = "report";
  task.about =
      "Trains a model that generates a sentence from a record of a football match. It must copy combinations of\n"
      "names and numbers that are not in the training data, and name the winner first. The fields of a record come\n"
      "in any order.";
  task.picture = "Attention weights of each word of the report";
  task.make = make_report;
  task.cut = words_and_digits;
  task.join = text_of;
  task.showcase = {"goal grace hopper 57 ; home otters 1 ; crowd 41753 ; town lisbon ; away wolves 3",
                   "away lions 0 ; town oslo ; home bears 2",
                   "town nice ; away hawks 2 ; home tigers 2 ; goal ada newton 88"};
  task.claim = 98;
  task.pairs = 8000;
  task.hidden = 96;
  task.embedding = 48;
  task.epochs = 6;
  task.batch = 32;
  task.rate = 3e-3;
  return task;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_pair_task("report", make_task, argc, argv); }
