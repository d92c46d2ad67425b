#include <heed/io/pytorch.hpp>

#include <gtest/gtest.h>
#include <support/refusal.hpp>
#include <support/stored.hpp>

namespace pytorch_tokens_test {

using heed::Index;
using heed::Matrix;
using heed::PytorchTokens;
using heed::SafetensorsWriter;
using heed::Token;
using heed::Vector;
using heed::test::stored;

using Tokens = std::vector<Token>;

Tokens rows(const PytorchTokens& tokens) { return {tokens.rows().begin(), tokens.rows().end()}; }

TEST(PytorchTokens, PutUnkBosAndEosFirst) {
  const PytorchTokens tutorial(5, {.bos = 0, .eos = 1});
  EXPECT_EQ(rows(tutorial), (Tokens{-1, 0, 1, 2, 3, 4}));
  EXPECT_EQ(tutorial.size(), 6);
  EXPECT_EQ(tutorial.pytorch_size(), 5);
  // <pad> <s> </s> <unk> a b: padding is an ordinary token.
  EXPECT_EQ(rows(PytorchTokens(6, {.unk = 3, .bos = 1, .eos = 2})), (Tokens{3, 1, 2, 0, 4, 5}));
  EXPECT_EQ(rows(PytorchTokens(3, {.unk = 0, .bos = 1, .eos = 2})), (Tokens{0, 1, 2}));
  EXPECT_EQ(rows(PytorchTokens(3, {.eos = 2})), (Tokens{-1, -1, 2, 0, 1}));  // a classifier has no bos
  EXPECT_EQ(rows(PytorchTokens(0, {})), (Tokens{-1, -1, -1}));
}

TEST(PytorchTokens, ConvertIdsBothWays) {
  const PytorchTokens tokens(6, {.unk = 3, .bos = 1, .eos = 2});
  EXPECT_EQ(tokens.from_pytorch(Tokens{0, 1, 2, 3, 4, 5}), (Tokens{3, 1, 2, 0, 4, 5}));
  EXPECT_EQ(tokens.to_pytorch(Tokens{3, 1, 2, 0, 4, 5}), (Tokens{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(refusal([&] { tokens.from_pytorch(Tokens{6}); }),
            "PytorchTokens.from_pytorch: a token must be in [0, 6), got 6");
  EXPECT_EQ(refusal([&] { tokens.to_pytorch(Tokens{-1}); }),
            "PytorchTokens.to_pytorch: a token must be in [0, 6), got -1");
  EXPECT_EQ(refusal([&] {
              PytorchTokens(2, {.bos = 0, .eos = 1}).to_pytorch(Tokens{1, 0});
            }),
            "PytorchTokens.to_pytorch: the PyTorch model has no <unk>");
}

TEST(PytorchTokens, MakeAVocabulary) {
  const PytorchTokens tokens(6, {.unk = 3, .bos = 1, .eos = 2});
  const heed::Vocabulary vocabulary = tokens.vocabulary({"PAD", "SOS", "EOS", "UNK", "a", "b"});
  EXPECT_EQ(vocabulary.words(), (heed::Words{"<unk>", "<s>", "</s>", "PAD", "a", "b"}));
  EXPECT_EQ(vocabulary.decode(tokens.from_pytorch(Tokens{5, 4, 2})), "b a </s>");
  EXPECT_EQ(refusal([&] { tokens.vocabulary({"a"}); }), "PytorchTokens.vocabulary: words must have 6 elements, got 1");
}

TEST(PytorchTokens, RejectInvalidSymbols) {
  EXPECT_EQ(refusal([] { PytorchTokens(4, {.bos = 0, .eos = 4}); }), "PytorchTokens: eos must be in [0, 4), got 4");
  EXPECT_EQ(refusal([] { PytorchTokens(4, {.unk = -1}); }), "PytorchTokens: unk must be in [0, 4), got -1");
  EXPECT_EQ(refusal([] { PytorchTokens(4, {.bos = 1, .eos = 1}); }),
            "PytorchTokens: eos must not be the id of another symbol, got 1");
  EXPECT_EQ(refusal([] { PytorchTokens(-1, {}); }),
            "PytorchTokens: the vocabulary must have from 0 to 2147483644 tokens, got -1");
  EXPECT_NE(refusal([] { PytorchTokens(Index{1} << 40, {}); }), "accepted");
}

/// A model with layers that have a vocabulary.
struct Model {
  heed::Embedding<float> words{2, 5};
  heed::Linear<float> output{3, 5};

  static void visit_parameters(auto&& visit, auto&... self) {
    visit("words", self.words...);
    visit("output", self.output...);
  }
};

/// Four tokens: SOS, EOS and two words. Row i of every tensor has the values i + 1 and multiples of it.
heed::SafetensorsFile four_tokens(bool bias = true) {
  return stored([&](SafetensorsWriter& writer) {
    writer.add("words.weight", (Matrix<float>(4, 2) << 1, 10, 2, 20, 3, 30, 4, 40).finished());
    writer.add("output.weight", (Matrix<float>(4, 3) << 1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400).finished());
    if (bias) writer.add("output.bias", (Vector<float>(4) << 1, 2, 3, 4).finished());
  });
}

const PytorchTokens four(4, {.bos = 0, .eos = 1});

TEST(FromPytorch, ReordersRowsOfTokens) {
  Model model;
  model.words.table.setConstant(9);
  model.output.W.edit().setConstant(9);
  model.output.b.setConstant(9);
  heed::from_pytorch(four_tokens(), model, "", {.tokens = {{"words", four}, {"output", four}}});
  EXPECT_EQ(model.words.table, (Matrix<float>(2, 5) << 0, 1, 2, 3, 4, 0, 10, 20, 30, 40).finished());
  EXPECT_EQ(model.output.W.values(),
            (Matrix<float>(5, 3) << 0, 0, 0, 1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400).finished());
  EXPECT_EQ(model.output.b, (Vector<float>(5) << -1e4F, 1, 2, 3, 4).finished());
}

TEST(FromPytorch, SetsMissingSymbolsAlsoIfATensorIsMissing) {
  Model model;
  model.output.b.setConstant(9);
  const auto report = heed::from_pytorch(four_tokens(false), model, "",
                                         {.strict = false, .tokens = {{"words", four}, {"output", four}}});
  EXPECT_EQ(report.missing, std::vector<std::string>{"output.bias"});
  EXPECT_EQ(model.output.b, (Vector<float>(5) << -1e4F, 9, 9, 9, 9).finished());
}

TEST(FromPytorch, ComparesShapesWithTheVocabularyOfPytorch) {
  Model model;
  const auto file = stored([](SafetensorsWriter& writer) {
    writer.add("words.weight", Matrix<float>::Ones(5, 2));
    writer.add("output.weight", Matrix<float>::Ones(4, 3));
    writer.add("output.bias", Vector<float>::Ones(5));
  });
  const std::string message = refusal([&] {
    heed::from_pytorch(file, model, "", {.tokens = {{"words", four}, {"output", four}}});
  });
  EXPECT_EQ(message.substr(message.find(" does not fit")),
            " does not fit the model:\n"
            "  shape: words.weight is (4, 2) in the model, as words.table, and (5, 2) in the file\n"
            "  shape: output.bias is (4) in the model, as output.b, and (5) in the file");
}

TEST(FromPytorch, RejectsTokensThatDoNotMatchTheModel) {
  Model model;
  const auto message = [&](const heed::PytorchTokenOrders& tokens) {
    return refusal([&] { heed::from_pytorch(four_tokens(), model, "", {.tokens = tokens}); });
  };
  EXPECT_EQ(message({{"words", four}, {"output", four}}), "accepted");
  EXPECT_EQ(message({{"words", four}, {"output", four}, {"word", four}}),
            "PyTorch tokens of \"word\": the model has no parameters there");
  EXPECT_EQ(message({{"words", PytorchTokens(5, {.bos = 0, .eos = 1})}}),
            "PyTorch tokens of \"words\": words.table must have a vocabulary of 6, got 5");
}

TEST(ToPytorch, RestoresTheOrderOfTokens) {
  const heed::PytorchOptions options{.tokens = {{"words", four}, {"output", four}}};
  const auto file = four_tokens();
  Model model;
  heed::from_pytorch(file, model, "", options);
  const auto back = stored([&](SafetensorsWriter& writer) { heed::to_pytorch(writer, model, "", options); });
  ASSERT_EQ(back.tensors().size(), 3u);
  for (const auto& [name, view] : file.tensors()) {
    EXPECT_EQ(back.at(name).shape, view.shape) << name;
    EXPECT_EQ(heed::read_matrix<float>(back.at(name)), heed::read_matrix<float>(view)) << name;
  }
}

TEST(FromPytorch, ReordersASingleLayerWithTheEmptyPath) {
  const auto file = stored([](SafetensorsWriter& writer) {
    writer.add("weight", (Matrix<float>(4, 2) << 1, 10, 2, 20, 3, 30, 4, 40).finished());
  });
  heed::Embedding<double> words(2, 5);
  heed::from_pytorch(file, words, "", {.tokens = {{"", four}}});
  EXPECT_EQ(words.table, (Matrix<double>(2, 5) << 0, 1, 2, 3, 4, 0, 10, 20, 30, 40).finished());
}

}  // namespace pytorch_tokens_test
