// Decoders and models throw heed::Error in every build type if sizes, sentences or tokens do not fit.
#include <heed/cells/gru.hpp>
#include <heed/cells/lstm.hpp>
#include <heed/decoders/any_decoder.hpp>
#include <heed/decoders/bahdanau.hpp>
#include <heed/decoders/luong.hpp>
#include <heed/models/sentence_classifier.hpp>
#include <heed/search/scoring.hpp>
#include <heed/search/search.hpp>
#include <heed/search/streaming.hpp>
#include <heed/training/initialization.hpp>

#include "support/decoder_runs.hpp"
#include "support/size_errors.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace size_errors_of_models_test {

using heed::Index;
using heed::Matrix;
using heed::Token;
using size_errors::argument;
using size_errors::Argument;
using size_errors::expect_any_error;
using size_errors::expect_errors;

using Gru = heed::GruCell<double>;
using Additive = heed::AdditiveScorer<double>;
using Attention = heed::Attention<Additive>;

/// Every decoder, with the sizes of decoder_runs.hpp. `decoder_names` holds the names in their errors.
template <int Line>
auto make() {
  using namespace decoding;
  const Attention attention{Additive(hidden, memory_size, 5), {}};
  if constexpr (Line == 0) {
    return heed::BahdanauDecoder<Gru, Additive>(
        {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .layers = 2, .feature_size = features},
        attention);
  }
  if constexpr (Line == 1) {
    return heed::BahdanauMaxoutDecoder<Gru, Additive>(
        {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features}, attention);
  }
  if constexpr (Line == 2) {
    return heed::LuongDecoder<Gru, Additive>(
        {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .layers = 2, .feature_size = features},
        attention);
  }
  if constexpr (Line == 3)
    return heed::PlainDecoder<Gru>(
        {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .feature_size = features});
  if constexpr (Line == 4)
    return heed::ChoDecoder<double>({.word_size = word,
                                     .memory_size = memory_size,
                                     .code_size = 6,
                                     .hidden_size = hidden,
                                     .feature_size = features});
  if constexpr (Line == 5)
    return heed::SutskeverDecoder<Gru>({.word_size = word, .hidden_size = features, .layers = 2});
  if constexpr (Line == 6) {
    using Any = heed::AnyDecoder<Gru, Attention>;
    return Any(heed::AttentionalDecoder<Gru, Attention>(
        {.word_size = word, .memory_size = memory_size, .hidden_size = hidden, .layers = 2, .feature_size = features},
        attention));
  }
}
constexpr const char* decoder_names[] = {"ContextDecoder", "ContextDecoder",   "AttentionalDecoder", "ContextDecoder",
                                         "ChoDecoder",     "SutskeverDecoder", "AttentionalDecoder"};

/// The calls of a decoder. They are virtual functions, so that the tests are compiled once and not once per decoder.
struct Calls {
  const int line;
  const bool copies = line == 5, attends = line != 3 && line != 4 && line != 5;
  decoding::Setting setting;
  heed::Memory<double>& memory = setting.memory;
  heed::Memory<double> d_memory;
  Matrix<double>& x = setting.x;
  Matrix<double> d_x = Matrix<double>::Zero(x.rows(), x.cols());
  const heed::PackedBatch& packing = setting.packing;
  heed::DecoderState<double> state;
  heed::DecoderTape<double> tape;

  explicit Calls(int line_of_list) : line(line_of_list) {}
  virtual ~Calls() = default;
  virtual void prepare() = 0;
  virtual void start() = 0;
  virtual void forward() = 0;
  virtual void backward() = 0;
  virtual void decode() = 0;
  virtual void decode_backward() = 0;
  virtual void advance(const Matrix<double>& words) = 0;

  std::vector<std::string> name(const std::string& function) const { return {decoder_names[line] + ("." + function)}; }
};

template <int Line>
struct CallsOf : Calls {
  decltype(make<Line>()) decoder = decoding::randomized(make<Line>()), grad = heed::zeros_like(decoder);

  CallsOf() : Calls(Line) {}
  void prepare() override { decoder.prepare(memory); }
  void start() override { decoder.start(memory, state, tape); }
  void forward() override { decoder.forward(x, packing, memory, state, tape, nullptr); }
  void backward() override { decoder.backward(x, packing, memory, state, tape, grad, d_x, d_memory, nullptr); }
  void decode() override { heed::decode(decoder, x, packing, memory, state, tape); }
  void decode_backward() override {
    d_memory.zeros_like(memory);
    heed::decode_backward(decoder, x, packing, memory, state, tape, grad, d_x, d_memory);
  }
  void advance(const Matrix<double>& words) override { heed::advance(decoder, words, memory, state, tape); }
};

