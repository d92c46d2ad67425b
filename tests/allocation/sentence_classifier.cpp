#include "support/allocation_counter.hpp"

#include <heed/cells/gru.hpp>
#include <heed/models/sentence_classifier.hpp>

#include "support/numbers.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sentence_classifier_test {

using heed::Index;
using heed::Token;

TEST(SentenceClassifier, ForwardDoesNotAllocate) {
  using Encoder = heed::Encoder<heed::GruCell<float>>;
  heed::SentenceClassifier<Encoder> model({.vocabulary = 40, .alignment_size = 64, .classes = 3},
                                          Encoder({.input_size = 32, .hidden_size = 64, .bidirectional = true}));
  heed::Random random(7);
  randomize(model, random, 0.1);
  const std::vector<std::vector<Token>> words{std::vector<Token>(30, 5), std::vector<Token>(4, 7), {8, 9, 39}};
  const std::vector<std::span<const Token>> sentences(words.begin(), words.end());
  decltype(model)::Tape tape;
  EXPECT_EQ(heed::test::steady_allocations([&] { model.forward(sentences, tape); }), 0);
}

}  // namespace sentence_classifier_test
