#include "sentiment/grammar.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace examples {

namespace {

constexpr std::array<std::string_view, 28> good_words = {
    "good",      "great",      "lovely",    "wonderful", "excellent",  "pleasant",  "superb",
    "charming",  "delightful", "friendly",  "perfect",   "splendid",   "helpful",   "clean",
    "beautiful", "brilliant",  "fantastic", "cosy",      "spotless",   "warm",      "generous",
    "fresh",     "tasteful",   "relaxing",  "memorable", "impressive", "welcoming", "fine"};
constexpr std::array<std::string_view, 28> bad_words = {
    "bad",     "awful",   "terrible",  "horrible", "dirty",  "noisy",  "rude",   "dull", "dreadful",   "shabby",
    "stale",   "smelly",  "miserable", "gloomy",   "broken", "filthy", "greasy", "cold", "unpleasant", "disappointing",
    "hostile", "cramped", "tasteless", "boring",   "sloppy", "damp",   "grim",   "poor"};
constexpr std::array<std::string_view, 8> intensifiers = {"very",  "really", "so",     "extremely",
                                                          "quite", "truly",  "simply", "rather"};
constexpr std::array<std::string_view, 16> subjects = {
    "the room",  "the staff", "the food",   "the breakfast", "our host",    "the bathroom", "the garden", "the service",
    "the lobby", "the view",  "the dinner", "the bar",       "the terrace", "the soup",     "the music",  "the pool"};

/// Clauses without an opinion. Some contain a negation or an intensifier.
constexpr std::array<std::string_view, 28> neutral = {
    "we arrived late in the evening by train",
    "the hotel stands at the corner of the market square",
    "my brother had booked two rooms for the week",
    "it was not raining when we left the station",
    "the conference began on a tuesday and ended on a friday",
    "there are seven floors and one lift",
    "we never met the people who lived next door",
    "the bus to the harbour leaves every ten minutes",
    "we were very many and so we took three taxis",
    "the museum was closed for the whole month",
    "nobody asked for our passports at the desk",
    "the children slept in the small room under the roof",
    "it is quite far from the airport to the old town",
    "we did not use the car that we had rented",
    "breakfast is served from seven to ten",
    "the keys hang on a board behind the door",
    "we had been there in the spring of the year before",
    "a letter was waiting for us when we came back",
    "the lake is really at the other end of the valley",
    "we paid by card and hardly had any cash",
    "the curtains were green and the carpet was brown",
    "my colleagues stayed at another place across the river",
    "there was a football match on the television",
    "by no means everybody takes the ferry to the island",
    "we found a taxi at once",
    "it seemed to be a holiday",
    "somebody felt for the light in the dark",
    "you can call them from the hall",
};

/// Patterns of an opinion (o) about a subject (s), and their negations. A star marks the negating words.
struct Judgement {
  std::string_view said, denied;
};
constexpr std::array<Judgement, 7> judgements = {{
    {"s was o", "s was *not o"},
    {"we found s o", "we did *not find s o"},
    {"s seemed o to us", "s *never seemed o to us"},
    {"s felt o from the first day", "s *hardly felt o from the first day"},
    {"i would call s o", "*nobody would call s o"},
    {"o is what i call s", "o is *not what i call s"},
    {"we all thought s o that week", "*none of us thought s o that week"},
}};

template <std::size_t N>
std::string_view one_of(const std::array<std::string_view, N>& words, heed::Random& random) {
  return words[random.below(N)];
}

void append(std::string_view text, heed::Words& words) {
  for (std::string& word : heed::split_words(text)) words.push_back(std::move(word));
}

void append_telling(std::string_view word, Remark& remark) {
  remark.telling.push_back(remark.words.size());
  remark.words.emplace_back(word);
}

/// Appends a random opinion. It is negated with probability 0.1.
void append_judgement(heed::Random& random, Remark& remark) {
  const Judgement& judgement = judgements[random.below(judgements.size())];
  const bool denied = random.below(10) == 0, good = random.below(2) == 0;
  for (const std::string& word : heed::split_words(denied ? judgement.denied : judgement.said)) {
    if (word == "s") {
      append(one_of(subjects, random), remark.words);
    } else if (word == "o") {
      if (random.below(3) == 0) append_telling(one_of(intensifiers, random), remark);
      append_telling(good ? one_of(good_words, random) : one_of(bad_words, random), remark);
    } else if (word.front() == '*') {
      append_telling(std::string_view(word).substr(1), remark);
    } else {
      append(word, remark.words);
    }
  }
  remark.positive = good != denied;
  remark.denied = denied;
}

}  // namespace

Remark make_remark(heed::Random& random) {
  Remark remark;
  const std::uint64_t before = random.below(3), after = random.below(3);
  for (std::uint64_t i = 0; i < before; ++i) {
    append(one_of(neutral, random), remark.words);
    append(random.below(2) == 0 ? "and" : ",", remark.words);
  }
  append_judgement(random, remark);
  for (std::uint64_t i = 0; i < after; ++i) {
    append(random.below(2) == 0 ? "and" : ",", remark.words);
    append(one_of(neutral, random), remark.words);
  }
  append(".", remark.words);
  return remark;
}

std::vector<Remark> make_remarks(std::size_t count, std::uint64_t seed, std::set<heed::Words>& seen) {
  heed::Random random(seed);
  std::vector<Remark> remarks;
  while (remarks.size() < count) {
    Remark remark = make_remark(random);
    if (seen.insert(remark.words).second) remarks.push_back(std::move(remark));
  }
  return remarks;
}

}  // namespace examples