constexpr int decoder_count = 7;

template <int... Line>
std::unique_ptr<Calls> calls_of(int line, std::integer_sequence<int, Line...>) {
  std::unique_ptr<Calls> made;
  ((line == Line ? void(made = std::make_unique<CallsOf<Line>>()) : void()), ...);
  return made;
}

/// The parameter is a line of the list of decoders.
class DecoderSizes : public testing::TestWithParam<int> {
 protected:
  const std::unique_ptr<Calls> calls = calls_of(GetParam(), std::make_integer_sequence<int, decoder_count>());

  void SetUp() override {
    if (calls->copies) calls->setting.with_states(2, decoding::features);
    calls->prepare();
    calls->decode();
    calls->d_memory.zeros_like(calls->memory);
    calls->tape.d_features.assign(calls->setting.d_features);
  }
  void backward() {
    calls->tape.d_features.assign(calls->setting.d_features);
    calls->backward();
  }
};

INSTANTIATE_TEST_SUITE_P(Decoders, DecoderSizes, testing::Range(0, decoder_count));

TEST_P(DecoderSizes, StartRejectsWrongSizes) {
  Calls& t = *calls;
  const auto start = [&] { t.start(); };
  if (t.copies) {
    expect_any_error({argument("memory.states", t.memory.states[1])}, start);
  } else {
    expect_errors(t.name("start"), {argument("memory.summary", t.memory.summary)}, start);
  }
  t.state.sentences = {0, 3};
  EXPECT_NE(refusal(start).find("start: there is no sentence 3, the memory has 3"), std::string::npos);
}

TEST_P(DecoderSizes, ForwardRejectsWrongSizes) {
  Calls& t = *calls;
  std::vector<Argument> arguments = {argument("x", t.x), argument("a matrix of state.layers", t.state.layers.back()),
                                     argument("state.feed", t.state.feed)};
  if (t.line == 4) arguments.push_back(argument("state.carry", t.state.carry));
  if (t.attends) arguments.push_back(argument("memory.values", t.memory.values));
  expect_errors(t.name("forward"), arguments, [&] { t.forward(); });
  if (t.attends) expect_any_error({argument("carry", t.state.carry)}, [&] { t.forward(); });
}

TEST_P(DecoderSizes, BackwardRejectsWrongSizes) {
  Calls& t = *calls;
  std::vector<Argument> arguments = {
      argument("x", t.x), argument("d_x", t.d_x), argument("tape.features", t.tape.features),
      argument("d_memory.values", t.d_memory.values), argument("d_memory.summary", t.d_memory.summary)};
  if (!t.copies) arguments.push_back(argument("tape.attention.contexts", t.tape.attention.contexts));
  expect_errors(t.name("backward"), arguments, [&] { backward(); });
  expect_errors(t.name("backward"), {argument("tape.d_features", t.tape.d_features)}, [&] { t.backward(); });
  std::vector<Argument> inner = {argument("saved", t.tape.stack.layers.front().saved, Argument::room)};
  if (t.copies) {
    inner.push_back(argument("states", t.d_memory.states[0]));
  } else {
    inner.push_back(argument("tape.summaries", t.tape.summaries));
  }
  if (t.attends) {
    inner.push_back(argument("tape.weights", t.tape.attention.weights, Argument::room));
    inner.push_back(argument("d_memory.keys", t.d_memory.keys));
  }
  expect_any_error(inner, [&] { backward(); });
}

TEST_P(DecoderSizes, DecodeRejectsWrongSizes) {
  Calls& t = *calls;
  expect_errors({"decode"}, {argument("x", t.x)}, [&] { t.decode(); });
  expect_errors({"decode_backward"},
                {argument("x", t.x), argument("d_x", t.d_x), argument("tape.d_features", t.tape.d_features)},
                [&] { t.decode_backward(); });
  Matrix<double> words = Matrix<double>::Zero(decoding::word, 3);
  expect_errors({"advance"}, {argument("x", words)}, [&] { t.advance(words); });
}

