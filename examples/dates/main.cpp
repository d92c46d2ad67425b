/// dates: converts dates in common notations to ISO 8601, character by character.

#include "support/pair_task.hpp"

#include <heed/io/printable.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace {

using heed::Random;

constexpr std::array<std::string_view, 12> months = {"january",   "february", "march",    "april",
                                                     "may",       "june",     "july",     "august",
                                                     "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> weekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                      "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> roman = {"i",   "ii",   "iii", "iv", "v",  "vi",
                                                    "vii", "viii", "ix",  "x",  "xi", "xii"};

/// Replaces a space: the tokens of the model are characters, and a space must be a token too.
constexpr std::string_view space = "\xe2\x90\xa3";

std::string two_digits(unsigned n) {
  std::string digits = std::to_string(n);
  return n < 10 ? '0' + digits : digits;
}

std::string ordinal(unsigned n) {
  const bool teen = n / 10 == 1;
  const char* const ending = n % 10 == 1 && !teen   ? "st"
                             : n % 10 == 2 && !teen ? "nd"
                             : n % 10 == 3 && !teen ? "rd"
                                                    : "th";
  return std::to_string(n) + ending;
}

/// A random day of the years 1900 to 2099. One day in ten is `unseen`: it is not in the training data.
std::chrono::sys_days draw_day(Random& random, bool unseen) {
  using namespace std::chrono;
  constexpr sys_days first = year{1900} / January / 1, past = year{2100} / January / 1;
  constexpr auto days = static_cast<std::uint64_t>((past - first).count());
  for (;;) {
    const std::uint64_t n = random.below(days);
    if ((n * 7919 % 1009 % 10 == 0) == unseen) return first + std::chrono::days(static_cast<int>(n));
  }
}

/// A random date in an unambiguous notation, and in ISO 8601.
examples::LinePair make_date(Random& random, bool unseen) {
  const std::chrono::sys_days drawn = draw_day(random, unseen);
  const std::chrono::year_month_day date = drawn;
  const unsigned d = static_cast<unsigned>(date.day()), m = static_cast<unsigned>(date.month());
  const std::string day = std::to_string(d), year = std::to_string(static_cast<int>(date.year()));
  const std::string month{months[m - 1]}, short_month = month.substr(0, 3);
  std::string text;
  const std::uint64_t form = random.below(13);
  switch (form) {
    case 0:
      text = day + ' ' + month + ' ' + year;
      break;
    case 1:
      text = day + ' ' + short_month + ' ' + year;
      break;
    case 2:
      text = ordinal(d) + ' ' + month + ' ' + year;
      break;
    case 3:
      text = "the " + ordinal(d) + " of " + month + ' ' + year;
      break;
    case 4:
      text = month + ' ' + day + ", " + year;
      break;
    case 5:
      text = month + ' ' + day + ' ' + year;
      break;
    case 6:
      text = short_month + ' ' + day + ' ' + year;
      break;
    case 7:
      text = month + " the " + ordinal(d) + ", " + year;
      break;
    case 8:
      text = two_digits(d) + '.' + two_digits(m) + '.' + year;
      break;
    case 9:
      text = day + '.' + std::to_string(m) + '.' + year;
      break;
    case 10:
      text = year + '/' + two_digits(m) + '/' + two_digits(d);
      break;
    case 11:
      text = day + '-' + short_month + '-' + year;
      break;
    default:
      text = day + ". " + std::string(roman[m - 1]) + ". " + year;
  }
  if (form < 8 && random.below(3) == 0) {
    const std::string_view weekday = weekdays[std::chrono::weekday(drawn).c_encoding()];
    const bool whole = random.below(2) == 0;
    text = std::string(whole ? weekday : weekday.substr(0, 3)) + (random.below(2) == 0 ? ", " : " ") + text;
  }
  return {text, year + '-' + two_digits(m) + '-' + two_digits(d)};
}

heed::Words letters(std::string_view line) {
  heed::Words result = heed::detail::glyphs(line);
  for (std::string& letter : result) {
    if (letter == " ") letter = space;
    if (letter.size() == 1 && letter.front() >= 'A' && letter.front() <= 'Z') letter.front() += 'a' - 'A';
  }
  return result;
}

std::string text_of(const heed::Words& letters) {
  std::string text;
  for (const std::string& letter : letters) text += letter == space ? " " : letter;
  return text;
}

examples::PairTask make_task() {
  examples::PairTask task;
  task.name = "dates";
  task.about = "Trains a model that converts dates to ISO 8601, character by character.";
  task.picture = "Attention weights of each character of the date";
  task.make = make_date;
  task.cut = letters;
  task.join = text_of;
  task.showcase = {"thursday, 13 may 2010", "the 19th of august 1992", "february 27 1999", "20. xii. 1968",
                   "10-jan-2035"};
  task.claim = 99;
  task.pairs = 6000;
  task.hidden = 64;
  task.embedding = 32;
  task.epochs = 6;
  task.rate = 5e-3;
  return task;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_pair_task("dates", make_task, argc, argv); }
