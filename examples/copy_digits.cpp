// Local attention with a predicted position (local-p of Luong, Pham & Manning 2015, section 3.2). The model is trained
// to copy numbers of 3 to 15 digits. At each step it attends to the digits at most two positions from the predicted
// position.

#include <heed/heed.hpp>

#include <cstdio>

using heed::Index, heed::Token;
using Cell = heed::GruCell<float>;
using Scorer = heed::GeneralScorer<float>;
using Position = heed::PredictedPosition<float>;

auto make_model(heed::Random& random) {
  constexpr Index words = 13, word = 16, hidden = 48, memory = 2 * hidden, window = 2;
  const heed::LocalAttention look(Scorer(hidden, memory), Position(hidden, hidden), window);
  const heed::AttentionalDecoder<Cell, heed::LocalAttention<Scorer, Position>> decoder(
      {.word_size = word, .memory_size = memory, .hidden_size = hidden, .feature_size = hidden, .input_feeding = false},
      look);
  heed::Seq2Seq model({.source_vocabulary = words, .target_vocabulary = words},
                      heed::Encoder<Cell>({.input_size = word, .hidden_size = hidden, .bidirectional = true}), decoder);
  heed::initialize(model, random);
  return model;
}

struct Numbers {
  std::vector<std::vector<Token>> digits;
  std::vector<std::span<const Token>> sentences;
  Numbers(std::size_t size, heed::Random& random) : digits(size) {
    const auto digit = [&] { return 3 + static_cast<Token>(random.below(10)); };  // 0 to 2 are special tokens
    for (auto& number : digits) std::generate_n(std::back_inserter(number), 3 + random.below(13), digit);
    sentences.assign(digits.begin(), digits.end());
  }
};

int main() {
  heed::Random random(1);
  auto model = make_model(random);
  heed::Trainer trainer(model, heed::Adam(model), {.clip = 1});
  constexpr std::uint64_t updates = 1200;
  for (std::uint64_t i = 0; i < updates; ++i) {
    const Numbers batch(64, random);
    trainer.optimizer.rate = 5e-3 * (1 - static_cast<double>(i) / updates);
    trainer.update(batch.sentences, batch.sentences, i);
  }
  const Numbers fresh(1000, random);
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  heed::search(model, fresh.sentences, {}, work, found);
  int right = 0;
  for (std::size_t b = 0; b < found.size(); ++b) right += found[b].tokens == fresh.digits[b];
  std::printf("%d of 1000 numbers copied correctly\n", right);
  return right >= 990 ? 0 : 1;
}