TEST_P(DecoderSizes, RejectsMissingCalls) {
  Calls& t = *calls;
  const auto ends = [](FunctionRef<> call, const std::string& advice) {
    const std::string message = refusal(call);
    EXPECT_TRUE(message.size() > advice.size() && message.substr(message.size() - advice.size()) == advice) << message;
  };
  const std::vector<Index> sentences = t.state.sentences;
  t.state = heed::DecoderState<double>();
  t.state.sentences = sentences;
  ends([&] { t.forward(); }, "call start(memory, state, tape) first");
  t.start();
  t.tape.features.resize(0, 0);
  ends([&] { backward(); }, "call forward first");
  t.forward();
  t.state.sentences.resize(1);
  for (auto& layer : t.state.layers) layer.resize(layer.rows(), 1);
  t.state.feed.resize(t.state.feed.rows(), 1);
  t.state.carry.resize(t.state.carry.rows(), 1);
  ends([&] { t.forward(); }, "forward: a step must not have more columns than the state: at most 1, got 3");
}

TEST_P(DecoderSizes, RejectsMemoryWithoutKeys) {
  Calls& t = *calls;
  if (!t.attends) return;
  t.memory.keys.resize(0, t.memory.values.cols());
  EXPECT_EQ(refusal([&] { t.decode(); }), "Attention.forward: the memory has no keys; call prepare(memory) first");
}

TEST(DecoderState, RejectsColumnOutOfRange) {
  heed::DecoderState<double> state;
  state.sentences = {0, 1};
  state.layers.resize(1);
  state.layers[0].resize(3, 2);
  state.layers[0].setZero();
  state.feed.resize(0, 2);
  state.carry.resize(0, 2);
  EXPECT_EQ(refusal([&] {
              state.gather(std::vector<Index>{1, 2});
            }),
            "DecoderState.gather: there is no column 2, the state has 2");
  EXPECT_EQ(refusal([&] { state.gather(std::vector<Index>{-1}); }),
            "DecoderState.gather: there is no column -1, the state has 2");
  EXPECT_EQ(state.columns(), 2);
  state.feed.resize(4, 1);
  EXPECT_EQ(refusal([&] { state.gather(std::vector<Index>{1}); }),
            "DecoderState.gather: feed must be 4 x 2, got 4 x 1");
}

using Encoder = heed::Encoder<heed::GruCell<float>>;
using Decoder = heed::BahdanauDecoder<heed::GruCell<float>, heed::AdditiveScorer<float>>;
using Model = heed::Seq2Seq<Encoder, Decoder>;

Decoder decoder_of(Index memory) {
  return Decoder({.word_size = 4, .memory_size = memory, .hidden_size = 8, .feature_size = 8}, {{8, memory, 8}, {}});
}
Model model(bool tied = false) {
  Model made(
      {.source_vocabulary = 10, .target_vocabulary = 10, .tied_embeddings = tied},
      Encoder({.input_size = 4, .hidden_size = 8}),
      Decoder({.word_size = 4, .memory_size = 8, .hidden_size = 8, .feature_size = tied ? 4 : 8}, {{8, 8, 8}, {}}));
  heed::Random random(1);
  heed::initialize(made, random);
  return made;
}

std::span<const Token> span(const std::vector<Token>& words) { return words; }

TEST(Seq2Seq, RejectsEncoderOfWrongOutputSize) {
  EXPECT_EQ(refusal([&] {
              heed::Seq2Seq({.source_vocabulary = 10, .target_vocabulary = 10},
                            Encoder({.input_size = 4, .hidden_size = 8, .bidirectional = true}), decoder_of(8));
            }),
            "Seq2Seq: the encoder's output size must be the decoder's memory size, 8, got 16");
  EXPECT_EQ(refusal([&] {
              heed::Seq2Seq({.source_vocabulary = 10, .target_vocabulary = 10},
                            Encoder({.input_size = 4, .hidden_size = 8, .bidirectional = true}), decoder_of(16));
            }),
            "accepted");
  using Sutskever = heed::SutskeverDecoder<heed::GruCell<float>>;
  EXPECT_EQ(refusal([&] {
              heed::Seq2Seq({.source_vocabulary = 10, .target_vocabulary = 10},
                            Encoder({.input_size = 4, .hidden_size = 8}),
                            Sutskever({.word_size = 4, .hidden_size = 6}));
            }),
            "Seq2Seq: the encoder's output size must be the decoder's memory size, 6, got 8");
  using Cho = heed::ChoDecoder<float>;
  EXPECT_EQ(refusal([&] {
              heed::Seq2Seq(
                  {.source_vocabulary = 10, .target_vocabulary = 10}, Encoder({.input_size = 4, .hidden_size = 8}),
                  Cho({.word_size = 4, .memory_size = 7, .code_size = 5, .hidden_size = 8, .feature_size = 6}));
            }),
            "Seq2Seq: the encoder's output size must be the decoder's memory size, 7, got 8");
  using Any = heed::AnyDecoder<heed::GruCell<float>, heed::Attention<heed::AdditiveScorer<float>>>;
  EXPECT_EQ(refusal([&] {
              heed::Seq2Seq(
                  {.source_vocabulary = 10, .target_vocabulary = 10}, Encoder({.input_size = 4, .hidden_size = 8}),
                  Any(Cho({.word_size = 4, .memory_size = 7, .code_size = 5, .hidden_size = 8, .feature_size = 6})));
            }),
            "Seq2Seq: the encoder's output size must be the decoder's memory size, 7, got 8");
}

