// Trains a small translator with `fit`, which validates after each epoch, calls a function with the result, and stops
// early. In the target language an adjective follows its noun; the attention weights show the new order.
//
// Output (the losses go to standard error):
//   at least 95 of 100 new sentences are translated correctly: yes
//   chat   <- cat
//   noir   <- black
//   avec   <- with
//   train  <- train
//   neuf   <- new

#include <heed/heed.hpp>

#include <cstdio>
#include <vector>

using heed::Token;
using Cell = heed::GruCell<float>;

// Tokens 0 to 2 are reserved. Four nouns, four adjectives and four conjunctions follow.
const char* const english[] = {"unk", "bos",   "eos", "cat", "dog", "book", "train",  "black",
                               "red", "round", "new", "and", "or",  "with", "without"};
const char* const french[] = {"unk",   "bos",  "eos",  "chat", "chien", "livre", "train", "noir",
                              "rouge", "rond", "neuf", "et",   "ou",    "avec",  "sans"};

struct Pairs {
  std::vector<std::vector<Token>> sources, targets;
  /// Random sentences of 1 to 4 nouns, half of them with an adjective, and their translations.
  Pairs(std::size_t count, heed::Random& random) : sources(count), targets(count) {
    const auto word = [&](Token first) { return first + static_cast<Token>(random.below(4)); };
    for (std::size_t b = 0; b < count; ++b) {
      for (auto nouns = 1 + random.below(4); nouns > 0; --nouns) {
        const std::vector<Token> phrase = random.below(2) == 0 ? std::vector{word(3)} : std::vector{word(7), word(3)};
        sources[b].insert(sources[b].end(), phrase.begin(), phrase.end());
        targets[b].insert(targets[b].end(), phrase.rbegin(), phrase.rend());
        if (nouns == 1) continue;
        sources[b].push_back(word(11));
        targets[b].push_back(sources[b].back());
      }
    }
  }
};

int main() {
  heed::Random random(1);
  const heed::Encoder<Cell> encoder({.input_size = 16, .hidden_size = 16, .bidirectional = true});
  const heed::LuongDecoder<Cell, heed::GeneralScorer<float>> decoder(
      {.word_size = 16, .memory_size = 32, .hidden_size = 32, .feature_size = 32}, {{32, 32}, {}});
  heed::Seq2Seq model({.source_vocabulary = 15, .target_vocabulary = 15}, encoder, decoder);
  heed::initialize(model, random);

  const Pairs training(2000, random), validation(200, random), fresh(100, random);
  const auto after_epoch = [](const heed::FitEpoch& epoch) {
    std::fprintf(stderr, "epoch %d: loss %.3f, validation %.3f\n", epoch.number, epoch.loss, epoch.validation_loss);
    return epoch.validation_loss > 0.01;  // false: good enough, stop
  };
  heed::fit(model, {training.sources, training.targets}, {validation.sources, validation.targets},
            {.epochs = 50, .learning_rate = 3e-3, .patience = 5}, after_epoch);

  const auto found = heed::search(model, fresh.sources);
  int right = 0, aligned = 0;
  for (std::size_t b = 0; b < found.size(); ++b) right += found[b].front().tokens == fresh.targets[b];
  std::printf("at least 95 of 100 new sentences are translated correctly: %s\n", right >= 95 ? "yes" : "no");

  const std::vector<std::vector<Token>> example = {{7, 3, 13, 10, 6}};
  const auto translation = heed::search(model, example, {.beam = 5}).front().front();
  for (std::size_t i = 0; i < translation.tokens.size(); ++i) {
    std::size_t j = 0;
    translation.weights.col(static_cast<heed::Index>(i)).maxCoeff(&j);
    aligned += example[0][j] == translation.tokens[i];
    std::printf("%-6s <- %s\n", french[translation.tokens[i]], english[example[0][j]]);
  }
  return right >= 95 && aligned == 5 ? 0 : 1;
}