TEST(Seq2Seq, RejectsSwappedMemoryAndHiddenSizes) {
  EXPECT_EQ(refusal([&] {
              Decoder({.word_size = 4, .memory_size = 8, .hidden_size = 16, .feature_size = 8}, {{8, 16, 8}, {}});
            }),
            "ContextDecoder: the attention expects queries of size 8 and a memory of size 16, got 16 and 8");
}

TEST(Seq2Seq, RejectsTokensOutsideTheVocabulary) {
  const Model made = model();
  const std::vector<Token> good{3, 4}, bad{3, 10};
  const std::vector<std::span<const Token>> sources{good, bad}, targets{good, good};
  heed::Seq2SeqTape<float> tape;
  const std::string expected = "Seq2Seq.encode: token 10 of source 1 is outside the vocabulary of 10";
  EXPECT_EQ(refusal([&] { made.loss(sources, targets, tape); }), expected);
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  EXPECT_EQ(refusal([&] { heed::search(made, sources, {}, work, found); }), expected);
  EXPECT_EQ(refusal([&] { made.loss(targets, sources, tape); }),
            "Seq2Seq.forward: token 10 of target 1 is outside the vocabulary of 10");
}

TEST(Seq2Seq, RejectsTargetsWithBosOrEos) {
  const Model made = model();
  const std::vector<Token> source{3, 4}, with_begin{1, 5}, with_end{5, 2}, good{0, 5};
  const std::vector<std::span<const Token>> sources{source};
  heed::Seq2SeqTape<float> tape;
  Model grad = heed::zeros_like(made);
  std::vector<heed::PairScore> scores;
  const auto message_of = [&](const std::vector<Token>& target) {
    const std::vector<std::span<const Token>> targets{target};
    const std::string message = refusal([&] { made.loss(sources, targets, tape); });
    EXPECT_EQ(refusal([&] { made.loss_and_gradient(sources, targets, tape, grad); }), message);
    EXPECT_EQ(refusal([&] { heed::score_pairs(made, sources, targets, tape, scores); }), message);
    return message;
  };
  EXPECT_EQ(message_of(good), "accepted");
  EXPECT_EQ(message_of(with_begin),
            "Seq2Seq.forward: target 0 must not contain token 1 (bos): heed adds bos and eos itself");
  EXPECT_EQ(message_of(with_end),
            "Seq2Seq.forward: target 0 must not contain token 2 (eos): heed adds bos and eos itself");
}

TEST(Seq2Seq, ScoreWordsRejectsWrongSizes) {
  for (const bool tied : {false, true}) {
    const Model made = model(tied);
    Matrix<float> features = Matrix<float>::Zero(tied ? 4 : 8, 3), logits(10, 3);
    expect_errors({"OutputLayer.forward"}, {argument("features", features), argument("logits", logits)},
                  [&] { made.score_words(features, logits); });
  }
}

TEST(Search, RejectsUnpreparedMemory) {
  const Model made = model();
  heed::Memory<float> memory;
  memory.resize(8, std::vector<Index>{3});
  memory.values.setZero();
  memory.summary.setZero();
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  EXPECT_EQ(refusal([&] { heed::search(made, memory, {}, work, found); }),
            "Attention.forward: the memory has no keys; call prepare(memory) first");
  made.decoder.prepare(memory);
  EXPECT_EQ(refusal([&] { heed::search(made, memory, {.maximum_length = 3}, work, found); }), "accepted");
  memory.resize(7, std::vector<Index>{3});
  EXPECT_EQ(refusal([&] { heed::search(made, memory, {}, work, found); }),
            "ContextDecoder.start: memory.summary must be 8 x 1, got 7 x 1");
}

TEST(Search, RejectsVocabularyWithoutBosAndEos) {
  const Model made({.source_vocabulary = 10, .target_vocabulary = 2}, Encoder({.input_size = 4, .hidden_size = 8}),
                   decoder_of(8));
  const std::vector<Token> source{3, 4};
  const std::vector<std::span<const Token>> sources{source};
  heed::SearchWorkspace<float> work;
  std::vector<heed::Hypothesis<float>> found;
  EXPECT_EQ(refusal([&] { heed::search(made, sources, {.minimum_length = 3}, work, found); }),
            "search: the target vocabulary must have at least 3 words (unk, bos, eos), got 2");
}

TEST(TakeStep, RejectsWrongTokens) {
  const Model made = model();
  const std::vector<Token> source{3, 4};
  const std::span<const Token> words = span(source);
  heed::Seq2SeqTape<float> tape;
  made.encode(std::span(&words, 1), tape);
  heed::StepWorkspace<float> work;
  work.state.sentences.assign(2, 0);
  made.decoder.start(tape.memory, work.state, work.decoder);
  const auto step = [&](const std::vector<Token>& tokens) {
    return refusal([&] { heed::take_step(made, tokens, tape.memory, work); });
  };
  EXPECT_EQ(step({1, 1}), "accepted");
  EXPECT_EQ(step({1}), "take_step: tokens must have 2 elements, got 1");
  EXPECT_EQ(step({1, 1, 1}), "take_step: tokens must have 2 elements, got 3");
  EXPECT_NE(step({1, 10}).find("token 10"), std::string::npos);
}

TEST(FeedSampledTokens, RejectsWrongSizes) {
  const Model made = model();
  const std::vector<Token> source{3, 4};
  const std::span<const Token> words = span(source);
  heed::Seq2SeqTape<float> tape;
  made.encode(std::span(&words, 1), tape);
  const heed::PackedBatch packing(std::vector<Index>{3});
  heed::Random random(1);
  heed::SamplingTape<float> sampling;
  std::vector<Token> fed{1, 3, 4};
  const auto score = [&](const heed::In<float>& features, heed::Out<float> logits) {
    made.score_words(features, logits);
  };
  const auto feed = [&](const heed::Embedding<float>& target, std::span<Token> tokens) {
    return refusal([&] {
      heed::feed_sampled_tokens(made.decoder, target, score, packing, tape.memory, 0.5, heed::SampledToken::sample,
                                &random, sampling, tokens);
    });
  };
  EXPECT_EQ(feed(made.target, fed), "accepted");
  EXPECT_EQ(feed(made.target, std::span(fed).first(2)),
            "feed_sampled_tokens: decoder_inputs must have 3 elements, got 2");
  EXPECT_EQ(feed(heed::Embedding<float>(5, 10), fed),
            "feed_sampled_tokens: the target embedding must have the word size of the decoder, 4, got 5");
}

TEST(Stream, RejectsWeightsBeforeTheFirstStep) {
  const Model made = model();
  heed::Stream stream(made);
  stream.feed(3);
  stream.finish_source();
  EXPECT_EQ(refusal([&] { stream.weights(); }),
            "Stream: there are no attention weights before the first step; call next() or logits()");
}

TEST(SentenceClassifier, RejectsWrongTokensAndLabels) {
  const heed::SentenceClassifier<Encoder> made({.vocabulary = 10, .alignment_size = 5, .classes = 3},
                                               Encoder({.input_size = 4, .hidden_size = 8, .bidirectional = true}));
  heed::SentenceClassifierTape<float> tape;
  const std::vector<Token> good{3, 4}, bad{3, -1};
  const auto loss = [&](const std::vector<Token>& second, const std::vector<Token>& labels) {
    const std::vector<std::span<const Token>> sentences{good, second};
    return refusal([&] { made.loss(sentences, labels, tape); });
  };
  EXPECT_EQ(loss(good, {0, 2}), "accepted");
  EXPECT_EQ(loss(bad, {0, 2}), "SentenceClassifier.forward: token -1 of sentence 1 is outside the vocabulary of 10");
  EXPECT_EQ(loss(good, {0}), "SentenceClassifier.loss: labels must have 2 elements, got 1");
  EXPECT_EQ(loss(good, {0, 3}), "SentenceClassifier.loss: label 3 must be 0 to 2");
  EXPECT_EQ(loss(good, {0, -1}), "SentenceClassifier.loss: label -1 must be 0 to 2");
  EXPECT_EQ(refusal([&] { tape.weights(2); }), "SentenceClassifierTape.weights: sentence must be in [0, 2), got 2");
}

}  // namespace size_errors_of_models_test
